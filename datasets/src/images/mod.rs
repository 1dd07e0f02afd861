//! Labelled images, for image classification.
//!
//! * [`generate`]: separable images of any shape from a seed; [`config`]: their settings in a spec.
//! * `load`: CIFAR-10, MNIST, folders of JPEG, archives of these; `cache`: the same in one compact file (both with the feature
//!   `read`).
//! * [`partition`]: the assignment of images to machines.
//!
//! Pixels are bytes, an image's channels one after another (CHW), each row by row. They are asked for by number, many at a
//! time, and need not be in memory: see [`Pixels`].

#[cfg(feature = "read")]
pub mod cache;
pub mod config;
pub mod generate;
mod hash;
#[cfg(feature = "read")]
pub mod load;
pub mod partition;
mod pixels;

pub use self::hash::content_hash;
#[cfg(feature = "read")]
pub(crate) use self::pixels::evenly_spaced;
pub use self::pixels::{ImageShape, ImageSplit, Labelled, Moments, Pixels};

/// A set of images with their classes: a part to learn from and a part to test on.
#[derive(Clone, Debug)]
pub struct Images {
    /// Description of the source.
    pub name: String,
    /// The classes' names, in the order of their labels.
    pub classes: Vec<String>,
    /// The shape of every image.
    pub shape: ImageShape,
    /// The part that models are trained on.
    pub train: ImageSplit,
    /// The part that accuracy is measured on.
    pub test: ImageSplit,
    /// The content hash, which identifies the data of a plan. Each source documents its coverage; names are not part of it.
    pub hash: [u8; 32],
}

impl Images {
    /// A set whose pixels are all in memory, with its hash computed over all of it.
    ///
    /// # Panics
    /// If a part has not `shape.bytes()` bytes for each label, or a label has no class.
    pub fn in_memory(name: String, classes: Vec<String>, shape: ImageShape, train: Labelled, test: Labelled) -> Self {
        let labels = train.labels.iter().chain(&test.labels);
        assert!(labels.into_iter().all(|&label| usize::from(label) < classes.len()), "every label has a class");
        let [train, test] = [train, test].map(|part| ImageSplit::in_memory(part.labels, part.pixels, shape));
        let hash = content_hash(shape, classes.len(), [&train, &test], usize::MAX);
        Images { name, classes, shape, train, test, hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 2, height: 1, width: 2 };

    #[test]
    fn the_hash_is_that_of_classes_shape_labels_and_pixels() {
        let images = |classes: usize, shape, labels: &[u16], pixels: &[u8]| {
            let classes = (0..classes).map(|class| class.to_string()).collect();
            let part = Labelled { labels: labels.to_vec(), pixels: pixels.to_vec() };
            Images::in_memory(String::new(), classes, shape, part.clone(), part).hash
        };
        let base = images(2, SHAPE, &[0, 1], &[7; 8]);
        assert_eq!(base, images(2, SHAPE, &[0, 1], &[7; 8]));
        let turned = ImageShape { height: 2, width: 1, ..SHAPE };
        let others = [
            images(3, SHAPE, &[0, 1], &[7; 8]),
            images(2, turned, &[0, 1], &[7; 8]),
            images(2, SHAPE, &[1, 0], &[7; 8]),
            images(2, SHAPE, &[0, 1], &[7, 7, 7, 7, 7, 7, 7, 8]),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
