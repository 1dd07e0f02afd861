//! The constants that all machines of a run share: the places of machines, the places of rows, and the rules.

use std::sync::Arc;

use emulator::id::{MachineId, SiteId};
use emulator::time::Duration;
use emulator::units::Bandwidth;

use crate::layout::{Layout, RowSet};
use crate::overlay::{self, Overlay};
use crate::rates::{MachineKind, Similitude};
use crate::simd::Isa;
use crate::spare::Spare;
use crate::sync::config::{Encodings, System};
use crate::sync::rule::Rule;
use crate::sync::{Apply, Progress, SyncModel};

/// The places of machines, and the speeds of the links between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The site of every machine.
    pub site_of: Vec<SiteId>,
    /// Bytes a second that one flow could get, at `from * machines + to`.
    pub bytes_per_second: Vec<f64>,
    /// The outgoing rate of every machine's network interface.
    pub nic: Vec<Bandwidth>,
}

/// The shared constants of a run, as a plan gives them.
#[derive(Clone)]
pub struct SettingParts {
    /// The sites of machines, and the rates between them.
    pub placement: Placement,
    /// The tables of the workload, and their tensors.
    pub layout: Layout,
    /// Parameter servers and their sync model.
    pub system: System,
    /// The ways between the parameter servers of several sites.
    pub overlay: Overlay,
    /// The encoding of payloads.
    pub encodings: Encodings,
    /// The factors by which bytes and work are charged.
    pub similitude: Similitude,
    /// The speeds of the machines.
    pub kind: MachineKind,
    /// The seed of the run, from which jitter is drawn.
    pub seed: u64,
    /// Clocks that every worker computes at most.
    pub max_clocks: u32,
    /// The vector instructions in use; results do not depend on them.
    pub isa: Isa,
    /// Whether workers and the first site record their state every clock, for the objective of one copy on all data.
    pub record_copies: RecordCopies,
    /// The progress of learning after a number of clocks, for thresholds that follow it.
    pub progress: Arc<dyn Fn(u32) -> Progress + Send + Sync>,
}

/// The shared constants of a run, with what follows from them.
pub struct Setting {
    /// The parts that the plan gave.
    pub parts: SettingParts,
    model: Box<dyn SyncModel>,
    groups: Vec<Group>,
    /// For every machine its group and its position there.
    membership: Vec<(usize, usize)>,
    /// The rows of the shard at every position of a group; groups are equal in size.
    shard_rows: Vec<Arc<RowSet>>,
    spare: Arc<Spare>,
}

/// Whether the objective of one site's copy on all data is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordCopies {
    /// Record workers' states and the first group's tables every clock.
    EveryClock,
    /// Record the first group's tables alone, every clock: for systems whose workers read and evaluate this very copy
    /// ([`Setting::evaluates_one_copy`]).
    Tables,
    /// Record neither of them at any clock.
    Never,
}

/// The machines that share one complete copy of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Ascending; the position is the shard's number.
    pub machines: Vec<MachineId>,
}

/// Machines that a shard sends to in one go, and what of (see [`overlay::Side`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// They hold the same rows in other sites.
    pub to: Vec<MachineId>,
    /// The sites whose updates it consists of, by number of their groups.
    pub of: Vec<SiteId>,
}

impl Setting {
    /// A setting of these parts.
    ///
    /// # Panics
    /// Panics if sites differ in their machines under a system with one server group per site, a sync model applies updates on arrival by a
    /// rule that needs whole rounds, sites that merge their copies have hubs, or messages inside a group have a lossy encoding: a plan is
    /// checked for all.
    pub fn new(parts: SettingParts) -> Self {
        let inside = parts.encodings.inside;
        assert_eq!(inside, inside.lossless(), "nothing keeps what an encoding inside a group cuts off");
        let groups = groups(&parts.system, &parts.placement);
        let size = groups[0].machines.len();
        assert!(groups.iter().all(|group| group.machines.len() == size), "server groups of one size: {groups:?}");
        let mut membership = vec![(0, 0); parts.placement.site_of.len()];
        for (index, group) in groups.iter().enumerate() {
            for (position, machine) in group.machines.iter().enumerate() {
                membership[machine.index()] = (index, position);
            }
        }
        let shard_rows = (0..size).map(|shard| Arc::new(parts.layout.shard(shard, size))).collect();
        let model = parts.system.model();
        let in_rounds = model.rule().is_default() || model.apply() == Apply::InWorkerOrder;
        assert!(in_rounds, "{:?} on arrival", model.rule());
        let merges = model.between().is_some_and(|between| between.merges().is_some());
        assert!(!merges || parts.overlay == Overlay::Direct, "a hub would sum what every site is to merge");
        Setting { model, parts, groups, membership, shard_rows, spare: Arc::default() }
    }

