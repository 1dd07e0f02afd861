//! Image classification by convolutional networks (paper section 5.2), in the way of GeePS (Cui et al. 2016).
//!
//! * [`config::Ic`] has the settings. [`networks`] builds the [`architecture::Architecture`]: layers as data, and where their
//!   parameters lie. [`device::DeviceChoice`] is where it is to run. These need no libtorch.
//! * `torch` (with the feature of that name) does the work.

pub mod architecture;
mod builder;
pub mod config;
pub mod device;
pub mod initial;
mod names;
pub mod networks;
#[cfg(feature = "torch")]
pub mod torch;
