//! Real time.
pub mod clock;
pub mod frame;
pub mod pacer;
pub mod timer;
