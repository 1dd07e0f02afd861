//! Generated images and their partitions: their difficulty, laws for any shape, the same bytes everywhere.

use datasets::images::config::Generated;
use datasets::images::generate::generate;
use datasets::images::partition::{Partition, SkewBy, Split, partition};
use datasets::images::{ImageShape, ImageSplit, Images, Labelled};
use proptest::prelude::*;

fn all_pixels(split: &ImageSplit, shape: ImageShape) -> Vec<u8> {
    let mut out = vec![0; split.len() * shape.bytes()];
    split.pixels.read(&(0..split.len() as u32).collect::<Vec<_>>(), &mut out);
    out
}

#[test]
fn the_same_bytes_on_every_machine() {
    let config = Generated { train: 60, test: 20, ..Generated::default() };
    let hex = |seed| blake3::Hash::from_bytes(generate(&config, seed).hash).to_hex().to_string();
    assert_eq!(hex(1), hex(1));
    assert_ne!(hex(1), hex(2));
    insta::assert_snapshot!(hex(1), @"f93eed6ed0d50e5a3842caf94d83bd1a476afec15967f91369181dd71db5d8fa");
}

#[test]
fn an_image_is_the_same_whenever_it_is_read() {
    let config = Generated { train: 30, test: 5, ..Generated::default() };
    let images = generate(&config, 3);
    let whole = all_pixels(&images.train, images.shape);
    let bytes = images.shape.bytes();
    let mut out = vec![0; 3 * bytes];
    images.train.pixels.read(&[29, 0, 29], &mut out);
    assert_eq!(out[..bytes], whole[29 * bytes..]);
    assert_eq!(out[bytes..2 * bytes], whole[..bytes]);
    assert_eq!(out[..bytes], out[2 * bytes..]);
    assert_ne!(all_pixels(&images.test, images.shape)[..], whole[..5 * bytes]);
}

#[test]
fn without_difficulty_all_images_of_a_class_are_the_same() {
    let images = generate(&Generated { train: 40, difficulty: 0.0, ..Generated::default() }, 1);
    let pixels = all_pixels(&images.train, images.shape);
    let of = |label| {
        let numbers = (0..40).filter(|&n| images.train.labels[n] == label);
        numbers.map(|n| &pixels[n * 3072..][..3072]).collect::<Vec<_>>()
    };
    for label in 0..10 {
        assert!(of(label).windows(2).all(|pair| pair[0] == pair[1]), "class {label}");
    }
    assert_ne!(of(0)[0], of(1)[0]);
}

/// Small images, so that every move can be tried.
fn small(difficulty: f64) -> Images {
    let config = Generated { height: 16, width: 16, train: 3_000, test: 300, difficulty, ..Generated::default() };
    generate(&config, 1)
}

/// The share of test images that softmax regression gets right after `EPOCHS` epochs of stochastic gradient descent.
fn accuracy_of_a_linear_model(images: &Images) -> f64 {
    const EPOCHS: u32 = 20;
    let (bytes, classes) = (images.shape.bytes(), images.classes.len());
    let of = |pixels: &[u8]| pixels.iter().map(|&p| (f32::from(p) - 128.0) / 64.0).collect::<Vec<f32>>();
    let (train, test) = (of(&all_pixels(&images.train, images.shape)), of(&all_pixels(&images.test, images.shape)));
    let mut weights = vec![0.0f32; classes * bytes];
    let scores = |weights: &[f32], x: &[f32]| -> Vec<f32> {
        weights.chunks_exact(bytes).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
    };
    for epoch in 0..EPOCHS {
        let rate = 0.002 / (1.0 + epoch as f32);
        for (x, &label) in train.chunks_exact(bytes).zip(&*images.train.labels) {
            let scores = scores(&weights, x);
            let most = scores.iter().copied().fold(f32::MIN, f32::max);
            let odds: Vec<f32> = scores.iter().map(|s| (s - most).exp()).collect();
            let total: f32 = odds.iter().sum();
            for (class, row) in weights.chunks_exact_mut(bytes).enumerate() {
                let error = odds[class] / total - if class == usize::from(label) { 1.0 } else { 0.0 };
                row.iter_mut().zip(x).for_each(|(w, x)| *w -= rate * error * x);
            }
        }
    }
    share_right(&test, images, |x| scores(&weights, x))
}

