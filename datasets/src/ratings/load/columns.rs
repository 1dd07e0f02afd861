//! Ratings in four columns: user, item, rating and time, one rating per line. The reader of all formats but Netflix'.

use super::LoadError;
use super::format::Sink;
use crate::ratings::Rating;
use crate::text::lines::{Bad, Lines, bad, fields, id, shown, stars, timestamp};

/// The most stars in every format.
const MOST_STARS: f32 = 5.0;

/// The columns of a format.
pub(super) struct Columns {
    /// The separator of two columns.
    pub(super) separator: &'static str,
    /// All four columns, for messages.
    pub(super) line: &'static str,
    /// The names of the first three columns, for messages.
    pub(super) names: [&'static str; 3],
    /// The fewest stars of a rating; the most are 5.
    pub(super) least_stars: f32,
    /// The form of the fourth column.
    pub(super) time: Time,
    /// `None` means that the first line is a rating.
    pub(super) header: Option<Header>,
}

/// The form of a rating's time, in seconds since 1970. It is checked and dropped.
pub(super) enum Time {
    /// A whole number of seconds.
    Whole,
    /// Any number of seconds from 0.
    Fraction,
}

/// A header on the first line.
pub(super) struct Header {
    /// Whether the first line is a header, well formed or not, and not already a rating.
    pub(super) is_one: fn(&[u8]) -> bool,
    /// Checks the names of the header's columns.
    pub(super) check: fn(&[u8]) -> Result<(), Bad>,
}

impl Columns {
    /// Reads a whole file.
    ///
    /// # Errors
    /// The first line that violates the format.
    pub(super) fn read(&self, lines: &mut Lines, sink: &mut Sink) -> Result<(), LoadError> {
        let mut header = self.header.as_ref();
        while let Some((number, line)) = lines.next()? {
            let parsed = match header.take().filter(|header| (header.is_one)(line)) {
                Some(header) => (header.check)(line).map(|()| None),
                None => self.rating(line).map(Some),
            };
            match parsed {
                Ok(rating) => rating.into_iter().for_each(|rating| sink(number, rating)),
                Err(bad) => return Err(lines.error(bad).into()),
            }
        }
        Ok(())
    }

    fn rating(&self, line: &[u8]) -> Result<Rating, Bad> {
        let [user, item, value, time] = fields(line, self.separator.as_bytes(), self.line)?;
        let [user_name, item_name, value_name] = self.names;
        let rating = Rating {
            user: id(user, user_name)?,
            item: id(item, item_name)?,
            value: stars(value, value_name, self.least_stars, MOST_STARS)?,
        };
        self.time.check(time)?;
        Ok(rating)
    }
}

impl Time {
    fn check(&self, field: &[u8]) -> Result<(), Bad> {
        match self {
            Time::Whole => timestamp(field),
            Time::Fraction => match std::str::from_utf8(field).ok().and_then(|time| time.parse::<f64>().ok()) {
                Some(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(()),
                _ => Err(bad(format!("timestamp {}", shown(field)), "a number of seconds since 1970")),
            },
        }
    }
}
