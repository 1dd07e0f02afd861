//! The clocks and barriers that a shard has of the shards of the same rows in other sites, and the updates that it owes them.
//!
//! The overlay (see [`crate::overlay`]) gives a shard its [`Side`]s: machines that it sends to in one go, and the sites whose
//! updates that consists of. For each side the store keeps an accumulated update, and a filter decides what of it leaves.
//!
//! **Clocks.** Every message of updates carries a clock for each site that it speaks for: all updates of that site up to this
//! clock that were significant at every filter on the way are at the receiver with it. So a hub's message gives for each site
//! behind it no later clock than it has applied, and the clock that a site may take for those behind a hub is the smallest.
//! A side's filter runs when the smallest clock of its sites has moved: a hub gathers what its group sends until then, and
//! sums it. With [`Relay::PassOn`] a hub's sides that speak for others have no threshold, and get of the hub's own site what its own
//! filter lets through, which runs before theirs.
//!
//! **Barriers** name every site that has moved with the message that they announce, and its clocks: through a hub a message
//! speaks for several. A read for clock `c` needs the updates that complete clocks up to `c`, so a barrier holds it when one of the
//! announced clocks is at most `c`, and no other read: were a read held off updates of later clocks too, the site that is behind
//! would wait for a train of updates that it does not need, then the other one for the next, and each direction of the link
//! would be idle half of the time. A hub passes barriers on ahead, and promises those updates: when they have come, the filter of
//! that side runs at once, without waiting for the group's smallest clock. So what lifts a barrier is already under way,
//! on every hop; nothing that is barred can be what it waits for.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulator::id::{MachineId, SiteId};
use serde::{Deserialize, Serialize};

use crate::message::{Announced, SiteClock};
use crate::setting::{Setting, Side};
use crate::sync::between::Relay;
use crate::sync::between::model::BetweenSites;

/// The constants: the own site, and the sides that updates are sent to.
#[derive(Debug)]
pub(super) struct Mirrors {
    own: SiteId,
    sides: Vec<Side>,
    relay: Relay,
}

/// The state that changes in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MirrorState {
    /// The clock of every site by its number; [`OWN`] for the own one. A hub's message has clocks of up to all sites.
    clocks: Vec<u32>,
    /// The smallest of them: asked for at every message.
    slowest: Option<u32>,
    barriers: Vec<Barrier>,
    sides: Vec<SideState>,
    /// Bytes that wait on the links to mirrors, as far as is known; none: 0.
    backlogs: BTreeMap<MachineId, u64>,
}

/// In the place of the own site's clock, which its shard keeps: never the smallest.
const OWN: u32 = u32::MAX;

/// Updates that are announced and not here yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Barrier {
    /// Their sites and clocks. Never empty.
    pub(super) announced: Arc<[Announced]>,
    /// Positions of their rows in the shard, ascending.
    pub(super) rows: Arc<[u32]>,
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

/// The data that accompany a filter's outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sending {
    /// The number of the side among those of its site.
    pub(super) side: usize,
    /// The clocks of its sites.
    pub(super) clocks: Arc<[SiteClock]>,
    /// Those of them that have moved since the last message: what a barrier names.
    pub(super) moved: Arc<[Announced]>,
}

impl Mirrors {
    pub(super) fn new(setting: &Setting, machine: MachineId) -> Self {
        let relay = setting.model().between().map(BetweenSites::relay).unwrap_or_default();
        Mirrors { own: setting.site_of(machine), sides: setting.sides_of(machine), relay }
    }

    /// The state before the first clock.
    pub(super) fn start(&self, setting: &Setting) -> MirrorState {
        self.state(setting.groups().len())
    }

    fn state(&self, sites: usize) -> MirrorState {
        let side =
            |side: &Side| SideState { sent: vec![0; side.of.len()], promised: Vec::new(), due: false, open: false };
        let mut clocks = vec![0; sites];
        clocks[self.own.index()] = OWN;
        MirrorState {
            slowest: (sites > 1).then_some(0),
            clocks,
            barriers: Vec::new(),
            sides: self.sides.iter().map(side).collect(),
            backlogs: BTreeMap::new(),
        }
    }

    /// The number of accumulated updates that the store keeps.
    pub(super) fn count(&self) -> usize {
        self.sides.len()
    }

    /// The machines of a side.
    pub(super) fn receivers(&self, side: usize) -> &[MachineId] {
        &self.sides[side].to
    }

    /// The sides that a worker's update belongs to. A hub that passes on filters its own site's updates first: they go on with what
    /// that filter lets through.
    pub(super) fn of_workers(&self) -> Arc<[usize]> {
        match self.relay {
            Relay::Filter => self.indexes(|side| side.of.contains(&self.own)),
            Relay::PassOn => self.indexes(|side| side.of == [self.own]),
        }
    }

