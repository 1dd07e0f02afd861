//! The bookings of a limit in their order, as a tree that finds room without visiting all of them.
//!
//! # Why a tree suffices
//! Let the bookings from some position on be at `t_1, t_2, ...` and take `c_1, c_2, ...` of the limit's time. An account
//! `a` before them becomes `a_i = max(a_(i-1), t_i) + c_i`: a function of `a` that is `max(a + sum, fresh)` for any run of
//! bookings, where `sum` adds up the `c_i` and `fresh` is what becomes of an account of 0. A chunk in front of the run
//! raises the account to `x`, and all accounts behind it by as much, until the bucket is full again:
//! * it is full again before booking `i` when `x + c_1 + ... + c_(i-1) <= t_i`, for some `i` of the run when `x` is at most
//!   the largest `t_i - (c_1 + ... + c_(i-1))`, called `opens`;
//! * booking `i` no longer conforms to a burst `b` when `x + c_1 + ... + c_i > t_i + b`, for some `i` when `x` exceeds the
//!   least `t_i + b - (c_1 + ... + c_i)`, called `closes`.
//!
//! So four numbers for each run show whether a search has to look into it, and a search looks into few. No account is
//! stored, so a booking in the middle changes none: a change costs the leaf that it is in and the runs above it.
//!
//! Runs are told apart by sums that saturate, which may only show a run as worth a look that is not. Inside a leaf the
//! arithmetic is exact.

mod search;

use self::search::{Probe, Search, Seen};
use super::exact::Exact;

/// A chunk that will leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Booking {
    pub(super) at: u64,
    /// The owner of the chunk; the order among equal instants.
    pub(super) key: u32,
    pub(super) bytes: u32,
}

impl Booking {
    fn order(&self) -> (u64, u32) {
        (self.at, self.key)
    }
}

/// A key belongs to data when this bit is set: control comes first among equal instants.
pub(super) const DATA_KEY: u32 = 1 << 31;

/// What a byte costs in a limit, and the longest time by which its account may run ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) per_byte: Exact,
    pub(super) burst: Exact,
}

/// A chunk for which there should be room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// The time that it takes of the limit.
    pub(super) cost: Exact,
    /// The time by which accounts may run ahead for it; at least its cost and at most that of the terms.
    pub(super) burst: Exact,
}

/// The most bookings of a leaf. Up to here a calendar is a plain list. Few in unit tests, whose calendars are short: they
/// should be trees, too.
const LEAF: usize = if cfg!(test) { 4 } else { 32 };
/// The least number of taken bookings that are dropped together.
const DROPPED: usize = 8;
/// The most children of an inner node.
const FAN: usize = if cfg!(test) { 3 } else { 16 };

/// The bookings of a limit, by instant, then key: the first in a list of their own, since they leave one by one, and all
/// others in a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Calendar {
    /// Empty only if `rest` is.
    front: Leaf,
    rest: Child,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Leaf),
    Inner(Vec<Child>),
}

/// A short list of bookings; those before `first` have been taken.
#[derive(Clone, Debug, Default)]
struct Leaf {
    first: usize,
    list: Vec<Booking>,
    /// Of the front: the account behind each booking of the list, right for the first `known` of them. Each search takes up
    /// where an earlier one or a change has left off.
    accounts: Vec<Exact>,
    known: usize,
}

#[derive(Clone, Debug, Default)]
struct Child {
    run: Run,
    node: Node,
}

/// A run of bookings in four numbers (see the module), and its last ones.
#[derive(Clone, Copy, Debug)]
struct Run {
    last: (u64, u32),
    /// The key of the last data booking, or 0.
    last_data: u32,
    sum: Exact,
    fresh: Exact,
    opens: Exact,
    closes: Exact,
}

impl Default for Run {
    fn default() -> Run {
        Run::EMPTY
    }
}

impl Run {
    const EMPTY: Run = Run {
        last: (0, 0),
        last_data: 0,
        sum: Exact::ZERO,
        fresh: Exact::ZERO,
        opens: Exact::ZERO,
        closes: Exact::MAX,
    };

    /// The account behind the run.
    #[inline]
    fn pass(&self, account: Exact) -> Exact {
        account.plus(self.sum).max(self.fresh)
    }

