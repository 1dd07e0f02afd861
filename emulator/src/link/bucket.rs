//! A token bucket with a calendar: the account of what has left it, and the instants at which more is booked to leave it.
//!
//! An *account* is the instant at which the bucket would be full again if nothing more passed (the theoretical arrival
//! time of the generic cell rate algorithm). With rate `r` and burst `b`, `n` bytes conform at `t` when
//! `max(account, t) + n/r <= t + b/r`; the left side is then the new account. It follows that the bytes which leave in
//! a closed interval of length `s` are at most `b + r s`: the account rises by at least `n/r` per chunk, stands at
//! `t + n/r` or more after the first and at `t + b/r` or less after the last.
//!
//! A booking is made only where it and all later ones conform, and chunks leave exactly when booked, so the law holds
//! by construction. Tokens between two bookings stay usable: a later request may be booked before earlier ones.

use super::exact::{Exact, MAX_CHUNK};
use crate::network::Limit;
use crate::node::Class;

/// A chunk that will leave.
#[derive(Clone, Copy, Debug)]
struct Booking {
    at: u64,
    /// The owner of the chunk; the order among equal instants.
    key: u32,
    bytes: u32,
    /// The account once it has left.
    account: Exact,
}

/// A limit with its account and its calendar.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// Bytes of a whole chunk.
    chunk: u32,
    /// The time that a byte takes.
    per_byte: Exact,
    /// The depth in time.
    depth: Exact,
    /// By class: the time by which the account may run ahead. Data leave some of it to control.
    burst: [Exact; 2],
    /// The account of what has left.
    left: Exact,
    /// No whole data chunk can be booked from now to here. Saves searching, changes no result.
    full_until: u64,
    /// By instant, then key; those before `first` have left.
    bookings: Vec<Booking>,
    first: usize,
    /// The index in `bookings` of the last fit that was found.
    found: usize,
}

/// The part of the depth that only control may use.
const HEADROOM: u64 = 8;

/// A key belongs to data when this bit is set: control comes first among equal instants.
pub(super) const DATA_KEY: u32 = 1 << 31;

impl Bucket {
    /// Full, and nothing booked.
    pub(super) fn new(limit: &Limit, chunk: u32) -> Bucket {
        let rate = limit.rate.as_bits_per_second();
        let depth = limit.depth.as_bytes();
        // The `b` of the law in `link`: d, 2 c or d + c. A burst below a chunk would let none of them pass, ever.
        let burst = depth.max(depth.min(chunk.into()) + u64::from(chunk));
        // At least a chunk remains, so that data conform in an idle bucket whatever its depth.
        let for_data = burst - (depth / HEADROOM).min(chunk.into());
        let per_byte = Exact::cost(1, rate);
        // Rounded as costs are, so that a chunk as large as the burst conforms.
        let span = |bytes: u64| match u32::try_from(bytes) {
            Ok(bytes) if u64::from(bytes) <= MAX_CHUNK => per_byte.times(bytes),
            _ => Exact::cost(bytes, rate),
        };
        Bucket {
            chunk,
            per_byte,
            depth: span(depth),
            burst: [burst, for_data].map(span),
            left: Exact::default(),
            full_until: 0,
            bookings: Vec::new(),
            first: 0,
            found: 0,
        }
    }

    /// The account of what has left: with the bookings, all that changes.
    pub(super) fn account(&self) -> Exact {
        self.left
    }

    /// Takes up an account, with nothing booked.
    pub(super) fn reset(&mut self, left: Exact) {
        self.left = left;
        self.full_until = 0;
        self.bookings.clear();
        self.first = 0;
    }

    /// The time that `bytes` take to pass when they enter an idle bucket: zero if they are within the depth.
    #[inline]
    pub(super) fn passage(&self, bytes: u32) -> u64 {
        self.cost(bytes).within(self.depth)
    }

