//! Sets of images as they are published and downloaded: the layouts that are read, and folders that have more than one set.

#[expect(dead_code, reason = "other tests share it")]
mod common;
#[expect(dead_code, reason = "other tests share it")]
#[path = "common/images.rs"]
mod small;

use std::path::Path;

use common::{complaint, folder, gz};
use datasets::images::load::{Options, load};
use small::{Files, batches, class_folders, content, idx, jpeg, loaded, mnist, named, record, tar};

/// EMNIST-like: a set of the given name whose pixels are all `fill`.
fn split(name: &str, fill: u8) -> Files {
    let files = mnist().into_iter().map(|(file, bytes)| {
        let header = if file.contains("images") { 16 } else { bytes.len() };
        let filled =
            bytes.iter().enumerate().map(|(at, &byte)| if at < header { byte } else { fill }).collect::<Vec<u8>>();
        (format!("emnist-{name}-{}.gz", file.replace("t10k", "test")), gz(filled))
    });
    files.collect()
}

fn says(files: &[(String, Vec<u8>)]) -> String {
    let set = folder(files);
    complaint(load(set.path(), &Options::default()), set.path())
}

fn first_pixel(path: &Path) -> u8 {
    content(&loaded(path).images).parts[0].1[0]
}

fn only(name: &str, bytes: Vec<u8>) -> Files {
    vec![(name.to_owned(), bytes)]
}

#[test]
fn more_than_one_set_of_idx_files_is_told_and_a_named_file_chooses() {
    let splits = [split("balanced", 1), split("digits", 2), split("mnist", 3)].concat();
    let torchvision = [named(&mnist(), "MNIST/raw/"), named(&mnist(), "FashionMNIST/raw/")].concat();
    let copied = [mnist(), only("train-labels-idx1-ubyte (1)", mnist()[1].1.clone())].concat();
    let images_alone: Files = split("digits", 2).into_iter().filter(|file| file.0.contains("images")).collect();
    let labels_alone: Files = split("mnist", 3).into_iter().filter(|file| file.0.contains("labels")).collect();
    let test_of_another: Files = [&split("digits", 2)[..2], &split("mnist", 3)[2..]].concat();
    let told = [
        ("splits", says(&splits)),
        ("torchvision", says(&torchvision)),
        ("archive", says(&only("both.tar.gz", gz(tar(&torchvision))))),
        ("a browser's copy", says(&copied)),
        ("images and labels of two sets", says(&[images_alone, labels_alone].concat())),
        ("parts of two sets", says(&test_of_another)),
        ("beside CIFAR-10", says(&[named(&batches(), "a/"), named(&mnist(), "b/")].concat())),
        ("beside folders by class", says(&[class_folders(), named(&mnist(), "mnist/")].concat())),
    ];
    insta::assert_snapshot!("more_than_one_idx", told.map(|(case, says)| format!("{case}: {says}\n")).concat());

    let all = folder(&splits);
    for (name, fill) in [("balanced", 1), ("digits", 2), ("mnist", 3)] {
        for file in ["train-images-idx3-ubyte.gz", "test-labels-idx1-ubyte.gz"] {
            assert_eq!(first_pixel(&all.path().join(format!("emnist-{name}-{file}"))), fill, "{name}: {file}");
        }
    }
    let both = folder(&torchvision);
    assert_eq!(content(&loaded(&both.path().join("MNIST")).images), content(&loaded(folder(&mnist()).path()).images));
    let packed: Files = mnist().into_iter().map(|(name, bytes)| (format!("{name}.gz"), gz(bytes))).collect();
    let unpacked_beside = folder(&[named(&mnist(), "MNIST/raw/"), named(&packed, "MNIST/raw/")].concat());
    assert_eq!(loaded(unpacked_beside.path()).images.train.len(), 3, "as torchvision leaves it");
}

