//! Loading and caching images: every form gives the same, every mistake is named with its place.

mod common;
#[path = "common/images.rs"]
mod small;

use common::{complaint, folder, gz, real};
use datasets::images::cache::{read_cache, write_cache};
use datasets::images::load::{Loaded, Options, load};
use datasets::images::{ImageShape, Images, Labelled};
use proptest::prelude::*;
use small::{Files, batches, class_folders, content, idx, jpeg, loaded, mnist, named, pixels, record, tar, xz};
use tempfile::TempDir;

#[test]
fn class_folders_load_to_the_same_in_every_form() {
    let files = class_folders();
    let plain = folder(&files);
    let expected = content(&loaded(plain.path()).images);
    assert_eq!(expected.shape, ImageShape { channels: 3, height: 8, width: 16 });
    assert_eq!(expected.classes, ["blue", "red"]);
    assert_eq!((&expected.parts[0].0[..], &expected.parts[1].0[..]), (&[0, 0, 0, 1, 1, 1][..], &[0, 1][..]));
    // Planes of red, green and blue, near what was encoded.
    let at = |channel: usize, column: usize| i32::from(expected.parts[0].1[channel * 128 + column]);
    assert!((at(0, 0) - 10).abs() < 6 && (at(2, 0) - 200).abs() < 6 && (at(0, 15) - 25).abs() < 6);
    let around = named(&files, "some-name/");
    let forms: [(&str, Vec<u8>); 4] = [
        ("set.tar", tar(&files)),
        ("set.tar.gz", gz(tar(&around))),
        ("set.tar.xz", xz(&tar(&named(&files, "./")))),
        ("no-ending", xz(&tar(&around))),
    ];
    for (name, bytes) in forms {
        let archive = folder(&[(name.to_owned(), bytes), ("README.md".to_owned(), b"words".to_vec())]);
        assert_eq!(content(&loaded(&archive.path().join(name)).images), expected, "{name}");
        assert_eq!(content(&loaded(archive.path()).images), expected, "the folder of {name}");
    }
    assert_eq!(content(&loaded(folder(&around).path()).images), expected);
    let validation: Files = files.iter().map(|(name, bytes)| (name.replace("test/", "val/"), bytes.clone())).collect();
    assert_eq!(content(&loaded(folder(&validation).path()).images), expected);
}

#[test]
fn cifar_10_and_mnist_load_to_the_same_in_every_form() {
    let cifar = loaded(folder(&batches()).path()).images;
    assert_eq!((&*cifar.train.labels, &*cifar.test.labels), (&[3, 0, 9, 1, 2, 4, 5, 6, 7, 8][..], &[3][..]));
    assert_eq!((cifar.classes.len(), cifar.classes[9].as_str()), (10, "truck"));
    assert_eq!(pixels(&cifar.train, cifar.shape)[3_072..6_144], record(0)[1..]);
    let around = named(&batches(), "cifar-10-batches-bin/");
    let archive = folder(&[("cifar-10-binary.tar.gz".to_owned(), gz(tar(&around)))]);
    assert_eq!(content(&loaded(archive.path()).images), content(&cifar));
    assert_eq!(content(&loaded(folder(&around).path()).images), content(&cifar));
    let one = folder(&batches());
    assert_eq!(content(&loaded(&one.path().join("test_batch.bin")).images), content(&cifar));

    let digits = loaded(folder(&mnist()).path()).images;
    assert_eq!(digits.shape, ImageShape { channels: 1, height: 2, width: 2 });
    assert_eq!((&*digits.train.labels, &*digits.test.labels), (&[1, 0, 2][..], &[2][..]));
    assert_eq!(pixels(&digits.train, digits.shape), (0..12).collect::<Vec<u8>>());
    let packed: Files = mnist().into_iter().map(|(name, bytes)| (format!("{name}.gz"), gz(&bytes))).collect();
    let packed = folder(&packed);
    assert_eq!(content(&loaded(packed.path()).images), content(&digits));
    assert_eq!(content(&loaded(&packed.path().join("t10k-labels-idx1-ubyte.gz")).images), content(&digits));
}

#[test]
fn bytes_behind_the_end_of_gzip_are_passed_over_as_gzip_does() {
    for behind in [&[0_u8; 10_240][..], b"-----BEGIN SIGNATURE"] {
        let packed = |bytes: &[u8]| [&gz(bytes)[..], behind].concat();
        let digits: Files = mnist().into_iter().map(|(name, bytes)| (format!("{name}.gz"), packed(&bytes))).collect();
        assert_eq!(loaded(folder(&digits).path()).images.train.len(), 3);
        let archive = folder(&[("set.tar.gz", packed(&tar(&class_folders())))]);
        assert_eq!(loaded(archive.path()).images.train.len(), 6);
    }
}

