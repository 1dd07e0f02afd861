//! Cells by their digests.

use std::collections::BTreeSet;

use record::results::name_in_spec;
use serde::Serialize;

use super::side::CellState;

/// A cell and seed by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CellName {
    /// `MF Gaia`, or `Gaia` in a figure without panels.
    pub cell: String,
    /// The seed of the run.
    pub seed: u64,
}

/// A cell that is not what its run has written, or has not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Damaged {
    /// The cell and seed.
    #[serde(flatten)]
    pub cell: CellName,
    /// `a` or `b`: the side.
    pub side: char,
    /// The reason why it is not whole.
    pub why: String,
}

/// A cell of the same plan with another digest, which simulated runs never have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Broken {
    /// The cell and seed.
    #[serde(flatten)]
    pub cell: CellName,
    /// The hash of the plan.
    pub plan: String,
}

/// The cells of a figure in two folders.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CellsChange {
    /// The number of cells with equal digests.
    pub equal: usize,
    /// Cells with other digests: of another plan, or in real time.
    pub other: Vec<CellName>,
    /// Simulated cells of the same plan with other digests.
    pub broken: Vec<Broken>,
    /// Cells that are not whole, in either folder.
    pub damaged: Vec<Damaged>,
    /// Cells that only the first folder has.
    pub only_a: Vec<CellName>,
    /// Cells that only the second folder has.
    pub only_b: Vec<CellName>,
    /// Whether the seeds of both are others.
    pub other_seeds: bool,
}

/// Compares the cells of `b` with those of `a`; with `common` only those that both have.
pub(super) fn compare(a: &[CellState], b: &[CellState], common: bool) -> CellsChange {
    let name = |cell: &CellState| CellName { cell: name_in_spec(&cell.panel, &cell.cell), seed: cell.seed };
    let same = |one: &CellState, other: &CellState| {
        (&one.panel, &one.cell, one.seed) == (&other.panel, &other.cell, other.seed)
    };
    let lacks = |cells: &[CellState], cell: &CellState| !cells.iter().any(|other| same(cell, other));
    let mut change = CellsChange::default();
    for (side, cells, others) in [('a', a, b), ('b', b, a)] {
        for cell in cells.iter().filter(|cell| !common || !lacks(others, cell)) {
            if let Err(why) = &cell.digest {
                change.damaged.push(Damaged { cell: name(cell), side, why: why.clone() });
            }
        }
    }
    if !common {
        change.only_a = a.iter().filter(|cell| lacks(b, cell)).map(name).collect();
        change.only_b = b.iter().filter(|cell| lacks(a, cell)).map(name).collect();
    }
    for cell in a {
        let Some(other) = b.iter().find(|other| same(cell, other)) else { continue };
        let (Ok(before), Ok(after)) = (&cell.digest, &other.digest) else { continue };
        if before == after {
            change.equal += 1;
        } else if cell.plan == other.plan && !cell.real && !other.real {
            change.broken.push(Broken { cell: name(cell), plan: cell.plan.clone() });
        } else {
            change.other.push(name(cell));
        }
    }
    let seeds = |cells: &[CellState]| cells.iter().map(|cell| cell.seed).collect::<BTreeSet<u64>>();
    change.other_seeds = seeds(a) != seeds(b);
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(cell: &str, seed: u64, plan: &str, digest: &str) -> CellState {
        let digest = if digest.is_empty() { Err("truncated".into()) } else { Ok(digest.into()) };
        CellState { panel: String::new(), cell: cell.into(), seed, plan: plan.into(), digest, real: false }
    }

    #[test]
    fn cells_are_paired_by_name_and_seed() {
        let a =
            [cell("LAN", 1, "p", "d"), cell("LAN", 2, "q", "e"), cell("Gaia", 1, "r", "f"), cell("Old", 1, "s", "g")];
        let b = [
            cell("LAN", 1, "p", "d"),
            cell("LAN", 2, "q", "other"),
            cell("Gaia", 1, "new", "h"),
            cell("N", 1, "t", ""),
        ];
        let change = compare(&a, &b, false);
        let name = |cell: &str, seed| CellName { cell: cell.into(), seed };
        assert_eq!((change.equal, change.other), (1, vec![name("Gaia", 1)]));
        assert_eq!(change.broken, [Broken { cell: name("LAN", 2), plan: "q".into() }]);
        assert_eq!((change.only_a, change.only_b), (vec![name("Old", 1)], vec![name("N", 1)]));
        assert_eq!(change.damaged, [Damaged { cell: name("N", 1), side: 'b', why: "truncated".into() }]);
        assert!(!change.other_seeds);
    }

    #[test]
    fn runs_in_real_time_are_never_broken_and_common_leaves_out_the_rest() {
        let real = CellState { real: true, ..cell("R", 1, "p", "d") };
        let again = CellState { digest: Ok("e".into()), ..real.clone() };
        let change = compare(&[real], &[again, cell("N", 2, "t", "")], true);
        assert_eq!((change.other.len(), change.broken.len(), change.damaged.len()), (1, 0, 0));
        assert!(change.only_b.is_empty() && change.other_seeds);
    }
}
