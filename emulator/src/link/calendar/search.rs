//! Searches through runs of bookings: for room, and for what is in the way.

use super::{Booking, Child, DATA_KEY, Found, Node, Request, Run, Terms};
use crate::link::exact::Exact;

/// The search for the first instant with room, booking by booking.
pub(super) struct Search<'a> {
    terms: &'a Terms,
    request: Request,
    /// The account before the next booking.
    account: Exact,
    /// The account with the request in it, once it has a place.
    raised: Exact,
    /// The candidate.
    pub(super) at: u64,
    /// The burst less the cost: an account may run ahead by this before the request.
    room: Exact,
    ahead: bool,
}

impl<'a> Search<'a> {
    /// Goes on behind bookings that have shown `found`.
    pub(super) fn new(terms: &'a Terms, request: Request, account: Exact, at: u64, found: Found) -> Search<'a> {
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
        children.iter().any(|child| self.child(child))
    }

    /// The same for a child, into which it looks only where it has to.
    #[inline]
    pub(super) fn child(&mut self, child: &Child) -> bool {
        if self.passes(&child.run) {
            self.pass(&child.run);
            return false;
        }
        self.node(&child.node)
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
pub(super) enum Seen {
    /// A booking that would not conform.
    Clash,
    /// The bucket is full again: nothing further changes.
    Room,
    /// Neither.
    All,
}

/// Looks for the first booking that a request at a given instant would clash with.
pub(super) struct Probe<'a> {
    terms: &'a Terms,
    request: Request,
    account: Exact,
    at: u64,
    raised: Option<Exact>,
    /// The key of the last data so far, or 0.
    pub(super) last_data: u32,
}

impl<'a> Probe<'a> {
    pub(super) fn new(terms: &'a Terms, request: Request, account: Exact, at: u64) -> Probe<'a> {
        Probe { terms, request, account, at, raised: None, last_data: 0 }
    }

    /// Whether the request clashes when it lies behind all bookings.
    pub(super) fn clashes_behind(&mut self) -> bool {
        self.raised.is_none() && self.enter()
    }

    fn node(&mut self, node: &Node) -> Seen {
        let children = match node {
            Node::Leaf(leaf) => return self.leaf(leaf.bookings()),
            Node::Inner(children) => children,
        };
        for child in children {
            match self.child(child) {
                Seen::All => {}
                seen => return seen,
            }
        }
        Seen::All
    }

    pub(super) fn child(&mut self, Child { run, node }: &Child) -> Seen {
        let passes = match self.raised {
            None => run.last.0 < self.at,
            Some(raised) => raised > run.opens && raised <= run.closes,
        };
        if !passes {
            return self.node(node);
        }
        self.account = run.pass(self.account);
        self.raised = self.raised.map(|raised| raised.plus(run.sum));
        if run.last_data != 0 {
            self.last_data = run.last_data;
        }
        Seen::All
    }

    pub(super) fn leaf(&mut self, bookings: &[Booking]) -> Seen {
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
