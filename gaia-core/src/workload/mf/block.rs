//! A worker's ratings in the order that the kernel takes them.
//!
//! The ratings, sorted by (user, item), are cut into `clocks_per_pass` consecutive ranges of equal length (to one
//! rating): a clock works on consecutive users. Inside a clock they are cut into tiles of users x items, and the order
//! inside a tile is chosen by the length of a row:
//! * short rows: a tile's rows of both factors fit into a part of the L2 cache, and its ratings are shuffled, so that
//!   consecutive ratings seldom touch the same row and the processor overlaps their dot products;
//! * long rows: the item rows of a tile fit into a part of the L2 cache, and its ratings go user by user, so that the
//!   user's row stays in the L1 cache.
//!
//! The order depends on ratings and rank only: not on the instruction set, not on the machine.

use std::ops::Range;

use datasets::ratings::Rating;

use super::rows::stride;

/// Bytes of rows in a tile: half of the 1 MiB of L2 that today's server cores have at least.
const TILE_BYTES: usize = 1 << 19;
/// Rows longer than this (bytes) go user by user: then the throughput of one rating hides the latency of the next.
pub(crate) const SHUFFLED_ROW_BYTES: usize = 512;
/// Users and items of a tile are numbered from its corner in 16 bits.
const MAX_SIDE: usize = 1 << 16;

/// A worker's ratings, cut into clocks and tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    rank: u32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) tiles: Vec<Tile>,
    /// Tiles of each clock of a pass.
    clocks: Vec<Range<usize>>,
    /// Ratings of each user.
    pub(crate) user_counts: Vec<u32>,
    /// Ratings of each item.
    pub(crate) item_counts: Vec<u32>,
}

/// One rating, its place counted from the corner of its tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) user: u16,
    pub(crate) item: u16,
    pub(crate) value: f32,
}

/// A rectangle of the rating matrix with its known entries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tile {
    pub(crate) users: Range<usize>,
    pub(crate) items: Range<usize>,
    pub(crate) entries: Range<usize>,
}

impl Block {
    /// Orders `ratings` of `users` x `items` for rows of `rank` numbers. Users and items are counted from 0 within the
    /// worker; `offset` is taken off every value (the mean rating, or 0).
    ///
    /// # Panics
    /// Panics if a user or item is out of range, or `rank` or `clocks_per_pass` is 0.
    pub fn new(ratings: &[Rating], users: usize, items: usize, rank: u32, clocks_per_pass: u32, offset: f32) -> Block {
        assert!(clocks_per_pass > 0, "a pass has at least one clock");
        let tiling = Tiling::for_rank(rank, items);
        let mut block = Block {
            rank,
            entries: Vec::with_capacity(ratings.len()),
            tiles: Vec::new(),
            clocks: Vec::new(),
            user_counts: vec![0; users],
            item_counts: vec![0; items],
        };
        let mut sorted = ratings.to_vec();
        sorted.sort_by_key(|rating| (rating.user, rating.item));
        for rating in &mut sorted {
            rating.value -= offset;
            block.user_counts[rating.user as usize] += 1;
            block.item_counts[rating.item as usize] += 1;
        }
        for clock in 0..u64::from(clocks_per_pass) {
            let cut = |clock: u64| (sorted.len() as u64 * clock / u64::from(clocks_per_pass)) as usize;
            let range = cut(clock)..cut(clock + 1);
            block.push_clock(&mut sorted[range], &tiling);
        }
        block
    }

    /// Ratings of a clock of the pass: `clock` in `0..clocks_per_pass`.
    pub fn ratings(&self, clock: u32) -> usize {
        self.tiles_of(clock).iter().map(|tile| tile.entries.len()).sum()
    }

    /// Ratings of a whole pass.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no rating.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Clocks in which a worker goes through its ratings once.
    pub fn clocks_per_pass(&self) -> u32 {
        self.clocks.len() as u32
    }

    /// Number of users with ratings here, who have rows of their own.
    pub fn users(&self) -> usize {
        self.user_counts.len()
    }

    /// Number of items with a row in the view.
    pub fn items(&self) -> usize {
        self.item_counts.len()
    }

    /// Numbers per row of a factor.
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// The tiles of a clock of the pass, in the order of work.
    pub(crate) fn tiles_of(&self, clock: u32) -> &[Tile] {
        &self.tiles[self.clocks[clock as usize].clone()]
    }

