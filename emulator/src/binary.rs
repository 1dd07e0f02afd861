//! Streams of values in postcard's format, for checkpoints: neither side needs the bytes as a whole in memory.
//!
//! What several values hold together by an [`Arc`](std::sync::Arc) is written once, and shared again when it is read, where the field has
//! `#[serde(with = "emulator::binary::shared")]` and the stream a [`Sharing`].

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest string that can be read, in bytes.
const LONGEST: usize = 1 << 16;

/// Reads the value at the front of `from`, in many small pieces.
///
/// # Errors
/// If the bytes are no such value, or `from` fails.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut strings = vec![0; LONGEST];
    let read =
        postcard::from_io((from, &mut strings[..])).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
    read.map(|(value, _)| value)
}

/// Writes `value`, in many small pieces.
///
/// # Errors
/// The errors of `to`.
pub fn write<T: Serialize + ?Sized>(value: &T, to: impl Write) -> io::Result<()> {
    let mut kept = Kept { to, error: None };
    match postcard::to_io(value, &mut kept) {
        Ok(_) => Ok(()),
        Err(error) => Err(kept.error.unwrap_or_else(|| io::Error::other(error))),
    }
}

thread_local! {
    static STREAM: RefCell<Option<Stream>> = const { RefCell::new(None) };
}

/// What a stream has had so far of values that may be shared.
#[derive(Default)]
struct Stream {
    /// In their order in the stream. Held, so that no other value takes the place of one in memory.
    values: Vec<Box<dyn Any>>,
    /// The place in `values` of each, by its address.
    numbers: HashMap<usize, u32>,
}

/// The time in which this thread writes, or reads, the values of one stream, in several pieces or one. It begins with the first of several
/// at once, and ends with the last.
#[derive(Debug)]
pub struct Sharing {
    is_first: bool,
    _of_this_thread: PhantomData<*const ()>,
}

impl Sharing {
    /// The stream begins.
    pub fn begin() -> Self {
        let is_first = STREAM.with_borrow_mut(|stream| {
            let is_first = stream.is_none();
            stream.get_or_insert_default();
            is_first
        });
        Sharing { is_first, _of_this_thread: PhantomData }
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        if self.is_first {
            STREAM.with_borrow_mut(|stream| *stream = None);
        }
    }
}

/// Fields whose value others may hold too. Without a [`Sharing`] each is written as a whole.
pub mod shared {
    use std::sync::Arc;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::STREAM;

    #[derive(Serialize)]
    enum Written<'a, T: ?Sized> {
        New(&'a T),
        Known(u32),
    }

    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    enum Read<T> {
        New(T),
        Known(u32),
    }

    /// Writes the value, or its number in the stream.
    ///
    /// # Errors
    /// The errors of the serializer.
    pub fn serialize<T, S>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize + ?Sized + 'static,
        S: Serializer,
    {
        let address = Arc::as_ptr(value).cast::<()>() as usize;
        let known = STREAM.with_borrow_mut(|stream| {
            let stream = stream.as_mut()?;
            // Values of no size may share an address.
            if size_of_val(&**value) == 0 {
                return None;
            }
            let known = stream.numbers.get(&address).copied();
            if known.is_none() {
                stream.numbers.insert(address, stream.values.len() as u32);
                stream.values.push(Box::new(value.clone()));
            }
            known
        });
        known.map_or(Written::New(&**value), Written::Known).serialize(serializer)
    }

    /// Reads the value, or finds it by its number in the stream.
    ///
    /// # Errors
    /// The errors of the deserializer, and numbers that no value of the type has.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Arc<T>, D::Error>
    where
        T: ?Sized + 'static,
        Arc<T>: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        match Read::<Arc<T>>::deserialize(deserializer)? {
            Read::New(value) => {
                STREAM.with_borrow_mut(|stream| {
                    if let Some(stream) = stream.as_mut().filter(|_| size_of_val(&*value) > 0) {
                        stream.values.push(Box::new(value.clone()));
                    }
                });
                Ok(value)
            }
            Read::Known(number) => {
                let found = STREAM.with_borrow(|stream| {
                    stream.as_ref()?.values.get(number as usize)?.downcast_ref::<Arc<T>>().cloned()
                });
                found.ok_or_else(|| D::Error::custom(format_args!("no value of the stream has number {number}")))
            }
        }
    }
}

/// A writer that keeps its first error, which postcard would replace by one of its own.
struct Kept<W> {
    to: W,
    error: Option<io::Error>,
}

impl<W> Kept<W> {
    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            self.error.get_or_insert(error);
            kind.into()
        })
    }
}

impl<W: Write> Write for Kept<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes);
        self.keep(written)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.to.write_all(bytes);
        self.keep(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.keep(flushed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn values_are_written_and_read_one_after_another() {
        let value = (7u32, vec![1.5f32, -2.0], "text".to_owned());
        let mut bytes = Vec::new();
        write(&value, &mut bytes).expect("memory takes everything");
        assert_eq!(bytes, postcard::to_stdvec(&value).expect("plain data"));
        write(&9u64, &mut bytes).expect("memory takes everything");
        let mut rest = &bytes[..];
        assert_eq!(read::<(u32, Vec<f32>, String)>(&mut rest).expect("whole"), value);
        assert_eq!(read::<u64>(&mut rest).expect("whole"), 9);
        assert!(read::<u64>(&mut rest).is_err());
    }

    #[derive(Serialize, serde::Deserialize)]
    struct Holder(#[serde(with = "shared")] Arc<[f32]>);

    #[derive(Serialize, serde::Deserialize)]
    struct Other(#[serde(with = "shared")] Arc<u64>);

    #[test]
    fn what_is_held_together_is_written_once_and_held_together_again() {
        let (array, empty): (Arc<[f32]>, Arc<[f32]>) = (Arc::from([1.5; 1000]), Arc::from([]));
        let of = |array: &Arc<[f32]>| Holder(array.clone());
        let all = [of(&array), of(&empty), of(&Arc::from(&array[..])), of(&array), of(&empty)];
        let written = |sharing: bool| {
            let _sharing = sharing.then(Sharing::begin);
            let mut bytes = Vec::new();
            all.iter().for_each(|one| write(one, &mut bytes).expect("memory takes everything"));
            bytes
        };
        let (together, apart) = (written(true), written(false));
        assert!(together.len() < 8_100 && apart.len() > 12_000, "{} {}", together.len(), apart.len());
        let rest = &mut &together[..];
        let sharing = Sharing::begin();
        drop(Sharing::begin());
        let back: Vec<Holder> = (0..5).map(|_| read(rest).expect("whole")).collect();
        assert!(back.iter().zip(&all).all(|(back, one)| back.0 == one.0));
        let is_same = |a: usize, b: usize| Arc::ptr_eq(&back[a].0, &back[b].0);
        assert!(is_same(0, 3) && !is_same(0, 2), "as before");
        let number = |number: u8| read::<Other>(&mut &[1, number][..]).map_err(|error| error.kind()).err();
        assert_eq!([number(0), number(9)], [Some(io::ErrorKind::InvalidData); 2], "of another type, and of none");
        drop(sharing);
        assert!(read::<Holder>(&mut &[1, 0][..]).is_err(), "another stream");
    }

    #[test]
    fn lengths_are_not_believed_before_the_bytes_are_there() {
        // A vector, and a string, of 2^62 elements.
        let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1, 2, 3];
        assert!(read::<Vec<f32>>(&mut &huge[..]).is_err());
        assert!(read::<String>(&mut &huge[..]).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_error_is_kept() {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let error = write("text", full).expect_err("it is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