    /// The first instant from `from` on at which `bytes` of data can be booked.
    #[inline]
    pub(super) fn fit(&mut self, bytes: u32, from: u64, now: u64) -> u64 {
        // Bookings only take room, so an instant that had none for a whole chunk stays without until one is cancelled. A
        // shorter chunk may fit there: it neither uses the bound nor moves it.
        let whole = bytes == self.chunk;
        let start = if whole { from.max(self.full_until) } else { from };
        let calendar = &self.bookings[self.first..];
        let (at, position) = self.fit_in(self.left, calendar, self.burst[Class::Data as usize], bytes, start);
        // Only when nothing between `now` and `from` was skipped is all of it known to be full.
        if whole && from <= self.full_until.max(now) {
            self.full_until = at;
        }
        self.found = self.first + position;
        at
    }

    /// The first instant from `from` on at which `bytes` of control could be booked if there were no data.
    pub(super) fn fit_control(&self, bytes: u32, from: u64) -> u64 {
        // The accounts of the calendar include data. Here they are added up anew from what has left, with control alone:
        // control waits for tokens that are used, never for data that is only booked.
        let mut account = self.left;
        let control: Vec<Booking> = self.bookings[self.first..]
            .iter()
            .filter(|b| b.key & DATA_KEY == 0)
            .map(|&b| {
                account = account.at_least(b.at).plus(self.cost(b.bytes));
                Booking { account, ..b }
            })
            .collect();
        self.fit_in(self.left, &control, self.burst[Class::Control as usize], bytes, from).0
    }

    /// The key of the data that must give way for `bytes` of control at `at`, which fits without data; `None` when nothing has to.
    ///
    /// It names one booking. The caller cancels that one and asks again.
    pub(super) fn in_the_way(&self, bytes: u32, at: u64) -> Option<u32> {
        // With the burst of control for data too: data that leave control less than its part of the depth may stay, as
        // long as the limit's own law holds.
        let burst = self.burst[Class::Control as usize];
        let position = self.position(at, 0);
        let mut account = self.before(position).at_least(at).plus(self.cost(bytes));
        let mut clash = (!account.conforms(at, burst)).then_some(position);
        for (i, b) in self.bookings.iter().enumerate().skip(position) {
            // Full again by then: the chunk no longer makes a difference to this booking, nor to any after it.
            if clash.is_some() || account.is_by(b.at) {
                break;
            }
            account = account.plus(self.cost(b.bytes));
            clash = (!account.conforms(b.at, burst)).then_some(i + 1);
        }
        // The latest one, so that data which is booked earlier keeps its instant.
        let data = self.bookings[self.first..clash?].iter().rev().find(|b| b.key & DATA_KEY != 0);
        Some(data.expect("without data there is no clash").key)
    }

    /// Books data where [`Bucket::fit`] has just found room.
    #[inline]
    pub(super) fn book_found(&mut self, key: u32, bytes: u32, at: u64) {
        // The search stops in front of all bookings of its instant; among those the key decides.
        let mut position = self.found;
        while self.bookings.get(position).is_some_and(|b| b.at == at && b.key < key) {
            position += 1;
        }
        self.insert(position, key, bytes, at);
    }

    /// Books without looking whether there is room.
    pub(super) fn book(&mut self, key: u32, bytes: u32, at: u64) {
        self.insert(self.position(at, key), key, bytes, at);
    }

    /// Takes back a booking.
    pub(super) fn cancel(&mut self, key: u32) {
        let here = self.bookings[self.first..].iter().position(|b| b.key == key);
        let position = self.first + here.expect("a chunk is booked in every bucket of its route");
        self.bookings.remove(position);
        self.settle(position, self.before(position));
        // There is room again, perhaps before the bound.
        self.full_until = 0;
    }

