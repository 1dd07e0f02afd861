//! Made-up results for the tests of stores, figures and claims.

use std::path::{Path, PathBuf};

use super::expectations::Expectations;
use super::manifest::{CellEntry, CellIndex, Data, Host, Machines, Manifest, Scale, Shape};
use super::metrics::SHARE;
use super::store::{self, Tables};
use super::{
    AxisValue, Better, Blocked, Breakdown, CellResult, ClockRow, Cost, LinkEnds, Measured, Outcome, Part, Percentiles,
    SCHEMA, Sample, Summary, Swept, TrafficRow, Usage,
};

/// A cell to be, with the few numbers that figures depend on.
#[derive(Clone)]
pub struct Made {
    panel: String,
    name: String,
    seed: u64,
    seconds: f64,
    outcome: Outcome,
    breakdown: Breakdown,
    target: Option<f64>,
    wan_bytes_per_clock: f64,
    fitted: Vec<String>,
    fitted_to: Vec<String>,
    shape: Shape,
    plan: serde_json::Value,
    faults: Vec<String>,
    traffic: Vec<TrafficRow>,
    cost: Option<[f64; 3]>,
    swept: Option<Swept>,
    training_steps: Option<u64>,
}

/// A cell of seed 1 that reaches its target of 1.4e8 after 300 seconds.
pub fn cell(name: &str) -> Made {
    Made {
        panel: String::new(),
        name: name.to_owned(),
        seed: 1,
        seconds: 300.0,
        outcome: Outcome::TargetReached,
        breakdown: Breakdown { compute: 0.4, server: 0.1, encode: 0.05, wire: 0.3, barrier: 0.1, staleness: 0.05 },
        target: Some(1.4e8),
        wan_bytes_per_clock: 3e8,
        fitted: Vec::new(),
        fitted_to: Vec::new(),
        shape: Shape::Paper,
        plan: serde_json::json!({ "rank": 32 }),
        faults: Vec::new(),
        traffic: traffic_rows(),
        cost: None,
        swept: None,
        training_steps: None,
    }
}

impl Made {
    /// Sets the panel of the cell.
    pub fn panel(self, panel: &str) -> Self {
        Made { panel: panel.to_owned(), ..self }
    }

    /// Made by a sweep, of the cell `of`, with these values of its axes.
    pub fn swept(self, of: &str, axes: &[(&str, serde_json::Value)]) -> Self {
        let axes = axes.iter().map(|(axis, value)| AxisValue { axis: (*axis).to_owned(), value: value.clone() });
        let swept = Swept { panel: String::new(), cell: of.to_owned(), axes: axes.collect() };
        Made { swept: Some(swept), ..self }
    }

    /// Sets the steps of the training that the run begins.
    pub fn training_steps(self, steps: u64) -> Self {
        Made { training_steps: Some(steps), ..self }
    }

    /// Sets the seed of the run.
    pub fn seed(self, seed: u64) -> Self {
        Made { seed, ..self }
    }

    /// Sets the time at which it ends, and reaches its target if it does.
    pub fn seconds(self, seconds: f64) -> Self {
        Made { seconds, ..self }
    }

    /// Sets the outcome of a cell that does not reach its target.
    pub fn never(self) -> Self {
        Made { outcome: Outcome::ClockCap, ..self }
    }

    /// The cell whose convergence sets the target.
    pub fn sets_target(self) -> Self {
        Made { outcome: Outcome::Converged, target: None, ..self }
    }

    /// Sets the outcome of a spec that runs for a number of clocks.
    pub fn clocks_done(self) -> Self {
        Made { outcome: Outcome::ClocksDone, target: None, ..self }
    }

    /// Sets the objective to reach.
    pub fn target(self, target: f64) -> Self {
        Made { target: Some(target), ..self }
    }

    /// Sets the seconds of a clock: compute, server, encode, wire, barrier, staleness.
    pub fn breakdown(self, parts: [f64; 6]) -> Self {
        Made { breakdown: Breakdown::from_parts(parts), ..self }
    }

    /// Sets the WAN traffic per clock, in bytes.
    pub fn wan_bytes_per_clock(self, wan_bytes_per_clock: f64) -> Self {
        Made { wan_bytes_per_clock, ..self }
    }

    /// On a machine kind whose rates were fitted to the paper.
    pub fn fitted(self) -> Self {
        Made { fitted: vec!["mf.updates-per-second".into()], ..self }
    }

    /// On a machine kind whose rates were fitted to the results that these claims name.
    pub fn fitted_to(self, claims: &[&str]) -> Self {
        Made { fitted_to: claims.iter().map(|id| (*id).to_owned()).collect(), ..self.fitted() }
    }

