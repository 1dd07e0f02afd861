//! The memory that a plan needs at its peak.
//!
//! [`Counts`] has the amounts of data; the number of copies that a run holds of each was measured on runs of matrix factorisation and topic
//! modelling of several sizes, ranks and systems (experiments/README.md, "What a run will take").

use gaia_core::sync::ReadState;
use gaia_core::sync::config::{Between, Inside, MirrorClock, Rounds, Rule, Sites, System};

use super::counts::{Counts, counts, inside_of};
use crate::plan::check::exchanges_every;
use crate::plan::whole::Plan;
use crate::workload::kind::{FLOAT_BYTES, Footprint};

/// The program and its tables of results, in bytes; in a build with libtorch, its libraries too.
const PROGRAM_BYTES: f64 = if cfg!(feature = "torch") { 150e6 } else { 50e6 };
/// Copies of worker state: the worker's own; and the recorder's, where the objective of one copy is not the sum of what workers measure.
const OWN_STATE: f64 = 1.0;
const RECORDED_STATE: f64 = 1.0;
/// Copies of the rows that a worker keeps from clock to clock, where they may do for the next.
const KEPT_ROWS: f64 = 1.0;
/// Additional copies of it per clock that workers may be apart.
const STATES_APART: f64 = 0.5;
/// Clocks that workers are apart when nothing bounds it, and the most when the bound is wide.
const UNBOUND: f64 = 1.5;
const MOST_APART: f64 = 10.0;
/// Copies of the rows in Bösen's logs of unsent changes.
const LOGGED: f64 = 3.0;
/// Bytes per parameter of a sparse update: index and value.
const ENTRY_BYTES: f64 = 8.0;
/// Copies of the model per parameter server: values, accumulated updates, messages.
const SERVED: f64 = 2.3;
/// More copies under an update rule that makes a step of the sum of the updates: the sum, and the velocity where it has
/// one. They are counted, not measured.
const STEP: f64 = 1.0;
const VELOCITY: f64 = 1.0;
/// More copies where sites have rounds: what the round began with. Counted, not measured.
const SHARED: f64 = 1.0;

/// Memory at the peak of a run, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// The memory of the program without a cell.
    pub program: f64,
    /// The data set, which cells share.
    pub data: f64,
    /// The memory that the cell adds.
    pub cell: f64,
}

impl Memory {
    /// Program and data set, which are there once however many cells run.
    pub fn around(&self) -> f64 {
        self.program + self.data
    }

    /// The memory of the program when the cell runs alone.
    pub fn alone(&self) -> f64 {
        self.around() + self.cell
    }
}

/// The memory that `plan` needs.
pub fn memory(plan: &Plan) -> Memory {
    of_counts(plan, &counts(plan))
}

pub(super) fn of_counts(plan: &Plan, counts: &Counts) -> Memory {
    let footprint = plan.problem().footprint(&counts.amounts);
    let cell = footprint.ordered + run(plan, counts, &footprint);
    Memory { program: PROGRAM_BYTES + footprint.libraries, data: footprint.data, cell }
}

/// Bytes of worker state and of everything that grows with the model.
fn run(plan: &Plan, counts: &Counts, footprint: &Footprint) -> f64 {
    let apart = clocks_apart(&plan.system);
    let logs = if matches!(plan.system, System::Bosen(_)) { LOGGED } else { 0.0 };
    let read = counts.machines * counts.amounts.declared * FLOAT_BYTES;
    let served = counts.groups * counts.amounts.model * FLOAT_BYTES;
    let in_flight = if merge(&plan.system).is_some() {
        // Every site's change waits for the others', as an index and a value of each parameter; receivers share it.
        counts.groups * counts.amounts.model * ENTRY_BYTES
    } else {
        counts.mirrored * footprint.in_flight
    };
    let servers = (SERVED + copies_of_rule(&plan.system)) * served;
    let recorded =
        if plan.system.sites().is_none() && plan.system.model().is_synchronous() { 0.0 } else { RECORDED_STATE };
    let kept = if apart > 0.0 || logs > 0.0 { KEPT_ROWS } else { 0.0 };
    let states = (OWN_STATE + recorded + apart * STATES_APART) * footprint.state;
    states + (footprint.rows + kept + apart * footprint.rows_apart + logs) * read + servers + in_flight
}

/// Additional copies of the model per parameter server for its update rules: among its workers, and between sites.
fn copies_of_rule(system: &System) -> f64 {
    let of = |rule: Rule| rule.step(1).map_or(0.0, |step| STEP + if step.has_velocity() { VELOCITY } else { 0.0 });
    let inside = inside_of(system).map_or(0.0, |inside| of(inside.model().rule()));
    inside + merge(system).map_or(0.0, |rule| SHARED + of(rule))
}

/// The rule of rounds between sites, where there are any.
fn merge(system: &System) -> Option<Rule> {
    match system {
        System::Hierarchical(Sites { between: Between::Rounds(Rounds { rule, .. }), .. }) => Some(*rule),
        _ => None,
    }
}

/// The number of clocks by which a worker's rows may be older than its clock, asked of the model as a server would.
fn clocks_ahead(inside: Inside) -> f64 {
    /// Late enough in a run for a bound that grows, and more clocks than any bound has.
    const LATE: u32 = 1_000_000;
    let model = inside.model();
    let may_lack = |clocks: u32| {
        let read =
            ReadState { clock: LATE, data_clock: LATE - clocks, mirror_clock: None, merged_clock: LATE, barred: false };
        model.may_read(&read).is_ok()
    };
    match () {
        // Between exchanges workers are together by definition.
        () if exchanges_every(inside) > 1 => 0.0,
        () if may_lack(LATE) => UNBOUND,
        () => f64::from((1..=MOST_APART as u32).take_while(|&clocks| may_lack(clocks)).last().unwrap_or(0)),
    }
}

/// Number of clocks that workers may be apart.
fn clocks_apart(system: &System) -> f64 {
    let inside = match (system, inside_of(system)) {
        (System::Bosen(bosen), _) => f64::from(bosen.slack),
        (_, Some(inside)) => clocks_ahead(inside),
        (_, None) => 0.0,
    };
    let is_bound = system.sites().is_none_or(|sites| match sites.between {
        Between::Significant(significant) => significant.mirror_clock != MirrorClock::Off {},
        Between::Rounds(_) => true,
    });
    inside.min(MOST_APART) + if is_bound { 0.0 } else { UNBOUND }
}
