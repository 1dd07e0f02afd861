//! Images that a convolutional network learns well and a linear model does not, from a seed.
//!
//! The model. Every class has a template: `PARTS` gratings, each under a bell, with a place, a direction, a wavelength and a
//! colour of its own, on a torus; their sum has mean 0 and deviation `CONTRAST` grey levels. An image of a class is
//!
//! > 128 + brightness + contrast x template, moved by (dy, dx) around the torus, + noise, cut to 0..255,
//!
//! all four drawn for each image. `difficulty` d from 0 to 1 scales their variation:
//! * moves are even on up to d x half the side in each direction. Moves of more than half a wavelength make a class' pixels
//!   cancel in the mean, and that is all that a linear model sees; a convolution with pooling does not mind them;
//! * noise has deviation d x `NOISE` grey levels in every pixel (the sum of four even bytes: nearly normal), brightness is
//!   even on up to d x `BRIGHTNESS` grey levels, contrast on 1 - d/2 to 1 + d/2.
//!
//! Images are not kept: each is made when it is read, from a stream of its own, so that any number of any size takes the
//! memory of templates and labels (2 bytes x classes x pixels, 2 bytes per image). All of it but the templates is in whole
//! numbers. Labels are as even as they can be, in random order.
//!
//! Same seed and config, same bytes on every machine.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::config::Generated;
use super::{ImageShape, ImageSplit, Images, Pixels, content_hash};
use crate::random::{Normals, below, shuffle, stream, uniform};

/// Gratings in a template.
const PARTS: u32 = 8;
/// Standard deviation of a template in grey levels.
const CONTRAST: f64 = 40.0;
/// Standard deviation of a pixel's noise in grey levels at difficulty 1.
const NOISE: f64 = 80.0;
/// The largest change of brightness in grey levels at difficulty 1.
const BRIGHTNESS: f64 = 40.0;
/// Standard deviation of the sum of four bytes: sqrt(4 x (256^2 - 1) / 12).
const FOUR_BYTES_DEVIATION: f64 = 147.8;
/// A template's unit, and a fixed-point 1.
const ONE: i32 = 1 << FRACTION_BITS;
const FRACTION_BITS: u32 = 6;
/// The fixed-point 1 of noise, contrast and brightness.
const FINE_BITS: u32 = 10;
/// Images of each part whose pixels are part of the content hash; the others follow from the same law.
const HASHED_IMAGES: usize = 256;

/// Images as `config` asks for them, the same for the same seed. The hash covers all labels, and the pixels of at most
/// `HASHED_IMAGES` images of each part.
///
/// # Panics
/// If [`Generated::check`] finds an error.
pub fn generate(config: &Generated, seed: u64) -> Images {
    let errors = config.check();
    assert!(errors.is_empty(), "generate needs a checked config: {}", errors[0]);
    let shape = config.shape();
    let templates: Arc<[Vec<i16>]> = (0..config.classes).map(|class| template(shape, seed, class)).collect();
    let split = |part: &'static str, images: u32| {
        let labels: Arc<[u16]> = labels(images, config.classes, seed, part).into();
        let law = Law { templates: templates.clone(), labels: labels.clone(), shape, seed, part, d: config.difficulty };
        ImageSplit { labels, pixels: Arc::new(law) }
    };
    let (train, test) = (split("train", config.train), split("test", config.test));
    let classes = (0..config.classes).map(|class| format!("pattern {class}")).collect();
    let hash = content_hash(shape, config.classes as usize, [&train, &test], HASHED_IMAGES);
    let Generated { classes: count, train: learnt, test: tested, difficulty, .. } = *config;
    let name = format!(
        "generated, {count} classes of {shape} images, {learnt} to learn from, {tested} to test on, difficulty {difficulty}"
    );
    Images { name, classes, shape, train, test, hash }
}

/// As many of each class as can be, shuffled.
fn labels(images: u32, classes: u32, seed: u64, part: &str) -> Vec<u16> {
    let mut labels: Vec<u16> = (0..images).map(|image| (image % classes) as u16).collect();
    shuffle(&mut labels, stream(seed, &format!("image labels {part}")));
    labels
}

/// A grating under a bell, on the torus.
struct Grating {
    /// Centre, in columns and rows.
    centre: (f64, f64),
    /// Its direction times its wave number, in radians per column and per row.
    wave: (f64, f64),
    phase: f64,
    /// Deviation of the bell in pixels.
    width: f64,
    /// Strength in each channel.
    colour: Vec<f64>,
}

impl Grating {
    fn draw(shape: ImageShape, rng: &mut Normals) -> Self {
        let side = f64::from(shape.height.min(shape.width));
        let even = |rng: &mut Normals, low: f64, high: f64| low + (high - low) * rng.uniform();
        let centre = (even(rng, 0.0, f64::from(shape.width)), even(rng, 0.0, f64::from(shape.height)));
        let (sin, cos) = libm::sincos(even(rng, 0.0, std::f64::consts::TAU));
        let number = std::f64::consts::TAU / (side * even(rng, 0.125, 0.3));
        let wave = (number * cos, number * sin);
        let (phase, width) = (even(rng, 0.0, std::f64::consts::TAU), side * even(rng, 0.1, 0.2));
        let colour = (0..shape.channels).map(|_| rng.draw()).collect();
        Grating { centre, wave, phase, width, colour }
    }

