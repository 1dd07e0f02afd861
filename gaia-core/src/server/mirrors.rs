//! What a shard knows of the shards of the same rows in other sites, and what it owes them.
//!
//! The overlay (see [`crate::overlay`]) gives a shard its [`Side`]s: machines that it sends to in one go, and the sites whose
//! updates that consists of. For each side the store keeps an accumulated update, and a filter decides what of it leaves.
//!
//! **Clocks.** Every message of updates carries a clock for each site that it speaks for: all updates of that site up to this
//! clock that were significant at every filter on the way are at the receiver with it. So a hub's message says of each site
//! behind it no more than what it has applied, and what a site may take as the clock of those behind a hub is the smallest.
//! A side's filter runs when the smallest clock of its sites has moved: a hub gathers what its group sends until then, and
//! sums it.
//!
//! **Barriers** name the site and the clock whose updates they announce. A hub passes them on ahead, and promises those
//! updates: when they have come, the filter of that side runs at once, without waiting for the group's smallest clock. So
//! what lifts a barrier is already under way, on every hop; nothing that is barred can be what it waits for.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulator::id::{MachineId, SiteId};
use serde::{Deserialize, Serialize};

use crate::message::SiteClock;
use crate::setting::{Setting, Side};

/// Who the others are: constant.
#[derive(Debug)]
pub(super) struct Mirrors {
    own: SiteId,
    sides: Vec<Side>,
}

/// What changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MirrorState {
    /// The clocks of the other sites.
    clocks: BTreeMap<SiteId, u32>,
    barriers: Vec<Barrier>,
    /// For every row of the shard, the barriers on it.
    bars: Vec<u32>,
    sides: Vec<SideState>,
    /// Bytes that wait on the links to mirrors, as far as is known; none: 0.
    backlogs: BTreeMap<MachineId, u64>,
}

/// Announced updates, and positions of their rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Barrier {
    until: SiteClock,
    rows: Arc<[u32]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SideState {
    /// The clocks of the side's sites that were sent last.
    sent: Vec<u32>,
    /// Updates that were announced ahead and are to be passed on as soon as they are here.
    promised: Vec<SiteClock>,
    /// Whether its filter is to run.
    due: bool,
    /// Whether there may be updates to be sent while links are idle.
    open: bool,
}

/// What a filter's outcome is sent with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sending {
    /// The side.
    pub(super) side: usize,
    /// The clocks of its sites.
    pub(super) clocks: Arc<[SiteClock]>,
    /// One of them that moved: what a barrier names; none when none did.
    pub(super) moved: Option<SiteClock>,
}

impl Mirrors {
    pub(super) fn new(setting: &Setting, machine: MachineId) -> Self {
        Mirrors { own: setting.site_of(machine), sides: setting.sides_of(machine) }
    }

    /// The state before the first clock, of a shard with so many rows.
    pub(super) fn start(&self, setting: &Setting, rows: usize) -> MirrorState {
        let sites = (0..setting.groups().len() as u32).map(SiteId).filter(|&site| site != self.own);
        let side =
            |side: &Side| SideState { sent: vec![0; side.of.len()], promised: Vec::new(), due: false, open: false };
        MirrorState {
            clocks: sites.map(|site| (site, 0)).collect(),
            barriers: Vec::new(),
            bars: vec![0; rows],
            sides: self.sides.iter().map(side).collect(),
            backlogs: BTreeMap::new(),
        }
    }

    /// How many accumulated updates the store keeps.
    pub(super) fn count(&self) -> usize {
        self.sides.len()
    }

    /// The machines of a side.
    pub(super) fn receivers(&self, side: usize) -> &[MachineId] {
        &self.sides[side].to
    }

    /// The sides that a worker's update belongs to.
    pub(super) fn of_workers(&self) -> Arc<[usize]> {
        self.indexes(|side| side.of.contains(&self.own))
    }

    /// The sides that updates of `site` from `sender` go on over.
    pub(super) fn onward(&self, sender: MachineId, site: SiteId) -> Arc<[usize]> {
        self.indexes(|side| side.of.contains(&site) && !side.to.contains(&sender))
    }

    fn indexes(&self, belongs: impl Fn(&Side) -> bool) -> Arc<[usize]> {
        let sides = self.sides.iter().enumerate();
        sides.filter(|(_, side)| belongs(side)).map(|(index, _)| index).collect()
    }

    fn clock_of(&self, state: &MirrorState, site: SiteId, own_clock: u32) -> u32 {
        if site == self.own { own_clock } else { state.clocks[&site] }
    }

