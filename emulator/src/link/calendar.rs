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
/// The most children of an inner node.
const FAN: usize = if cfg!(test) { 3 } else { 16 };

/// The bookings of a limit, by instant, then key: the first in a list of their own, since they leave one by one, and all
/// others in a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Calendar {
    /// Empty only if `rest` is.
    front: Leaf,
    rest: Node,
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
    /// Of the front: the accounts behind its first bookings, by their index. Each search takes up where an earlier one or a
    /// change has left off.
    accounts: Vec<Exact>,
}

#[derive(Clone, Debug)]
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
        self.accounts.truncate(place);
    }

    #[inline]
    fn pop_front(&mut self) -> Booking {
        let booking = self.list[self.first];
        self.first += 1;
        // Those that were taken are dropped when they are half of the list: each is moved once on average.
        if 2 * self.first >= self.list.len() {
            self.list.copy_within(self.first.., 0);
            self.list.truncate(self.list.len() - self.first);
            let known = self.accounts.len();
            self.accounts.copy_within(self.first.min(known).., 0);
            self.accounts.truncate(known.saturating_sub(self.first));
            self.first = 0;
        }
        booking
    }

    /// Takes the booking of `order` out; `false` when there is none.
    fn remove(&mut self, order: (u64, u32)) -> bool {
        let place = self.bookings().partition_point(|b| b.order() < order);
        let found = self.bookings().get(place).is_some_and(|b| b.order() == order);
        if found {
            self.list.remove(self.first + place);
            self.accounts.truncate(self.first + place);
        }
        found
    }

    /// The account before the booking at `place`, from what is known of those before it; `left` is that before all.
    #[inline]
    fn account(&mut self, terms: &Terms, left: Exact, place: usize) -> Exact {
        let end = self.first + place;
        if place == 0 {
            return left;
        }
        if self.accounts.len() < end {
            // Those that were taken are in `left`.
            self.accounts.resize(self.accounts.len().max(self.first), left);
            let known = self.accounts.len();
            let mut account = if known == self.first { left } else { self.accounts[known - 1] };
            for b in &self.list[known..end] {
                account = account.at_least(b.at).plus(terms.per_byte.times(b.bytes));
                self.accounts.push(account);
            }
        }
        self.accounts[end - 1]
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
        if self.rest.is_empty() || matches!(found, Found::Room) {
            return (at, Some(place));
        }
        let account = self.front.account(terms, account, self.front.bookings().len());
        let mut search = Search::new(terms, request, account, at, found);
        search.node(&self.rest);
        (search.at, (search.at == at && place < self.front.bookings().len()).then_some(place))
    }

    /// The account before all bookings has changed otherwise than by taking the first of them.
    pub(super) fn forget_accounts(&mut self) {
        self.front.accounts.clear();
    }

    /// The key of the last data at or before the first booking that would no longer conform to the burst with the request
    /// at `at`, in front of all bookings of that instant; `None` when all conform, 0 when there are no such data.
    pub(super) fn in_the_way(&self, terms: &Terms, request: Request, account: Exact, at: u64) -> Option<u32> {
        let mut probe = Probe { terms, request, account, at, raised: None, last_data: 0 };
        let seen = match probe.leaf(self.front.bookings()) {
            Seen::All => probe.node(&self.rest),
            seen => seen,
        };
        match seen {
            Seen::Clash => Some(probe.last_data),
            Seen::Room => None,
            // Behind all bookings the request itself may not conform.
            Seen::All => (probe.raised.is_none() && probe.enter()).then_some(probe.last_data),
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
            if place < bookings.len() || self.rest.is_empty() {
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
        if last && (full || !self.rest.is_empty()) {
            return self.insert_in_rest(terms, booking);
        }
        self.front.insert(place, booking);
        if full {
            let half = self.front.first + LEAF / 2;
            self.front.accounts.truncate(half);
            for moved in self.front.list.split_off(half).into_iter().rev() {
                self.insert_in_rest(terms, moved);
            }
        }
    }

    fn insert_in_rest(&mut self, terms: &Terms, booking: Booking) {
        if let Some(right) = insert(&mut self.rest, terms, booking) {
            let left = std::mem::take(&mut self.rest);
            self.rest = Node::Inner(vec![Child { run: left.run(terms), node: left }, right]);
        }
    }

    /// Takes a booking back.
    pub(super) fn remove(&mut self, terms: &Terms, at: u64, key: u32) {
        let found = self.front.remove((at, key)) || remove(&mut self.rest, terms, (at, key));
        assert!(found, "a chunk is booked in every bucket of its route");
        self.refill(terms);
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
        if self.front.bookings().is_empty() && !self.rest.is_empty() {
            self.front = take_first(&mut self.rest, terms);
        }
        // A root with one child is that child.
        while let Node::Inner(children) = &mut self.rest
            && children.len() <= 1
        {
            self.rest = children.pop().map_or(Node::default(), |only| only.node);
        }
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
            let child = &mut children[place];
            let behind = child.run.last < booking.order();
            let right = insert(&mut child.node, terms, booking);
            child.run = match right {
                None if behind => child.run.then(&Run::of(&booking, terms)),
                _ => child.node.run(terms),
            };
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

/// The search for the first instant with room, booking by booking.
struct Search<'a> {
    terms: &'a Terms,
    request: Request,
    /// The account before the next booking.
    account: Exact,
    /// The account with the request in it, once it has a place.
    raised: Exact,
    /// The candidate.
    at: u64,
    /// The burst less the cost: an account may run ahead by this before the request.
    room: Exact,
    ahead: bool,
}

impl<'a> Search<'a> {
    /// Goes on behind bookings that have shown `found`.
    fn new(terms: &'a Terms, request: Request, account: Exact, at: u64, found: Found) -> Search<'a> {
        let room = request.burst.less(request.cost);
        let (ahead, raised) = match found {
            Found::SoFar(raised) => (true, raised),
            Found::Room | Found::Nowhere => (false, Exact::ZERO),
        };
        Search { terms, request, account, raised, at, room, ahead }
    }

    /// Searches the bookings of a leaf; `true` when all that is behind them does not matter.
    #[inline]
    fn leaf(&mut self, bookings: &[Booking]) -> bool {
        let mut i = 0;
        'place: loop {
            if !self.ahead {
                // A booking that leaves earlier belongs before this chunk, and its account is the one to start from.
                while let Some(b) = bookings.get(i)
                    && b.at < self.at
                {
                    self.account = self.account.at_least(b.at).plus(self.cost(b));
                    self.at = self.at.max(self.account.within(self.room));
                    i += 1;
                }
                if i == bookings.len() {
                    return false;
                }
                // The chunk fits by itself. It raises the accounts of later bookings until the bucket is full again.
                self.raised = self.account.at_least(self.at).plus(self.request.cost);
                self.ahead = true;
            }
            while let Some(b) = bookings.get(i) {
                if self.raised.is_by(b.at) {
                    return true;
                }
                let cost = self.cost(b);
                self.raised = self.raised.plus(cost);
                self.account = self.account.at_least(b.at).plus(cost);
                i += 1;
                // Any instant between here and this booking would raise its account at least as much, so the next candidate
                // lies behind it.
                if !self.raised.conforms(b.at, self.request.burst) {
                    self.ahead = false;
                    self.at = b.at.max(self.account.within(self.room));
                    continue 'place;
                }
            }
            return false;
        }
    }

    /// Searches a node; `true` when all that is behind it does not matter.
    fn node(&mut self, node: &Node) -> bool {
        let children = match node {
            Node::Leaf(leaf) => return self.leaf(leaf.bookings()),
            Node::Inner(children) => children,
        };
        for Child { run, node } in children {
            if self.passes(run) {
                self.pass(run);
            } else if self.node(node) {
                return true;
            }
        }
        false
    }

    /// Whether nothing in `run` can end this part of the search.
    #[inline]
    fn passes(&self, run: &Run) -> bool {
        if self.ahead {
            let margin = self.terms.burst.less(self.request.burst);
            self.raised > run.opens && self.raised.more(margin) <= run.closes
        } else {
            // Before the candidate; or with accounts so far ahead, and without a pause, that the request never fits.
            run.last.0 < self.at || self.account.less(self.room) > run.opens
        }
    }

    #[inline]
    fn pass(&mut self, run: &Run) {
        self.account = run.pass(self.account);
        if self.ahead {
            self.raised = self.raised.plus(run.sum);
        } else {
            self.at = self.at.max(self.account.within(self.room));
        }
    }

    #[inline]
    fn cost(&self, booking: &Booking) -> Exact {
        self.terms.per_byte.times(booking.bytes)
    }
}

/// What a [`Probe`] has seen.
enum Seen {
    /// A booking that would not conform.
    Clash,
    /// The bucket is full again: nothing further changes.
    Room,
    /// Neither.
    All,
}

/// Looks for the first booking that a request at a given instant would clash with.
struct Probe<'a> {
    terms: &'a Terms,
    request: Request,
    account: Exact,
    at: u64,
    raised: Option<Exact>,
    last_data: u32,
}

impl Probe<'_> {
    fn node(&mut self, node: &Node) -> Seen {
        let children = match node {
            Node::Leaf(leaf) => return self.leaf(leaf.bookings()),
            Node::Inner(children) => children,
        };
        for Child { run, node } in children {
            let passes = match self.raised {
                None => run.last.0 < self.at,
                Some(raised) => raised > run.opens && raised <= run.closes,
            };
            if passes {
                self.account = run.pass(self.account);
                self.raised = self.raised.map(|raised| raised.plus(run.sum));
                if run.last_data != 0 {
                    self.last_data = run.last_data;
                }
                continue;
            }
            match self.node(node) {
                Seen::All => {}
                seen => return seen,
            }
        }
        Seen::All
    }

    fn leaf(&mut self, bookings: &[Booking]) -> Seen {
        for b in bookings {
            if self.raised.is_none() && b.at >= self.at && self.enter() {
                return Seen::Clash;
            }
            if self.raised.is_some_and(|raised| raised.is_by(b.at)) {
                return Seen::Room;
            }
            let cost = self.terms.per_byte.times(b.bytes);
            self.account = self.account.at_least(b.at).plus(cost);
            self.raised = self.raised.map(|raised| raised.plus(cost));
            if b.key & DATA_KEY != 0 {
                self.last_data = b.key;
            }
            if self.raised.is_some_and(|raised| !raised.conforms(b.at, self.request.burst)) {
                return Seen::Clash;
            }
        }
        Seen::All
    }

    /// Puts the request in; whether it does not conform itself.
    fn enter(&mut self) -> bool {
        let raised = self.account.at_least(self.at).plus(self.request.cost);
        self.raised = Some(raised);
        !raised.conforms(self.at, self.request.burst)
    }
}
