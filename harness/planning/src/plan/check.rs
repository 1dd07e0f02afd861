//! Errors of meaning: collected, each with the path of its field, so that a user sees all of them at once.
//!
//! Bounds are generous: they catch slips, not bold experiments.

use std::fmt;
use std::ops::RangeInclusive;

use emulator::profile::MAX_RATE;
use emulator::units::{Bandwidth, ByteSize};
use gaia_core::rates::MachineKind;
use gaia_core::sync::config::{Bosen, Encodings, Inside, Rule, Sites, System};
use gaia_core::sync::inside::{InvalidSetting, MAX_CLOCKS as MAX_CLOCKS_AHEAD};
use thiserror::Error;

use record::suggest;

use crate::spec::{Cap, Convergence, Link, LinkModel};
use crate::workload::MIN_RATE;
use crate::workload::list::{Kind, Workload};

/// The most parts of a clock.
const MAX_PARTS: u32 = 64;
/// The most clocks in which a worker goes through its data.
const MAX_CLOCKS_PER_PASS: u32 = 10_000;

/// The path of diagnostics with data of the command line.
pub(super) const GIVEN: &str = "--data";

/// One error of meaning, at one field of a spec.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The path of the field, such as `cells[1].system.gaia.significance.threshold`.
    pub path: String,
    /// The value found and the value expected.
    pub message: String,
}

/// All errors of meaning of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Diagnostics {
    /// The spec as it was asked for.
    pub file: String,
    /// In the order of the checks; never empty when returned.
    pub list: Vec<Diagnostic>,
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.list.len() == 1 { "" } else { "s" };
        write!(f, "{}: {} problem{plural}", self.file, self.list.len())?;
        self.list.iter().try_for_each(|diagnostic| write!(f, "\n  {}: {}", diagnostic.path, diagnostic.message))
    }
}

