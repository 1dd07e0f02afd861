//! The device that trains networks: one of libtorch, in a build that has it.

/// A device of libtorch.
#[cfg(feature = "torch")]
pub type Device = std::sync::Arc<gaia_core::workload::ic::torch::device::Device>;

/// Without libtorch there is none.
#[cfg(not(feature = "torch"))]
#[derive(Debug)]
pub enum Device {}
