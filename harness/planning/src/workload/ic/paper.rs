//! The factors by which a small network on small images stands for the paper's: GoogLeNet on ILSVRC12.

use gaia_core::rates::Similitude;
use gaia_core::workload::ic::architecture::{Architecture, Extent};
use gaia_core::workload::ic::config::{Ic, NetworkName};
use gaia_core::workload::ic::networks::architecture;

use crate::workload::PAPER_MACHINES;
use crate::workload::kind::{Number, Posed, WorkloadKind};

/// Parameters of GoogLeNet for 1,000 classes, auxiliary heads left out.
const GOOGLENET_PARAMETERS: u64 = 6_998_552;
/// Images per step and machine in the paper (the author's public code).
const PAPER_BATCH: u32 = 128;
/// Images of ILSVRC12 to learn from.
const ILSVRC12_IMAGES: u32 = 1_281_167;
/// The size of ILSVRC12's cropped images, and the number of its classes.
const ILSVRC12: (Extent, usize) = (Extent { channels: 3, height: 224, width: 224 }, 1_000);

/// The factors by which `network`, trained with the settings `ic`, stands for the paper's: the bytes of GoogLeNet's parameters over those
/// of its tables; and the multiplications of a step of 128 images of 224 x 224 (forward, auxiliary heads and all) over those of
/// a step of its batch. A clock stands for a clock: with one step per clock, machines compute as long between two exchanges as the
/// paper's did. A pass over few images is fewer clocks than one over ILSVRC12's 1,281,167, whatever the factors.
pub(super) fn similitude(ic: &Ic, network: &Architecture) -> Similitude {
    let paper = Ic { network: NetworkName::GoogLeNet, ..Ic::default() };
    let paper = architecture(&paper, ILSVRC12.0, ILSVRC12.1).expect("GoogLeNet takes ILSVRC12's images");
    let step = |batch: u32, network: &Architecture| f64::from(batch) * network.multiplications() as f64;
    Similitude {
        sigma_bytes: GOOGLENET_PARAMETERS as f64 / network.floats() as f64,
        sigma_work: step(PAPER_BATCH, &paper) / step(ic.batch, network),
    }
}

pub(super) fn numbers(ic: &Ic, posed: &Posed<'_, Ic>, network: &Architecture) -> Vec<Number> {
    let (images, machines) = (Ic::size(posed.data).work as f64, f64::from(posed.machines));
    let there = [ILSVRC12_IMAGES, PAPER_BATCH, PAPER_MACHINES].map(f64::from);
    let parameters = [network.floats() as f64, GOOGLENET_PARAMETERS as f64];
    let number = |description, here, there| Number { description, here, there };
    vec![
        number("images per step and machine", f64::from(ic.batch), there[1]),
        number("steps per pass", images / machines / f64::from(ic.batch), there[0] / there[2] / there[1]),
        number("images per parameter", images / parameters[0], there[0] / parameters[1]),
    ]
}

#[cfg(test)]
mod tests {
    use datasets::images::config::Generated;

    use super::*;
    use crate::workload::kind::DataRef;

    #[test]
    fn a_clock_of_the_small_network_is_charged_as_a_clock_of_the_papers() {
        let ic = Ic::default();
        let network = super::super::network(&ic, DataRef::Generated(&Generated::default())).unwrap();
        let similitude = similitude(&ic, &network);
        let bytes = network.floats() as f64 * similitude.sigma_bytes;
        assert!((bytes - 6_998_552.0).abs() < 1.0, "{bytes}");
        let work = 64.0 * network.multiplications() as f64 * similitude.sigma_work;
        // 1.58 billion multiplications and those of two heads, 128 times.
        assert!((1.58e9 * 128.0..1.75e9 * 128.0).contains(&work), "{work}");
    }
}