impl Diagnostics {
    pub(super) fn new(file: &str) -> Self {
        Diagnostics { file: file.into(), list: Vec::new() }
    }

    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.list.push(Diagnostic { path: path.into(), message: message.into() });
    }

    /// `value` must lie in `range`.
    pub(super) fn within<T: PartialOrd + fmt::Display>(&mut self, path: &str, value: T, range: RangeInclusive<T>) {
        if !range.contains(&value) {
            self.add(path, format!("{value}: expected {} to {}", range.start(), range.end()));
        }
    }

    /// The same, of a number that may be too small or too large to be written out.
    pub(super) fn number(&mut self, path: &str, value: f64, range: RangeInclusive<f64>) {
        if !range.contains(&value) {
            self.add(path, format!("{}: expected {} to {}", short(value), range.start(), range.end()));
        }
    }

    /// `value` must be more than 0 and at most `most`.
    pub(super) fn positive(&mut self, path: &str, value: f64, most: f64) {
        if !(value > 0.0 && value <= most) {
            self.add(path, format!("{}: expected more than 0, at most {most}", short(value)));
        }
    }

    pub(super) fn workload(&mut self, path: &str, workload: &Workload) {
        let path = format!("{path}.{}", workload.name());
        for error in workload.check() {
            self.add(format!("{path}.{}", error.field), error.says);
        }
        let found = workload.clocks_per_pass();
        if found > MAX_CLOCKS_PER_PASS {
            self.add(format!("{path}.clocks-per-pass"), format!("{found}: expected at most {MAX_CLOCKS_PER_PASS}"));
        }
    }

    pub(super) fn system(&mut self, path: &str, system: &System) {
        match system {
            System::Global(inside) => self.inside(&format!("{path}.global"), inside),
            System::Centralized(central) => {
                let path = format!("{path}.centralized");
                self.inside(&format!("{path}.inside"), &central.inside);
                if central.raw_data == Some(ByteSize::from_bytes(0)) {
                    self.add(format!("{path}.raw-data"), "0 B: expected at least one byte");
                }
            }
            System::Bosen(bosen) => self.bosen(&format!("{path}.bosen"), bosen),
            System::Gaia(gaia) => self.sites(&format!("{path}.gaia"), "", &gaia.into()),
            System::GaiaAsync(gaia) => self.sites(&format!("{path}.gaia-async"), "", &gaia.into()),
            System::Hierarchical(sites) => {
                let at = format!(".between.{}", sites.between.name());
                self.sites(&format!("{path}.hierarchical"), &at, sites);
            }
        }
    }

    /// What a lossy encoding cuts off must stay somewhere: the servers of sites have accumulated updates for it.
    pub(super) fn encodings(&mut self, path: &str, encodings: Encodings) {
        let Encodings { inside, between } = encodings;
        if inside.lossless() == inside {
            return;
        }
        let (found, inside, between) = (inside.name(), inside.lossless().name(), between.name());
        let message = format!(
            "`{found}` inside a site or a global server's group, where what it cuts off would be lost: expected a lossless encoding there, \
             such as `{{ inside: {inside}, between: {between} }}`"
        );
        self.add(path, message);
    }

    /// The update rules of `system` must suit the updates of the workload.
    pub(super) fn rules(&mut self, path: &str, system: &System, kind: Kind) {
        let about = kind.about();
        let Some(updates) = about.added_only else { return };
        for (field, rule) in rules(system).into_iter().filter(|(_, rule)| !rule.is_default()) {
            let (found, workload) = (rule.name(), about.name);
            let message =
                format!("`{found}`, and the updates of the workload `{workload}` are {updates}: expected `add`");
            self.add(format!("{path}.{field}"), message);
        }
    }

    /// The target's objective stands still between two exchanges: that must not look like convergence over `clocks`.
    pub(super) fn target_rounds(&mut self, system: &System, clocks: u32) {
        let (inside, path) = match system {
            System::Global(inside) => (inside, "global"),
            System::Hierarchical(sites) => (&sites.inside, "hierarchical.inside"),
            _ => return,
        };
        let every = exchanges_every(*inside);
        if every > 1 && every >= clocks {
            let path = format!("target.system.{path}.{}", inside.name());
            let message = format!(
                "an exchange every {every} clocks: expected fewer than the {clocks} clocks of `convergence.passes`"
            );
            self.add(path, message);
        }
    }

    fn bosen(&mut self, path: &str, bosen: &Bosen) {
        self.within(&format!("{path}.slack"), bosen.slack, 0..=MAX_CLOCKS_AHEAD);
        self.within(&format!("{path}.parts"), bosen.parts, 1..=MAX_PARTS);
        let bytes = ByteSize::from_bytes;
        self.within(&format!("{path}.message"), bosen.message, bytes(1 << 10)..=bytes(1 << 30));
    }

    /// `at`: the path of the settings between sites, from that of the system.
    fn sites(&mut self, path: &str, at: &str, sites: &Sites) {
        self.inside(&format!("{path}.inside"), &sites.inside);
        for problem in sites.between.check(&sites.inside) {
            let at = if problem.setting.starts_with("inside.") { path.to_owned() } else { format!("{path}{at}") };
            self.setting(&at, &problem);
        }
    }

    fn inside(&mut self, path: &str, inside: &Inside) {
        let path = format!("{path}.{}", inside.name());
        inside.check().iter().for_each(|problem| self.setting(&path, problem));
    }

    fn setting(&mut self, path: &str, problem: &InvalidSetting) {
        let message = format!("{}: expected {}", problem.found, problem.expected);
        self.add(format!("{path}.{}", problem.setting), message);
    }

    pub(super) fn machine_kind(&mut self, path: &str, kind: &MachineKind) {
        if kind.name.trim().is_empty() {
            self.add(format!("{path}.name"), "empty: expected a name");
        }
        for workload in Kind::ALL {
            workload.check_rates(kind, &mut |field, value, least, most| {
                self.number(&format!("{path}.{field}"), value, least..=most);
            });
        }
        for (name, rate) in [
            ("apply", kind.server.apply_gb_per_second),
            ("filter", kind.server.filter_gb_per_second),
            ("encode", kind.server.encode_gb_per_second),
            ("decode", kind.server.decode_gb_per_second),
        ] {
            self.number(&format!("{path}.server.{name}-gb-per-second"), rate, MIN_RATE..=1e6);
        }
        self.nic(&format!("{path}.nic"), kind.nic);
        self.within(&format!("{path}.jitter"), kind.jitter, 0.0..=0.9);
        let rates = fitted_rates();
        for (position, name) in kind.fitted.iter().enumerate() {
            if !rates.contains(&name.as_str()) {
                let hint = suggest::hint(name, &rates);
                self.add(format!("{path}.fitted[{position}]"), format!("unknown field `{name}`{hint}"));
            }
        }
        if kind.fitted.is_empty() && !kind.fitted_to.is_empty() {
            self.add(
                format!("{path}.fitted-to"),
                "names results, but `fitted` no rate: expected the rates that were chosen to match them",
            );
        }
    }

    /// The names in the list at `path` must be those of claims of figures, `known`.
    pub fn claims(&mut self, path: &str, names: &[String], known: &[&str]) {
        for (position, name) in names.iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str())) {
            let near = suggest::nearest(name, known.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let message = format!("unknown claim `{name}`{near} (expected the `id` of a claim, as in claims.json)");
            self.add(format!("{path}[{position}]"), message);
        }
    }

    /// The rate of network interfaces, where there is one.
    pub(super) fn nic(&mut self, path: &str, rate: Option<Bandwidth>) {
        if let Some(found) = rate.filter(|rate| *rate > MAX_RATE) {
            self.add(path, format!("{found}: expected at most {MAX_RATE}"));
        }
    }

    pub(super) fn convergence(&mut self, convergence: &Convergence) {
        self.positive("convergence.change", convergence.change, 0.5);
        self.within("convergence.passes", convergence.passes, 1..=1000);
        self.within("convergence.min-improvement", convergence.min_improvement, 0.0..=0.99);
    }

    pub(super) fn cap(&mut self, cap: &Cap) {
        self.within("cap.clocks", cap.clocks, 1..=1_000_000);
        self.within("cap.times-target", cap.times_target, 1.0..=1000.0);
    }

    pub(super) fn link(&mut self, link: &Link) {
        let bytes = ByteSize::from_bytes;
        if let Some(chunk) = link.chunk {
            self.within("link.chunk", chunk, bytes(1 << 10)..=bytes(16 << 20));
            let message = match link.model() {
                LinkModel::Chunks => None,
                LinkModel::Auto => Some("the model `auto` chooses it: expected none, or the model `chunks`"),
                LinkModel::Fluid => Some("the model `fluid` has no chunks: expected none, or the model `chunks`"),
            };
            message.into_iter().for_each(|message| self.add("link.chunk", format!("{chunk}: {message}")));
        }
        if let Some(depth) = link.depth {
            self.within("link.depth", depth, bytes(1)..=bytes(1 << 30));
        }
    }

    pub(super) fn seeds(&mut self, seeds: &[u64]) {
        if seeds.is_empty() {
            self.add("seeds", "empty: expected at least one");
        }
        if seeds.len() > 1000 {
            return self.add("seeds", format!("{}: expected at most 1000", seeds.len()));
        }
        for (position, seed) in seeds.iter().enumerate() {
            if let Some(first) = seeds[..position].iter().position(|other| other == seed) {
                self.add(format!("seeds[{position}]"), format!("{seed} is seeds[{first}] already"));
            }
        }
    }
}

