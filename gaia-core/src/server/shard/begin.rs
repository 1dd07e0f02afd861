//! The store's operation for a piece of work, and the time that it takes: bytes read or written, over the rates of the machine kind.

use std::sync::Arc;

use emulator::time::Duration;

use super::Shard;
use super::state::{Whole, Work, Working};
use crate::rates::ServerRates;
use crate::server::store::Operation;
use crate::sync::Progress;
use crate::wire::Payload;

impl Shard {
    pub(super) fn begin(&self, work: Work) -> (Working, Operation, Duration) {
        match work {
            Work::Apply { updates, cause } => {
                let payloads = || updates.iter().flat_map(|(stages, _)| stages);
                let bytes: u64 = payloads().map(|payload| self.inside_bytes(payload)).sum();
                let floats: usize = payloads().map(Payload::floats).sum();
                let sides = self.mirrors.of_workers();
                // The values and the first accumulated update are one table's work, each further accumulated update is one more.
                let tables = sides.len().max(1) as u64;
                let step = self.setting.model().rule().step(self.workers.len());
                let written = match step {
                    None => tables * floats as u64,
                    // The sum of the updates is one table's work; then the step goes through all rows, as does its velocity.
                    Some(step) => floats as u64 + (tables + u64::from(step.has_velocity())) * self.rows.floats() as u64,
                };
                let span = self.span(bytes, |rates| rates.decode_gb_per_second)
                    + self.span(written * 4, |rates| rates.apply_gb_per_second);
                let credits = updates.iter().map(|&(_, credit)| credit).collect();
                let declared = |(stages, credit): Whole| {
                    self.readers.floats(credit.worker).iter().cloned().zip(stages).collect::<Vec<_>>()
                };
                let updates = updates.into_iter().flat_map(declared).collect();
                let operation = match step {
                    None => Operation::Apply(updates, sides),
                    Some(step) => Operation::Step(updates, step, sides),
                };
                (Working::Apply { credits, cause }, operation, span)
            }
            Work::ApplyRows { credit, rows, payload, cause } => {
                let span = self.span(self.inside_bytes(&payload), |rates| rates.decode_gb_per_second)
                    + self.span(payload.floats() as u64 * 4, |rates| rates.apply_gb_per_second);
                let operation = Operation::Apply(vec![(self.places_of(&rows), payload)], Arc::from([]));
                (Working::Apply { credits: vec![credit], cause }, operation, span)
            }
            Work::ApplyMirror { from, clocks, payload, cause } => {
                let bytes = self.between_bytes(&payload);
                let sides = self.mirrors.onward(from, clocks[0].0);
                let span = self.span(bytes, |rates| rates.decode_gb_per_second)
                    + self.span((1 + sides.len() as u64) * bytes, |rates| rates.apply_gb_per_second);
                (
                    Working::ApplyMirror { onward: sides.clone(), clocks, cause },
                    Operation::ApplyMirror(payload, sides),
                    span,
                )
            }
            Work::Encode { sending, sparse } => {
                let payload = Payload::Sparse(sparse.clone());
                // A site alone writes to nobody.
                let is_read = !self.mirrors.receivers(sending.side).is_empty();
                let bytes = if is_read { self.between_bytes(&payload) } else { 0 };
                let relays = self.mirrors.relays_after(sending.side);
                let span = self.span(bytes, |rates| rates.encode_gb_per_second)
                    + self.span(relays.len() as u64 * bytes, |rates| rates.apply_gb_per_second);
                (Working::Encode { sending, sparse }, Operation::Relay(payload, relays), span)
            }
            Work::Merge { clock, changes, cause } => {
                let step = self.setting.merges().and_then(|rule| rule.step(changes.len()));
                let has_velocity = step.is_some_and(|step| step.has_velocity());
                // This site's own change comes in no message. All are summed; then what the round began with, the values and the velocity
                // are written.
                let own = self.setting.site_of(self.machine).index();
                let bytes: u64 = changes.iter().map(|change| self.between_bytes(change)).sum();
                let read = bytes - self.between_bytes(&changes[own]);
                let tables = (2 + u64::from(has_velocity)) * self.rows.floats() as u64 * 4;
                let span = self.span(read, |rates| rates.decode_gb_per_second)
                    + self.span(bytes + tables, |rates| rates.apply_gb_per_second);
                (Working::Merge { clock, cause }, Operation::Merge(changes, step), span)
            }
        }
    }

    /// Bytes of a message between a worker and this shard.
    pub(super) fn inside_bytes(&self, payload: &Payload) -> u64 {
        payload.encoded_len(self.setting.parts.encodings.inside)
    }

    /// Bytes of a message between this shard and its mirrors.
    pub(super) fn between_bytes(&self, payload: &Payload) -> u64 {
        payload.encoded_len(self.setting.parts.encodings.between)
    }

    pub(super) fn span(&self, bytes: u64, rate: impl Fn(&ServerRates) -> f64) -> Duration {
        ServerRates::work(&self.setting.parts.similitude, bytes, rate(&self.setting.parts.kind.server))
    }

    pub(super) fn progress(&self, clock: u32) -> Progress {
        (self.setting.parts.progress)(clock)
    }
}
