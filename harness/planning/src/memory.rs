//! The memory that this host has left, and its distribution among cells.

use std::sync::{Condvar, Mutex};

use emulator::units::ByteSize;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// Bytes that a program can allocate: the system's available memory, or what is left of the limit of this process' control group (that of
/// a container) if that is less. `None` on a system that does not report it.
pub fn available() -> Option<u64> {
    if !sysinfo::IS_SUPPORTED_SYSTEM {
        return None;
    }
    let mut system = System::new();
    system.refresh_memory();
    let mut available = system.available_memory();
    if let Ok(pid) = get_current_pid() {
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, ProcessRefreshKind::nothing());
        // The group's page cache can be reclaimed, so that only anonymous memory counts as used.
        let limits = system.process(pid).and_then(sysinfo::Process::cgroup_limits);
        let left = limits.map(|limits| limits.total_memory.saturating_sub(limits.rss));
        available = available.min(left.unwrap_or(u64::MAX));
    }
    Some(available)
}

/// Bytes that cells may take: `given`, or else what is available, or no limit where that is unknown.
pub fn limit(given: Option<ByteSize>) -> u64 {
    given.map(ByteSize::as_bytes).or_else(available).unwrap_or(u64::MAX)
}

/// Returns freed memory from the allocator to the system. Successive cells allocate blocks of different sizes, so that the gaps that
/// one leaves do not fit the next.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim may be called at any time, by any thread; it frees no piece that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// An amount of memory that several takers share.
#[derive(Debug)]
pub struct Room {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: u64,
    takers: usize,
}

/// A part of a [`Room`], returned when it is dropped.
#[derive(Debug)]
pub struct Taken<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Room {
    /// A room of `bytes` bytes.
    pub fn of(bytes: u64) -> Self {
        Room { state: Mutex::new(State { free: bytes, takers: 0 }), changed: Condvar::new() }
    }

    /// Takes `bytes` bytes, and waits until they are free. A single taker never waits: it may take more than there is.
    pub fn take(&self, bytes: u64) -> Taken<'_> {
        let state = self.state.lock().expect("no holder panics");
        let is_full = |state: &mut State| state.takers > 0 && state.free < bytes;
        let mut state = self.changed.wait_while(state, is_full).expect("no holder panics");
        // A single taker of more than there is holds all of it.
        let bytes = bytes.min(state.free);
        state.free -= bytes;
        state.takers += 1;
        Taken { room: self, bytes }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.room.state.lock().expect("no holder panics");
        state.free += self.bytes;
        state.takers -= 1;
        self.room.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn this_host_has_memory_left() {
        let available = available().expect("Linux reports it");
        assert!((1 << 20..1 << 50).contains(&available), "{available}");
    }

    #[test]
    fn no_more_is_held_than_there_is_but_by_one_who_is_alone() {
        let (room, held, most) = (Room::of(100), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for taker in 0..8 {
                let (room, held, most) = (&room, &held, &most);
                scope.spawn(move || {
                    for turn in 0..50 {
                        let bytes = if turn == 25 { 1_000 } else { 10 + (taker * 7 + turn) % 50 };
                        let taken = room.take(bytes);
                        let now = held.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(now <= 100 || now == 1_000, "{now} bytes of 100 are held");
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                        drop(taken);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1_000);
        assert_eq!(room.state.into_inner().unwrap().free, 100);
    }
}
