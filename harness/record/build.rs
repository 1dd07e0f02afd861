//! The price lists that are built in.

#[path = "../embed.rs"]
mod embed;

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../embed.rs");
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    embed::write_texts(&manifest.join("../prices"), &["yaml", "csv"], &out.join("prices.rs"));
}