/// The share that is right when an image is laid on every class' template at every place: what a convolution with the
/// templates as kernels and a maximum over all places gives.
fn accuracy_of_moved_templates(images: &Images, templates: &Images) -> f64 {
    let shape = images.shape;
    let (height, width) = (shape.height as usize, shape.width as usize);
    let of = |pixels: &[u8]| pixels.iter().map(|&p| f32::from(p) - 128.0).collect::<Vec<f32>>();
    let kernels = of(&all_pixels(&templates.train, shape));
    let kernel = |class: u16| {
        let number = templates.train.labels.iter().position(|&label| label == class).unwrap();
        &kernels[number * shape.bytes()..][..shape.bytes()]
    };
    let at = |x: &[f32], kernel: &[f32], dy: usize, dx: usize| -> f32 {
        let rows = (0..shape.channels as usize * height).map(|row| {
            let from = (row / height * height + (row % height + dy) % height) * width;
            (0..width).map(|column| x[row * width + column] * kernel[from + (column + dx) % width]).sum::<f32>()
        });
        rows.sum()
    };
    let best = |x: &[f32], kernel: &[f32]| {
        let places = (0..height * width).map(|place| at(x, kernel, place / width, place % width));
        places.fold(f32::MIN, f32::max)
    };
    let test = of(&all_pixels(&images.test, shape));
    share_right(&test, images, |x| (0..images.classes.len() as u16).map(|class| best(x, kernel(class))).collect())
}

fn share_right(test: &[f32], images: &Images, scores: impl Fn(&[f32]) -> Vec<f32>) -> f64 {
    let right = test.chunks_exact(images.shape.bytes()).zip(&*images.test.labels).filter(|(x, label)| {
        let scores = scores(x);
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        best == Some(usize::from(**label))
    });
    right.count() as f64 / images.test.len() as f64
}

#[test]
fn a_linear_model_fails_where_moved_templates_do_not() {
    let templates =
        generate(&Generated { height: 16, width: 16, train: 10, difficulty: 0.0, ..Generated::default() }, 1);
    let default = small(0.5);
    let (linear, moved) = (accuracy_of_a_linear_model(&default), accuracy_of_moved_templates(&default, &templates));
    assert!(linear > 0.1 && linear < 0.8, "linear: {linear}");
    assert!(moved > 0.97, "moved templates: {moved}");
    let (easy, hard) = (accuracy_of_a_linear_model(&small(0.1)), accuracy_of_a_linear_model(&small(1.0)));
    assert!(easy > 0.97 && hard < linear - 0.1, "linear at 0.1: {easy}, at 0.5: {linear}, at 1: {hard}");
}

fn images_of(labels: &[u16], classes: u16) -> Images {
    let shape = ImageShape { channels: 1, height: 1, width: 1 };
    let names = (0..classes).map(|class| class.to_string()).collect();
    let part = Labelled { labels: labels.to_vec(), pixels: vec![0; labels.len()] };
    Images::in_memory("test".into(), names, shape, part, Labelled { labels: vec![0], pixels: vec![0] })
}

