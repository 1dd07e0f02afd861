//! From results to the paper's figures: [`figures`] draw, [`claims`] compare with the paper, [`report`] writes both and a page,
//! [`overview`] a page on the claims of all figures. `links` and `waits` have which link was busy, and who waited for whom; [`trace`] writes a
//! run for Perfetto; [`compare`] says what changed between two folders of results.
//!
//! Everything here is a function of what is on disk. [`strict`] decides whether claims are evidence, [`junit`] writes it for other programs.

pub mod claims;
pub mod compare;
pub mod figures;
pub mod junit;
mod links;
mod markup;
pub mod overview;
mod plans;
pub mod report;
mod sensitivity;
pub mod strict;
pub mod trace;
mod waits;

pub use self::markup::escaped;
