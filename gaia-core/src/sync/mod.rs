//! Sync models: how far machines may run apart, and what travels between sites.

pub mod config;
