//! JPEG to pixels of one shape.
//!
//! Decoding is strict: a file that ends early, or whose data break its own rules, is an error and not half an image. The
//! decoder is built without instructions of one kind of processor, and resizing is in whole numbers, so that pixels are the
//! same on every machine.

use std::io;

use resize::{Image, Instructions, ResizeError, Square, square};
use thiserror::Error;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The first bytes of a JPEG file: the marker of the start of an image.
pub(super) const JPEG_MAGIC: &[u8] = &[0xff, 0xd8];
/// Of the shorter side, the share that the crop keeps: 224 of 256, as is usual for ImageNet.
const KEPT: f64 = 224.0 / 256.0;
/// The longest side of an image that is decoded.
const MAX_SIDE: usize = 16_384;
const CHANNELS: usize = 3;
/// The most pixels that a byte may stand for: a block of 8 x 8 of them takes at least one bit.
const MAX_PIXELS_PER_BYTE: usize = 512;

/// The way in which an image is brought to the shape of its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It must have this width and height.
    Exact(u32, u32),
    /// The middle of it, a square of 224/256 of the shorter side, is resized to this side (bilinear, with as wide a filter as
    /// the reduction asks for).
    Crop(u32),
}

/// The reason why a file is no image of its set.
#[derive(Debug, Error)]
pub(super) enum Unusable {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file has no bytes.
    #[error("an empty file")]
    Empty,
    /// The file does not begin as a JPEG does.
    #[error("{found}, which is not the start of a JPEG")]
    NotJpeg {
        /// The first bytes of the file, for messages.
        found: String,
    },
    /// The marker of the end is missing.
    #[error("a truncated JPEG")]
    NoEnd,
    /// The header has no width and height.
    #[error("a header without a size")]
    NoSize,
    /// The header declares more pixels than the file's bytes can hold.
    #[error("a header of {width}x{height} pixels in a file of {bytes} bytes, which cannot hold them")]
    TooManyPixels {
        /// Columns, according to the header.
        width: usize,
        /// Rows, according to the header.
        height: usize,
        /// Bytes of the file.
        bytes: usize,
    },
    /// The decoder's own error.
    #[error("a damaged JPEG ({0})")]
    Damaged(String),
    /// The decoder returned another number of pixels than the header declares.
    #[error("{bytes} bytes of pixels for {width}x{height}")]
    Incomplete {
        /// Number of bytes that the decoder returned.
        bytes: usize,
        /// Columns, according to the header.
        width: usize,
        /// Rows, according to the header.
        height: usize,
    },
    /// The image has not the size of the others.
    #[error("{width}x{height} pixels, expected {others_width}x{others_height} as in the others")]
    OtherSize {
        /// Columns of this image.
        width: usize,
        /// Rows of this image.
        height: usize,
        /// Columns of the other images.
        others_width: u32,
        /// Rows of the other images.
        others_height: u32,
    },
    /// The resizer's own error.
    #[error(transparent)]
    Resize(#[from] ResizeError),
}

/// Width and height according to the header of a JPEG.
pub(super) fn dimensions(jpeg: &[u8]) -> Result<(u32, u32), Unusable> {
    let mut decoder = decoder(jpeg)?;
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions().ok_or(Unusable::NoSize)?;
    Ok((width as u32, height as u32))
}

/// Writes the pixels to `out`: red, green and blue planes.
///
/// # Errors
/// If the file is no whole JPEG of the right size.
pub(super) fn decode(jpeg: &[u8], fit: Fit, out: &mut [u8]) -> Result<(), Unusable> {
    let mut decoder = decoder(jpeg)?;
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions().ok_or(Unusable::NoSize)?;
    // The decoder takes memory for as many pixels as the header states before it reads the first of them.
    if width.saturating_mul(height) > jpeg.len().saturating_mul(MAX_PIXELS_PER_BYTE) {
        return Err(Unusable::TooManyPixels { width, height, bytes: jpeg.len() });
    }
    let pixels = decoder.decode().map_err(|error| damaged(&error))?;
    if pixels.len() != width * height * CHANNELS {
        return Err(Unusable::Incomplete { bytes: pixels.len(), width, height });
    }
    match fit {
        Fit::Exact(others_width, others_height)
            if (others_width as usize, others_height as usize) != (width, height) =>
        {
            Err(Unusable::OtherSize { width, height, others_width, others_height })
        }
        Fit::Exact(..) => {
            planes(&pixels, out);
            Ok(())
        }
        Fit::Crop(side) => {
            planes(&crop(&pixels, width as u32, height as u32, side)?, out);
            Ok(())
        }
    }
}

fn decoder(jpeg: &[u8]) -> Result<JpegDecoder<ZCursor<&[u8]>>, Unusable> {
    if jpeg.is_empty() {
        return Err(Unusable::Empty);
    }
    if !jpeg.starts_with(JPEG_MAGIC) {
        return Err(Unusable::NotJpeg { found: crate::text::lines::shown(&jpeg[..jpeg.len().min(8)]) });
    }
    if !has_end(jpeg) {
        return Err(Unusable::NoEnd);
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    Ok(JpegDecoder::new_with_options(ZCursor::new(jpeg), options))
}

/// Whether the marker of the end comes after the last scan began: what is compressed never has the marker's bytes.
fn has_end(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = jpeg.get(at..at + 4) {
        if marker == 0xda {
            return jpeg[at..].windows(2).any(|bytes| bytes == [0xff, 0xd9]);
        }
        // Fill bytes may come before a marker.
        at += if marker == 0xff { 1 } else { 2 + usize::from(u16::from_be_bytes([high, low])) };
    }
    // The decoder reports whatever is no marker.
    at + 4 <= jpeg.len()
}

fn damaged(error: &impl std::fmt::Debug) -> Unusable {
    Unusable::Damaged(format!("{error:?}").trim().to_owned())
}

fn crop(pixels: &[u8], width: u32, height: u32, side: u32) -> Result<Vec<u8>, Unusable> {
    let kept = f64::from(width.min(height)) * KEPT;
    let (left, top) = ((f64::from(width) - kept) / 2.0, (f64::from(height) - kept) / 2.0);
    let middle = Square { left, top, side: kept };
    Ok(square(Image { pixels, width, height }, middle, side, Instructions::Widest)?)
}

/// Pixel by pixel to plane by plane.
fn planes(pixels: &[u8], out: &mut [u8]) {
    let plane = out.len() / CHANNELS;
    for (at, pixel) in pixels.chunks_exact(CHANNELS).enumerate() {
        for (channel, &value) in pixel.iter().enumerate() {
            out[channel * plane + at] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder};

    use super::*;

    fn grey(width: u16, height: u16, is_progressive: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 50);
        encoder.set_progressive(is_progressive);
        encoder.set_optimized_huffman_tables(true);
        let pixels = vec![128; usize::from(width) * usize::from(height)];
        encoder.encode(&pixels, width, height, ColorType::Luma).unwrap();
        bytes
    }

    #[test]
    fn a_header_is_believed_as_far_as_the_bytes_behind_it_can_fill_it() {
        for is_progressive in [false, true] {
            // Of one colour: as few bits for each pixel as an encoder makes.
            let mut jpeg = grey(2_048, 2_048, is_progressive);
            let mut out = vec![0; 8 * 8 * CHANNELS];
            decode(&jpeg, Fit::Crop(8), &mut out).unwrap_or_else(|error| panic!("{} bytes: {error}", jpeg.len()));
            assert_eq!(out, [128; 8 * 8 * CHANNELS]);
            let frame = if is_progressive { 0xc2 } else { 0xc0 };
            let at = jpeg.windows(2).position(|bytes| bytes == [0xff, frame]).expect("a frame") + 5;
            jpeg[at..at + 4].copy_from_slice(&[0x40, 0, 0x40, 0]);
            assert_eq!(dimensions(&jpeg).unwrap(), (16_384, 16_384));
            let says = decode(&jpeg, Fit::Crop(8), &mut out).unwrap_err().to_string();
            assert!(says.starts_with("a header of 16384x16384 pixels in a file of"), "{says}");
        }
    }
}