    /// Whether a side passes on all that it has.
    pub(super) fn passes_on(&self, side: usize) -> bool {
        self.relay == Relay::PassOn && self.sides[side].of != [self.own]
    }

    /// The sides that go on with what the filter of `side` lets through.
    pub(super) fn relays_after(&self, side: usize) -> Arc<[usize]> {
        let filters_for_others = self.relay == Relay::PassOn && self.sides[side].of == [self.own];
        self.indexes(|other| filters_for_others && other.of != [self.own] && other.of.contains(&self.own))
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
        if site == self.own { own_clock } else { state.clocks[site.index()] }
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

    /// A side that may have updates for its links, which are all idle; the clocks of the message before are repeated.
    pub(super) fn next_idle(&self, state: &mut MirrorState) -> Option<Sending> {
        let idle = |peer: &MachineId| state.backlogs.get(peer).is_none_or(|&backlog| backlog == 0);
        let may_send = |side: usize| state.sides[side].open && self.receivers(side).iter().all(idle);
        let side = (0..self.sides.len()).find(|&side| may_send(side))?;
        state.sides[side].open = false;
        let clocks = self.sides[side].of.iter().copied().zip(state.sides[side].sent.iter().copied()).collect();
        Some(Sending { side, clocks, moved: Arc::from([]) })
    }

    /// The next side whose filter is to run, with what its outcome vouches for.
    pub(super) fn next_due(&self, state: &mut MirrorState, own_clock: u32) -> Option<Sending> {
        let side = state.sides.iter().position(|side| side.due)?;
        let clock = |&site: &SiteId| (site, self.clock_of(state, site, own_clock));
        let clocks: Arc<[SiteClock]> = self.sides[side].of.iter().map(clock).collect();
        let SideState { sent, promised, due, .. } = &mut state.sides[side];
        let moved = clocks.iter().zip(&*sent).filter(|((_, now), before)| now > before);
        let moved = moved.map(|(&(site, until), before)| Announced { site, first: before + 1, until }).collect();
        *sent = clocks.iter().map(|&(_, clock)| clock).collect();
        promised.retain(|&(site, clock)| !clocks.iter().any(|&(other, now)| other == site && now >= clock));
        *due = false;
        Some(Sending { side, clocks, moved })
    }
}

impl MirrorState {
    /// The smallest clock among the other sites; none without.
    pub(super) fn slowest(&self) -> Option<u32> {
        self.slowest
    }

    /// Every other site's clock.
    pub(super) fn clocks(&self) -> impl Iterator<Item = SiteClock> {
        self.clocks
            .iter()
            .enumerate()
            .filter(|&(_, &clock)| clock != OWN)
            .map(|(site, &clock)| (SiteId(site as u32), clock))
    }

    /// The barriers that are up.
    pub(super) fn barriers(&self) -> &[Barrier] {
        &self.barriers
    }

    /// Whether a read for `clock` of rows of which `declares` knows the positions has to wait for announced updates.
    pub(super) fn bars(&self, clock: u32, declares: &[bool]) -> bool {
        self.barring(clock, declares).next().is_some()
    }

    /// The barriers that hold such a read.
    pub(super) fn barring(&self, clock: u32, declares: &[bool]) -> impl Iterator<Item = &Barrier> {
        let covers = |barrier: &Barrier| barrier.rows.iter().any(|&row| declares[row as usize]);
        self.barriers.iter().filter(move |barrier| barrier.is_needed_for(clock) && covers(barrier))
    }

    /// Bars `rows` until the updates that were announced are here. Returns false if they are here already.
    pub(super) fn raise(&mut self, announced: &Arc<[Announced]>, rows: &Arc<[u32]>) -> bool {
        let barrier = Barrier { announced: announced.clone(), rows: rows.clone() };
        let raised = !barrier.is_here(&self.clocks);
        self.barriers.extend(raised.then_some(barrier));
        raised
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
    pub(super) fn promise(&mut self, side: usize, announced: &[Announced]) {
        self.sides[side].promised.extend(announced.iter().map(|&Announced { site, until, .. }| (site, until)));
    }

    /// The updates of all other sites up to this clock are applied.
    pub(super) fn advance_all(&mut self, clock: u32) {
        let clocks: Vec<SiteClock> = self.clocks().map(|(site, _)| (site, clock)).collect();
        self.advance(&clocks);
    }

    /// The updates up to these clocks are applied.
    pub(super) fn advance(&mut self, clocks: &[SiteClock]) {
        for &(site, clock) in clocks {
            let known = &mut self.clocks[site.index()];
            debug_assert_ne!(*known, OWN, "only other sites' updates come from mirrors");
            *known = clock.max(*known);
        }
        let known = &self.clocks;
        self.slowest = known.iter().copied().min().filter(|&clock| clock != OWN);
        self.barriers.retain(|barrier| !barrier.is_here(known));
    }
}

impl Barrier {
    /// Whether a read for `clock` needs what is announced.
    fn is_needed_for(&self, clock: u32) -> bool {
        self.announced.iter().any(|announced| announced.first <= clock)
    }

