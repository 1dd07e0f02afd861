//! The gathered data of a run, in the form of the results.

use std::collections::BTreeMap;

use base::durations::Durations;
use emulator::digest::Digest;
use emulator::id::MachineId;
use emulator::node::Class;
use emulator::topology::Topology;

use super::gathered::Gathered;
use super::recorder::{Counts, RecorderState};
use super::usage::usage;
use planning::plan::{self, DataSet, Plan, system_in_words};
use record::cost;
use record::results::manifest::{self, Machines, Manifest, Scale, Shape};
use record::results::metrics::{self, SHARE};
use record::results::{Better, Breakdown, ClockRow, Held, Measured, Outcome, Percentiles, SCHEMA, Summary, TrafficRow};

/// The content of the files before the first sample.
pub(super) fn manifest(plan: &Plan, data: &DataSet) -> Manifest {
    let shape = if plan.data.has_paper_shape(plan.stands_for.is_some()) { Shape::Paper } else { Shape::Own };
    Manifest {
        schema: SCHEMA,
        plan: plan.hash(),
        seed: plan.seed,
        profile: plan.profile.name.clone(),
        system: system_in_words(&plan.system),
        machines: Machines {
            kind: plan.machines.name.clone(),
            source: plan.machines.source.clone(),
            fitted: plan.machines.fitted.clone(),
            fitted_to: plan.machines.fitted_to.clone(),
        },
        data: manifest::Data { name: data.name().to_owned(), hash: hex(data.hash()), shape },
        similitude: Scale {
            of: plan.stands_for.clone(),
            sigma_bytes: plan.similitude.sigma_bytes,
            sigma_work: plan.similitude.sigma_work,
        },
        sources: plan.sources.clone(),
        commit: plan::commit().map(str::to_owned),
        dirty: plan::dirty(),
        resolved: serde_json::to_value(plan).expect("plans have text keys and finite numbers"),
        faults: Vec::new(),
    }
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Traffic from machine to machine.
pub(super) fn traffic(topology: &Topology, counts: &BTreeMap<(u32, u32, Class), Counts>) -> Vec<TrafficRow> {
    let site = |machine| topology.site(topology.site_of(MachineId(machine))).name.as_str();
    let rows = counts.iter().map(|(&(from, to, class), counts)| TrafficRow {
        from,
        to,
        from_site: site(from).into(),
        to_site: site(to).into(),
        class: match class {
            Class::Control => "control",
            Class::Data => "data",
        }
        .into(),
        messages: counts.messages,
        bytes_actual: counts.actual,
        bytes: counts.charged,
    });
    rows.collect()
}

/// A run that is over, for [`summary`].
pub(super) struct Ended<'a> {
    pub(super) plan: &'a Plan,
    /// The plan with all machines where they learn.
    pub(super) placed: &'a Plan,
    /// Raw data that were moved before. `None` means that they stayed where they were.
    pub(super) gathered: Option<&'a Gathered>,
    /// The objective to reach. `None` means that the cell has no target.
    pub(super) target: Option<f64>,
    /// The rows of its table of clocks.
    pub(super) clocks: &'a [ClockRow],
    /// The rows of its table of traffic.
    pub(super) traffic: &'a [TrafficRow],
    pub(super) outcome: Outcome,
    /// The digest of all events.
    pub(super) digest: &'a Digest,
}

