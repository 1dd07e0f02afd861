//! One ordered pair's queue of one class: messages outside, bytes and one outstanding chunk inside.

use serde::{Deserialize, Serialize};

use super::queue::Queue;

/// The part of a stream that every chunk touches; its messages are in a [`Queue`].
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// Bytes that have not left, those of the outstanding chunk included.
    pub(super) waiting: u64,
    /// Bytes of the oldest message that have not left.
    pub(super) head_left: u64,
    /// Bytes of the outstanding chunk; 0 when there is none.
    pub(super) chunk: u32,
    /// Its route: a range of the fabric's hops.
    first_hop: u32,
    hops: u32,
    /// Whether a backlog event is already queued for the pair; kept in the data stream.
    pub(super) reported: bool,
}

/// The part of a stream that changes in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamState {
    waiting: u64,
    head_left: u64,
    chunk: u32,
    reported: bool,
    due: u64,
    queue: Queue,
}

impl Stream {
    /// An idle stream whose route is `hops` of the fabric's hops from `first_hop` on.
    pub(super) fn new(first_hop: usize, hops: usize) -> Stream {
        let index = |n| u32::try_from(n).expect("a network has fewer than 2^32 hops");
        let (first_hop, hops) = (index(first_hop), index(hops));
        Stream { waiting: 0, head_left: 0, chunk: 0, first_hop, hops, reported: false }
    }

    /// The limits of its route, as indexes into the buckets.
    #[inline]
    pub(super) fn route<'a>(&self, hops: &'a [u32]) -> &'a [u32] {
        &hops[self.first_hop as usize..][..self.hops as usize]
    }

    /// The changing part, with its due instant and its queue, for a snapshot.
    pub(super) fn state(&self, due: u64, queue: &Queue) -> StreamState {
        let &Stream { waiting, head_left, chunk, reported, .. } = self;
        StreamState { waiting, head_left, chunk, reported, due, queue: queue.clone() }
    }

    /// Takes up `state`; returns its due instant and its queue.
    pub(super) fn restore(&mut self, state: StreamState) -> (u64, Queue) {
        let StreamState { waiting, head_left, chunk, reported, due, queue } = state;
        *self = Stream { waiting, head_left, chunk, reported, ..*self };
        (due, queue)
    }
}