/// Checks that a name can be shown: control characters steer terminals and are invalid in XML.
pub(super) fn plain(diagnostics: &mut Diagnostics, path: &str, name: &str) {
    if let Some(found) = name.chars().find(|c| c.is_control()) {
        let message =
            format!("found the control character {} in it, expected text that can be shown", found.escape_unicode());
        diagnostics.add(path, message);
    }
}

/// The update rules of a system, each with its path from that of the system: of the workers' updates, and of the sites' where they merge.
fn rules(system: &System) -> Vec<(String, Rule)> {
    let of_workers = |path: &str, inside: &Inside| (format!("{path}.{}.rule", inside.name()), inside.model().rule());
    let path = format!("{}.inside", system.name());
    match system {
        System::Bosen(_) => Vec::new(),
        System::Global(inside) => vec![of_workers(system.name(), inside)],
        System::Centralized(central) => vec![of_workers(&path, &central.inside)],
        System::Gaia(gaia) => vec![of_workers(&path, &gaia.inside)],
        System::GaiaAsync(gaia) => vec![of_workers(&path, &gaia.inside)],
        System::Hierarchical(Sites { inside, between }) => {
            let of_sites = between
                .model()
                .merges()
                .map(|rule| (format!("{}.between.{}.rule", system.name(), between.name()), rule));
            std::iter::once(of_workers(&path, inside)).chain(of_sites).collect()
        }
    }
}

/// The number of clocks between two exchanges of a worker with its servers, asked of the model.
pub(super) fn exchanges_every(inside: Inside) -> u32 {
    let model = inside.model();
    (0..MAX_CLOCKS_AHEAD).find(|&clock| model.exchanges_after(clock)).map_or(MAX_CLOCKS_AHEAD, |clock| clock + 1)
}

/// The fields of a machine kind that may be `fitted`.
fn fitted_rates() -> Vec<&'static str> {
    /// Those that no workload owns.
    const OTHERS: [&str; 6] = [
        "nic",
        "server.apply-gb-per-second",
        "server.filter-gb-per-second",
        "server.encode-gb-per-second",
        "server.decode-gb-per-second",
        "jitter",
    ];
    Kind::all_rates().into_iter().chain(OTHERS).collect()
}

/// `value` as it was probably written: with an exponent where it would have more than about fifteen digits.
fn short(value: f64) -> String {
    let is_plain = value == 0.0 || (1e-9..1e15).contains(&value.abs()) || !value.is_finite();
    if is_plain { value.to_string() } else { format!("{value:e}") }
}
