//! Thousands of random cases of the protocol's laws, of which the tests run a small share.
//!
//! `cargo run --release -p gaia-core --example protocol_laws -- 10000`: so many cases of each law (10,000 without a number), the
//! same ones every time. Ends with a panic that shows the smallest case that breaks a law.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::thread;
use std::time::Instant;

use common::steady::check_pairs;
use common::writers::{any_direct_case, any_hub_case, check_cases};

fn main() {
    let count = std::env::args().nth(1).map_or(10_000, |count| count.parse().expect("a number of cases"));
    let begun = Instant::now();
    let done = |law: &str| println!("{count} cases: {law} ({:.0} s)", begun.elapsed().as_secs_f64());
    thread::scope(|scope| {
        scope.spawn(|| {
            check_cases(any_direct_case(), count);
            done("nothing lost, no clock overtakes, no needed row unread, between sites");
            check_pairs(count);
            done("what permitted staleness and the barrier cost two sites");
        });
        check_cases(any_hub_case(), count);
        done("nothing lost, no clock overtakes, no needed row unread, over hubs");
    });
}
