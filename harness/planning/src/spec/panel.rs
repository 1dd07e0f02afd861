//! Panels: parts of a spec that share what they do not set themselves.
//!
//! `panels: [{ name: TM, workload: ..., data: ... }, ...]`: each panel is the spec with the fields that it sets in place of
//! the spec's. A spec without panels is one panel without a name.

use emulator::units::Bandwidth;
use gaia_core::sync::config::{Encodings, System};
use serde::Deserialize;

use super::{
    Cap, Cell, Convergence, Data, Goal, Launch, Link, Machines, PerSite, Scale, Spec, Split, Target, Workload,
};

/// What a spec is for one of its panels.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelSpec<'a> {
    /// None: the spec has no panels.
    pub panel: Option<(usize, &'a Panel)>,
    /// Without panels: those fields that the panel sets are the panel's, the others the spec's.
    pub spec: Spec,
}

/// A panel, with the fields of a spec that it may set: field, type, name in specs. One line each.
macro_rules! panel {
    ($($field:ident: $type:ty = $name:literal,)*) => {
        /// A part of a spec: what it sets takes the place of what the spec says.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Panel {
            /// As the figure calls it; unique in the spec.
            pub name: String,
            $(
                #[doc = concat!("`", $name, "` in place of the spec's.")]
                #[serde(default)]
                pub $field: Option<$type>,
            )*
        }

        impl Panel {
            /// The fields that a panel may set.
            pub const FIELDS: &'static [&'static str] = &[$($name),*];

            /// `spec` with what this panel sets.
            fn over(&self, spec: &Spec) -> Spec {
                let mut spec = Spec { panels: Vec::new(), ..spec.clone() };
                $(if let Some(own) = &self.$field {
                    spec.$field = own.clone().into();
                })*
                spec
            }

            /// Whether this panel sets the field of this name.
            pub fn sets(&self, field: &str) -> bool {
                match field {
                    $($name => self.$field.is_some(),)*
                    _ => false,
                }
            }
        }
    };
}

panel! {
    workload: Workload = "workload",
    data: Data = "data",
    split: Split = "split",
    similitude: Scale = "similitude",
    machines: Machines = "machines",
    nic: Bandwidth = "nic",
    encoding: Encodings = "encoding",
    profile: String = "profile",
    sites: Vec<String> = "sites",
    bandwidth_times: f64 = "bandwidth-times",
    machines_per_site: PerSite = "machines-per-site",
    system: System = "system",
    target: Target = "target",
    goal: Goal = "goal",
    launcher: Launch = "launcher",
    cells: Vec<Cell> = "cells",
    convergence: Convergence = "convergence",
    cap: Cap = "cap",
    link: Link = "link",
}

impl Spec {
    /// The spec panel by panel; the whole spec when it has none.
    pub fn by_panel(&self) -> Vec<PanelSpec<'_>> {
        if self.panels.is_empty() {
            return vec![PanelSpec { panel: None, spec: self.clone() }];
        }
        let panels = self.panels.iter().enumerate();
        panels.map(|(number, panel)| PanelSpec { panel: Some((number, panel)), spec: panel.over(self) }).collect()
    }
}

impl PanelSpec<'_> {
    /// The panel's name; empty when the spec has no panels.
    pub fn name(&self) -> &str {
        self.panel.map_or("", |(_, panel)| &panel.name)
    }

    /// Whether the panel itself says the field that `path` begins with.
    pub fn says(&self, path: &str) -> bool {
        let field = path.split(['.', '[']).next().unwrap_or_default();
        self.panel.is_some_and(|(_, panel)| panel.sets(field))
    }
}
