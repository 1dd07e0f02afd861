//! Images in a plan: whether a network takes them, and how a small network on small images stands for the paper's.

use datasets::images::ImageShape;
use gaia_core::cost::Similitude;
use gaia_core::workload::ic::architecture::{Architecture, Extent};
use gaia_core::workload::ic::config::{Ic, Network};
use gaia_core::workload::ic::networks::{UnfitImages, architecture};

use super::Data;

/// Parameters of GoogLeNet for 1,000 classes, auxiliary heads left out.
pub(super) const GOOGLENET_PARAMETERS: u64 = 6_998_552;
/// Images a step and machine in the paper (the author's public code).
pub(super) const PAPER_BATCH: u32 = 128;
/// Images of ILSVRC12 to learn from.
pub(super) const ILSVRC12_IMAGES: u32 = 1_281_167;
/// What ILSVRC12's images are cropped to, and its classes.
const ILSVRC12: (Extent, usize) = (Extent { channels: 3, height: 224, width: 224 }, 1_000);

impl Data {
    /// The shape of every image, and the number of classes; none of other data.
    pub(super) fn images(&self) -> Option<(ImageShape, usize)> {
        match self {
            Data::GeneratedImages { config } => Some((config.shape(), config.classes as usize)),
            Data::ImageFile { shape, classes, .. } => Some((*shape, *classes as usize)),
            _ => None,
        }
    }

    /// The network that learns from these images.
    ///
    /// # Errors
    /// When it takes no images of this shape.
    ///
    /// # Panics
    /// With data of another kind.
    pub(super) fn network(&self, ic: &Ic) -> Result<Architecture, UnfitImages> {
        let (shape, classes) = self.images().expect("the loader gives what the plan's workload learns from");
        let [channels, height, width] = [shape.channels, shape.height, shape.width].map(|n| n as usize);
        architecture(ic, Extent { channels, height, width }, classes)
    }
}

/// The factors by which `network`, trained as `ic` says, stands for the paper's: the bytes of GoogLeNet's parameters over those
/// of its tables; and the multiplications of a step of 128 images of 224 x 224 (forward, auxiliary heads and all) over those of
/// a step of its batch. A clock stands for a clock: with one step a clock, machines compute as long between two exchanges as the
/// paper's did. A pass over few images is fewer clocks than one over ILSVRC12's 1,281,167, whatever the factors.
pub(super) fn similitude(ic: &Ic, network: &Architecture) -> Similitude {
    let paper = Ic { network: Network::GoogLeNet, ..Ic::default() };
    let paper = architecture(&paper, ILSVRC12.0, ILSVRC12.1).expect("GoogLeNet takes ILSVRC12's images");
    let step = |batch: u32, network: &Architecture| f64::from(batch) * network.multiplications() as f64;
    Similitude {
        sigma_bytes: GOOGLENET_PARAMETERS as f64 / network.floats() as f64,
        sigma_work: step(PAPER_BATCH, &paper) / step(ic.batch, network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_the_small_network_is_charged_as_a_clock_of_the_papers() {
        let ic = Ic::default();
        let network = Data::GeneratedImages { config: Default::default() }.network(&ic).unwrap();
        let similitude = similitude(&ic, &network);
        let bytes = network.floats() as f64 * similitude.sigma_bytes;
        assert!((bytes - 6_998_552.0).abs() < 1.0, "{bytes}");
        let work = 64.0 * network.multiplications() as f64 * similitude.sigma_work;
        // 1.58 billion multiplications and those of two heads, 128 times.
        assert!((1.58e9 * 128.0..1.75e9 * 128.0).contains(&work), "{work}");
    }
}
