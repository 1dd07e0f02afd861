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

use super::calendar::{Booking, Calendar, DATA_KEY, Request, Terms};
use super::exact::{Exact, MAX_CHUNK};
use crate::network::Limit;

/// A limit with its account and its calendar.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// The account of what has left.
    left: Exact,
    /// A whole chunk of data.
    whole: Request,
    /// No whole data chunk can be booked from now to here. Saves searching, changes no result.
    full_until: u64,
    /// Bytes of a whole chunk.
    chunk: u32,
    /// The place in the calendar of the last fit that was found.
    found: Option<usize>,
    terms: Terms,
    calendar: Calendar,
    /// The control bookings of the calendar once more: control is booked as if there were no data.
    control: Calendar,
    /// The depth in time.
    depth: Exact,
}

/// The part of the depth that only control may use.
const HEADROOM: u64 = 8;

impl Bucket {
    /// Full, and nothing booked.
    pub(super) fn new(limit: &Limit, chunk: u32) -> Bucket {
        let rate = limit.rate.as_bits_per_second();
        let depth = limit.depth.as_bytes();
        // The `b` of the law in `link`: d, 2 c or d + c. A burst below a chunk would let none of them pass, ever.
        let burst = depth.max(depth.min(chunk.into()) + u64::from(chunk));
        // Data leave some of the depth to control. At least a chunk remains, so that they conform in an idle bucket
        // whatever its depth.
        let for_data = burst - (depth / HEADROOM).min(chunk.into());
        let per_byte = Exact::cost(1, rate);
        // Rounded as costs are, so that a chunk as large as the burst conforms.
        let span = |bytes: u64| match u32::try_from(bytes) {
            Ok(bytes) if u64::from(bytes) <= MAX_CHUNK => per_byte.times(bytes),
            _ => Exact::cost(bytes, rate),
        };
        Bucket {
            left: Exact::ZERO,
            whole: Request { cost: per_byte.times(chunk), burst: span(for_data) },
            full_until: 0,
            chunk,
            found: None,
            terms: Terms { per_byte, burst: span(burst) },
            calendar: Calendar::default(),
            control: Calendar::default(),
            depth: span(depth),
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
        (self.calendar, self.control) = Default::default();
    }

    /// The time that `bytes` take to pass when they enter an idle bucket: zero if they are within the depth.
    #[inline]
    pub(super) fn passage(&self, bytes: u32) -> u64 {
        self.terms.per_byte.times(bytes).within(self.depth)
    }

    /// The first instant from `from` on at which `bytes` of data can be booked.
    #[inline]
    pub(super) fn fit(&mut self, bytes: u32, from: u64, now: u64) -> u64 {
        // Bookings only take room, so an instant that had none for a whole chunk stays without until one is cancelled. A
        // shorter chunk may fit there: it neither uses the bound nor moves it.
        if bytes < self.chunk {
            let request = Request { cost: self.terms.per_byte.times(bytes), ..self.whole };
            let (at, place) = self.calendar.fit(&self.terms, request, self.left, from);
            self.found = place;
            return at;
        }
        let start = from.max(self.full_until);
        let (at, place) = self.calendar.fit(&self.terms, self.whole, self.left, start);
        // Only when nothing between `now` and `from` was skipped is all of it known to be full.
        if from <= self.full_until.max(now) {
            self.full_until = at;
        }
        self.found = place;
        at
    }

    /// The first instant from `from` on at which `bytes` of control could be booked if there were no data.
    pub(super) fn fit_control(&mut self, bytes: u32, from: u64) -> u64 {
        // The account starts from all that has left, data included: control waits for tokens that are used, never for
        // data that is only booked.
        let request = self.control_request(bytes);
        self.control.forget_accounts();
        self.control.fit(&self.terms, request, self.left, from).0
    }

    /// The key of the data that must give way for `bytes` of control at `at`, which fits without data; `None` when nothing has to.
    ///
    /// It names one booking, the latest, so that data which is booked earlier keeps its instant. The caller cancels that one
    /// and asks again.
    pub(super) fn in_the_way(&self, bytes: u32, at: u64) -> Option<u32> {
        // With the burst of control for data too: data that leave control less than its part of the depth may stay, as
        // long as the limit's own law holds.
        let data = self.calendar.in_the_way(&self.terms, self.control_request(bytes), self.left, at)?;
        assert!(data != 0, "without data there is no clash");
        Some(data)
    }

    /// Books data where [`Bucket::fit`] has just found room.
    #[inline]
    pub(super) fn book_found(&mut self, key: u32, bytes: u32, at: u64) {
        self.calendar.insert_at(&self.terms, self.found, Booking { at, key, bytes });
    }

    /// Books without looking whether there is room.
    pub(super) fn book(&mut self, key: u32, bytes: u32, at: u64) {
        let booking = Booking { at, key, bytes };
        self.calendar.insert(&self.terms, booking);
        if key & DATA_KEY == 0 {
            self.control.insert(&self.terms, booking);
        }
    }

    /// Takes back the booking of data at `at`.
    pub(super) fn cancel(&mut self, key: u32, at: u64) {
        self.calendar.remove(&self.terms, at, key);
        // There is room again, perhaps before the bound.
        self.full_until = 0;
    }

    /// The first booking leaves.
    #[inline]
    pub(super) fn depart(&mut self, key: u32, now: u64) {
        let booking = self.calendar.pop_front(&self.terms);
        debug_assert_eq!((booking.at, booking.key), (now, key), "chunks leave in the order of the calendar");
        self.left = self.left.at_least(booking.at).plus(self.terms.per_byte.times(booking.bytes));
        if key & DATA_KEY == 0 {
            self.control.pop_front(&self.terms);
        }
    }

    fn control_request(&self, bytes: u32) -> Request {
        Request { cost: self.terms.per_byte.times(bytes), burst: self.terms.burst }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::node::Class;
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
        b.cancel(DATA_KEY | 1, 0);
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
                let place = self.1.bookings.iter().position(|booking| booking.key == other).expect("it is booked");
                let booking = self.1.bookings.remove(place);
                self.0.cancel(other, booking.at);
                moved.push(booking);
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