    /// The first booking leaves.
    #[inline]
    pub(super) fn depart(&mut self, key: u32, now: u64) {
        let booking = self.bookings[self.first];
        debug_assert_eq!((booking.at, booking.key), (now, key), "chunks leave in the order of the calendar");
        self.left = booking.account;
        self.first += 1;
        // Bookings that have left are dropped when they are half of the list: each is moved once on average, not once
        // per departure.
        if 2 * self.first >= self.bookings.len() {
            self.bookings.copy_within(self.first.., 0);
            self.bookings.truncate(self.bookings.len() - self.first);
            self.first = 0;
        }
    }

    /// The time that `bytes`, at most a chunk, take.
    #[inline]
    fn cost(&self, bytes: u32) -> Exact {
        self.per_byte.times(bytes)
    }

    /// The account just before the booking at `position`.
    #[inline]
    fn before(&self, position: usize) -> Exact {
        if position == self.first { self.left } else { self.bookings[position - 1].account }
    }

    /// The index in `bookings` at which a booking of `key` at `at` belongs.
    fn position(&self, at: u64, key: u32) -> usize {
        self.first + self.bookings[self.first..].partition_point(|b| (b.at, b.key) < (at, key))
    }

    /// The first instant from `from` on, and the position in `calendar`, at which `bytes` and all later bookings conform
    /// to `burst`; `left` is the account before `calendar`.
    #[inline]
    fn fit_in(&self, left: Exact, calendar: &[Booking], burst: Exact, bytes: u32, from: u64) -> (u64, usize) {
        let cost = self.cost(bytes);
        let mut position = calendar.partition_point(|b| b.at < from);
        let mut before = if position == 0 { left } else { calendar[position - 1].account };
        let mut at = from;
        'place: loop {
            at = at.max(before.plus(cost).within(burst));
            // A booking that leaves earlier belongs before this chunk, and its account is the one to start from.
            if let Some(b) = calendar.get(position)
                && b.at < at
            {
                before = b.account;
                position += 1;
                continue;
            }
            // The chunk fits by itself. It raises the accounts of later bookings until the bucket is full again.
            let mut account = before.at_least(at).plus(cost);
            for (ahead, b) in calendar[position..].iter().enumerate() {
                if account.is_by(b.at) {
                    break;
                }
                account = account.plus(self.cost(b.bytes));
                // Any instant between here and this booking would raise its account at least as much, so the next
                // candidate lies behind it.
                if !account.conforms(b.at, burst) {
                    before = b.account;
                    at = b.at;
                    position += ahead + 1;
                    continue 'place;
                }
            }
            return (at, position);
        }
    }

    #[inline]
    fn insert(&mut self, position: usize, key: u32, bytes: u32, at: u64) {
        let account = self.before(position).at_least(at).plus(self.cost(bytes));
        self.bookings.insert(position, Booking { at, key, bytes, account });
        self.settle(position + 1, account);
    }

    /// Brings the accounts from `position` on up to date; `account` is the one before.
    #[inline]
    fn settle(&mut self, position: usize, mut account: Exact) {
        for i in position..self.bookings.len() {
            let booking = self.bookings[i];
            account = account.at_least(booking.at).plus(self.cost(booking.bytes));
            // An account depends on the one before and on its own booking, so from here on nothing changes.
            if account == booking.account {
                return;
            }
            self.bookings[i].account = account;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::{Bandwidth, ByteSize};

    /// A bucket of one byte per millisecond.
    fn bucket(depth: u64, chunk: u32) -> Bucket {
        let (rate, depth) = (Bandwidth::from_bits_per_second(8_000), ByteSize::from_bytes(depth));
        Bucket::new(&Limit { name: "test".into(), rate, depth }, chunk)
    }

    const MS: u64 = 1_000_000;

    fn book(bucket: &mut Bucket, key: u32, bytes: u32, from: u64) -> u64 {
        let at = bucket.fit(bytes, from, 0);
        bucket.book_found(DATA_KEY | key, bytes, at);
        at
    }

    #[test]
    fn a_full_bucket_passes_its_depth_at_once_and_then_its_rate() {
        let mut b = bucket(3, 1);
        assert_eq!([0; 5].map(|from| book(&mut b, 0, 1, from)), [0, 0, 0, MS, 2 * MS]);
    }

    #[test]
    fn a_chunk_larger_than_the_depth_waits_for_the_rest() {
        assert_eq!(bucket(3, 10).passage(10), 7 * MS);
        assert_eq!(bucket(30, 10).passage(10), 0);
    }

    #[test]
    fn room_before_a_later_booking_is_used_and_no_more() {
        let mut b = bucket(2, 1);
        assert_eq!(book(&mut b, 0, 1, 10 * MS), 10 * MS);
        assert_eq!(book(&mut b, 1, 1, 10 * MS), 10 * MS);
        assert_eq!(book(&mut b, 2, 1, 9 * MS), 9 * MS, "it is back by 10 ms");
        assert_eq!(book(&mut b, 3, 1, 9 * MS), 11 * MS, "it would not be");
    }

    #[test]
    fn control_names_the_data_in_its_way() {
        let mut b = bucket(2, 1);
        let booked: Vec<u64> = (0..4).map(|key| book(&mut b, key, 1, 0)).collect();
        assert_eq!(booked, [0, 0, MS, 2 * MS]);
        assert_eq!(b.fit_control(1, 0), 0);
        assert_eq!(b.in_the_way(1, 0), Some(DATA_KEY | 1));
        b.cancel(DATA_KEY | 1);
        assert_eq!(b.in_the_way(1, 0), None);
    }

    #[test]
    fn a_depth_beyond_all_time_is_no_limit() {
        let mut b = bucket(u64::MAX, 10);
        assert_eq!((book(&mut b, 0, 10, 5), book(&mut b, 0, 10, 5)), (5, 5));
    }

    /// A bucket by its definition: every answer is searched for, nothing is kept but bookings. Accounts are in bytes.
    struct Definition {
        /// The rate in bytes per nanosecond.
        speed: u64,
        burst: [u64; 2],
        left: u64,
        bookings: Vec<Booking>,
    }

    /// Bytes that pass at an instant, in the order in which bookings pass.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Booking {
        at: u64,
        key: u32,
        bytes: u32,
    }

    impl Definition {
        fn new(speed: u64, depth: u64, chunk: u32) -> Definition {
            let chunk = u64::from(chunk);
            let burst = if depth < 2 * chunk { depth.min(chunk) + chunk } else { depth };
            Definition { speed, burst: [burst, burst - (depth / 8).min(chunk)], left: 0, bookings: Vec::new() }
        }

        /// The first of these bookings that `one` of them makes leave too early: itself, or one whose account it raises.
        fn clash(&self, bookings: &[Booking], one: Booking, burst: u64) -> Option<usize> {
            let (mut account, mut without) = (self.left, self.left);
            bookings.iter().position(|&booking| {
                let Booking { at, bytes, .. } = booking;
                account = account.max(at * self.speed) + u64::from(bytes);
                if booking != one {
                    without = without.max(at * self.speed) + u64::from(bytes);
                }
                account != without && account > at * self.speed + burst
            })
        }

        /// The bookings that `keeps` holds for, and one more.
        fn with(&self, one: Booking, keeps: impl Fn(u32) -> bool) -> Vec<Booking> {
            let mut all: Vec<_> = self.bookings.iter().copied().filter(|booking| keeps(booking.key)).collect();
            all.insert(all.partition_point(|&other| other < one), one);
            all
        }

        fn fit(&self, class: Class, bytes: u32, from: u64) -> u64 {
            let (key, keeps): (u32, fn(u32) -> bool) = match class {
                Class::Control => (0, |key| key & DATA_KEY == 0),
                Class::Data => (DATA_KEY, |_| true),
            };
            let conforms = |&at: &u64| {
                let one = Booking { at, key, bytes };
                self.clash(&self.with(one, keeps), one, self.burst[class as usize]).is_none()
            };
            (from..from + 10_000).find(conforms).expect("there is room behind all bookings")
        }

        fn in_the_way(&self, bytes: u32, at: u64) -> Option<u32> {
            let one = Booking { at, key: 0, bytes };
            let all = self.with(one, |_| true);
            let until = self.clash(&all, one, self.burst[Class::Control as usize])?;
            all[..=until].iter().rev().map(|booking| booking.key).find(|key| key & DATA_KEY != 0)
        }

        fn book(&mut self, key: u32, bytes: u32, at: u64) {
            self.bookings = self.with(Booking { at, key, bytes }, |_| true);
        }

        fn depart(&mut self) -> u32 {
            let Booking { at, key, bytes } = self.bookings.remove(0);
            self.left = self.left.max(at * self.speed) + u64::from(bytes);
            key
        }
    }

    /// Both, doing the same.
    struct Both(Bucket, Definition);

    impl Both {
        fn new(speed: u64, depth: u64, chunk: u32) -> Both {
            let (rate, limit) = (Bandwidth::from_bits_per_second(speed * 8_000_000_000), ByteSize::from_bytes(depth));
            let bucket = Bucket::new(&Limit { name: "test".into(), rate, depth: limit }, chunk);
            Both(bucket, Definition::new(speed, depth, chunk))
        }

        fn book_data(&mut self, key: u32, bytes: u32, from: u64, now: u64) {
            let at = self.0.fit(bytes, from, now);
            assert_eq!(at, self.1.fit(Class::Data, bytes, from), "{bytes} bytes from {from}: {:?}", self.1.bookings);
            self.0.book_found(key, bytes, at);
            self.1.book(key, bytes, at);
        }

        /// Books control; the data in its way are booked anew.
        fn book_control(&mut self, key: u32, bytes: u32, from: u64, now: u64) {
            let at = self.0.fit_control(bytes, from);
            assert_eq!(at, self.1.fit(Class::Control, bytes, from), "{bytes} bytes from {from}: {:?}", self.1.bookings);
            let mut moved = Vec::new();
            loop {
                let found = self.0.in_the_way(bytes, at);
                assert_eq!(found, self.1.in_the_way(bytes, at), "{bytes} bytes at {at}: {:?}", self.1.bookings);
                let Some(other) = found else { break };
                self.0.cancel(other);
                let place = self.1.bookings.iter().position(|booking| booking.key == other).expect("it is booked");
                moved.push(self.1.bookings.remove(place));
            }
            self.0.book(key, bytes, at);
            self.1.book(key, bytes, at);
            moved.sort_unstable();
            for Booking { at: was, key: other, bytes } in moved {
                self.book_data(other, bytes, was, now);
            }
        }

        fn depart_until(&mut self, now: u64) {
            while let Some(&Booking { at, key, .. }) = self.1.bookings.first().filter(|booking| booking.at <= now) {
                self.0.depart(key, at);
                self.1.depart();
                assert_eq!(self.0.account().within(Exact::default()), self.1.left.div_ceil(self.1.speed));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_booking_is_where_the_definition_has_it(
            speed in prop_oneof![Just(1_u64), Just(4)],
            depth in prop_oneof![0..12_u64, 12..40_u64],
            chunk in 1..12_u32,
            chunks in prop::collection::vec((0..4_u32, 1..12_u32, 0..6_u64, 0..16_u64, any::<u8>()), 1..40),
        ) {
            let mut both = Both::new(speed, depth, chunk);
            let mut now = 0;
            for (serial, (kind, bytes, passed, ahead, tie)) in (1..).zip(chunks) {
                now += passed;
                both.depart_until(now);
                // Unique, and in no order.
                let key = u32::from(tie) << 8 | serial;
                let from = now + if tie % 2 == 0 { 0 } else { ahead };
                match kind {
                    0 => both.book_control(key, bytes.min(chunk), from, now),
                    1 => both.book_data(DATA_KEY | key, bytes.min(chunk), from, now),
                    _ => both.book_data(DATA_KEY | key, chunk, from, now),
                }
            }
            both.depart_until(u64::MAX);
        }
    }
}
