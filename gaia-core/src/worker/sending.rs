//! The strategies by which a worker's changes leave it, each with the changes that are not sent yet as its state.
//!
//! * **At the end** of a clock after which the sync model exchanges: the sum of the changes since the last exchange, stage by stage.
//! * **Continuous** (Bösen-style): changes are added to a [log](crate::log) of each shard after every part of a clock, and the machine sends out of
//!   it whatever its budget and its links allow.
//!
//! The worker asks a strategy the same at the same places, whichever it is.

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::id::MachineId;
use emulator::time::Instant;
use serde::{Deserialize, Serialize};

use super::task::floats;
use crate::kernel;
use crate::layout::{RowSet, Segment};
use crate::log::{Ask, ShardLog};
use crate::message::Message;
use crate::setting::Setting;
use crate::simd::Isa;
use crate::sync::Communication;
use crate::wire::Payload;

/// A message and the machine whose shard it is for.
type Addressed = (MachineId, Message);

/// One shard as a worker knows it: constant.
#[derive(Clone, Debug)]
pub(super) struct ShardView {
    pub(super) machine: MachineId,
    /// For each stage, `first` in the worker's view, `second` in messages.
    pub(super) stages: Arc<[Arc<[Segment]>]>,
    pub(super) rows: Arc<[u32]>,
    /// The same rows one after another, as a log has them, and where they are: `first` in the worker's view.
    pub(super) logged: RowSet,
    pub(super) places: Arc<[Segment]>,
}

impl ShardView {
    /// The shard of machine `shard` as a worker with these rows sees it.
    pub(super) fn new(setting: &Setting, shard: MachineId, view_rows: &RowSet) -> Self {
        let shard_rows = setting.rows_of(shard);
        let declared = |row: &u32| view_rows.rows().binary_search(row).is_ok();
        let rows: Vec<u32> = shard_rows.rows().iter().copied().filter(declared).collect();
        let stages = setting.parts.layout.common_by_stage(view_rows, &rows);
        let logged = setting.parts.layout.row_set(rows.iter().copied());
        let places = view_rows.common(&logged);
        ShardView { machine: shard, stages, rows: rows.into(), logged, places }
    }
}

/// Changes that are not sent, and when they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Sending {
    /// At the end of clocks: changes since the last exchange, by shard and stage; empty after one.
    AtTheEnd { unsent: Vec<Vec<Payload>> },
    /// All the time: a log for each shard, and the shard that is served next.
    Continuous { logs: Vec<ShardLog>, turn: usize },
}

/// A part of a clock that is computed: its data apart from its changes.
pub(super) struct Changed<'a> {
    /// The worker's rows as they are now.
    pub(super) view: &'a [f32],
    /// Whether it was the last part of its clock.
    pub(super) has_ended: bool,
    pub(super) isa: Isa,
    pub(super) now: Instant,
    /// The machine of the worker.
    pub(super) machine: MachineId,
}

impl Sending {
    /// The strategy that a sync model asks for, nothing changed yet.
    pub(super) fn new(communication: Communication, shards: &[ShardView]) -> Self {
        match communication {
            Communication::AtTheEnd => Sending::AtTheEnd { unsent: Vec::new() },
            Communication::Continuous { .. } => {
                let logs = shards.iter().map(|shard| ShardLog::new(&shard.logged)).collect();
                Sending::Continuous { logs, turn: 0 }
            }
        }
    }

    /// Whether messages are written when the work is done, which takes the worker's time. A log is sent from in the background, where it
    /// takes nobody's.
    pub(super) fn writes_at_the_end(&self) -> bool {
        matches!(self, Sending::AtTheEnd { .. })
    }