#[test]
fn a_file_that_is_named_is_one_of_those_that_are_read() {
    let other = idx(&[3, 2, 2], &[200; 12]);
    let copied = folder(&[mnist(), only("train-images-idx3-ubyte (1)", other.clone())].concat());
    assert_eq!(first_pixel(&copied.path().join("train-images-idx3-ubyte (1)")), 200);
    assert_eq!(first_pixel(&copied.path().join("train-images-idx3-ubyte")), 0);
    let packed = folder(&[mnist(), only("train-images-idx3-ubyte.gz", gz(other))].concat());
    assert_eq!(first_pixel(&packed.path().join("train-images-idx3-ubyte.gz")), 200);

    let beside = [batches(), only("weights.bin", vec![1, 2, 3]), only("notes-ubyte", b"words".to_vec())].concat();
    let set = folder(&[beside, only("digits-idx3-ubyte", mnist()[0].1.clone())].concat());
    let told = ["weights.bin", "notes-ubyte", "digits-idx3-ubyte"]
        .map(|name| complaint(load(&set.path().join(name), &Options::default()), set.path()) + "\n");
    insta::assert_snapshot!("named_of_no_set", told.concat());
}

#[test]
fn a_batch_that_comes_twice_is_told() {
    let first = batches()[0].1.clone();
    let with = |name: &str, bytes: Vec<u8>| says(&[batches(), only(name, bytes)].concat());
    let told = [
        with("data_batch_1 (1).bin", first.clone()),
        with("data_batch_1(2).bin", record(7)),
        with("Copy of test_batch.bin", record(7)),
        with("again.bin", first.clone()),
        with("test_batch_2.bin", first),
        says(&[named(&batches(), "cifar-10-batches-bin/"), named(&batches(), "old/cifar-10-batches-bin/")].concat()),
    ];
    insta::assert_snapshot!("batches_twice", told.map(|says| says + "\n").concat());
    let renamed: Files =
        batches().into_iter().map(|(name, bytes)| (name.replace("1.bin", "1 (1).bin"), bytes)).collect();
    assert_eq!(loaded(folder(&renamed).path()).images.train.len(), 10, "the only copy is no copy");
}

#[test]
fn classes_without_images_are_told() {
    let labels = |labels: &[u8]| {
        let replace = |(name, bytes): (String, Vec<u8>)| {
            let bytes = if name.starts_with("train-labels") { idx(&[3], labels) } else { bytes };
            (name, bytes)
        };
        mnist().into_iter().map(replace).collect::<Files>()
    };
    let batch = |labels: &[u8]| labels.iter().flat_map(|&label| record(label)).collect::<Vec<u8>>();
    let few =
        [only("data_batch_1.bin", batch(&[0, 1, 2, 3, 4, 5, 6, 7, 9])), only("test_batch.bin", batch(&[3]))].concat();
    let without =
        |prefix: &str| class_folders().into_iter().filter(|file| !file.0.starts_with(prefix)).collect::<Files>();
    let mut damaged = class_folders();
    damaged.iter_mut().filter(|file| file.0.starts_with("train/red/")).for_each(|file| file.1.truncate(60));
    let told = [
        says(&labels(&[1, 2, 2])),
        says(&labels(&[0, 3, 2])),
        says(&few),
        says(&[without("train/red"), only("train/red/", vec![])].concat()),
        says(&damaged),
        says(
            &damaged
                .into_iter()
                .map(|(name, bytes)| {
                    let bytes = if name.starts_with("train/red/") { vec![] } else { bytes };
                    (name, bytes)
                })
                .collect::<Files>(),
        ),
    ];
    insta::assert_snapshot!("classes_without_images", told.map(|says| says + "\n").concat());
    // The set's name gives the classes that are not tested on.
    let names = [without("test/red"), [class_folders(), mnist()].concat()[8..].to_vec(), batches()]
        .map(|files| loaded(folder(&files).path()).images.name);
    let ends = [
        ", 1 to test on, none of class `red`",
        ", none of class `0` and 1 more",
        ", none of class `airplane` and 8 more",
    ];
    for (name, end) in names.iter().zip(ends) {
        assert!(name.ends_with(end), "{name}");
    }
}

