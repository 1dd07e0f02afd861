//! The experiment: spec -> plan -> run -> record -> figure. The binary is `experiments`.

pub mod cli;
pub mod commands;
pub mod data;
pub mod machines;
pub mod plan;
pub mod results;
pub mod spec;
pub mod suggest;