    /// Takes in a part's changes, by shard and stage. Appends what goes at once: what stays in the machine costs nothing.
    pub(super) fn take_in(
        &mut self,
        changes: Vec<Vec<Payload>>,
        shards: &[ShardView],
        of: &Changed<'_>,
        messages: &mut VecDeque<Addressed>,
    ) {
        match self {
            Sending::AtTheEnd { unsent } if unsent.is_empty() => *unsent = changes,
            Sending::AtTheEnd { unsent } => {
                for (unsent, change) in unsent.iter_mut().flatten().zip(changes.into_iter().flatten()) {
                    let (Payload::Dense(unsent), Payload::Dense(change)) = (unsent, change) else {
                        unreachable!("own changes are dense")
                    };
                    kernel::add_assign(of.isa, Arc::make_mut(unsent), &change);
                }
            }
            Sending::Continuous { logs, .. } => {
                for ((log, shard), stages) in logs.iter_mut().zip(shards).zip(&changes) {
                    log.add(of.isa, &shard.logged, stages, &shard.places, of.view);
                    if of.has_ended {
                        log.end_clock();
                    }
                    if shard.machine == of.machine
                        && let Some(message) = log.next(of.now, &shard.logged, Ask::Any, usize::MAX)
                    {
                        messages.push_back((shard.machine, message));
                    }
                }
            }
        }
    }

    /// The messages with what is not sent of a stage's rows, at the end of clock `clock`, after which the model exchanges.
    pub(super) fn stage(&self, now: Instant, clock: u32, stage: usize, shards: &[ShardView]) -> Vec<Addressed> {
        let Sending::AtTheEnd { unsent } = self else { return Vec::new() };
        let update = |stages: &Vec<Payload>| Message::Update { clock, payload: stages[stage].clone(), sent_at: now };
        shards.iter().zip(unsent).map(|(shard, stages)| (shard.machine, update(stages))).collect()
    }

    /// All stages are sent: returns them by shard, where answers count by clocks what they include. A log keeps what it has sent itself.
    pub(super) fn exchanged(&mut self) -> Vec<Vec<Payload>> {
        match self {
            Sending::AtTheEnd { unsent } => std::mem::take(unsent),
            Sending::Continuous { .. } => Vec::new(),
        }
    }

    /// An answer of the shard at `index` includes this (see [`Rows::includes`](crate::message::Rows::includes)).
    pub(super) fn answered(&mut self, index: usize, includes: u32) {
        if let Sending::Continuous { logs, .. } = self {
            logs[index].includes(includes);
        }
    }

    /// The changes that a log has or has sent and that the last answer of the shard at `index` lacks, by stage.
    pub(super) fn lacking(&self, index: usize, shard: &ShardView, isa: Isa) -> Option<Vec<Payload>> {
        let Sending::Continuous { logs, .. } = self else { return None };
        let lacking = logs[index].lacking(isa, &shard.logged)?;
        let mut rest = &lacking[..];
        let of_stage = |segments: &Arc<[Segment]>| {
            let (stage, after) = rest.split_at(floats(segments));
            rest = after;
            Payload::Dense(stage.into())
        };
        Some(shard.stages.iter().map(of_stage).collect())
    }

    /// An update of at most `most` floats for a shard that `may_get` one, what shards wait for first; the shards in turn.
    pub(super) fn next(
        &mut self,
        now: Instant,
        shards: &[ShardView],
        most: usize,
        may_get: &dyn Fn(MachineId) -> bool,
    ) -> Option<Addressed> {
        let Sending::Continuous { logs, turn } = self else { return None };
        let count = shards.len();
        for ask in [Ask::Owed, Ask::Any] {
            for step in 0..count {
                let index = (*turn + step) % count;
                let shard = &shards[index];
                if may_get(shard.machine)
                    && let Some(message) = logs[index].next(now, &shard.logged, ask, most)
                {
                    *turn = (index + 1) % count;
                    return Some((shard.machine, message));
                }
            }
        }
        None
    }

    /// Whether a log has something that is not sent.
    pub(super) fn has_unsent(&self) -> bool {
        match self {
            // Changes of a run's last, unfinished round go nowhere.
            Sending::AtTheEnd { .. } => false,
            Sending::Continuous { logs, .. } => logs.iter().any(ShardLog::has_unsent),
        }
    }
}
