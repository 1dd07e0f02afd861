//! Writing and reading back the state of a [`Fabric`] that changes in a run.
//!
//! Calendars are not written: they follow from the outstanding chunk of every stream.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::due_tree::NEVER;
use super::exact::Exact;
use super::fabric::{Fabric, Lane, key};
use super::stream::StreamState;
use super::{Departure, RestoreError};
use crate::node::Class;

/// The state of a [`Fabric`] that changes in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FabricSnapshot {
    accounts: Vec<Exact>,
    streams: [Vec<StreamState>; 2],
    now: u64,
    departures: VecDeque<Departure>,
    changed: VecDeque<u32>,
}

impl Fabric {
    /// All state that changes in a run, events not yet polled included.
    pub fn snapshot(&self) -> FabricSnapshot {
        let states = |lane: &Lane| {
            let parts = lane.streams.iter().zip(&lane.queues).enumerate();
            parts.map(|(pair, (stream, queue))| stream.state(lane.due.of(pair), queue)).collect()
        };
        FabricSnapshot {
            accounts: self.buckets.iter().map(|bucket| bucket.account()).collect(),
            streams: self.lanes.each_ref().map(states),
            now: self.now,
            departures: self.departures.clone(),
            changed: self.changed.clone(),
        }
    }

    /// Takes up the state of a snapshot of the same network, configuration and seed, and goes on from there with the same
    /// events.
    pub fn restore(&mut self, snapshot: FabricSnapshot) -> Result<(), RestoreError> {
        let found_pairs = snapshot.streams.each_ref().map(Vec::len);
        let pairs = self.lanes.each_ref().map(|lane| lane.streams.len());
        if found_pairs != pairs || snapshot.accounts.len() != self.buckets.len() {
            return Err(RestoreError {
                found_pairs: found_pairs[0],
                found_limits: snapshot.accounts.len(),
                pairs: pairs[0],
                limits: self.buckets.len(),
            });
        }
        for (bucket, account) in self.buckets.iter_mut().zip(snapshot.accounts) {
            bucket.reset(account);
        }
        for ((class, lane), states) in
            [Class::Control, Class::Data].into_iter().zip(&mut self.lanes).zip(snapshot.streams)
        {
            for (pair, state) in states.into_iter().enumerate() {
                let stream = &mut lane.streams[pair];
                let (due, queue) = stream.restore(state);
                lane.queues[pair] = queue;
                lane.due.set(pair, due);
                if due != NEVER {
                    for &hop in stream.route(&self.hops) {
                        self.buckets[hop as usize].book(key(class, pair), stream.chunk, due);
                    }
                }
            }
        }
        self.now = snapshot.now;
        self.departures = snapshot.departures;
        self.changed = snapshot.changed;
        Ok(())
    }
}