    /// Notes whose filter is to run now that clocks have moved.
    pub(super) fn mark_due(&self, state: &mut MirrorState, own_clock: u32) {
        for (index, side) in self.sides.iter().enumerate() {
            let now = side.of.iter().map(|&site| self.clock_of(state, site, own_clock)).min();
            let SideState { sent, promised, .. } = &state.sides[index];
            let moved = now.as_ref() > sent.iter().min();
            let kept = promised.iter().any(|&(site, clock)| self.clock_of(state, site, own_clock) >= clock);
            state.sides[index].due |= moved || kept;
        }
    }

    /// A side that may have updates for its links, which are all idle; what was said of clocks before is said again.
    pub(super) fn next_idle(&self, state: &mut MirrorState) -> Option<Sending> {
        let idle = |peer: &MachineId| state.backlogs.get(peer).is_none_or(|&backlog| backlog == 0);
        let may_send = |side: usize| state.sides[side].open && self.receivers(side).iter().all(idle);
        let side = (0..self.sides.len()).find(|&side| may_send(side))?;
        state.sides[side].open = false;
        let clocks = self.sides[side].of.iter().copied().zip(state.sides[side].sent.iter().copied()).collect();
        Some(Sending { side, clocks, moved: None })
    }

    /// The next side whose filter is to run, with what its outcome vouches for.
    pub(super) fn next_due(&self, state: &mut MirrorState, own_clock: u32) -> Option<Sending> {
        let side = state.sides.iter().position(|side| side.due)?;
        let clock = |&site: &SiteId| (site, self.clock_of(state, site, own_clock));
        let clocks: Arc<[SiteClock]> = self.sides[side].of.iter().map(clock).collect();
        let SideState { sent, promised, due, .. } = &mut state.sides[side];
        let moved = clocks.iter().zip(&*sent).find(|((_, now), before)| now > before).map(|(&moved, _)| moved);
        *sent = clocks.iter().map(|&(_, clock)| clock).collect();
        promised.retain(|&(site, clock)| !clocks.iter().any(|&(other, now)| other == site && now >= clock));
        *due = false;
        Some(Sending { side, clocks, moved })
    }
}

impl MirrorState {
    /// The smallest clock among the other sites; none without.
    pub(super) fn slowest(&self) -> Option<u32> {
        self.clocks.values().copied().min()
    }

    /// Every other site's clock.
    pub(super) fn clocks(&self) -> &BTreeMap<SiteId, u32> {
        &self.clocks
    }

    /// Positions of the rows that are barred.
    pub(super) fn barred(&self) -> impl Iterator<Item = usize> {
        let bars = if self.barriers.is_empty() { &[][..] } else { &self.bars };
        bars.iter().enumerate().filter(|&(_, &bars)| bars > 0).map(|(position, _)| position)
    }

    /// Bars `rows` until the updates that were announced are here; says whether they were not yet.
    pub(super) fn raise(&mut self, until: SiteClock, rows: &Arc<[u32]>) -> bool {
        if self.clocks[&until.0] >= until.1 {
            return false;
        }
        rows.iter().for_each(|&row| self.bars[row as usize] += 1);
        self.barriers.push(Barrier { until, rows: rows.clone() });
        true
    }

    /// There may be updates for idle links of these sides.
    pub(super) fn open(&mut self, sides: &[usize]) {
        sides.iter().for_each(|&side| self.sides[side].open = true);
    }

    /// So much waits on the link to a mirror.
    pub(super) fn note_backlog(&mut self, mirror: MachineId, bytes: u64) {
        self.backlogs.insert(mirror, bytes);
    }

    /// Promises to pass on over `side` what was announced.
    pub(super) fn promise(&mut self, side: usize, until: SiteClock) {
        self.sides[side].promised.push(until);
    }

    /// The updates up to these clocks are applied.
    pub(super) fn advance(&mut self, clocks: &[SiteClock]) {
        for &(site, clock) in clocks {
            let known = self.clocks.get_mut(&site).expect("only other sites' updates come from mirrors");
            *known = clock.max(*known);
        }
        let (known, bars) = (&self.clocks, &mut self.bars);
        self.barriers.retain(|barrier| {
            let (site, clock) = barrier.until;
            let lifted = known[&site] >= clock;
            if lifted {
                barrier.rows.iter().for_each(|&row| bars[row as usize] -= 1);
            }
            !lifted
        });
    }
}
