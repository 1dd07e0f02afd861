//! Bandwidths, byte counts and durations as types that carry their unit, in the program and in text.
//!
//! Text: `16.76 Mbit/s`, `64 KiB`, `60 ms`.

use serde::{Deserialize, Serialize};

/// A rate in bits a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth(u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ByteSize(u64);

impl Bandwidth {
    /// A rate of `bits` bits a second.
    pub const fn from_bits_per_second(bits: u64) -> Self {
        Bandwidth(bits)
    }

    /// Bits a second.
    pub const fn as_bits_per_second(self) -> u64 {
        self.0
    }
}

impl ByteSize {
    /// A count of `bytes` bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        ByteSize(bytes)
    }

    /// Bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }
}
