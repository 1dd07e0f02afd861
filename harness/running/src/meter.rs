//! Processor time and peak memory of a cell.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::time::ClockId;

use planning::calibrate::measure::seconds_of;

/// Number of meters that exist.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Exists while a cell runs. Its readings are those of the process: the cell's own unless other cells run at the same time.
#[derive(Debug)]
pub(super) struct Meter {
    /// Processor seconds of the process when the meter started.
    before: f64,
}

impl Meter {
    /// Starts. If no other meter is running, the peak of memory starts again from what is in use.
    pub(super) fn start() -> Self {
        if RUNNING.fetch_add(1, Ordering::Relaxed) == 0 {
            // Resets the peak (proc(5)). Where it is not permitted, the peak is that since the process started.
            let _ = fs::write("/proc/self/clear_refs", "5");
        }
        Meter { before: seconds_of(ClockId::ProcessCPUTime) }
    }

    /// Processor seconds since the start.
    pub(super) fn cpu_seconds(&self) -> f64 {
        seconds_of(ClockId::ProcessCPUTime) - self.before
    }
}

/// The peak of the process' memory since the first of the running meters started, in bytes. `None` means that the
/// system does not report it.
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

impl Drop for Meter {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_work_are_measured() {
        let meter = Meter::start();
        let before = peak_memory_bytes().expect("Linux reports it");
        let held = vec![1u8; 256 << 20];
        let sum: u64 = held.iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(sum, 256 << 20);
        let peak = peak_memory_bytes().expect("Linux reports it");
        assert!(peak >= before + (200 << 20), "{before} bytes before, {peak} with 256 MiB more");
        assert!(meter.cpu_seconds() > 0.0);
    }
}
