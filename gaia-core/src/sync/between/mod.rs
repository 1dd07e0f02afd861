//! Between sites: how the parameter servers of several sites, each with a whole copy of the model, keep together.
//!
//! A model between sites is one file in `models` and its `mod` line there. Together with the sync model among the workers of a site
//! (`inside`) it makes up a [`Sites`](super::sites::Sites); `gaia` and `gaia-async` are two spellings of one with [`Significant`].

pub mod model;
mod models;
pub mod settings;
mod ways;

pub use self::models::*;
pub use self::ways::{GroupsByName, Relay, Ways};
