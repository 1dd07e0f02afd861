//! Whole runs of servers and workers on the virtual driver. One binary, because the driver and the machines are compiled anew, with
//! full optimisation, for the workloads of every test binary: a binary per file took three times as long.

#[path = "../common/mod.rs"]
mod common;

mod blocked;
mod bosen_laws;
mod hierarchical;
mod hub_laws;
mod laws;
mod lda_laws;
mod lossy_laws;
mod lr_laws;
mod oracles;
mod own_sync_model;
mod real;
mod rules;
mod soft_laws;
mod stages;
