//! Thrift's compact protocol, in which Parquet writes its metadata: bytes to a tree of values.
//!
//! Nothing is allocated by a number that the bytes hold: a list grows with its elements, each at least one byte.

use super::damaged::Damaged;

/// Structures in structures: a footer has five.
const MAX_DEPTH: u32 = 16;

/// A value; of a kind that our tables do not need, only that it is there.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    List(Vec<Value<'a>>),
    /// The fields by their numbers.
    Struct(Vec<(i64, Value<'a>)>),
    Other,
}

impl<'a> Value<'a> {
    /// The structure that `bytes` begin with; they are what is behind it then.
    pub(super) fn read(bytes: &mut &'a [u8]) -> Result<Self, Damaged> {
        structure(bytes, MAX_DEPTH)
    }

    /// A field of a structure, if it is there.
    pub(super) fn field(&self, number: i64) -> Option<&Value<'a>> {
        let Value::Struct(fields) = self else { return None };
        fields.iter().find(|(found, _)| *found == number).map(|(_, value)| value)
    }

    /// A field that is a number of things, or where they are.
    pub(super) fn count(&self, number: i64) -> Result<usize, Damaged> {
        match self.field(number) {
            Some(&Value::Integer(count)) => usize::try_from(count).map_err(|_| Damaged(format!("a count of {count}"))),
            _ => Err(missing(number, "a whole number")),
        }
    }

    /// A field that is a list.
    pub(super) fn list(&self, number: i64) -> Result<&[Value<'a>], Damaged> {
        match self.field(number) {
            Some(Value::List(values)) => Ok(values),
            _ => Err(missing(number, "a list")),
        }
    }

    /// A field that is text.
    pub(super) fn text(&self, number: i64) -> Result<&'a str, Damaged> {
        match self.field(number) {
            Some(&Value::Bytes(bytes)) => str::from_utf8(bytes).map_err(|error| Damaged(error.to_string())),
            _ => Err(missing(number, "text")),
        }
    }
}

fn missing(number: i64, what: &str) -> Damaged {
    Damaged(format!("metadata without {what} as field {number}"))
}

/// Takes `count` bytes from the front.
pub(super) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], Damaged> {
    let all = bytes.len();
    let (taken, rest) =
        bytes.split_at_checked(count).ok_or_else(|| Damaged(format!("{all} bytes where {count} should be")))?;
    *bytes = rest;
    Ok(taken)
}

/// Takes a LEB128 varint.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Damaged("a number of more than ten bytes".into()))
}

fn zigzag(bytes: &mut &[u8]) -> Result<i64, Damaged> {
    let value = varint(bytes)?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn length(bytes: &mut &[u8]) -> Result<usize, Damaged> {
    usize::try_from(varint(bytes)?).map_err(|error| Damaged(error.to_string()))
}

fn structure<'a>(bytes: &mut &'a [u8], depth: u32) -> Result<Value<'a>, Damaged> {
    let mut fields = Vec::new();
    let mut number = 0_i64;
    loop {
        let head = take(bytes, 1)?[0];
        if head == 0 {
            return Ok(Value::Struct(fields));
        }
        number = match head >> 4 {
            0 => zigzag(bytes)?,
            further => number.saturating_add(i64::from(further)),
        };
        let is_stated = matches!(head & 0x0f, 1 | 2);
        fields.push((number, if is_stated { Value::Other } else { value(bytes, head & 0x0f, depth)? }));
    }
}

fn value<'a>(bytes: &mut &'a [u8], kind: u8, depth: u32) -> Result<Value<'a>, Damaged> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Damaged(format!("metadata of more than {MAX_DEPTH} levels")));
    };
    match kind {
        1..=3 => take(bytes, 1).map(|_| Value::Other),
        4..=6 => zigzag(bytes).map(Value::Integer),
        7 => take(bytes, 8).map(|_| Value::Other),
        8 => length(bytes).and_then(|length| take(bytes, length)).map(Value::Bytes),
        9 | 10 => {
            let head = take(bytes, 1)?[0];
            let count = if head >> 4 == 15 { length(bytes)? } else { usize::from(head >> 4) };
            (0..count).map(|_| value(bytes, head & 0x0f, depth)).collect::<Result<_, _>>().map(Value::List)
        }
        12 => structure(bytes, depth),
        _ => Err(Damaged(format!("metadata with a value of kind {kind}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_number() {
        // 1: 5; 3: "ab"; 4: [1, -1]; 5: true; 6: {1: 2.0, 20: 0}.
        let bytes = [0x15, 10, 0x28, 2, b'a', b'b', 0x19, 0x25, 2, 1, 0x11, 0x1c, 0x17, 0, 0, 0, 0, 0, 0, 0, 0x40];
        let bytes = [&bytes[..], &[0x06, 40, 0, 0, 0, 9]].concat();
        let mut rest = &bytes[..];
        let read = Value::read(&mut rest).unwrap();
        assert_eq!((read.count(1).unwrap(), read.text(3).unwrap()), (5, "ab"));
        assert_eq!(read.list(4).unwrap(), [Value::Integer(1), Value::Integer(-1)]);
        assert_eq!(read.field(5), Some(&Value::Other));
        assert_eq!(read.field(6).unwrap().count(20).unwrap(), 0);
        assert_eq!(rest, [9], "what is behind it");
        assert!(read.count(2).is_err() && read.list(1).is_err() && read.text(1).is_err());
        for cut in 0..bytes.len() - 1 {
            assert!(Value::read(&mut &bytes[..cut]).is_err(), "cut to {cut}");
        }
    }

    #[test]
    fn lengths_and_levels_beyond_the_bytes_are_errors() {
        let billions = [0xff, 0xff, 0xff, 0xff, 0x0f];
        for head in [&[0x18][..], &[0x19, 0xf5], &[0x19, 0xfc], &[0x19, 0xf1]] {
            assert!(Value::read(&mut &[head, &billions, &[0; 100]].concat()[..]).is_err(), "{head:?}");
        }
        assert!(Value::read(&mut &[0x1c; 100_000][..]).unwrap_err().0.contains("levels"));
        assert!(Value::read(&mut &[0x19; 100_000][..]).unwrap_err().0.contains("levels"));
        assert!(Value::read(&mut &[0x16; 20][..]).is_err() && Value::read(&mut &[0x16, 0xff][..]).is_err());
    }
}