    /// This run and then `next`.
    fn then(&self, next: &Run) -> Run {
        Run {
            last: next.last,
            last_data: if next.last_data == 0 { self.last_data } else { next.last_data },
            sum: self.sum.plus(next.sum),
            fresh: next.pass(self.fresh),
            opens: self.opens.max(next.opens.less(self.sum)),
            closes: self.closes.min(next.closes.less(self.sum)),
        }
    }

    fn of(booking: &Booking, terms: &Terms) -> Run {
        let cost = terms.per_byte.times(booking.bytes);
        let at = Exact::at(booking.at);
        Run {
            last: booking.order(),
            last_data: if booking.key & DATA_KEY == 0 { 0 } else { booking.key },
            sum: cost,
            fresh: at.plus(cost),
            opens: at,
            closes: at.more(terms.burst).less(cost),
        }
    }
}

impl Leaf {
    #[inline]
    fn bookings(&self) -> &[Booking] {
        &self.list[self.first..]
    }

    fn run(&self, terms: &Terms) -> Run {
        self.bookings().iter().fold(Run::EMPTY, |run, booking| run.then(&Run::of(booking, terms)))
    }

    #[inline]
    fn insert(&mut self, place: usize, booking: Booking) {
        let place = self.first + place;
        self.list.insert(place, booking);
        self.known = self.known.min(place);
    }

    #[inline]
    fn pop_front(&mut self) -> Booking {
        let booking = self.list[self.first];
        self.first += 1;
        // Those that were taken are dropped when they are half of the list: each is moved once on average.
        if self.first >= DROPPED && 2 * self.first >= self.list.len() {
            self.drop_taken();
        }
        booking
    }

    fn drop_taken(&mut self) {
        let (first, known) = (self.first, self.known.max(self.first));
        self.list.copy_within(first.., 0);
        self.list.truncate(self.list.len() - first);
        if self.accounts.len() >= known {
            self.accounts.copy_within(first..known, 0);
            self.known = known - first;
        } else {
            self.known = 0;
        }
        self.first = 0;
    }

    /// Takes the booking of `order` out; `false` when there is none.
    fn remove(&mut self, order: (u64, u32)) -> bool {
        let place = self.bookings().partition_point(|b| b.order() < order);
        let found = self.bookings().get(place).is_some_and(|b| b.order() == order);
        if found {
            self.list.remove(self.first + place);
            self.known = self.known.min(self.first + place);
        }
        found
    }

    /// The account before the booking at `place`, from what is known of those before it; `left` is that before all.
    #[inline]
    fn account(&mut self, terms: &Terms, left: Exact, place: usize) -> Exact {
        if place == 0 {
            return left;
        }
        let end = self.first + place;
        if self.known < end {
            self.learn(terms, left, end);
        }
        self.accounts[end - 1]
    }

    /// Makes the accounts before `end` known.
    fn learn(&mut self, terms: &Terms, left: Exact, end: usize) {
        if self.accounts.len() < self.list.len() {
            self.accounts.resize(self.list.len(), Exact::ZERO);
        }
        // Those that were taken are in `left`.
        let known = self.known.max(self.first);
        let mut account = if known == self.first { left } else { self.accounts[known - 1] };
        for (b, behind) in self.list[known..end].iter().zip(&mut self.accounts[known..end]) {
            account = account.at_least(b.at).plus(terms.per_byte.times(b.bytes));
            *behind = account;
        }
        self.known = end;
    }

    /// The first instant from `from` on with room for the request as far as these bookings show, and its place.
    #[inline]
    fn fit(&mut self, terms: &Terms, request: Request, left: Exact, from: u64) -> (u64, usize, Found) {
        let room = request.burst.less(request.cost);
        let mut place = self.bookings().partition_point(|b| b.at < from);
        let mut at = from;
        'place: loop {
            let before = self.account(terms, left, place);
            at = at.max(before.within(room));
            let bookings = &self.list[self.first + place..];
            // A booking that leaves earlier belongs before this chunk, and its account is the one to start from.
            match bookings.first() {
                Some(b) if b.at < at => {
                    place += 1;
                    continue;
                }
                Some(_) => {}
                None => return (at, place, Found::Nowhere),
            }
            // The chunk fits by itself. It raises the accounts of later bookings until the bucket is full again.
            let mut raised = before.at_least(at).plus(request.cost);
            for (ahead, b) in bookings.iter().enumerate() {
                if raised.is_by(b.at) {
                    return (at, place, Found::Room);
                }
                raised = raised.plus(terms.per_byte.times(b.bytes));
                // Any instant between here and this booking would raise its account at least as much, so the next candidate
                // lies behind it.
                if !raised.conforms(b.at, request.burst) {
                    at = b.at;
                    place += ahead + 1;
                    continue 'place;
                }
            }
            return (at, place, Found::SoFar(raised));
        }
    }
}