    /// Appends the tiles of one clock.
    fn push_clock(&mut self, ratings: &mut [Rating], tiling: &Tiling) {
        let first_tile = self.tiles.len();
        let first_user = ratings.first().map_or(0, |rating| rating.user as usize);
        let corner_of = |rating: &Rating| {
            let user = (rating.user as usize - first_user) / tiling.users * tiling.users + first_user;
            (user, rating.item as usize / tiling.items * tiling.items)
        };
        ratings.sort_by_cached_key(|rating| (corner_of(rating), tiling.place(rating)));
        for group in ratings.chunk_by(|a, b| corner_of(a) == corner_of(b)) {
            let (user, item) = corner_of(&group[0]);
            let start = self.entries.len();
            self.entries.extend(group.iter().map(|rating| Entry {
                user: (rating.user as usize - user) as u16,
                item: (rating.item as usize - item) as u16,
                value: rating.value,
            }));
            self.tiles.push(Tile {
                users: user..(user + tiling.users).min(self.users()),
                items: item..(item + tiling.items).min(self.items()),
                entries: start..self.entries.len(),
            });
        }
        self.clocks.push(first_tile..self.tiles.len());
    }
}

/// Sides of a tile and the order in it.
struct Tiling {
    users: usize,
    items: usize,
    order: Order,
}

enum Order {
    Shuffled,
    ByUser,
}

impl Tiling {
    fn for_rank(rank: u32, items: usize) -> Tiling {
        let row_bytes = stride(rank) * size_of::<f32>();
        let rows = TILE_BYTES / row_bytes;
        if row_bytes > SHUFFLED_ROW_BYTES {
            return Tiling { users: MAX_SIDE, items: rows.clamp(1, MAX_SIDE), order: Order::ByUser };
        }
        let items = items.clamp(1, rows / 2);
        Tiling { users: rows - items, items, order: Order::Shuffled }
    }

    /// The place of a rating in its tile.
    fn place(&self, rating: &Rating) -> (u64, u32, u32) {
        let first = match self.order {
            Order::Shuffled => mix(u64::from(rating.user) << 32 | u64::from(rating.item)),
            Order::ByUser => 0,
        };
        (first, rating.user, rating.item)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that looks random.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (user, item, value) of each clock, sorted.
    fn clocks_of(block: &Block) -> Vec<Vec<(usize, usize, u32)>> {
        let clock_of = |clock| {
            let tiles = block.tiles_of(clock).iter();
            let mut ratings: Vec<_> = tiles
                .flat_map(|tile| {
                    block.entries[tile.entries.clone()].iter().map(|entry| {
                        let (user, item) = (entry.user as usize, entry.item as usize);
                        assert!(user < tile.users.len() && item < tile.items.len());
                        (tile.users.start + user, tile.items.start + item, entry.value.to_bits())
                    })
                })
                .collect();
            ratings.sort_unstable();
            ratings
        };
        (0..block.clocks_per_pass()).map(clock_of).collect()
    }

    #[test]
    fn every_rating_is_in_one_clock_and_clocks_are_equal() {
        // Long enough for several tiles in both directions at rank 500, and for several users' tiles at rank 32.
        let (users, items) = (9_000, 700);
        let ratings: Vec<_> =
            (0..users * 3).map(|k| Rating { user: k / 3, item: (k * 31) % items, value: (k % 5) as f32 }).collect();
        for (rank, clocks) in [(32, 1), (32, 7), (100, 3), (500, 1), (500, 4)] {
            let block = Block::new(&ratings, users as usize, items as usize, rank, clocks, 1.0);
            assert!(clocks > 1 || block.tiles.len() > 1);
            let by_clock = clocks_of(&block);
            let lengths: Vec<_> = by_clock.iter().map(Vec::len).collect();
            assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
            assert_eq!(lengths, (0..clocks).map(|clock| block.ratings(clock)).collect::<Vec<_>>());
            let mut expected: Vec<_> = ratings
                .iter()
                .map(|rating| (rating.user as usize, rating.item as usize, (rating.value - 1.0).to_bits()))
                .collect();
            expected.sort_unstable();
            assert_eq!(by_clock.concat(), expected);
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter() {
        let ratings: Vec<_> = (0..500).map(|k| Rating { user: k % 40, item: k * 3 % 50, value: k as f32 }).collect();
        let reversed: Vec<_> = ratings.iter().rev().filter(|rating| rating.value < 200.0).copied().collect();
        let forward: Vec<_> = ratings.into_iter().filter(|rating| rating.value < 200.0).collect();
        assert_eq!(Block::new(&forward, 40, 50, 16, 2, 0.0), Block::new(&reversed, 40, 50, 16, 2, 0.0));
    }

    #[test]
    fn users_items_and_clocks_without_ratings_are_fine() {
        let block = Block::new(&[], 0, 0, 10, 3, 0.0);
        assert!(block.is_empty());
        assert_eq!((0..3).map(|clock| block.ratings(clock)).sum::<usize>(), 0);
        let one = Block::new(&[Rating { user: 4, item: 2, value: 1.0 }], 9, 9, 10, 3, 0.0);
        assert_eq!((0..3).map(|clock| one.ratings(clock)).collect::<Vec<_>>(), [0, 0, 1]);
    }
}
