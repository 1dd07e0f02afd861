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
    machines: usize,
    accounts: Vec<Exact>,
    /// The number of each pair that has sent something and its streams, in this order.
    streams: Vec<(u32, [StreamState; 2])>,
    now: u64,
    departures: VecDeque<Departure>,
    /// By the number of the pair.
    changed: VecDeque<u32>,
}

impl Fabric {
    /// All state that changes in a run, events not yet polled included.
    pub fn snapshot(&self) -> FabricSnapshot {
        let states = |slot: usize| {
            let state = |lane: &Lane| lane.streams[slot].state(lane.due.of(slot), &lane.queues[slot]);
            (self.pair(slot), self.lanes.each_ref().map(state))
        };
        FabricSnapshot {
            machines: self.network.machines,
            accounts: self.buckets.iter().map(|bucket| bucket.account()).collect(),
            streams: self.in_order().map(states).collect(),
            now: self.now,
            departures: self.departures.clone(),
            changed: self.changed.iter().map(|&slot| self.pair(slot as usize)).collect(),
        }
    }

    /// Takes up the state of a snapshot of the same network, configuration and seed, and goes on from there with the same
    /// events.
    ///
    /// # Errors
    /// The snapshot is of another network.
    pub fn restore(&mut self, snapshot: FabricSnapshot) -> Result<(), RestoreError> {
        let machines = self.network.machines;
        let pairs = machines * machines;
        let numbers = snapshot.streams.iter().map(|(pair, _)| pair).chain(&snapshot.changed);
        let known = numbers.copied().all(|pair| (pair as usize) < pairs);
        if snapshot.machines != machines || snapshot.accounts.len() != self.buckets.len() || !known {
            return Err(RestoreError {
                found_pairs: snapshot.machines.saturating_pow(2),
                found_limits: snapshot.accounts.len(),
                pairs,
                limits: self.buckets.len(),
            });
        }
        for (bucket, account) in self.buckets.iter_mut().zip(snapshot.accounts) {
            bucket.reset(account);
        }
        self.forget_pairs();
        for (pair, states) in snapshot.streams {
            let (from, to) = self.machines(pair);
            let slot = self.slot_for(from, to);
            for (class, state) in [Class::Control, Class::Data].into_iter().zip(states) {
                let lane = &mut self.lanes[class as usize];
                let stream = &mut lane.streams[slot];
                let (due, queue) = stream.restore(state);
                lane.queues[slot] = queue;
                lane.due.set(slot, pair, due);
                if due != NEVER {
                    for &hop in stream.route(&self.hops) {
                        self.buckets[hop as usize].book(key(class, pair), stream.chunk, due);
                    }
                }
            }
        }
        self.now = snapshot.now;
        self.departures = snapshot.departures;
        let machines = |pair| self.machines(pair);
        let changed: Vec<_> = snapshot.changed.into_iter().map(machines).collect();
        self.changed = changed.into_iter().map(|(from, to)| self.slot_for(from, to) as u32).collect();
        Ok(())
    }

    /// No pair has sent anything.
    fn forget_pairs(&mut self) {
        self.slots.iter_mut().for_each(Vec::clear);
        self.pairs.clear();
        self.hops.clear();
        self.lanes = Default::default();
    }
}