#[test]
fn more_than_one_set_by_class_is_told() {
    let flowers: Files =
        ["daisy", "tulip"].iter().map(|class| (format!("flowers/{class}/1.jpg"), jpeg([9; 3], 8, 8))).collect();
    let again = |files: &Files| {
        files.iter().map(|(name, bytes)| (name.replace("train/", "training/"), bytes.clone())).collect::<Files>()
    };
    let told = [
        says(&[named(&class_folders(), "a/"), named(&class_folders(), "b/")].concat()),
        says(&[named(&class_folders(), "a/"), flowers.clone()].concat()),
        says(&[class_folders(), again(&class_folders())].concat()),
        says(
            &[
                flowers.clone(),
                flowers.iter().map(|(name, bytes)| (name.replace("flowers", "more"), bytes.clone())).collect(),
            ]
            .concat(),
        ),
        // What is to test on lies with what is to learn from, not with another set.
        says(
            &class_folders()
                .into_iter()
                .map(|(name, bytes)| (name.replace("train", "a/train").replace("test", "b/test"), bytes))
                .collect::<Files>(),
        ),
    ];
    insta::assert_snapshot!("more_than_one_by_class", told.map(|says| says + "\n").concat());
    let set = folder(&[class_folders(), named(&class_folders(), "old/")].concat());
    assert_eq!(loaded(set.path()).images.train.len(), 6, "what is further up comes first");
}

#[test]
fn classes_without_parts_may_lie_in_one_folder_of_an_archive_or_of_a_folder() {
    let flowers: Files = ["daisy", "tulip"]
        .iter()
        .flat_map(|class| (10..30).map(move |n| (format!("{class}/{n}.jpg"), jpeg([n, 90, 9], 8, 8))))
        .collect();
    let expected = content(&loaded(folder(&flowers).path()).images);
    assert_eq!((expected.parts[0].0.len(), expected.parts[1].0.len()), (36, 4));
    let published = [named(&flowers, "flower_photos/"), only("flower_photos/LICENSE.txt", b"CC-BY".to_vec())].concat();
    assert_eq!(content(&loaded(folder(&published).path()).images), expected);
    let archive = only("flower_photos.tgz", gz(tar(&published)));
    assert_eq!(content(&loaded(folder(&archive).path()).images), expected);
    assert_eq!(content(&loaded(folder(&[archive, published].concat()).path()).images), expected, "unpacked beside it");
}

/// `class_folders` as Tiny-ImageNet: images of a class in `images/`, those to test on listed, and `test/` without classes.
fn tiny() -> (Files, String) {
    let (mut files, mut list) = (Files::new(), String::new());
    for (name, bytes) in class_folders() {
        let (folder, image) = name.rsplit_once('/').unwrap();
        let (part, class) = folder.split_once('/').unwrap();
        if part == "train" {
            files.push((format!("train/{class}/images/{image}"), bytes));
            files.push((format!("train/{class}/{class}_boxes.txt"), b"0.jpg\t0\t0\t1\t1\n".to_vec()));
        } else {
            // The order of names is not that of classes.
            let image = format!("val_{}.JPEG", class.len());
            list.push_str(&format!("{image}\t{class}\t0\t32\t44\t62\n"));
            files.push((format!("val/images/{image}"), bytes));
        }
    }
    files.push(("test/images/test_0.JPEG".into(), jpeg([1; 3], 16, 8)));
    (files, list)
}

