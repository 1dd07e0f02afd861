//! Thousands of random cases of the protocol's laws, of which the tests run a small share.
//!
//! `cargo run --release -p gaia-core --example protocol_laws -- 10000 [sites|hubs|pairs]`: N cases of each law (10,000 without a
//! number), or of one, the same ones every time. Ends with a panic that shows the smallest case that breaks a law.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::thread;
use std::time::Instant;

use common::steady::check_pairs;
use common::writers::{any_direct_case, any_hub_case, check_cases};

/// A law: its name on the command line, its statement, and the function that checks a number of cases of it.
type Law = (&'static str, &'static str, fn(u32));

const LAWS: [Law; 3] = [
    ("sites", "nothing lost, no clock overtakes, no needed row unread, between sites", |count| {
        check_cases(any_direct_case(), count);
    }),
    ("pairs", "what permitted staleness and the barrier cost two sites", check_pairs),
    ("hubs", "nothing lost, no clock overtakes, no needed row unread, over hubs", |count| {
        check_cases(any_hub_case(), count);
    }),
];

fn main() {
    let count = std::env::args().nth(1).map_or(10_000, |count| count.parse().expect("a number of cases"));
    let wanted = std::env::args().nth(2);
    let begun = Instant::now();
    thread::scope(|scope| {
        for (_, says, check) in LAWS.iter().filter(|(name, ..)| wanted.as_deref().is_none_or(|wanted| wanted == *name))
        {
            scope.spawn(move || {
                check(count);
                println!("{count} cases: {says} ({:.0} s)", begun.elapsed().as_secs_f64());
            });
        }
    });
}