/// The cell in numbers.
pub(super) fn summary<S>(ended: &Ended<'_>, state: &RecorderState<S>) -> Summary {
    let Ended { plan, placed, gathered, target, clocks, traffic, outcome, digest } = *ended;
    let (first, last) = (state.samples.first(), state.samples.last());
    let (first, last) = first.zip(last).expect("nothing is written before the first sample");
    let met = matches!(outcome, Outcome::TargetReached | Outcome::Converged);
    let sites: Vec<u32> =
        placed.machines_per_site.iter().enumerate().flat_map(|(site, &n)| vec![site as u32; n as usize]).collect();
    let learning = last.seconds - gathered.map_or(0.0, Gathered::seconds);
    let usage = usage(placed, learning, last.clock, clocks, traffic);
    let usage = gathered.map_or_else(|| usage.clone(), |gathered| gathered.paid(usage.clone()));
    let held = held(state);
    let metrics = plan.workload.kind().about().metrics.iter();
    let metrics = metrics.map(|metric| metric.measured(last.metrics.get(metric.name).unwrap_or(f64::NAN)));
    let lan = state.traffic.iter().filter(|((from, to, _), _)| sites[*from as usize] == sites[*to as usize]);
    Summary {
        schema: SCHEMA,
        plan: plan.hash(),
        seed: plan.seed,
        outcome,
        seconds: last.seconds,
        clocks: last.clock,
        target,
        seconds_to_target: met.then_some(last.seconds),
        clocks_to_target: met.then_some(last.clock),
        first_objective: first.objective,
        last_objective: last.objective,
        metrics: metrics.collect(),
        wan_bytes: last.wan_bytes,
        wan_bytes_actual: last.wan_bytes_actual,
        wan_bytes_per_clock: last.wan_bytes as f64 / f64::from(last.clock.max(1)),
        lan_bytes: lan.map(|(_, counts)| counts.charged).sum(),
        cost: cost::by_default(&usage, &plan.machines.name),
        usage,
        breakdown: Breakdown::mean(clocks.iter().filter(|row| row.clock < last.clock).map(|row| &row.parts)),
        read_wait: in_seconds(&state.read_wait),
        barrier_wait: in_seconds(&state.barrier_wait),
        transfer: in_seconds(&state.transfer),
        insignificant: held.map(|held| held.of_all),
        held,
        digest: full_digest(digest, state),
        faults: Vec::new(),
        model: None,
    }
}

/// Percentiles in seconds of durations that were counted in nanoseconds; all 0 if none was.
fn in_seconds(durations: &Durations) -> Percentiles {
    let nanos = durations.percentiles();
    let secs = |nanos: u64| nanos as f64 / 1e9;
    Percentiles {
        count: nanos.count,
        mean: durations.mean() / 1e9,
        p50: secs(nanos.p50),
        p90: secs(nanos.p90),
        p99: secs(nanos.p99),
        max: secs(nanos.most),
    }
}

/// The updates that filters held back, counted in three ways. `None` means that they scanned nothing.
fn held<S>(state: &RecorderState<S>) -> Option<Held> {
    let (found, significant) = (state.found, state.significant);
    (found.touched > 0).then(|| Held {
        of_touched: 1.0 - significant.touched as f64 / found.touched as f64,
        of_all: 1.0 - significant.touched as f64 / state.filtered as f64,
        touched: found.touched as f64 / state.filtered as f64,
        of_amount: 1.0 - significant.amount / found.amount,
    })
}

/// The digest of all events, and of what was evaluated outside virtual time.
fn full_digest<S>(events: &Digest, state: &RecorderState<S>) -> String {
    let mut digest = events.clone();
    for (sample, judged) in state.samples.iter().zip(&state.judged) {
        digest.write_f64(sample.objective);
        digest.write_f64(sample.objective_one_copy);
        digest.write_f64(*judged);
        digest.write_u64(sample.wan_bytes);
    }
    digest.to_string()
}

/// The outcome of a cell.
pub(super) fn in_words(summary: &Summary) -> String {
    let how = match summary.outcome {
        Outcome::TargetReached => "reached the target",
        Outcome::Converged => "converged",
        Outcome::ClockCap => "gave up",
        Outcome::Diverged => "diverged",
        Outcome::ClocksDone => "ended",
        Outcome::BrokenOff => "broken off",
    };
    let judging = summary.metrics.iter().filter(|metric| metric.better != Better::Neither);
    let metrics: String = judging.filter_map(metric_in_words).collect();
    format!(
        "{how} at clock {}, {:.1} virtual s, objective {:.4e}{metrics}",
        summary.clocks, summary.seconds, summary.last_objective
    )
}

/// `, held-out RMSE 0.9123 stars`. `None` means that there is no value.
fn metric_in_words(metric: &Measured) -> Option<String> {
    let (name, value) = (metrics::in_words(&metric.name), metric.value?);
    let unit = if metric.unit.is_empty() { String::new() } else { format!(" {}", metric.unit) };
    Some(if metric.unit == SHARE {
        format!(", {name} {:.2} %", value * 100.0)
    } else {
        format!(", {name} {value:.4}{unit}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_seconds() {
        let mut durations = Durations::default();
        assert_eq!(in_seconds(&durations), Percentiles::default());
        (1..=10_000).for_each(|millis| durations.record(millis * 1_000_000));
        let seconds = in_seconds(&durations);
        let near = |seconds: f64, expected: f64| (seconds - expected).abs() < 0.01;
        assert!(near(seconds.p90, 9.0) && near(seconds.mean, 5.0) && near(seconds.max, 10.0), "{seconds:?}");
    }
}
