//! Images with their labels, and where their pixels come from.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Channels, rows and columns of an image; each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageShape {
    /// 3 (red, green, blue) or 1 (grey), or any other number where images are generated.
    pub channels: u32,
    /// Number of rows, in pixels.
    pub height: u32,
    /// Number of columns, in pixels.
    pub width: u32,
}

/// Images with their classes.
#[derive(Clone)]
pub struct ImageSplit {
    /// The class of each image: its place in [`Images::classes`](super::Images::classes).
    pub labels: Arc<[u16]>,
    /// The pixels of the images, in memory or on demand.
    pub pixels: Arc<dyn Pixels>,
}

/// The labels and pixels of images in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    /// The class of each image.
    pub labels: Vec<u16>,
    /// The pixels, CHW bytes, one image after another.
    pub pixels: Vec<u8>,
}

/// The source of pixels: memory, files, or a law. The same number gives the same bytes at any time, on any thread.
pub trait Pixels: Send + Sync {
    /// Number of images that can be read.
    fn len(&self) -> usize;

    /// Whether there is no image.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the images `indexes` to `out` in their order, CHW bytes, one image after another.
    ///
    /// # Panics
    /// If `out` has not the bytes of `indexes.len()` images, or there is no image of a number.
    fn read(&self, indexes: &[u32], out: &mut [u8]);

    /// Announces that these images will be asked for soon. May do nothing.
    fn prefetch(&self, _indexes: &[u32]) {}

    /// The images that could not be made so far: their names, and the reasons. Others of their classes stand in for them.
    fn skipped(&self) -> Vec<String> {
        Vec::new()
    }

    /// An error after which the pixels read are not valid: a run must end with it. `None` means that there is none.
    fn failure(&self) -> Option<String> {
        None
    }
}

/// Mean and deviation of the pixels of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Of each channel, with pixels from 0 to 1.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, with pixels from 0 to 1.
    pub deviation: Vec<f32>,
}

impl ImageShape {
    /// Bytes of an image: one for each channel of each pixel.
    pub fn bytes(self) -> usize {
        self.channels as usize * self.height as usize * self.width as usize
    }
}

impl fmt::Display for ImageShape {
    /// `3x32x32`: channels, rows, columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

impl fmt::Debug for ImageSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSplit").field("images", &self.labels.len()).finish_non_exhaustive()
    }
}

impl ImageSplit {
    /// Images in memory: their pixels one image after another.
    ///
    /// # Panics
    /// If there are not `shape.bytes()` bytes for each label.
    pub fn in_memory(labels: Vec<u16>, pixels: Vec<u8>, shape: ImageShape) -> Self {
        assert_eq!(pixels.len(), labels.len() * shape.bytes(), "an image for every label");
        let pixels = Arc::new(InMemory { bytes: pixels, image_bytes: shape.bytes() });
        ImageSplit { labels: labels.into(), pixels }
    }

    /// Number of images that can be read.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Mean and deviation of each channel over at most `most` images, evenly spaced; over all when there are no more. Exact:
    /// sums are whole numbers, so nothing depends on an order. Without an image the mean is 0 and the deviation 1; a
    /// channel in which all pixels are equal has deviation 1 too, as it is divided by.
    pub fn moments(&self, shape: ImageShape, most: usize) -> Moments {
        let channels = shape.channels as usize;
        let (mut sums, mut squares) = (vec![0u64; channels], vec![0u64; channels]);
        let mut image = vec![0; shape.bytes()];
        let plane = shape.bytes() / channels;
        let numbers = evenly_spaced(self.len(), most);
        let count = (numbers.len() * plane) as f64;
        for index in numbers {
            self.pixels.read(&[index], &mut image);
            for (channel, pixels) in image.chunks_exact(plane).enumerate() {
                sums[channel] += pixels.iter().map(|&p| u64::from(p)).sum::<u64>();
                squares[channel] += pixels.iter().map(|&p| u64::from(p) * u64::from(p)).sum::<u64>();
            }
        }
        if count == 0.0 {
            return Moments { mean: vec![0.0; channels], deviation: vec![1.0; channels] };
        }
        let mean: Vec<f64> = sums.iter().map(|&sum| sum as f64 / count).collect();
        let variance = squares.iter().zip(&mean).map(|(&square, mean)| square as f64 / count - mean * mean);
        let deviation = variance.map(|v| if v > 0.0 { (libm::sqrt(v) / 255.0) as f32 } else { 1.0 }).collect();
        Moments { mean: mean.iter().map(|mean| (mean / 255.0) as f32).collect(), deviation }
    }
}

/// At most `most` of the numbers `0..n`, evenly spaced from 0.
pub(crate) fn evenly_spaced(n: usize, most: usize) -> Vec<u32> {
    let taken = n.min(most);
    (0..taken).map(|k| (k as u128 * n as u128 / taken as u128) as u32).collect()
}

/// Images in memory, one after another.
struct InMemory {
    bytes: Vec<u8>,
    image_bytes: usize,
}

impl Pixels for InMemory {
    fn len(&self) -> usize {
        self.bytes.len() / self.image_bytes
    }

    fn read(&self, indexes: &[u32], out: &mut [u8]) {
        assert_eq!(out.len(), indexes.len() * self.image_bytes, "room for every image");
        for (&index, image) in indexes.iter().zip(out.chunks_exact_mut(self.image_bytes)) {
            image.copy_from_slice(&self.bytes[index as usize * self.image_bytes..][..self.image_bytes]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 2, height: 1, width: 2 };

    #[test]
    fn images_in_memory_are_read_in_the_order_asked_for() {
        let split = ImageSplit::in_memory(vec![0, 1, 0], (0..12).collect(), SHAPE);
        let mut out = [0; 8];
        split.pixels.read(&[2, 0], &mut out);
        assert_eq!(out, [8, 9, 10, 11, 0, 1, 2, 3]);
        assert_eq!((split.len(), split.pixels.len(), split.pixels.is_empty()), (3, 3, false));
    }

    #[test]
    fn moments_are_those_of_each_channel() {
        let pixels = vec![0, 255, 51, 51, 255, 0, 51, 51];
        let split = ImageSplit::in_memory(vec![0, 0], pixels, SHAPE);
        let expected = Moments { mean: vec![0.5, 0.2], deviation: vec![0.5, 1.0] };
        assert_eq!(split.moments(SHAPE, usize::MAX), expected);
        let none = ImageSplit::in_memory(vec![], vec![], SHAPE).moments(SHAPE, 5);
        assert_eq!(none, Moments { mean: vec![0.0; 2], deviation: vec![1.0; 2] });
    }

    #[test]
    fn numbers_are_spaced_evenly() {
        assert_eq!(evenly_spaced(10, 4), [0, 2, 5, 7]);
        assert_eq!(evenly_spaced(3, 9), [0, 1, 2]);
        assert!(evenly_spaced(0, 9).is_empty());
    }
}