    /// Machines computing, machines waiting, communication, in USD.
    pub fn cost(self, parts: [f64; 3]) -> Self {
        Made { cost: Some(parts), ..self }
    }

    /// On a data set of the user instead of generated data.
    pub fn own_data(self) -> Self {
        Made { shape: Shape::Own, ..self }
    }

    /// Merged into the resolved plan.
    pub fn plan(mut self, fields: serde_json::Value) -> Self {
        let (serde_json::Value::Object(all), serde_json::Value::Object(more)) = (&mut self.plan, fields) else {
            panic!("plans are objects");
        };
        all.extend(more);
        self
    }

    /// Run in real time.
    pub fn real(self, dilation: f64) -> Self {
        self.plan(serde_json::json!({ "launch": { "local": { "dilation": dilation } } }))
    }

    /// Adds a reason that the run is invalid.
    pub fn fault(mut self, fault: &str) -> Self {
        self.faults.push(fault.to_owned());
        self
    }

    /// In real time, and not to its end.
    pub fn broken_off(self, why: &str) -> Self {
        Made { outcome: Outcome::BrokenOff, ..self.real(1.0).fault(why) }
    }

    /// Sets the traffic between machines.
    pub fn traffic(self, traffic: Vec<TrafficRow>) -> Self {
        Made { traffic, ..self }
    }

    /// The finished result, with a plan's hash from its names.
    pub fn done(self) -> CellResult {
        let plan = blake3::hash(format!("{} {} {}", self.panel, self.name, self.seed).as_bytes()).to_hex().to_string();
        let last = if self.outcome == Outcome::ClockCap { 1.9e8 } else { 1.4e8 };
        CellResult {
            panel: self.panel.clone(),
            cell: self.name.clone(),
            swept: self.swept.clone(),
            manifest: self.manifest(&plan),
            summary: self.summary(plan, last),
            samples: samples(380, 8.4e8, last, self.seconds),
            traffic: self.traffic,
            training_steps: self.training_steps,
        }
    }

    fn manifest(&self, plan: &str) -> Manifest {
        let (profile, system) = match self.name.as_str() {
            "LAN" | "Target" => ("lan", "IterStore-style, SSP (slack 1)"),
            "Gaia" => ("ec2-all", "Gaia, SSP (slack 1) inside"),
            _ => ("ec2-all", "IterStore-style, SSP (slack 1)"),
        };
        Manifest {
            schema: SCHEMA,
            plan: plan.to_owned(),
            seed: self.seed,
            profile: profile.into(),
            system: system.into(),
            machines: Machines {
                kind: "e5-2698".into(),
                source: "the paper's hardware".into(),
                fitted: self.fitted.clone(),
                fitted_to: self.fitted_to.clone(),
            },
            data: Data { name: "generated, Netflix shape, scale 0.1".into(), hash: "da7a".into(), shape: self.shape },
            similitude: Scale { of: Some("netflix".into()), sigma_bytes: 156.25, sigma_work: 1562.5 },
            sources: "50c5".into(),
            commit: Some("28b6056".into()),
            dirty: Some(false),
            resolved: self.plan.clone(),
            faults: self.faults.clone(),
        }
    }

    fn summary(&self, plan: String, last: f64) -> Summary {
        let reached = ![Outcome::ClockCap, Outcome::BrokenOff, Outcome::ClocksDone].contains(&self.outcome);
        let waits = Percentiles { count: 8360, mean: 0.4, p50: 0.3, p90: 0.8, p99: 1.5, max: 2.0 };
        Summary {
            schema: SCHEMA,
            plan,
            seed: self.seed,
            outcome: self.outcome,
            seconds: self.seconds,
            clocks: 380,
            target: self.target,
            seconds_to_target: reached.then_some(self.seconds),
            clocks_to_target: reached.then_some(380),
            first_objective: 8.4e8,
            last_objective: last,
            metrics: vec![held_out_rmse(Some(0.912))],
            wan_bytes: (380.0 * self.wan_bytes_per_clock) as u64,
            wan_bytes_actual: (2.4 * self.wan_bytes_per_clock) as u64,
            wan_bytes_per_clock: self.wan_bytes_per_clock,
            lan_bytes: 7_000_000_000,
            usage: Usage::default(),
            cost: self.cost.map(cost_of),
            breakdown: self.breakdown,
            read_wait: waits,
            barrier_wait: Percentiles::default(),
            transfer: waits,
            insignificant: (self.name == "Gaia").then_some(0.956),
            held: None,
            digest: "d19e57".into(),
            faults: self.faults.clone(),
            model: None,
        }
    }
}

