//! A spec: what was written, as typed YAML. Form only; what it means is checked when a [`crate::plan`] is made of it.
//!
//! The format is documented in experiments/README.md. Unknown fields are refused, names are kebab-case, choices are
//! externally tagged (`system: { gaia: { ... } }`). The first error of form is reported with file, line and column.
//! A [`Variant`] is a file that makes specs of other specs.

mod expectations;
mod fit;
mod launch;
mod parts;
mod plot;
mod prices;
mod set;
mod short_form;
mod source;
pub(crate) mod sweep;
mod variant;
mod whatif;
mod whole;

pub use expectations::{Assertion, Expected};
pub use fit::{
    ErrorSize, Evaluate, Expression, FieldKind, Fit, FittedField, Measurement, Reading, Runs, Surface, Unknown,
    is_name, known_unit,
};
pub use launch::{Goal, Launch, Local};
pub use parts::{Cap, Cell, Convergence, Link, LinkModel, Machines, PerSite, Target};
pub use plot::Plots;
pub use prices::Prices;
pub use record::form::FormError;
pub use record::form::parse as parse_form;
pub use set::{NotAnOverride, Override, SetCause, SetError};
pub use source::{ALL, Changes, PAPER, Source, SourceError, embedded, embedded_variants};
pub use sweep::{GivenSweepError, Origins, Sweep, SweepError};
pub use variant::{Found, Variant, VariantError};
pub use whatif::{Sensitivity, Uncertainty, WhatIf};
pub use whole::{PanelFields, PanelSpec, Spec};

pub use crate::workload::list::{Scale, SpecData, Workload, WorkloadChange};
pub use crate::workload::split::{SkewBy, Split};