#[test]
fn tiny_imagenet_and_ilsvrc12_load_as_they_are_distributed() {
    let expected = content(&loaded(folder(&class_folders()).path()).images);
    let (files, list) = tiny();
    let set = [files, only("val/val_annotations.txt", list.into_bytes()), only("wnids.txt", b"blue\nred\n".to_vec())]
        .concat();
    let around = named(&set, "tiny-imagenet-200/");
    for files in [&set, &around, &only("tiny.tar", tar(&around))] {
        assert_eq!(content(&loaded(folder(files).path()).images), expected);
    }

    let mut files: Files = class_folders().into_iter().filter(|file| file.0.starts_with("train/")).collect();
    let mut solution = "ImageId,PredictionString\n".to_owned();
    for (number, (name, bytes)) in class_folders().into_iter().filter(|file| file.0.starts_with("test/")).enumerate() {
        let (class, id) = (name.split('/').nth(1).unwrap(), format!("ILSVRC2012_val_{:08}", 9 - number));
        files.push((format!("val/{id}.JPEG"), bytes));
        solution.push_str(&format!("{id},{class} 1 2 3 4 {class} 5 6 7 8 \r\n"));
    }
    files.push(("test/ILSVRC2012_test_00000001.JPEG".into(), jpeg([1; 3], 16, 8)));
    for place in ["LOC_val_solution.csv", "val/LOC_val_solution.csv"] {
        let set = [files.clone(), only(place, solution.clone().into_bytes())].concat();
        assert_eq!(content(&loaded(folder(&set).path()).images), expected, "{place}");
        assert_eq!(content(&loaded(folder(&named(&set, "CLS-LOC/")).path()).images), expected, "{place} further down");
    }
}

#[test]
fn val_by_class_is_taken_beside_test_without_classes() {
    let val: Files = class_folders().into_iter().map(|(name, bytes)| (name.replace("test/", "val/"), bytes)).collect();
    let expected = content(&loaded(folder(&val).path()).images);
    for name in ["test/1.jpg", "test/images/1.jpg", "test/"] {
        let set = [val.clone(), only(name, if name.ends_with('/') { vec![] } else { jpeg([1; 3], 16, 8) })].concat();
        assert_eq!(content(&loaded(folder(&set).path()).images), expected, "{name}");
        assert_eq!(content(&loaded(folder(&only("set.tar", tar(&val))).path()).images), expected, "{name}");
    }
    let all_three = [class_folders(), val].concat();
    assert_eq!(loaded(folder(&all_three).path()).images.test.len(), 2, "test/ by class comes before val/");
}

#[test]
fn a_list_of_classes_that_does_not_fit_is_told() {
    let (files, list) = tiny();
    let with = |list: &str| says(&[files.clone(), only("val/val_annotations.txt", list.as_bytes().to_vec())].concat());
    let red = list.lines().find(|line| line.contains("red")).unwrap();
    let told = [
        with(&list.replace('\t', " ")),
        with(&list.replace("\tred\t", "\trad\t")),
        with(&format!("{list}{red}\n")),
        with(&format!("{list}val_9.JPEG\tred\t1\n")),
        with(red),
        says(&files),
        says(
            &[
                files.clone(),
                only("LOC_val_solution.csv", b"ImageId,PredictionString\nval_3,red 1 2 3 4 blue 1 2 3 4\n".to_vec()),
            ]
            .concat(),
        ),
        says(&[files.clone(), only("LOC_val_solution.csv", b"val_3 red\n".to_vec())].concat()),
    ];
    insta::assert_snapshot!("lists_of_classes", told.map(|says| says + "\n").concat());
}

#[test]
fn images_that_are_no_set_are_told_as_images() {
    let loose: Files = (0..12).map(|n| (format!("{n:02}.jpg"), jpeg([n; 3], 8, 8))).collect();
    let png = |name: &str| only(name, b"\x89PNG\r\n\x1a\n and so on".to_vec());
    let told = [
        says(&loose),
        says(&[loose.clone(), only("notes.txt", b"words".to_vec())].concat()),
        says(&only("loose.tar", tar(&loose))),
        says(&named(&loose, "only/one/folder/")),
        says(&[png("cats/1.png"), png("dogs/1.png")].concat()),
        says(&[only("logo.png", vec![1]), only("a.txt", vec![]), only("b.txt", vec![])].concat()),
    ];
    let set = folder(&loose);
    let one = complaint(load(&set.path().join("03.jpg"), &Options::default()), set.path());
    insta::assert_snapshot!("loose_images", told.map(|says| says + "\n").concat() + &one);
}
