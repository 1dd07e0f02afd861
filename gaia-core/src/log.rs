//! The changes of a worker that are not sent yet, where changes are sent all the time (Bösen's update log).
//!
//! Changes of a row add up here until it is sent. When a machine may send, the log makes one message for one shard, the shards
//! in turn: rows of clocks that have ended first, for the shard waits for them to count the clock, then, while the link has
//! room, rows of the clock that is being computed. Of the same kind, those come first whose accumulated change is largest for the
//! size of the row's value, both as sums of magnitudes.
//!
//! Every message has the number of clocks that are complete with it, so a clock is never counted before all its changes are there. Messages
//! of one shard are numbered; an answer has the number of those in it, and those that are not are added to it again: a worker sees
//! its own changes, once.

use std::collections::VecDeque;
use std::sync::Arc;

use emulator::time::Instant;
use serde::{Deserialize, Serialize};

use crate::kernel;
use crate::layout::{RowSet, Segment};
use crate::message::Message;
use crate::simd::Isa;
use crate::wire::Payload;

/// The changes for one shard. Positions count the worker's declared rows there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardLog {
    /// Changes that are not sent, row after row.
    unsent: Vec<f32>,
    /// For each row, the clock of its first change that is not sent.
    since: Vec<Option<u32>>,
    /// For each row, the size of its value when it last changed.
    sizes: Vec<f32>,
    /// Clocks that have ended.
    ended: u32,
    /// Clocks that the last message to the shard counts as complete.
    reported: u32,
    /// Messages that were sent, from which they are numbered.
    messages: u32,
    /// Those that answers do not include yet.
    sent: VecDeque<Sent>,
}

/// A message that an answer may lack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sent {
    number: u32,
    positions: Vec<u32>,
    #[serde(with = "emulator::binary::shared")]
    change: Arc<[f32]>,
}

/// The rows that the caller accepts in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Rows of clocks that have ended.
    Owed,
    /// Rows of any clock, also of the one under way.
    Any,
}

impl ShardLog {
    /// Nothing has changed in these rows.
    pub(crate) fn new(rows: &RowSet) -> Self {
        let count = rows.rows().len();
        ShardLog {
            unsent: vec![0.0; rows.floats()],
            since: vec![None; count],
            sizes: vec![0.0; count],
            ended: 0,
            reported: 0,
            messages: 0,
            sent: VecDeque::new(),
        }
    }

    /// Adds what has changed, stage after stage. `segments`: where the rows are in `view` (first) and here (second).
    pub(crate) fn add(&mut self, isa: Isa, rows: &RowSet, stages: &[Payload], segments: &[Segment], view: &[f32]) {
        let mut values = vec![0.0; self.unsent.len()];
        for &Segment { first, second, len } in segments {
            values[second..second + len].copy_from_slice(&view[first..first + len]);
        }
        let mut at = 0;
        let mut changed = vec![0.0; self.unsent.len()];
        for stage in stages {
            let Payload::Dense(change) = stage else { unreachable!("own changes are dense") };
            changed[at..at + change.len()].copy_from_slice(change);
            at += change.len();
        }
        for position in 0..self.since.len() {
            let range = rows.range(position);
            if changed[range.clone()].iter().any(|&change| change != 0.0) {
                self.since[position].get_or_insert(self.ended);
                self.sizes[position] = size(&values[range]);
            }
        }
        kernel::add_assign(isa, &mut self.unsent, &changed);
    }

    /// The clock that was computed has ended.
    pub(crate) fn end_clock(&mut self) {
        self.ended += 1;
    }

    /// Answers include the first `count` messages.
    pub(crate) fn includes(&mut self, count: u32) {
        self.sent.retain(|sent| sent.number >= count);
    }

    /// Whether the shard is to hear of a clock that has ended.
    pub(crate) fn owes(&self) -> bool {
        self.reported < self.ended
    }

    /// Whether something is not sent.
    pub(crate) fn has_unsent(&self) -> bool {
        self.owes() || self.since.iter().any(Option::is_some)
    }

    /// The next message, of at most `most` floats but at least a row; none when there is nothing of what is asked for.
    pub(crate) fn next(&mut self, now: Instant, rows: &RowSet, ask: Ask, most: usize) -> Option<Message> {
        if !self.owes() && (ask == Ask::Owed || !self.has_unsent()) {
            return None;
        }
        let positions = self.choose(rows, most);
        let mut change = Vec::new();
        for &position in &positions {
            let unsent = &mut self.unsent[rows.range(position as usize)];
            change.extend_from_slice(unsent);
            unsent.fill(0.0);
            self.since[position as usize] = None;
        }
        let complete = self.since.iter().flatten().copied().min().unwrap_or(self.ended).min(self.ended);
        let change: Arc<[f32]> = change.into();
        let numbers = positions.iter().map(|&position| rows.rows()[position as usize]).collect();
        self.sent.push_back(Sent { number: self.messages, positions, change: change.clone() });
        self.messages += 1;
        self.reported = complete;
        Some(Message::PartialUpdate { complete, rows: numbers, payload: Payload::Dense(change), sent_at: now })
    }

