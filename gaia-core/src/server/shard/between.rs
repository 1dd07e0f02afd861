//! The half of a shard that faces other sites: what it sends them and when, what it keeps of them, and what holds reads for them.

use std::sync::Arc;

use emulator::id::MachineId;
use emulator::time::{Duration, Instant};

use super::Shard;
use super::state::{Work, Working};
use crate::breakdown::Cause;
use crate::message::{Announced, Message, SiteClock};
use crate::outbox::Outbox;
use crate::server::mirrors::Sending;
use crate::server::store::Operation;
use crate::sync::between::model::{BestEffort, BetweenSites, Outgoing};
use crate::wire::{Payload, Sparse};

/// The approximate bytes of an update in a sparse message: index and value as `plain` has them.
const SPARSE_UPDATE_BYTES: f64 = 12.0;

impl Shard {
    /// The model between sites, where there are several parameter servers.
    pub(super) fn between(&self) -> Option<&dyn BetweenSites> {
        self.setting.model().between()
    }

    /// Keeps the change of a site's copy in the round that ends with this clock; merges the round once those of all sites are here.
    pub(super) fn take_in(&mut self, site_clock: SiteClock, change: Payload, cause: Cause) {
        let sites = self.setting.groups().len();
        if let Some(changes) = self.state.rounds.take_in(site_clock, change, sites) {
            self.state.queue.push_back(Work::Merge { clock: site_clock.1, changes, cause });
        }
    }

    /// Bars rows; a hub passes the barrier on.
    pub(super) fn raise<T, S>(
        &mut self,
        from: MachineId,
        announced: &Arc<[Announced]>,
        rows: &Arc<[u32]>,
        out: &mut Outbox<T, S>,
    ) {
        if !self.state.mirrors.raise(announced, rows) {
            return;
        }
        // What comes in one message goes on over the same sides, whichever of its sites it is of.
        for &side in self.mirrors.onward(from, announced[0].site).iter() {
            self.state.mirrors.promise(side, announced);
            for &mirror in self.mirrors.receivers(side) {
                let (announced, rows) = (announced.clone(), rows.clone());
                out.messages.push_back((mirror, Message::Barrier { announced, rows }));
            }
        }
    }

    /// Updates for links that are idle, when there is nothing else to do.
    pub(super) fn best_effort(&mut self) -> Option<(Working, Operation, Duration)> {
        let BestEffort { of_threshold, seconds } = self.between()?.best_effort()?;
        let sending = self.mirrors.next_idle(&mut self.state.mirrors)?;
        let (side, most) = (sending.side, self.updates_in(seconds, sending.side));
        let threshold = (f64::from(self.threshold(side)) * of_threshold) as f32;
        let operation = Operation::Filter { side, threshold, most, encoding: self.setting.parts.encodings.between };
        Some((Working::BestEffort { sending, most }, operation, self.filter_span()))
    }

    /// The number of updates that the slowest link of a side carries in `seconds`, about; at least 1.
    fn updates_in(&self, seconds: f64, side: usize) -> usize {
        let bytes = SPARSE_UPDATE_BYTES * self.setting.parts.similitude.sigma_bytes;
        let times = self.mirrors.receivers(side).iter();
        let slowest = times.map(|&mirror| self.setting.seconds_on_link(self.machine, mirror, 1)).fold(0.0, f64::max);
        ((seconds / (bytes * slowest)) as usize).max(1)
    }

    /// Takes out what is to leave over a side.
    pub(super) fn filter(&self, sending: Sending) -> (Working, Operation, Duration) {
        let side = sending.side;
        let encoding = self.setting.parts.encodings.between;
        let operation = Operation::Filter { side, threshold: self.threshold(side), most: usize::MAX, encoding };
        (Working::Filter { clock: self.data_clock(), sending }, operation, self.filter_span())
    }

    /// The threshold of a side's filter now, as a share of the value.
    fn threshold(&self, side: usize) -> f32 {
        let Outgoing::Significant { threshold } = self.outgoing() else { unreachable!("a side is due where it sends") };
        if self.mirrors.passes_on(side) { 0.0 } else { threshold }
    }

    /// A filter looks at all accumulated updates of a side, whatever it finds.
    fn filter_span(&self) -> Duration {
        self.span(self.rows.floats() as u64 * 4, |rates| rates.filter_gb_per_second)
    }

    /// The updates that leave for the other sites at this clock.
    pub(super) fn outgoing(&self) -> Outgoing {
        let progress = self.progress(self.data_clock());
        self.between().map_or(Outgoing::Nothing, |between| between.outgoing(&progress))
    }

    /// Clocks have moved: notes which filters are to run, where the model sends at all.
    pub(super) fn mark_due(&mut self) {
        if self.outgoing() != Outgoing::Nothing {
            let clock = self.data_clock();
            self.mirrors.mark_due(&mut self.state.mirrors, clock);
        }
    }

    /// Sends significant updates and the clocks that they complete; the rows' numbers first where the link is behind.
    pub(super) fn send_to_mirrors<T, S>(
        &mut self,
        now: Instant,
        sending: &Sending,
        sparse: &Arc<Sparse>,
        backlog: impl Fn(MachineId) -> u64,
        out: &mut Outbox<T, S>,
    ) {
        let bound = self.between().and_then(BetweenSites::barrier_backlog_seconds);
        let mut barred: Option<Arc<[u32]>> = None;
        for &mirror in self.mirrors.receivers(sending.side) {
            let seconds = self.setting.seconds_on_link(self.machine, mirror, backlog(mirror));
            if bound.is_some_and(|bound| seconds > bound) && !sending.moved.is_empty() && !sparse.index.is_empty() {
                let rows = barred.get_or_insert_with(|| self.rows_of_floats(&sparse.index)).clone();
                out.messages.push_back((mirror, Message::Barrier { announced: sending.moved.clone(), rows }));
            }
            // The backlog is not known yet; the machine will report it.
            self.state.mirrors.note_backlog(mirror, 1);
            let (clocks, payload) = (sending.clocks.clone(), Payload::Sparse(sparse.clone()));
            out.messages.push_back((mirror, Message::Mirror { clocks, payload, sent_at: now }));
        }
    }

    /// Positions of the rows that hold these floats.
    fn rows_of_floats(&self, floats: &[u32]) -> Arc<[u32]> {
        let mut rows: Vec<u32> =
            floats.iter().map(|&float| self.rows.position_of_float(float as usize) as u32).collect();
        rows.dedup();
        rows.into()
    }
}
