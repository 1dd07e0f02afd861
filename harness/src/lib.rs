//! The experiment: spec -> plan -> run -> record -> figure. The binary is `experiments`.

pub mod results;
