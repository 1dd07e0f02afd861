//! The experiment: spec -> plan -> run -> record -> figure. The binary is `experiments`.

pub mod calibrate;
pub mod claims;
pub mod cli;
pub mod commands;
pub mod cost;
pub mod data;
pub mod figures;
pub mod gather;
pub mod machines;
pub mod memory;
pub mod place;
pub mod plan;
pub mod prices;
pub mod report;
pub mod results;
pub mod run;
pub mod say;
pub mod spec;
pub mod strict;
pub mod suggest;
