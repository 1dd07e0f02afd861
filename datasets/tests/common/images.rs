//! Small sets of images in every form.

use std::io::Write;
use std::path::Path;

use datasets::images::load::{Loaded, Options, load};
use datasets::images::{ImageShape, ImageSplit, Images};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use lzma_rust2::{XzOptions, XzWriter};

pub(crate) type Files = Vec<(String, Vec<u8>)>;

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &content[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A JPEG of one colour but for a gradient, `width` x `height`.
pub(crate) fn jpeg(colour: [u8; 3], width: u16, height: u16) -> Vec<u8> {
    let pixel = |at: usize| colour.map(|value| value.saturating_add((at % usize::from(width)) as u8));
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height)).flat_map(pixel).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}

pub(crate) const COLOURS: [(&str, [u8; 3]); 2] = [("blue", [10, 20, 200]), ("red", [200, 20, 10])];

/// `train/<colour>/` with three images each and `test/<colour>/` with one.
pub(crate) fn class_folders() -> Files {
    let of = |part: &str, count: u8| -> Files {
        let all = COLOURS.iter().flat_map(|(name, colour)| {
            (0..count).map(move |n| (format!("{name}/{n}.jpg"), jpeg([colour[0], colour[1] + n, colour[2]], 16, 8)))
        });
        all.map(|(name, bytes)| (format!("{part}/{name}"), bytes)).collect()
    };
    of("train", 3).into_iter().chain(of("test", 1)).collect()
}

pub(crate) fn loaded(path: &Path) -> Loaded {
    load(path, &Options::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A record of CIFAR-10: pixel p of channel c is `label + c + p`.
pub(crate) fn record(label: u8) -> Vec<u8> {
    let pixels = (0..3_072u32).map(|at| (u32::from(label) + at / 1_024 + at % 1_024) as u8);
    std::iter::once(label).chain(pixels).collect()
}

pub(crate) fn batches() -> Files {
    let batch = |labels: &[u8]| labels.iter().flat_map(|&label| record(label)).collect::<Vec<u8>>();
    let batches = [
        ("data_batch_1.bin", batch(&[3, 0])),
        ("data_batch_2.bin", batch(&[9, 1, 2, 4, 5, 6, 7, 8])),
        ("test_batch.bin", batch(&[3])),
    ];
    batches.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec()
}

pub(crate) fn idx(dimensions: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dimensions.len() as u8];
    dimensions.iter().for_each(|d| file.extend(d.to_be_bytes()));
    file.extend(bytes);
    file
}

pub(crate) fn mnist() -> Files {
    let files = [
        ("train-images-idx3-ubyte", idx(&[3, 2, 2], &(0..12).collect::<Vec<u8>>())),
        ("train-labels-idx1-ubyte", idx(&[3], &[1, 0, 2])),
        ("t10k-images-idx3-ubyte", idx(&[1, 2, 2], &[9, 8, 7, 6])),
        ("t10k-labels-idx1-ubyte", idx(&[1], &[2])),
    ];
    files.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec()
}

pub(crate) fn named(files: &Files, prefix: &str) -> Files {
    files.iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.clone())).collect()
}

pub(crate) fn pixels(split: &ImageSplit, shape: ImageShape) -> Vec<u8> {
    let mut out = vec![0; split.len() * shape.bytes()];
    split.pixels.read(&(0..split.len() as u32).collect::<Vec<_>>(), &mut out);
    out
}

/// All that is compared of a set: of each part labels and pixels.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) shape: ImageShape,
    pub(crate) classes: Vec<String>,
    pub(crate) parts: [(Vec<u16>, Vec<u8>); 2],
    pub(crate) hash: [u8; 32],
}

pub(crate) fn content(images: &Images) -> Content {
    let Images { shape, classes, train, test, hash, .. } = images;
    let parts = [train, test].map(|part| (part.labels.to_vec(), pixels(part, *shape)));
    Content { shape: *shape, classes: classes.clone(), parts, hash: *hash }
}