    /// The decisions of the sync model of the system.
    pub fn model(&self) -> &dyn SyncModel {
        &*self.model
    }

    /// The rule that merges the sites' copies in rounds; `None` means that they are not merged.
    pub fn merges(&self) -> Option<Rule> {
        self.model.between()?.merges()
    }

    /// The arrays that workers use in turn.
    pub(crate) fn spare(&self) -> &Arc<Spare> {
        &self.spare
    }

    /// Whether what workers read for a clock is the first group's copy of it, so that the sum of what they measure is that copy's objective.
    pub fn evaluates_one_copy(&self) -> bool {
        self.groups.len() == 1 && self.model.between().is_none() && self.model.is_synchronous()
    }

    /// The number of machines.
    pub fn machines(&self) -> usize {
        self.membership.len()
    }

    /// The server groups: one of all machines, or one per site.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group of `machine`.
    pub fn group_of(&self, machine: MachineId) -> &Group {
        &self.groups[self.membership[machine.index()].0]
    }

    /// Whether `machine` is in the first group, whose copy is the one that is evaluated on all data.
    pub fn is_in_first_group(&self, machine: MachineId) -> bool {
        self.membership[machine.index()].0 == 0
    }

    /// The number of `machine`'s group: of its site, where every site has one.
    pub fn site_of(&self, machine: MachineId) -> SiteId {
        SiteId(self.membership[machine.index()].0 as u32)
    }

    /// The shards that `machine`'s shard sends updates to in other groups: those of the same rows, by the overlay.
    pub fn sides_of(&self, machine: MachineId) -> Vec<Side> {
        let (own, position) = self.membership[machine.index()];
        if self.merges().is_some() && self.groups.len() == 1 {
            // A site alone has rounds too: its rule may be an optimiser.
            return vec![Side { to: Vec::new(), of: vec![SiteId(own as u32)] }];
        }
        let side = |side: overlay::Side| Side {
            to: side.to.into_iter().map(|site| self.groups[site].machines[position]).collect(),
            of: side.of.into_iter().map(|site| SiteId(site as u32)).collect(),
        };
        self.parts.overlay.sides(own, self.groups.len()).into_iter().map(side).collect()
    }

    /// The rows of `machine`'s shard.
    pub fn rows_of(&self, machine: MachineId) -> Arc<RowSet> {
        self.shard_rows[self.membership[machine.index()].1].clone()
    }

    /// Seconds that `bytes` charged bytes take on the way from `from` to `to` when alone.
    pub fn seconds_on_link(&self, from: MachineId, to: MachineId, bytes: u64) -> f64 {
        bytes as f64 / self.parts.placement.bytes_per_second[from.index() * self.machines() + to.index()]
    }

    /// `span` with the seeded jitter of the machine kind; `index` numbers `machine`'s draws for `purpose`.
    pub fn jittered(&self, span: Duration, purpose: &str, machine: MachineId, index: u64) -> Duration {
        let draw = emulator::random::even_draw(self.parts.seed, purpose, u64::from(machine.0), index);
        Duration::from_secs_f64(span.as_secs_f64() * (1.0 + self.parts.kind.jitter * draw))
    }
}

fn groups(system: &System, placement: &Placement) -> Vec<Group> {
    let machines = (0..placement.site_of.len() as u32).map(MachineId);
    if system.sites().is_none() {
        return vec![Group { machines: machines.collect() }];
    }
    let sites = placement.site_of.iter().map(|site| site.0 + 1).max().unwrap_or(0);
    let in_site = |site| machines.clone().filter(move |m| placement.site_of[m.index()] == SiteId(site));
    let groups = (0..sites).map(|site| Group { machines: in_site(site).collect() });
    groups.filter(|group| !group.machines.is_empty()).collect()
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting").field("groups", &self.groups).finish_non_exhaustive()
    }
}
