//! What a cell took of its host: seconds of processors, and memory at its peak.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// Meters that stand.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Runs while a cell does. What it reads is the process': the cell's own when no other runs beside it.
#[derive(Debug)]
pub(super) struct Meter {
    /// Seconds of processors that went before.
    before: f64,
}

impl Meter {
    /// Starts. The first that runs has the system forget the peak of what was before.
    pub(super) fn start() -> Self {
        if RUNNING.fetch_add(1, Ordering::Relaxed) == 0 {
            // 5: the peak is what there is now (proc(5)). Where it cannot be, the peak is that since the process began.
            let _ = fs::write("/proc/self/clear_refs", "5");
        }
        Meter { before: cpu_seconds() }
    }

    /// Seconds of processors since the start.
    pub(super) fn cpu_seconds(&self) -> f64 {
        cpu_seconds() - self.before
    }

    /// The most memory that the process had, in bytes; none where the system does not tell.
    #[expect(clippy::unused_self, reason = "the peak is that since a meter was started")]
    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_work_are_seen() {
        let meter = Meter::start();
        let before = meter.peak_memory_bytes().expect("Linux tells");
        let held = vec![1u8; 256 << 20];
        let sum: u64 = held.iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(sum, 256 << 20);
        let peak = meter.peak_memory_bytes().expect("Linux tells");
        assert!(peak >= before + (200 << 20), "{before} bytes before, {peak} with 256 MiB more");
        assert!(meter.cpu_seconds() > 0.0);
    }
}
