//! Real time.
pub mod clock;
pub mod pacer;
pub mod timer;