/// What the bookings of a leaf show of a candidate.
enum Found {
    /// There is room.
    Room,
    /// They still conform; the account behind them.
    SoFar(Exact),
    /// It lies behind all of them.
    Nowhere,
}

impl Default for Node {
    fn default() -> Node {
        Node::Leaf(Leaf::default())
    }
}

impl Calendar {
    /// The first instant from `from` on at which the request and all later bookings conform to its burst, and the number of
    /// bookings that come before it, if that is known. `account` is the one before all bookings.
    #[inline]
    pub(super) fn fit(&mut self, terms: &Terms, request: Request, account: Exact, from: u64) -> (u64, Option<usize>) {
        let (at, place, found) = self.front.fit(terms, request, account, from);
        if self.rest.node.is_empty() || matches!(found, Found::Room) {
            return (at, Some(place));
        }
        let account = self.front.account(terms, account, self.front.bookings().len());
        let mut search = Search::new(terms, request, account, at, found);
        search.child(&self.rest);
        (search.at, (search.at == at && place < self.front.bookings().len()).then_some(place))
    }

    /// The account before all bookings has changed otherwise than by taking the first of them.
    pub(super) fn forget_accounts(&mut self) {
        self.front.known = 0;
    }

    /// The key of the last data at or before the first booking that would no longer conform to the burst with the request
    /// at `at`, in front of all bookings of that instant; `None` when all conform, 0 when there are no such data.
    pub(super) fn in_the_way(&self, terms: &Terms, request: Request, account: Exact, at: u64) -> Option<u32> {
        let mut probe = Probe::new(terms, request, account, at);
        let seen = match probe.leaf(self.front.bookings()) {
            Seen::All => probe.child(&self.rest),
            seen => seen,
        };
        match seen {
            Seen::Clash => Some(probe.last_data),
            Seen::Room => None,
            Seen::All => probe.clashes_behind().then_some(probe.last_data),
        }
    }

    /// Books at a place that [`Calendar::fit`] has found for its instant. Among the bookings of that instant the key decides.
    #[inline]
    pub(super) fn insert_at(&mut self, terms: &Terms, place: Option<usize>, booking: Booking) {
        let bookings = self.front.bookings();
        if let Some(mut place) = place
            && bookings.len() < LEAF
        {
            while bookings.get(place).is_some_and(|b| b.at == booking.at && b.key < booking.key) {
                place += 1;
            }
            // Behind all of the front it may have to go between those behind it.
            if place < bookings.len() || self.rest.node.is_empty() {
                return self.front.insert(place, booking);
            }
        }
        self.insert(terms, booking);
    }

    /// Books.
    pub(super) fn insert(&mut self, terms: &Terms, booking: Booking) {
        let bookings = self.front.bookings();
        let place = bookings.partition_point(|b| b.order() < booking.order());
        let (last, full) = (place == bookings.len(), bookings.len() == LEAF);
        if last && (full || !self.rest.node.is_empty()) {
            return self.insert_in_rest(terms, booking);
        }
        self.front.insert(place, booking);
        if full {
            let half = self.front.first + LEAF / 2;
            self.front.known = self.front.known.min(half);
            for moved in self.front.list.split_off(half).into_iter().rev() {
                self.insert_in_rest(terms, moved);
            }
        }
    }

    fn insert_in_rest(&mut self, terms: &Terms, booking: Booking) {
        if let Some(right) = self.rest.insert(terms, booking) {
            let left = std::mem::take(&mut self.rest);
            self.rest = Child { run: left.run.then(&right.run), node: Node::Inner(vec![left, right]) };
        }
    }

    /// Takes a booking back.
    pub(super) fn remove(&mut self, terms: &Terms, at: u64, key: u32) {
        if self.front.remove((at, key)) {
            return self.refill(terms);
        }
        assert!(remove(&mut self.rest.node, terms, (at, key)), "a chunk is booked in every bucket of its route");
        self.shrink(terms);
    }

