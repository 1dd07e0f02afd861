//! Writing and reading back the state of a [`FluidFabric`] that changes in a run.
//!
//! Pairs are written in the order of their first use: the numbers of flows and limits, and so the order of sums, follow from it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::rates::{Dirt, RateState};
use super::stream::{NEVER, PairState, order};
use super::{CLASSES, FluidFabric, flow};
use crate::id::MachineId;
use crate::link::Departure;

/// The state of a [`FluidFabric`] that changes in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FluidSnapshot {
    pairs: Vec<(MachineId, MachineId, PairState)>,
    rates: Vec<RateState>,
    dirt: Dirt,
    now: u64,
    departures: VecDeque<Departure>,
    changed: VecDeque<u32>,
}

/// A snapshot does not fit the network that it is restored on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreFluidError {
    /// A pair that the network does not have.
    #[error("snapshot with a stream from {from} to {to}: the network has {machines} machines")]
    Machines {
        /// The machine that sends.
        from: MachineId,
        /// The machine that receives.
        to: MachineId,
        /// The number of machines in the network.
        machines: usize,
    },
    /// Rates of other flows, or through other limits.
    #[error("snapshot of the rates of {found} flows through other limits: expected those of {expected} flows")]
    Rates {
        /// Flows of the snapshot.
        found: usize,
        /// Flows of its pairs.
        expected: usize,
    },
}

impl FluidFabric {
    /// All state that changes in a run, events not yet polled and changes not yet in the rates included.
    pub fn snapshot(&self) -> FluidSnapshot {
        FluidSnapshot {
            pairs: self
                .pairs
                .iter()
                .map(|streams| (streams.pair.from, streams.pair.to, streams.state.clone()))
                .collect(),
            rates: (0..2 * self.pairs.len() as u32).map(|flow| self.rates.state(flow)).collect(),
            dirt: self.rates.dirt().clone(),
            now: self.now,
            departures: self.departures.clone(),
            changed: self.changed.clone(),
        }
    }

    /// Takes up the state of a snapshot of the same network and seed, and goes on from there with the same events.
    ///
    /// # Errors
    /// The snapshot is of another network. The fabric has then sent nothing, or holds a part of the snapshot, and must not be used.
    pub fn restore(&mut self, snapshot: FluidSnapshot) -> Result<(), RestoreFluidError> {
        let machines = self.network.machines;
        let FluidSnapshot { pairs, rates, dirt, now, departures, changed } = snapshot;
        *self = FluidFabric { now, departures, changed, ..self.emptied() };
        for (from, to, state) in pairs {
            if from == to || from.index().max(to.index()) >= machines || self.number(from, to).is_some() {
                return Err(RestoreFluidError::Machines { from, to, machines });
            }
            let number = self.add(from, to);
            for class in CLASSES {
                let due = state.streams[class as usize].due;
                if due != NEVER {
                    self.due.insert((due, order(class, from, to), flow(number, class)));
                }
            }
            self.pairs[number as usize].state = state;
        }
        let (found, expected) = (rates.len(), 2 * self.pairs.len());
        let is_pair = |&number: &u32| (number as usize) < self.pairs.len();
        if !self.changed.iter().all(is_pair) || !self.rates.restore(&rates, dirt) {
            return Err(RestoreFluidError::Rates { found, expected });
        }
        Ok(())
    }

    /// The same links with nothing on them.
    fn emptied(&self) -> FluidFabric {
        FluidFabric::new(self.network.clone(), self.seed).expect("the network was sound before")
    }
}
