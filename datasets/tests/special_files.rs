//! Folders as systems leave them: links back into the folder, named pipes, sockets, devices. Never a hang, nothing of them read.
#![cfg(unix)]

#[expect(dead_code, reason = "other tests share it")]
mod common;

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{complaint, folder};
use datasets::ratings::held_out::HeldOut;
use datasets::{bow, images, ratings};

const RATINGS: &str = "1::2::3::978300760\n2::2::5::978300760\n";
const CORPUS: &str = "1\n1\n1\n1 1 1\n";

/// The results of loading a folder as ratings, as a corpus and as images: the hash of what was found, or the complaint.
fn all_kinds(path: &Path) -> [Result<[u8; 32], String>; 3] {
    let (send, receive) = mpsc::channel();
    let within = path.to_owned();
    // A pipe that nobody writes to would hold the thread for ever; the test must not wait with it.
    thread::spawn(move || {
        let path = within.as_path();
        let says = |error: String| error.replace(&format!("{}/", path.display()), "");
        let held_out = HeldOut { share: 0.0, seed: 0 };
        let loaded = [
            ratings::load::load(path, held_out).map(|loaded| loaded.ratings.hash).map_err(|e| says(e.to_string())),
            bow::load::load(path).map(|corpus| corpus.hash).map_err(|e| says(e.to_string())),
            images::load::load(path, &images::load::Options::default())
                .map(|loaded| loaded.images.hash)
                .map_err(|e| says(e.to_string())),
        ];
        let _ = send.send(loaded);
    });
    receive.recv_timeout(Duration::from_secs(60)).expect("loading comes to an end")
}

fn pipe(path: PathBuf) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn pipes_sockets_and_devices_in_a_folder_are_passed_over() {
    let with = |files: &[(&str, &str)]| {
        let set = folder(files);
        let clean = all_kinds(set.path());
        for name in ["aaa", "data_batch_1.bin", "ratings.csv", "docword.x.txt", "train-images-idx3-ubyte", "x.tar"] {
            pipe(set.path().join(name));
        }
        drop(UnixListener::bind(set.path().join("bbb")).unwrap());
        symlink("/dev/zero", set.path().join("ccc")).unwrap();
        (clean, all_kinds(set.path()))
    };
    let (clean, littered) = with(&[("ratings.dat", RATINGS)]);
    assert_eq!((clean[0].is_ok(), &clean[0]), (true, &littered[0]));
    let (clean, littered) = with(&[("any.txt", CORPUS)]);
    assert_eq!((clean[1].is_ok(), &clean[1]), (true, &littered[1]));
    let (_, littered) = with(&[]);
    for says in littered {
        let says = says.unwrap_err();
        assert!(says.contains("aaa (a named pipe), bbb (a socket), ccc (a device)"), "{says}");
    }
}

#[test]
fn links_back_into_the_folder_are_not_followed() {
    let jpeg = |value: u8| {
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        encoder.encode(&[value; 192], 8, 8, jpeg_encoder::ColorType::Rgb).unwrap();
        bytes
    };
    let names = ["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg"];
    let files: Vec<(&str, Vec<u8>)> = names.into_iter().zip([1, 2, 3, 4].map(jpeg)).collect();
    let set = folder(&files);
    let clean = all_kinds(set.path())[2].clone();
    assert!(clean.is_ok(), "{clean:?}");
    for (link, to) in [("train/back", ".."), ("train/a/up", "../.."), ("self", "."), ("test/b/own", ".")] {
        symlink(to, set.path().join(link)).unwrap();
    }
    assert_eq!(all_kinds(set.path())[2], clean);

    let set = folder(&[("sets/ratings.dat", RATINGS), ("other/x", "")]);
    symlink("../sets", set.path().join("other/there")).unwrap();
    symlink("../other", set.path().join("sets/there")).unwrap();
    symlink(set.path(), set.path().join("sets/up")).unwrap();
    let found = all_kinds(&set.path().join("sets"));
    assert!(found[0].is_ok(), "{found:?}");
}

#[test]
fn a_pipe_or_a_device_that_is_named_is_told() {
    let set = folder::<&str, &str>(&[]);
    pipe(set.path().join("pipe"));
    symlink("pipe", set.path().join("link")).unwrap();
    for name in ["pipe", "link"] {
        let path = set.path().join(name);
        for says in all_kinds(&path) {
            assert!(says.unwrap_err().ends_with(": found a named pipe, expected a file or a folder"));
        }
    }
    let zero = Path::new("/dev/zero");
    assert_eq!(complaint(bow::load::load(zero), set.path()), "/dev/zero: found a device, expected a file or a folder");
}
