//! Matrix factorisation by stochastic gradient descent (paper section 5.2): a rating of item i by user u is predicted
//! as <l_u, r_i>, plus an offset that is the same for all.
//!
//! In parameter-server form, for a worker:
//! * [`block::Block`] holds its ratings, cut into clocks and ordered into tiles; users and items counted from 0.
//! * Its rows of L are [`rows::Rows`] of its own, from [`init::initial_rows`].
//! * At the start of a clock it reads its items' rows of R as one snapshot and copies it into `Rows`
//!   ([`rows::Rows::copy_from_packed`]).
//! * [`kernel::sgd`] goes over the clock's ratings and changes both.
//! * The update it sends is the difference to the snapshot ([`crate::kernel::delta`] of the packed rows); updates add up.
//!
//! [`kernel::objective`] and [`kernel::squared_error`] evaluate a model. [`config::Mf`] has the settings.
//! Everything here is deterministic, with the same bits on every instruction set. Tables, clocks and servers are not here.

pub mod block;
pub mod config;
pub mod init;
pub mod kernel;
pub mod rows;
pub mod worker;
