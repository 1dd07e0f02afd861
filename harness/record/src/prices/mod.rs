//! Price lists: the prices of machines and traffic, by region. Those of harness/prices are built into the binary.
//!
//! A [`PriceList`] holds what its files state, in USD. An instance that has no price in a region gets one by a rule
//! ([`PriceList::machine`]), and is marked as filled wherever it is shown. The cost of a run is computed in [`crate::cost`]. The
//! form of the files is documented in harness/prices/README.md.

mod by_region;
mod error;
pub mod import;
mod list;
mod read;

pub use error::{PriceError, PriceProblem};
pub use list::{DEFAULT, MachinePrice, PriceList};
pub use read::{builtin, find, names};