#[test]
fn an_archive_with_names_that_no_folder_could_have_is_refused() {
    let long = |name: String| {
        let packed = gz(tar(&[(name, b"\xff\xd8\xff".to_vec())]));
        assert!(packed.len() < 5_000, "a small file: {}", packed.len());
        let archive = folder(&[("set.tar.gz".to_owned(), packed)]);
        complaint(load(&archive.path().join("set.tar.gz"), &Options::default()), archive.path())
    };
    // The folders that it implies would have 5 x 10^11 bytes of names.
    for name in ["a/".repeat(500_000) + "b.jpg", "a/".repeat(16) + "b.jpg", "a".repeat(256) + "/b.jpg"] {
        let says = long(name);
        assert!(says.contains("(a name of more than 16 parts, or with a part of more than 255 bytes)"), "{says}");
    }
    assert!(!long("a/".repeat(15) + &"b".repeat(255)).contains("a name of more"));
}

#[test]
fn folders_without_parts_hold_out_every_tenth_image() {
    let files = |class: &str, colour: u8, count: u32| -> Files {
        (0..count).map(|n| (format!("{class}/{n:02}.jpg"), jpeg([colour; 3], 8, 8))).collect()
    };
    let all = [files("n01440764", 9, 20), files("n01443537", 90, 9)].concat();
    let images = loaded(folder(&all).path()).images;
    assert_eq!((images.train.len(), images.test.len()), (27, 2));
    assert_eq!(images.classes, ["n01440764", "n01443537"]);
}

#[test]
fn large_images_are_cropped_and_resized_in_memory_and_lazily_alike() {
    let sizes = [(200, 120), (120, 200), (130, 130), (300, 110)];
    let of = |part: &str, class: &str, colour: [u8; 3]| -> Files {
        sizes.iter().enumerate().map(|(n, &(w, h))| (format!("{part}/{class}/{n}.JPEG"), jpeg(colour, w, h))).collect()
    };
    let mut files = of("train", "n02", [0, 90, 0]);
    files.extend(of("train", "n01", [90, 0, 0]));
    files.extend(of("val", "n02", [0, 90, 0]));
    let set = folder(&files);
    let options = Options { side: 32, ..Options::default() };
    let whole = load(set.path(), &options).unwrap().images;
    assert_eq!(whole.shape, ImageShape { channels: 3, height: 32, width: 32 });
    // Room for three images: threads and readers go around each other.
    let lazy = load(set.path(), &Options { memory_bytes: 6 * 3_072, ..options }).unwrap().images;
    assert_ne!(lazy.hash, whole.hash);
    assert_eq!(lazy.train.labels, whole.train.labels);
    let expected = pixels(&whole.train, whole.shape);
    for round in 0..20u32 {
        lazy.train.pixels.prefetch(&[round % 8, 7, 3, 3, 1, 0]);
        let indexes = [3, round % 8, 3, (round * 3) % 8, 7];
        let mut out = vec![0; 5 * 3_072];
        lazy.train.pixels.read(&indexes, &mut out);
        for (index, image) in indexes.iter().zip(out.chunks(3_072)) {
            assert_eq!(image, &expected[*index as usize * 3_072..][..3_072], "image {index}, round {round}");
        }
    }
    assert_eq!((lazy.train.pixels.skipped().len(), lazy.train.pixels.failure()), (0, None));
    // The left end of a wide image is cut off: its gradient begins later than that of a square one.
    assert!(expected[4 * 3_072 + 3 * 3_072] > expected[4 * 3_072 + 2 * 3_072]);
}