    /// Whether all that is announced is here: it comes with one message.
    fn is_here(&self, clocks: &[u32]) -> bool {
        self.announced.iter().all(|announced| clocks[announced.site.index()] >= announced.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Site 0, a hub of sites 1 and 2 towards site 3.
    fn hub() -> (Mirrors, MirrorState) {
        let [one, two, three] = [1, 2, 3].map(SiteId);
        let side = |to: &[u32], of: &[SiteId]| Side { to: to.iter().copied().map(MachineId).collect(), of: of.into() };
        let sides = vec![side(&[1, 2], &[SiteId(0)]), side(&[3], &[SiteId(0), one, two]), side(&[1, 2], &[three])];
        let mirrors = Mirrors { own: SiteId(0), sides, relay: Relay::Filter };
        let state = mirrors.state(4);
        (mirrors, state)
    }

    fn announced(site: u32, first: u32, until: u32) -> Announced {
        Announced { site: SiteId(site), first, until }
    }

    #[test]
    fn a_message_names_every_site_that_has_moved_with_it_and_all_of_its_clocks() {
        let (mirrors, mut state) = hub();
        let due = |state: &mut MirrorState, clocks: &[SiteClock], own| {
            state.advance(clocks);
            mirrors.mark_due(state, own);
            std::iter::from_fn(|| mirrors.next_due(state, own)).map(|sending| (sending.side, sending.moved)).collect()
        };
        let none: Vec<(usize, Arc<[Announced]>)> = due(&mut state, &[(SiteId(1), 2)], 0);
        assert_eq!(none, [], "the slowest of the group has not moved");
        let some = due(&mut state, &[(SiteId(2), 1)], 1);
        let to_three = vec![announced(0, 1, 1), announced(1, 1, 2), announced(2, 1, 1)];
        assert_eq!(some, [(0, [announced(0, 1, 1)].into()), (1, to_three.into())]);
        let later = due(&mut state, &[(SiteId(1), 5), (SiteId(2), 2)], 3);
        let to_three = vec![announced(0, 2, 3), announced(1, 3, 5), announced(2, 2, 2)];
        assert_eq!(later, [(0, [announced(0, 2, 3)].into()), (1, to_three.into())]);
    }

    #[test]
    fn promised_updates_go_on_once_and_as_soon_as_they_are_here() {
        let (mirrors, mut state) = hub();
        state.promise(1, &[announced(1, 1, 2), announced(2, 1, 3)]);
        let moved = |state: &mut MirrorState, site: u32, clock: u32| {
            state.advance(&[(SiteId(site), clock)]);
            mirrors.mark_due(state, 0);
            let sent: Vec<Sending> = std::iter::from_fn(|| mirrors.next_due(state, 0)).collect();
            sent.into_iter().map(|sending| (sending.side, sending.moved.to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(moved(&mut state, 1, 1), [], "not all of what was announced is here");
        let at_once = vec![announced(1, 1, 2)];
        assert_eq!(moved(&mut state, 1, 2), [(1, at_once)], "it does not wait for the slowest of the group");
        assert_eq!(moved(&mut state, 1, 3), [], "the promise is kept");
        assert_eq!(moved(&mut state, 2, 2), [], "the other one is not due");
        let with_more = vec![announced(1, 3, 3), announced(2, 1, 4)];
        assert_eq!(moved(&mut state, 2, 4), [(1, with_more)], "with all that has come since");
        assert_eq!(moved(&mut state, 2, 5), []);
    }

    #[test]
    fn a_barrier_holds_reads_of_its_rows_and_clocks_until_all_is_here() {
        let (_, mut state) = hub();
        let declares = [true, false, true];
        let both: Arc<[Announced]> = [announced(1, 3, 4), announced(2, 6, 6)].into();
        state.advance(&[(SiteId(1), 2), (SiteId(2), 5)]);
        assert!(state.raise(&both, &[1].into()) && !state.bars(9, &declares), "nobody has declared the row");
        assert!(state.raise(&both, &[1, 2].into()));
        let held: Vec<u32> = (0..9).filter(|&clock| state.bars(clock, &declares)).collect();
        assert_eq!(held, [3, 4, 5, 6, 7, 8]);
        state.advance(&[(SiteId(1), 4), (SiteId(2), 6)]);
        assert!(!state.bars(9, &declares) && state.barriers().is_empty());
        assert!(!state.raise(&both, &[2].into()), "it came after what it announces");
    }
}
