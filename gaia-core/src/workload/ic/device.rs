//! The device of a network. The choice is not part of a plan: it changes the real time of a run, not the modelled one.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The device that the user selects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU, on one thread per machine.
    Cpu,
    /// The CUDA device of this number.
    Cuda(usize),
}

/// A word that names no device.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("found `{0}`, expected `auto`, `cpu` or `cuda:0` (any number)")]
pub struct UnknownDevice(String);

/// The reason that CUDA cannot be used on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoCuda {
    /// The dynamic linker does not know the library that this program runs with.
    #[error("the libtorch_cpu.so in use cannot be found")]
    NoLibtorch,
    /// The message of the dynamic linker about libtorch_cuda.so.
    #[error("{0}")]
    NotLoaded(String),
    /// The name of a function that the CUDA runtime lacks.
    #[error("the CUDA runtime has no {0:?}")]
    NoFunction(String),
    /// Libraries without hardware that they could use.
    #[error("libtorch has CUDA, and finds no device")]
    NoDevice,
}

/// A device that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages of the variants name their fields")]
pub enum DeviceError {
    /// CUDA finds no device at all.
    #[error("`cuda:{wanted}` is not here, no CUDA device is: {why}; expected `cpu` or `auto`")]
    NoCuda { wanted: usize, why: NoCuda },
    /// There are fewer devices than that.
    #[error("`cuda:{wanted}` is not here: expected `cuda:0`{} or `cpu`", upto(.devices))]
    Absent {
        wanted: usize,
        /// The number of devices that there are.
        devices: usize,
    },
}

fn upto(devices: &usize) -> String {
    if *devices > 1 { format!(" to `cuda:{}`", devices - 1) } else { String::new() }
}

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        match text {
            "auto" => Ok(DeviceChoice::Auto),
            "cpu" => Ok(DeviceChoice::Cpu),
            _ => {
                let number = text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
                number.map(DeviceChoice::Cuda).ok_or_else(|| UnknownDevice(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::Cpu => f.write_str("cpu"),
            DeviceChoice::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named() {
        for word in ["auto", "cpu", "cuda:0", "cuda:12"] {
            assert_eq!(word.parse::<DeviceChoice>().expect("a device").to_string(), word);
        }
        for word in ["gpu", "cuda", "cuda:", "cuda:-1", ""] {
            let error = word.parse::<DeviceChoice>().expect_err("no device").to_string();
            assert_eq!(error, format!("found `{word}`, expected `auto`, `cpu` or `cuda:0` (any number)"));
        }
        let absent = DeviceError::Absent { wanted: 9, devices: 2 };
        assert_eq!(absent.to_string(), "`cuda:9` is not here: expected `cuda:0` to `cuda:1` or `cpu`");
    }
}
