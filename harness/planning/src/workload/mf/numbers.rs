//! Dimensionless numbers of matrix factorisation, compared with those of Netflix at rank 500.

use std::sync::OnceLock;

use datasets::ratings::config::{Generated, NETFLIX_ITEMS, NETFLIX_RATINGS, NETFLIX_USERS};
use datasets::ratings::generate::touched_share;
use gaia_core::workload::mf::config::Mf;

use crate::workload::kind::{DataRef, Number, Posed, WorkloadKind};
use crate::workload::split::Split;
use crate::workload::{PAPER_MACHINES, bytes_to_work};

/// The paper's rank for Netflix (section 5.2).
pub(super) const NETFLIX_RANK: u32 = 500;

/// The size of a problem, in each of its dimensions.
#[derive(Clone, Copy)]
struct Dimensions {
    users: f64,
    items: f64,
    rank: f64,
    ratings: f64,
}

impl Dimensions {
    fn parameters(self) -> f64 {
        self.items * self.rank
    }

    fn work(self) -> f64 {
        self.ratings * self.rank
    }
}

pub(super) fn numbers(mf: &Mf, posed: &Posed<'_, Mf>) -> Vec<Number> {
    let size = Mf::size(posed.data);
    let [users, items, rank] = [size.owners, size.rows, mf.rank].map(f64::from);
    let here = Dimensions { users, items, rank, ratings: size.work as f64 };
    let [users, items, rank] = [NETFLIX_USERS, NETFLIX_ITEMS, NETFLIX_RANK].map(f64::from);
    let there = Dimensions { users, items, rank, ratings: NETFLIX_RATINGS as f64 };
    let of = |description, what: fn(Dimensions) -> f64| Number { description, here: what(here), there: what(there) };
    let mut numbers = Vec::new();
    if let (DataRef::Generated(config), Split::Even) = (posed.data, posed.split) {
        let here = touched_share(config, posed.seed, posed.machines, mf.clocks_per_pass);
        let description = "share of the items that a worker touches in a clock";
        numbers.push(Number { description, here, there: netflix_touched() });
    }
    numbers.extend([
        of("ratings per parameter of an item", |it| it.ratings / it.items / it.rank),
        of("ratings per parameter of a user", |it| it.ratings / it.users / it.rank),
        of("ratings per item", |it| it.ratings / it.items),
        of("ratings per user", |it| it.ratings / it.users),
        of("users per item", |it| it.users / it.items),
        of("share of user-item pairs with a rating", |it| it.ratings / it.users / it.items),
        of("parameters per item or user", |it| it.rank),
    ]);
    numbers.push(bytes_to_work(posed.similitude, here.parameters() / here.work(), there.parameters() / there.work()));
    numbers
}

/// Of the paper's ratings, as the generator has them at full size.
fn netflix_touched() -> f64 {
    static SHARE: OnceLock<f64> = OnceLock::new();
    let config = Generated { held_out: 0.0, ..Generated::at_scale(1.0) };
    *SHARE.get_or_init(|| touched_share(&config, 1, PAPER_MACHINES, 1))
}
