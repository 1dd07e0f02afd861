//! The experiment: spec -> plan -> run -> record -> figure. The binary is `experiments`.

pub mod claims;
pub mod figures;
pub mod report;
pub mod results;
