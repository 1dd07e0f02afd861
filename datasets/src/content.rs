//! Content hashes: BLAKE3 over numbers, little-endian.

use std::io::{BufWriter, Write};

/// Bytes that are hashed at a time: the buffer stays in the first-level cache.
const BUFFER_BYTES: usize = 1 << 14;

/// A hash of numbers in their order.
pub(crate) struct ContentHash(BufWriter<blake3::Hasher>);

impl ContentHash {
    pub(crate) fn new() -> Self {
        ContentHash(BufWriter::with_capacity(BUFFER_BYTES, blake3::Hasher::new()))
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("a hasher takes every byte");
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn f32(&mut self, number: f32) {
        self.u32(number.to_bits());
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        let hasher = self.0.into_inner().unwrap_or_else(|_| unreachable!("a hasher takes every byte"));
        *hasher.finalize().as_bytes()
    }
}
