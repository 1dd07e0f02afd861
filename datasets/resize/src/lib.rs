//! Resizing of images, in whole numbers: the same pixels on every processor.
//!
//! A crate of its own for one reason: the library behind it is generic code for every width of a weight and every set of instructions, some
//! 30 copies of it, which the compiler makes where it is called. In datasets that took half of the crate's time, and again in its tests.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{CpuExtensions, FilterType, ImageBufferError, ResizeAlg, ResizeOptions, Resizer};
use thiserror::Error;

/// Red, green and blue.
const CHANNELS: usize = 3;

/// An image that cannot be resized.
#[derive(Debug, Error)]
pub enum ResizeError {
    /// The pixels are not those of an image of this size.
    #[error(transparent)]
    Buffer(#[from] ImageBufferError),
    /// The square is not within the image, or has no pixels.
    #[error(transparent)]
    Resize(#[from] fast_image_resize::ResizeError),
}

/// An image of three channels, pixel by pixel, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Three bytes per pixel.
    pub pixels: &'a [u8],
    /// The number of columns of pixels.
    pub width: u32,
    /// The number of rows of pixels.
    pub height: u32,
}

/// A square of an image, in pixels; its edges may lie between them.
#[derive(Clone, Copy, Debug)]
pub struct Square {
    /// From the left edge of the image.
    pub left: f64,
    /// From the top edge of the image.
    pub top: f64,
    /// Length of a side.
    pub side: f64,
}

/// Whether the processor's wide instructions are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// The widest that it has.
    Widest,
    /// None of them: for tests, the pixels are the same.
    Plain,
}

/// The square, resized to `side` by `side` pixels (bilinear, with as wide a filter as the reduction asks for), in the form of
/// [`Image::pixels`].
///
/// # Errors
/// [`ResizeError`] when the image or the square is none.
pub fn square(image: Image<'_>, square: Square, side: u32, instructions: Instructions) -> Result<Vec<u8>, ResizeError> {
    let mut resized = vec![0; side as usize * side as usize * CHANNELS];
    let from = TypedImageRef::<U8x3>::from_buffer(image.width, image.height, image.pixels)?;
    let mut to = TypedImage::<U8x3>::from_buffer(side, side, &mut resized)?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .crop(square.left, square.top, square.side, square.side)
        .use_alpha(false);
    let mut resizer = Resizer::new();
    if instructions == Instructions::Plain {
        // SAFETY: every processor can do without them.
        unsafe { resizer.set_cpu_extensions(CpuExtensions::None) };
    }
    resizer.resize_typed(&from, &mut to, &options)?;
    Ok(resized)
}