    /// At a column and a row, before colour.
    fn at(&self, shape: ImageShape, column: u32, row: u32) -> f64 {
        // The shorter way around.
        let way = |from: f64, to: f64, around: f64| {
            let ahead = to - from;
            ahead - around * libm::round(ahead / around)
        };
        let dx = way(self.centre.0, f64::from(column), f64::from(shape.width));
        let dy = way(self.centre.1, f64::from(row), f64::from(shape.height));
        let bell = libm::exp(-(dx * dx + dy * dy) / (2.0 * self.width * self.width));
        bell * libm::cos(self.wave.0 * dx + self.wave.1 * dy + self.phase)
    }
}

/// The template of a class, CHW, in 1/[`ONE`] grey levels.
fn template(shape: ImageShape, seed: u64, class: u32) -> Vec<i16> {
    let mut rng = Normals::new(stream(seed, &format!("image template {class}")));
    let gratings: Vec<Grating> = (0..PARTS).map(|_| Grating::draw(shape, &mut rng)).collect();
    let plane = (shape.height * shape.width) as usize;
    let mut sum = vec![0.0; shape.bytes()];
    for grating in &gratings {
        for at in 0..plane {
            let value = grating.at(shape, at as u32 % shape.width, at as u32 / shape.width);
            for (channel, strength) in grating.colour.iter().enumerate() {
                sum[channel * plane + at] += strength * value;
            }
        }
    }
    let mean = sum.iter().sum::<f64>() / sum.len() as f64;
    let variance = sum.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / sum.len() as f64;
    let stretch = CONTRAST * f64::from(ONE) / libm::sqrt(variance).max(f64::MIN_POSITIVE);
    let limit = f64::from(i16::MAX);
    sum.iter().map(|x| libm::round((x - mean) * stretch).clamp(-limit, limit) as i16).collect()
}

/// Images as functions of their numbers.
struct Law {
    templates: Arc<[Vec<i16>]>,
    labels: Arc<[u16]>,
    shape: ImageShape,
    seed: u64,
    part: &'static str,
    /// Difficulty, from 0 to 1.
    d: f64,
}

impl Pixels for Law {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn read(&self, indexes: &[u32], out: &mut [u8]) {
        assert_eq!(out.len(), indexes.len() * self.shape.bytes(), "room for every image");
        let base = stream(self.seed, &format!("images {}", self.part));
        for (&index, image) in indexes.iter().zip(out.chunks_exact_mut(self.shape.bytes())) {
            let mut rng = base.clone();
            rng.set_stream(u64::from(index));
            self.draw(usize::from(self.labels[index as usize]), &mut rng, image);
        }
    }
}

impl Law {
    fn draw(&self, class: usize, rng: &mut ChaCha8Rng, image: &mut [u8]) {
        let (height, width) = (self.shape.height as usize, self.shape.width as usize);
        let fine = |x: f64| libm::round(x * f64::from(1 << FINE_BITS)) as i32;
        let mut shift = |side: usize| {
            let most = (self.d * side as f64 / 2.0) as u32;
            (side as u32 + below(rng, 2 * most + 1) - most) as usize % side
        };
        let (dy, dx) = (shift(height), shift(width));
        let mut vary = |most: f64| most * (2.0 * uniform(rng) - 1.0);
        let base = fine(128.0 + vary(self.d * BRIGHTNESS));
        let contrast = fine(1.0 + vary(self.d / 2.0)) >> (FRACTION_BITS - 2);
        let noise = fine(self.d * NOISE / FOUR_BYTES_DEVIATION);
        let mut random = Bytes { rng, bits: 0, left: 0 };
        for (row, out) in image.chunks_exact_mut(width).enumerate() {
            let (channel, row) = (row / height, row % height);
            let from = &self.templates[class][(channel * height + (row + dy) % height) * width..][..width];
            for (column, pixel) in out.iter_mut().enumerate() {
                let moved = if column + dx < width { column + dx } else { column + dx - width };
                let pattern = (contrast * i32::from(from[moved])) >> 2;
                *pixel = ((base + pattern + noise * random.four()) >> FINE_BITS).clamp(0, 255) as u8;
            }
        }
    }
}

/// Sums of four random bytes, less their mean.
struct Bytes<'a> {
    rng: &'a mut ChaCha8Rng,
    bits: u64,
    left: u32,
}

impl Bytes<'_> {
    fn four(&mut self) -> i32 {
        if self.left == 0 {
            (self.bits, self.left) = (self.rng.next_u64(), 2);
        }
        let four = (self.bits as u32).to_le_bytes();
        self.bits >>= 32;
        self.left -= 1;
        four.iter().map(|&byte| i32::from(byte)).sum::<i32>() - 510
    }
}