fn of_class(images: &Images, part: &Partition, class: u16) -> i64 {
    part.train.iter().filter(|&&image| images.train.labels[image as usize] == class).count() as i64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape_is_met_exactly(
        classes in 2u32..12, channels in 1u32..5, height in 4u32..20, width in 4u32..20, train in 1u32..60, test in 1u32..20,
        difficulty in 0.0..=1.0f64, seed in any::<u64>(),
    ) {
        let config = Generated { classes, channels, height, width, train, test, difficulty };
        prop_assert!(config.check().is_empty());
        let images = generate(&config, seed);
        prop_assert_eq!(images.shape, ImageShape { channels, height, width });
        prop_assert_eq!((images.train.pixels.len(), images.test.pixels.len()), (train as usize, test as usize));
        let counts = |class: u16| images.train.labels.iter().filter(|&&label| label == class).count() as u32;
        prop_assert!((0..classes as u16).all(|class| (train / classes..=train.div_ceil(classes)).contains(&counts(class))));
        let moments = images.train.moments(images.shape, usize::MAX);
        prop_assert_eq!((moments.mean.len(), moments.deviation.len()), (channels as usize, channels as usize));
        prop_assert!(moments.mean.iter().all(|mean| (0.2..0.8).contains(mean)), "{:?}", moments);
    }

    #[test]
    fn every_image_is_in_one_part(
        labels in prop::collection::vec(0u16..6, 0..80),
        machines in prop::collection::vec(0u32..4, 1..6).prop_filter("a machine", |m| m.iter().sum::<u32>() > 0),
        by in prop_oneof![Just(SkewBy::Labels), Just(SkewBy::Sizes)], skew in 0.0..=1.0f64,
    ) {
        let images = images_of(&labels, 6);
        for split in [Split::Even, Split::Skewed { by, skew }] {
            let parts = partition(&images, &machines, split);
            prop_assert_eq!(parts.len() as u32, machines.iter().sum::<u32>());
            prop_assert!(parts.iter().enumerate().all(|(n, part)| part.machine as usize == n && part.train.is_sorted()));
            let mut all: Vec<u32> = parts.iter().flat_map(|part| part.train.clone()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len() as u32).collect::<Vec<_>>());
            let sizes = || parts.iter().map(|part| part.train.len());
            let apart = sizes().max().unwrap() - sizes().min().unwrap();
            match split {
                Split::Even => {
                    prop_assert!(apart <= 1);
                    for class in 0..6 {
                        let of = || parts.iter().map(|part| of_class(&images, part, class));
                        prop_assert!(of().max().unwrap() - of().min().unwrap() <= 1, "class {}", class);
                    }
                }
                Split::Skewed { by: SkewBy::Labels, .. } => prop_assert!(apart <= 2, "{:?}", sizes().collect::<Vec<_>>()),
                Split::Skewed { by: SkewBy::Sizes, .. } => {}
            }
        }
    }
}

#[test]
fn skew_by_labels_follows_its_law() {
    let images = images_of(&(0..1_000).map(|n| n % 10).collect::<Vec<u16>>(), 10);
    let counts = |skew| {
        let parts = partition(&images, &[2; 5], Split::Skewed { by: SkewBy::Labels, skew });
        let of_site =
            |site: usize, class| parts[2 * site..2 * site + 2].iter().map(|part| of_class(&images, part, class)).sum();
        (0..5).map(|site| (0..10).map(|class| of_site(site, class)).collect()).collect::<Vec<Vec<i64>>>()
    };
    for (site, classes) in counts(1.0).iter().enumerate() {
        let own = |class: usize| if class / 2 == site { 100 } else { 0 };
        assert_eq!(*classes, (0..10).map(own).collect::<Vec<_>>(), "site {site}");
    }
    for classes in counts(0.0) {
        assert!(classes.iter().all(|n| (18..=22).contains(n)), "{classes:?}");
    }
    // At a half, a class has about half its images at its own site and a tenth of the others there and everywhere.
    for (site, classes) in counts(0.5).iter().enumerate() {
        for (class, &n) in classes.iter().enumerate() {
            let expected = if class / 2 == site { 60 } else { 10 };
            assert!((n - expected).abs() <= 15, "site {site}: {classes:?}");
        }
    }
}

#[test]
fn skew_by_sizes_follows_its_law() {
    let images = images_of(&(0..2_500).map(|n| n % 10).collect::<Vec<u16>>(), 10);
    let parts = partition(&images, &[1; 4], Split::Skewed { by: SkewBy::Sizes, skew: 1.0 });
    assert_eq!(parts.iter().map(|part| part.train.len()).collect::<Vec<_>>(), [1_200, 600, 400, 300]);
    assert!((0..10).all(|class| (of_class(&images, &parts[3], class) - 30).abs() <= 2));
}
