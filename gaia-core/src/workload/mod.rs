//! Workloads: the learning algorithms. They see tables of rows, never the servers or the sync model behind them.

pub mod ic;
pub mod lda;
pub mod lr;
pub mod mf;
pub mod traits;
