//! Precise waiting: a timer that a poll loop can wait on together with its sockets, and the scheduling of its thread.
//!
//! The timer is a `timerfd` on the monotonic clock with absolute instants: the kernel gives it no slack, and unlike a
//! sleeping thread the loop also wakes for a socket. A real-time priority is asked for and done without if refused.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use serde::{Deserialize, Serialize};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Becomes readable at an instant of the monotonic clock.
#[derive(Debug)]
pub struct Timer {
    fd: OwnedFd,
    armed: Option<u64>,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new() -> io::Result<Timer> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Timer { fd, armed: None })
    }

    /// Sets the instant, in monotonic nanoseconds; one that has passed fires at once. `None` disarms.
    pub fn arm(&mut self, at: Option<u64>) -> io::Result<()> {
        if self.armed == at {
            return Ok(());
        }
        // Zero disarms a timerfd, so the very first nanosecond stands for it.
        let nanos = at.map_or(0, |at| at.max(1));
        let spec = |nanos: u64| Timespec {
            tv_sec: i64::try_from(nanos / NANOS_PER_SECOND).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(nanos % NANOS_PER_SECOND).expect("below a second"),
        };
        let new = Itimerspec { it_interval: spec(0), it_value: spec(nanos) };
        timerfd_settime(&self.fd, TimerfdTimerFlags::ABSTIME, &new)?;
        self.armed = at;
        Ok(())
    }

    /// Takes note that it fired, so that it is readable no more.
    pub fn clear(&mut self) {
        let mut expirations = [0; 8];
        if rustix::io::read(&self.fd, &mut expirations).is_ok() {
            self.armed = None;
        }
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// The scheduling of a loop's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// First in, first out, before all ordinary threads, with this priority (1 to 99); ordinary if not permitted.
    Realtime(u8),
    /// The ordinary scheduling of the host.
    Ordinary,
}

/// Gives the calling thread `priority` and a timer slack of 1 ns; returns the priority that it really has now. Threads that it starts
/// later are ordinary.
pub fn schedule_this_thread(priority: Priority) -> Priority {
    // A kernel that knows no slack has none.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let Priority::Realtime(level) = priority else { return Priority::Ordinary };
    let level = level.clamp(1, 99);
    let parameters = libc::sched_param { sched_priority: i32::from(level) };
    // SAFETY: `parameters` is a valid `sched_param` that outlives the call; thread 0 is the calling one.
    let answer = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &parameters) };
    if answer == 0 { Priority::Realtime(level) } else { Priority::Ordinary }
}

/// The time for which the calling thread has been ready to run without a processor, in nanoseconds; `None` means that the
/// kernel does not count it.
pub fn starved_nanos() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}