#[test]
fn resized_pixels_are_the_same_with_and_without_wide_instructions() {
    use resize::{Image, Instructions, Square, square};
    let pixels: Vec<u8> = (0..101 * 77 * 3u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let image = Image { pixels: &pixels, width: 101, height: 77 };
    let crop = Square { left: 3.5, top: 5.25, side: 67.375 };
    let resized = |instructions| square(image, crop, 32, instructions).unwrap();
    assert_eq!(resized(Instructions::Widest), resized(Instructions::Plain));
}

#[test]
fn corrupt_images_are_named_and_skipped_up_to_the_limit() {
    let mut files = class_folders();
    let whole = files[1].1.clone();
    files[1].1.truncate(whole.len() / 2);
    files[4].1 = b"\x89PNG\r\n\x1a\n and so on".to_vec();
    files[5].1.clear();
    let set = folder(&files);
    let with_limit = |skip_limit| load(set.path(), &Options { skip_limit, ..Options::default() });
    let Loaded { images, skipped } = with_limit(3).unwrap();
    assert_eq!((&*images.train.labels, images.test.len()), (&[0, 0, 1][..], 2));
    insta::assert_snapshot!("skipped", skipped.join("\n"));
    insta::assert_snapshot!("too_many", complaint(with_limit(2), set.path()));
    // When images are decoded as they are read, another of the class stands in, always the same.
    let options = Options { memory_bytes: 1, skip_limit: 3, ..Options::default() };
    let lazy = load(set.path(), &options).unwrap();
    assert_eq!(lazy.skipped.len(), 1, "the empty one, which needs no look inside");
    let train = pixels(&lazy.images.train, lazy.images.shape);
    let bytes = lazy.images.shape.bytes();
    assert_eq!(train[bytes..2 * bytes], train[2 * bytes..3 * bytes]);
    assert_eq!(train, pixels(&lazy.images.train, lazy.images.shape));
    assert_eq!((lazy.images.train.pixels.skipped().len(), lazy.images.train.pixels.failure()), (2, None));
    let strict = load(set.path(), &Options { skip_limit: 1, ..options }).unwrap().images;
    pixels(&strict.train, strict.shape);
    let failure = strict.train.pixels.failure().unwrap();
    insta::assert_snapshot!("lazy_failure", failure.replace(&format!("{}/", set.path().display()), ""));
}

#[test]
fn every_cut_of_a_jpeg_is_noticed() {
    let whole = jpeg([7, 8, 9], 32, 32);
    let others = class_folders();
    for cut in (1..whole.len()).step_by(7) {
        let mut files: Files = others.clone();
        files.iter_mut().for_each(|(_, bytes)| *bytes = whole.clone());
        files[0].1.truncate(cut);
        let set = folder(&files);
        assert_eq!(loaded(set.path()).skipped.len(), 1, "cut to {cut} of {}", whole.len());
    }
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let change = |files: &Files, name: &str, to: Option<Vec<u8>>| -> Files {
        let (mut files, mut to) = (files.clone(), to);
        files.retain_mut(|file| if file.0 == name { to.take().map(|bytes| file.1 = bytes).is_some() } else { true });
        files.extend(to.map(|bytes| (name.to_owned(), bytes)));
        files
    };
    let only = |name: &str, bytes: Vec<u8>| vec![(name.to_owned(), bytes)];
    let (m, b, c) = (mnist(), batches(), class_folders());
    let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    let without = |files: &Files, prefix: &str| -> Files {
        files.iter().filter(|(name, _)| !name.starts_with(prefix)).cloned().collect()
    };
    let tarred = tar(&c);
    let cases: Vec<(&str, Files)> = vec![
        ("idx: wrong magic", change(&m, images, Some(b"\0\0\x09\x03and more".to_vec()))),
        ("idx: no magic", change(&m, labels, Some(b"\0\0".to_vec()))),
        ("idx: cut header", change(&m, images, Some(vec![0, 0, 8, 3, 0, 0]))),
        ("idx: zero size", change(&m, images, Some(idx(&[3, 0, 2], &[])))),
        ("idx: cut pixels", change(&m, images, Some(idx(&[3, 2, 2], &[1; 11])))),
        ("idx: counts differ", change(&m, labels, Some(idx(&[2], &[1, 0])))),
        ("idx: shapes differ", change(&m, "t10k-images-idx3-ubyte", Some(idx(&[1, 1, 2], &[9, 8])))),
        ("idx: unknown class", change(&m, "t10k-labels-idx1-ubyte", Some(idx(&[1], &[7])))),
        ("idx: no labels", change(&m, labels, None)),
        ("idx: cut gzip", {
            let packed = gz(&m[0].1);
            change(&change(&m, images, None), "train-images-idx3-ubyte.gz", Some(packed[..packed.len() - 9].to_vec()))
        }),
        ("batches: cut", change(&b, "data_batch_2.bin", Some(record(9)[..3_000].to_vec()))),
        ("batches: empty", change(&b, "data_batch_2.bin", Some(vec![]))),
        ("batches: class 10", change(&b, "data_batch_2.bin", Some(record(10)))),
        ("batches: nothing to test on", change(&b, "test_batch.bin", None)),
        ("batches: nine names", change(&b, "batches.meta.txt", Some("name\n".repeat(9).into_bytes()))),
        ("folders: an empty class", [c.clone(), only("train/green/", vec![])].concat()),
        ("folders: a class that is not learnt", [c.clone(), only("test/blu/1.jpg", jpeg([1; 3], 16, 8))].concat()),
        ("folders: nothing to test on", without(&c, "test/")),
        ("folders: no classes to test on", [without(&c, "test/"), only("val/1.jpg", jpeg([1; 3], 16, 8))].concat()),
        ("folders: one class", without(&without(&c, "train/red"), "test/red")),
        ("folders: no JPEG", c.iter().map(|(name, _)| (name.clone(), b"not an image".to_vec())).collect()),
        ("archive: empty", only("set.tar", tar(&[]))),
        ("archive: no images", only("set.tar.gz", gz(tar(&only("README", b"words".to_vec()))))),
        ("archive: cut tar", only("set.tar", tarred[..tarred.len() / 2].to_vec())),
        (
            "archive: cut gzip",
            only("set.tar.gz", {
                let packed = gz(&tarred);
                packed[..packed.len() / 2].to_vec()
            }),
        ),
        (
            "archive: cut xz",
            only("set.tar.xz", {
                let packed = xz(&tarred);
                packed[..packed.len() / 2].to_vec()
            }),
        ),
        ("archives: two", [only("a.tar", tarred.clone()), only("b.tar.xz", xz(&tarred))].concat()),
        ("text", only("ratings.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,964982703\n".to_vec())),
        ("nothing", vec![]),
    ];
    let options = Options { skip_limit: 3, ..Options::default() };
    let mut complaints = String::new();
    for (case, files) in &cases {
        let set = folder(files);
        let says = complaint(load(set.path(), &options), set.path());
        complaints.push_str(&format!("{case}: {says}\n"));
    }
    let set =
        folder(&[only("set.tar", tarred), only("empty", vec![]), only("ratings.csv", b"1,1\n".to_vec())].concat());
    for name in ["empty", "ratings.csv", "sat.tar"] {
        let says = complaint(load(&set.path().join(name), &options), set.path());
        complaints.push_str(&format!("file: {says}\n"));
    }
    insta::assert_snapshot!("bad_images", complaints);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_cached_is_read(
        (channels, height, width) in (1u32..4, 1u32..5, 1u32..5), classes in 1u16..300,
        labels in prop::collection::vec(any::<u16>(), 0..12), tested in 0usize..12, fill in any::<u8>(), name in ".{0,20}",
    ) {
        let shape = ImageShape { channels, height, width };
        let labels: Vec<u16> = labels.iter().map(|label| label % classes).collect();
        let tested = tested.min(labels.len());
        let part = |labels: &[u16]| {
            let pixels = (0..labels.len() * shape.bytes()).map(|at| (at as u8).wrapping_mul(fill)).collect();
            Labelled { labels: labels.to_vec(), pixels }
        };
        let names = (0..classes).map(|class| format!("class {class}")).collect();
        let images = Images::in_memory(name, names, shape, part(&labels[tested..]), part(&labels[..tested]));
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("cache");
        write_cache(&images, &file).unwrap();
        prop_assert_eq!(content(&read_cache(&file).unwrap()), content(&images));
        prop_assert_eq!(content(&loaded(folder.path()).images), content(&images));
    }
}

#[test]
fn mnist_as_it_is_published() {
    let Some(path) = real("mnist") else { return };
    let images = loaded(&path).images;
    assert_eq!((images.train.len(), images.test.len(), images.classes.len()), (60_000, 10_000, 10));
    assert_eq!(images.shape, ImageShape { channels: 1, height: 28, width: 28 });
    let moments = images.train.moments(images.shape, usize::MAX);
    // As everybody normalises MNIST.
    assert!((moments.mean[0] - 0.1307).abs() < 1e-4 && (moments.deviation[0] - 0.3081).abs() < 1e-4, "{moments:?}");
}

#[test]
fn cifar_10_as_folders_of_jpeg() {
    let Some(path) = real("cifar10") else { return };
    let Loaded { images, skipped } = loaded(&path);
    assert_eq!((images.train.len(), images.test.len(), images.classes.len()), (50_000, 10_000, 10));
    assert_eq!((images.shape, skipped.len()), (ImageShape { channels: 3, height: 32, width: 32 }, 0));
    let moments = images.train.moments(images.shape, usize::MAX);
    // As everybody normalises CIFAR-10: compression moves the means by less than a grey level.
    for (mean, known) in moments.mean.iter().zip([0.4914, 0.4822, 0.4465]) {
        assert!((mean - known).abs() < 0.004, "{moments:?}");
    }
}
