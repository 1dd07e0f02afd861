//! Images that do not fit into memory: decoded when they are read, and ahead of that when they are announced.
//!
//! Threads, one for each processor, decode what [`Pixels::prefetch`] has announced and what a reader waits for; the reader
//! decodes too. Decoded images are kept until they are read once, in at most a share of the memory that loading may take. When
//! it is full, the oldest are dropped, and decoded again if they are still read.
//!
//! An image that cannot be decoded is named and counted, and the next of its class stands in for it, the same one each time. When
//! more are than may be skipped, [`Pixels::failure`] reports it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use super::jpeg::{self, Fit, Unusable};
use super::tree::File;
use crate::images::{ImageShape, Pixels};

/// Images of the same class that are tried in place of one that cannot be decoded; after them comes a grey one.
const TRIED: usize = 16;
const GREY: u8 = 128;
/// The share of the memory that decoded images may wait in.
const WAITING_SHARE: u64 = 2;
/// Corrupt files that a message names.
const NAMED: usize = 5;

/// Images that are decoded from files on demand.
pub(super) struct Folder {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    files: Vec<File>,
    labels: Arc<[u16]>,
    shape: ImageShape,
    fit: Fit,
    /// The number of images that may be corrupt.
    limit: usize,
    /// The number of images that may wait.
    room: usize,
    state: Mutex<State>,
    /// Something to decode, or something decoded.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    slots: HashMap<u32, Slot>,
    /// To decode, in order; may name slots that are gone.
    queue: VecDeque<u32>,
    /// Slots in the order in which they came; may name slots that are gone.
    ages: VecDeque<u32>,
    corrupt: BTreeMap<u32, String>,
    closed: bool,
}

enum Slot {
    Waiting,
    Decoding,
    Ready(Vec<u8>),
}

impl Folder {
    /// `limit`: the number of images that may be corrupt.
    pub(super) fn new(
        files: Vec<File>,
        labels: Arc<[u16]>,
        shape: ImageShape,
        fit: Fit,
        limit: usize,
        memory_bytes: u64,
    ) -> Self {
        let room = (memory_bytes / WAITING_SHARE / shape.bytes() as u64).max(1) as usize;
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { files, labels, shape, fit, limit, room, state, changed });
        Folder { shared, threads: Mutex::default() }
    }

    /// Starts the threads, once.
    fn start(&self) {
        let mut threads = self.threads.lock().expect("starting threads does not panic");
        if threads.is_empty() {
            let count = thread::available_parallelism().map_or(1, usize::from);
            let start = |_| {
                let shared = self.shared.clone();
                thread::spawn(move || shared.work())
            };
            threads.extend((0..count).map(start));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let threads = self.threads.get_mut().map(std::mem::take).unwrap_or_default();
        // A thread that has panicked has reported it already.
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }
}

impl Pixels for Folder {
    fn len(&self) -> usize {
        self.shared.files.len()
    }

    fn read(&self, indexes: &[u32], out: &mut [u8]) {
        let bytes = self.shared.shape.bytes();
        assert_eq!(out.len(), indexes.len() * bytes, "room for every image");
        self.start();
        let mut state = self.shared.lock();
        // In front of what is only announced, in order.
        for &index in indexes.iter().rev() {
            if state.add(index) || matches!(state.slots.get(&index), Some(Slot::Waiting)) {
                state.queue.push_front(index);
            }
        }
        drop(state);
        self.shared.changed.notify_all();
        for (&index, image) in indexes.iter().zip(out.chunks_exact_mut(bytes)) {
            self.shared.take(index, image);
        }
    }

    fn prefetch(&self, indexes: &[u32]) {
        self.start();
        let mut state = self.shared.lock();
        for &index in indexes.iter().take(self.shared.room) {
            state.make_room(self.shared.room);
            if state.add(index) {
                state.queue.push_back(index);
            }
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    fn skipped(&self) -> Vec<String> {
        self.shared.lock().corrupt.values().cloned().collect()
    }

    fn failure(&self) -> Option<String> {
        let (limit, state) = (self.shared.limit, self.shared.lock());
        let first: Vec<&str> = state.corrupt.values().take(NAMED).map(String::as_str).collect();
        (state.corrupt.len() > limit).then(|| {
            format!(
                "found more than {limit} unusable images, expected at most {limit}; the first: {}",
                first.join("; ")
            )
        })
    }
}

impl State {
    /// Whether `index` was not there yet.
    fn add(&mut self, index: u32) -> bool {
        if self.slots.contains_key(&index) {
            return false;
        }
        self.slots.insert(index, Slot::Waiting);
        self.ages.push_back(index);
        true
    }

    /// Lets the oldest go until there is room for one more; those that are being decoded stay.
    fn make_room(&mut self, room: usize) {
        for _ in 0..self.ages.len() {
            if self.slots.len() < room {
                return;
            }
            let Some(oldest) = self.ages.pop_front() else { return };
            match self.slots.get(&oldest) {
                Some(Slot::Decoding) => self.ages.push_back(oldest),
                Some(_) => drop(self.slots.remove(&oldest)),
                None => {}
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the state")
    }

    /// Decodes queued images until the set is closed.
    fn work(&self) {
        let mut state = self.lock();
        while !state.closed {
            let Some(index) = state.queue.pop_front() else {
                state = self.changed.wait(state).expect("no thread panics while it holds the state");
                continue;
            };
            let Some(slot @ Slot::Waiting) = state.slots.get_mut(&index) else { continue };
            *slot = Slot::Decoding;
            drop(state);
            let mut image = vec![0; self.shape.bytes()];
            self.decode(index, &mut image);
            state = self.lock();
            state.slots.insert(index, Slot::Ready(image));
            self.changed.notify_all();
        }
    }

    /// Writes an image to `out`, decoding it if it is not ready.
    fn take(&self, index: u32, out: &mut [u8]) {
        let mut state = self.lock();
        loop {
            match state.slots.get_mut(&index) {
                Some(Slot::Ready(image)) => {
                    out.copy_from_slice(image);
                    state.slots.remove(&index);
                    // What was taken leaves its age behind; they must not pile up.
                    if state.ages.front() == Some(&index) {
                        state.ages.pop_front();
                    }
                    if state.ages.len() > 2 * state.slots.len() + self.room {
                        let State { ages, slots, .. } = &mut *state;
                        ages.retain(|index| slots.contains_key(index));
                    }
                    return;
                }
                Some(Slot::Decoding) => {
                    state = self.changed.wait(state).expect("no thread panics while it holds the state");
                }
                Some(Slot::Waiting) | None => {
                    state.slots.remove(&index);
                    drop(state);
                    return self.decode(index, out);
                }
            }
        }
    }

    /// Decodes an image, or its substitute.
    fn decode(&self, index: u32, out: &mut [u8]) {
        let label = self.labels[index as usize];
        let count = self.files.len();
        let after = (0..count).map(|ahead| (index as usize + ahead) % count);
        for at in after.filter(|&at| self.labels[at] == label).take(TRIED) {
            let file = &self.files[at];
            let read = file.read().map_err(Unusable::from);
            match read.and_then(|bytes| jpeg::decode(&bytes, self.fit, out)) {
                Ok(()) => return,
                Err(why) => {
                    let name = file.path().map_or_else(|| file.name.clone(), |path| path.display().to_string());
                    self.lock().corrupt.insert(at as u32, format!("{name}: {why}"));
                }
            }
        }
        out.fill(GREY);
    }
}