    /// The rows of the next message, ascending: of ended clocks alone while there are any.
    fn choose(&self, rows: &RowSet, most: usize) -> Vec<u32> {
        let is_owed = |since: u32| since < self.ended;
        let any_owed = self.since.iter().flatten().any(|&since| is_owed(since));
        let waiting = self.since.iter().enumerate().filter_map(|(position, since)| Some((position, (*since)?)));
        let waiting = waiting.filter(|&(_, since)| self.owes() == any_owed && is_owed(since) == any_owed);
        let mut waiting: Vec<(f32, usize)> =
            waiting.map(|(position, _)| (self.priority(rows, position), position)).collect();
        waiting.sort_by(|(one, first), (other, second)| other.total_cmp(one).then(first.cmp(second)));
        let mut floats = 0;
        let fits = |&(_, position): &(f32, usize)| {
            let fits = floats == 0 || floats + rows.range(position).len() <= most;
            floats += rows.range(position).len();
            fits
        };
        let mut positions: Vec<u32> =
            waiting.into_iter().take_while(fits).map(|(_, position)| position as u32).collect();
        positions.sort_unstable();
        positions
    }

    /// The accumulated change over the value; where the value is 0, above all others.
    fn priority(&self, rows: &RowSet, position: usize) -> f32 {
        let change = size(&self.unsent[rows.range(position)]);
        if self.sizes[position] == 0.0 { f32::INFINITY } else { change / self.sizes[position] }
    }

    /// The changes that an answer with that number of messages lacks, row after row; `None` if it lacks nothing.
    pub(crate) fn lacking(&self, isa: Isa, rows: &RowSet) -> Option<Vec<f32>> {
        if self.sent.is_empty() && self.since.iter().all(Option::is_none) {
            return None;
        }
        let mut lacking = vec![0.0; self.unsent.len()];
        for sent in &self.sent {
            let mut at = 0;
            for &position in &sent.positions {
                let row = &mut lacking[rows.range(position as usize)];
                let next = at + row.len();
                kernel::add_assign(isa, row, &sent.change[at..next]);
                at = next;
            }
        }
        kernel::add_assign(isa, &mut lacking, &self.unsent);
        Some(lacking)
    }
}

/// The sum of magnitudes.
fn size(values: &[f32]) -> f32 {
    values.iter().map(|value| value.abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Layout, Table};

    /// Rows of one number each; their values and changes.
    fn changed(log: &mut ShardLog, rows: &RowSet, values: &[f32], change: &[f32]) {
        let everywhere = [Segment { first: 0, second: 0, len: values.len() }];
        log.add(Isa::detect(), rows, &[Payload::Dense(change.into())], &everywhere, values);
    }

    fn rows(count: u32) -> RowSet {
        Layout::new(vec![Table { name: "r".to_owned(), rows: count, width: 1 }]).row_set(0..count)
    }

    /// Complete clocks and rows of the next message.
    fn next(log: &mut ShardLog, rows: &RowSet, ask: Ask, most: usize) -> Option<(u32, Vec<u32>)> {
        match log.next(Instant::START, rows, ask, most)? {
            Message::PartialUpdate { complete, rows, .. } => Some((complete, rows.to_vec())),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ended_clocks_go_first_then_what_changed_most_for_its_size() {
        let rows = rows(5);
        let mut log = ShardLog::new(&rows);
        // Relative: 0.1, none, 0.5, any, 0.2.
        changed(&mut log, &rows, &[10.0, 1.0, 2.0, 0.0, 5.0], &[1.0, 0.0, -1.0, 0.1, 1.0]);
        assert_eq!(next(&mut log, &rows, Ask::Owed, 2), None, "no clock has ended");
        assert_eq!(next(&mut log, &rows, Ask::Any, 2), Some((0, vec![2, 3])));
        log.end_clock();
        changed(&mut log, &rows, &[10.0, 1.0, 2.0, 0.0, 5.0], &[0.0, 1.0, 5.0, 0.0, 0.0]);
        assert_eq!(next(&mut log, &rows, Ask::Owed, 1), Some((0, vec![4])));
        assert_eq!(next(&mut log, &rows, Ask::Any, 9), Some((1, vec![0])), "the clock is complete before others begin");
        assert_eq!(next(&mut log, &rows, Ask::Owed, 9), None);
        assert_eq!(next(&mut log, &rows, Ask::Any, 9), Some((1, vec![1, 2])));
        assert!(!log.has_unsent());
        log.end_clock();
        assert_eq!(next(&mut log, &rows, Ask::Owed, 9), Some((2, vec![])), "a clock is reported without changes, too");
    }

    #[test]
    fn an_answer_lacks_what_it_does_not_include() {
        let rows = rows(3);
        let mut log = ShardLog::new(&rows);
        changed(&mut log, &rows, &[1.0; 3], &[1.0, 2.0, 0.0]);
        next(&mut log, &rows, Ask::Any, 9);
        changed(&mut log, &rows, &[1.0; 3], &[0.0, 4.0, 0.0]);
        next(&mut log, &rows, Ask::Any, 9);
        changed(&mut log, &rows, &[1.0; 3], &[0.0, 0.0, 8.0]);
        let lacking = |log: &ShardLog| log.lacking(Isa::detect(), &rows);
        assert_eq!(lacking(&log), Some(vec![1.0, 6.0, 8.0]));
        log.includes(1);
        assert_eq!(lacking(&log), Some(vec![0.0, 4.0, 8.0]));
        log.includes(2);
        assert_eq!(lacking(&log), Some(vec![0.0, 0.0, 8.0]));
        next(&mut log, &rows, Ask::Any, 9);
        log.includes(3);
        assert_eq!(lacking(&log), None);
    }
}