    /// Takes the first booking.
    #[inline]
    pub(super) fn pop_front(&mut self, terms: &Terms) -> Booking {
        let booking = self.front.pop_front();
        if self.front.bookings().is_empty() {
            self.refill(terms);
        }
        booking
    }

    /// Has the front take the next bookings when it is empty.
    fn refill(&mut self, terms: &Terms) {
        if self.front.bookings().is_empty() && !self.rest.node.is_empty() {
            self.front = take_first(&mut self.rest.node, terms);
            self.shrink(terms);
        }
    }

    /// Brings the tree up to date after bookings were taken from it.
    fn shrink(&mut self, terms: &Terms) {
        while let Node::Inner(children) = &mut self.rest.node
            && children.len() <= 1
        {
            self.rest.node = children.pop().map_or(Node::default(), |only| only.node);
        }
        self.rest.run = self.rest.node.run(terms);
    }
}

impl Child {
    /// Adds `booking`; returns the right half if the node became too large.
    fn insert(&mut self, terms: &Terms, booking: Booking) -> Option<Child> {
        let behind = self.run.last < booking.order();
        let right = insert(&mut self.node, terms, booking);
        self.run = match right {
            None if behind => self.run.then(&Run::of(&booking, terms)),
            _ => self.node.run(terms),
        };
        right
    }
}

impl Node {
    fn run(&self, terms: &Terms) -> Run {
        match self {
            Node::Leaf(leaf) => leaf.run(terms),
            Node::Inner(children) => children.iter().fold(Run::EMPTY, |run, child| run.then(&child.run)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Node::Leaf(leaf) => leaf.bookings().is_empty(),
            Node::Inner(children) => children.is_empty(),
        }
    }
}

/// Takes the first leaf out.
fn take_first(node: &mut Node, terms: &Terms) -> Leaf {
    match node {
        Node::Leaf(leaf) => std::mem::take(leaf),
        Node::Inner(children) => {
            let leaf = take_first(&mut children[0].node, terms);
            settle(children, 0, terms);
            leaf
        }
    }
}

/// Adds `booking`; returns the right half of a node that became too large.
fn insert(node: &mut Node, terms: &Terms, booking: Booking) -> Option<Child> {
    let right = match node {
        Node::Leaf(leaf) => {
            let place = leaf.bookings().partition_point(|b| b.order() < booking.order());
            let (len, last) = (leaf.bookings().len(), place == leaf.bookings().len());
            leaf.insert(place, booking);
            if len < LEAF {
                return None;
            }
            // Bookings mostly come behind all others: then the left half stays full.
            let keep = if last { len } else { len / 2 };
            let list = leaf.list.split_off(leaf.first + keep);
            Node::Leaf(Leaf { list, ..Leaf::default() })
        }
        Node::Inner(children) => {
            let place = holder(children, booking.order());
            let right = children[place].insert(terms, booking);
            children.splice(place + 1..place + 1, right);
            if children.len() <= FAN {
                return None;
            }
            let keep = if place + 2 >= children.len() { children.len() - 1 } else { children.len() / 2 };
            Node::Inner(children.split_off(keep))
        }
    };
    Some(Child { run: right.run(terms), node: right })
}

/// The place of the child in which a booking of `order` is or belongs.
fn holder(children: &[Child], order: (u64, u32)) -> usize {
    children.partition_point(|child| child.run.last < order).min(children.len() - 1)
}

/// Takes the booking of `order` out; `false` when there is none.
fn remove(node: &mut Node, terms: &Terms, order: (u64, u32)) -> bool {
    match node {
        Node::Leaf(leaf) => leaf.remove(order),
        Node::Inner(children) => {
            let place = holder(children, order);
            let child = &mut children[place];
            let found = remove(&mut child.node, terms, order);
            settle(children, place, terms);
            found
        }
    }
}

/// Brings the run of a child from which a booking was taken up to date, or drops an empty child.
fn settle(children: &mut Vec<Child>, place: usize, terms: &Terms) {
    if children[place].node.is_empty() {
        children.remove(place);
    } else {
        children[place].run = children[place].node.run(terms);
    }
}