/// The metric of image classification, as a share.
pub fn test_accuracy(value: Option<f64>) -> Measured {
    Measured { name: "test_accuracy".into(), unit: SHARE.into(), better: Better::Higher, value }
}

/// The metric of matrix factorisation.
pub fn held_out_rmse(value: Option<f64>) -> Measured {
    Measured { name: "held_out_rmse".into(), unit: "stars".into(), better: Better::Lower, value }
}

fn cost_of([machine_compute, machine_network, communication]: [f64; 3]) -> Cost {
    Cost {
        prices: "test".into(),
        date: "2026".into(),
        instance: "cpu".into(),
        machine_compute,
        machine_network,
        communication,
        total: machine_compute + machine_network + communication,
        spread: 0.0,
        sites: Vec::new(),
    }
}

/// A convergence curve of `clocks` clocks in `seconds` seconds.
pub fn samples(clocks: u32, first: f64, last: f64, seconds: f64) -> Vec<Sample> {
    let sample = |clock: u32| {
        let part = f64::from(clock) / f64::from(clocks.max(1));
        // Falls as 1 / (1 + 12 x), bent so that it ends at `last`.
        let fall = (1.0 / (1.0 + 12.0 * part) - 1.0 / 13.0) * 13.0 / 12.0;
        let objective = last + (first - last) * fall;
        Sample {
            clock,
            seconds: part * seconds,
            objective,
            objective_one_copy: objective * 1.01,
            metrics: [("held_out_rmse", 0.9 + 0.2 * fall)].into_iter().collect(),
            wan_bytes: u64::from(clock) * 300_000_000,
            wan_bytes_actual: u64::from(clock) * 2_000_000,
        }
    };
    (0..=clocks).map(sample).collect()
}

/// This number of rows, over two sites.
pub fn clock_rows(rows: u32) -> Vec<ClockRow> {
    let row = |i: u32| {
        let started = f64::from(i / 22) * 0.9;
        let parts = Breakdown { compute: 0.4, wire: 0.3 + f64::from(i % 7) * 0.01, ..Breakdown::default() };
        let (clock, machine, ended) = (i / 22, i % 22, started + parts.sum());
        let link = LinkEnds { from: (i + 1) % 22, to: machine };
        let blocked = [
            None,
            Some(Blocked { part: Part::named("wire").unwrap(), on: link.from, link: Some(link) }),
            Some(Blocked { part: Part::named("staleness").unwrap(), on: link.from, link: None }),
        ];
        ClockRow { clock, machine, site: machine / 2, started, ended, parts, blocked: blocked[i as usize % 3] }
    };
    (0..rows).map(row).collect()
}

/// A hundred rows of traffic.
pub fn traffic_rows() -> Vec<TrafficRow> {
    let row = |i: u32| TrafficRow {
        from: i % 22,
        to: (i + 1) % 22,
        from_site: "São Paulo".into(),
        to_site: "Virginia".into(),
        class: if i.is_multiple_of(2) { "control".into() } else { "data".into() },
        messages: 380,
        bytes_actual: u64::from(i) * 1_000,
        bytes: u64::from(i) * 156_250,
    };
    (0..100).map(row).collect()
}

/// The index of cells of one spec.
pub fn index(cells: &[CellResult]) -> CellIndex {
    CellIndex {
        schema: SCHEMA,
        spec: "fig13".into(),
        title: "Matrix factorisation under SSP, 11 data centres".into(),
        figure: "fig13".into(),
        pricing: None,
        plots: Vec::new(),
        cells: cells.iter().map(entry).collect(),
        expectations: Expectations::default(),
        whatif: None,
    }
}

/// The entry of a cell in the index of its spec.
pub fn entry(cell: &CellResult) -> CellEntry {
    CellEntry {
        panel: cell.panel.clone(),
        cell: cell.cell.clone(),
        seed: cell.summary.seed,
        plan: cell.summary.plan.clone(),
        swept: cell.swept.clone(),
    }
}

/// Goes through what a run writes, and returns the cell's folder.
pub fn write_whole(spec_folder: &Path, cell: &CellResult) -> PathBuf {
    let folder = store::cell_folder(spec_folder, &cell.summary.plan);
    store::begin_cell(&folder, &cell.manifest, &Host::this(1)).unwrap();
    let clocks = clock_rows(40);
    let tables = Tables { samples: &cell.samples, clocks: &clocks, traffic: &cell.traffic };
    store::write_tables(&folder, &tables).unwrap();
    store::write_summary(&folder, &cell.summary).unwrap();
    folder
}
