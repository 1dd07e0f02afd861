//! A panic in a cell is that cell's error: the other cells go on, and the report is made.
//!
//! A problem that no check can find before a run, such as a time that exceeds its type, ends in a panic of the pure crates. While cells
//! run, the place of a panic is kept here instead of being printed; outside of cells panics are printed as usual.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use base::causes;

/// The number of running cells.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// Messages and places of panics while cells ran. A cell's tasks panic on other threads than it does.
static PLACES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());
/// The most places that are kept.
const MAX_PLACES: usize = 1000;

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({place})")]
pub(super) struct Panicked {
    /// The message of the panic.
    pub(super) message: String,
    /// File and line of the sources.
    pub(super) place: String,
}

/// The result of `run`, or its panic.
///
/// # Errors
/// [`Panicked`] when it panicked. Its data are left in the state of the panic.
pub(super) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if RUNNING.load(Ordering::SeqCst) == 0 {
                return before(info);
            }
            let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
            let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
            if places.len() < MAX_PLACES {
                places.push((causes::panic_message(info.payload()), place));
            }
        }));
    });
    RUNNING.fetch_add(1, Ordering::SeqCst);
    let done = panic::catch_unwind(AssertUnwindSafe(run));
    RUNNING.fetch_sub(1, Ordering::SeqCst);
    done.map_err(|payload| {
        let message = causes::panic_message(&*payload);
        let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.iter().rev().find(|(of, _)| *of == message).map_or("", |(_, place)| place);
        Panicked { place: place.to_owned(), message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_has_its_words_and_its_place() {
        assert_eq!(caught(|| 3), Ok(3));
        let panicked = caught(|| -> () { panic!("clock {} was never", 7) }).unwrap_err();
        assert_eq!(panicked.message, "clock 7 was never");
        assert!(panicked.place.starts_with("harness/running/src/panics.rs:"), "{}", panicked.place);
        let told = panicked.to_string();
        assert!(told.starts_with("clock 7 was never (harness/running/src/panics.rs:"), "{told}");
    }

    #[test]
    fn a_panic_of_a_task_on_another_thread_has_its_place_too() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let panicked = caught(|| pool.install(|| -> () { panic!("in a task") })).unwrap_err();
        assert!(panicked.to_string().starts_with("in a task (harness/running/src/panics.rs:"), "{panicked}");
    }
}
