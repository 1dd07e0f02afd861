//! A running hash over the events of a run: equal runs, equal digests.
//!
//! Bytes are gathered into blocks of 4 KiB, each hashed together with the hash before (BLAKE3). Unlike a hasher of the
//! library, the state between two blocks is plain data, so a checkpoint can hold it.

use std::fmt;

use serde::{Deserialize, Serialize};

const BLOCK_BYTES: usize = 4096;

/// The running hash of a run's events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    chain: [u8; 32],
    block: Vec<u8>,
}

impl Digest {
    /// Adds one integer to the hash.
    pub fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    /// Adds one float to the hash, by its bits.
    pub fn write_f64(&mut self, value: f64) {
        self.write_u64(value.to_bits());
    }

    /// Adds bytes to the hash.
    pub fn write(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK_BYTES {
            self.chain = self.value();
            self.block.clear();
        }
    }

    /// The hash of everything so far.
    pub fn value(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.chain);
        hasher.update(&self.block);
        *hasher.finalize().as_bytes()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().iter().take(16).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn order_and_content_matter_across_blocks() {
        let run = |order: &mut dyn Iterator<Item = u64>| {
            let mut digest = Digest::default();
            order.for_each(|value| digest.write_u64(value));
            digest.to_string()
        };
        assert_eq!(run(&mut (0..2000)), run(&mut (0..2000)));
        assert_ne!(run(&mut (0..2000)), run(&mut (0..2000).rev()));
        assert_ne!(run(&mut (0..2000)), run(&mut (0..1999)));
    }
}
