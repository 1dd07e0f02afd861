//! The memory and the time that a plan takes on this host.
//!
//! `counts` computes the amount of work and data from the plan; [`Probe`] measures how long this host takes for a unit of each. On a quiet
//! host both estimates are within a quarter (experiments/README.md, "What a run will take"). The number of clocks to the target is not
//! known before a run and is a guess.

mod counts;
mod memory;

use gaia_core::sync::config::{Encoding, System};

use self::counts::{Counts, counts};
pub use self::memory::{Memory, memory};
use super::whole::{Links, Plan, Role};
use crate::calibrate::measure::Pace;
use crate::calibrate::probe::Probe;

// Costs in units of adding one float to another in memory ([`Probe::add_float`]), fitted to runs of all specs. Those that depend on the
// workload are its own ([`Costs`](crate::workload::kind::Costs)).
/// Per float of the rows that a worker reads and part of a clock, where changes are logged and sent continuously.
const LOGGED: f64 = 24.0;
/// Per float that a significance filter scans.
const FILTERED: f64 = 2.0;

// Costs in units of moving a chunk with all links backlogged ([`Probe::chunk`]).
/// Per chunk that crosses its links.
const MOVED: f64 = 0.3;
/// Per message, from its task to its handler.
const MESSAGE: f64 = 33.0;
/// Per message on fluid links, besides: rates change when it begins and when it has left.
const FLOW: f64 = 8.0;

/// Seconds per byte of a cell to write a checkpoint.
const CHECKPOINT_SECONDS_PER_BYTE: f64 = 0.8e-9;
/// Seconds from one checkpoint to the next, by default.
const CHECKPOINT_SECONDS: f64 = 10.0;
/// The largest share of a run that checkpoints take.
const MOST_OF_CHECKPOINTS: f64 = 1.0 / 11.0;

/// The time and memory of a plan on this host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of one core per clock. `None` for networks in a build without libtorch, and for cells in real time.
    pub clock_seconds: Option<f64>,
    /// Number of clocks: that of the spec, or a guess.
    pub clocks: f64,
    /// Memory at the peak.
    pub memory: Memory,
}

impl Estimate {
    /// Seconds of one core for the whole cell.
    pub fn seconds(&self) -> Option<f64> {
        self.clock_seconds.map(|seconds| seconds * self.clocks)
    }
}

/// Charged bytes that one machine reads from the servers of others at an exchange; it sends as many.
pub(super) fn exchanged_bytes(plan: &Plan) -> f64 {
    counts(plan).exchanged * plan.similitude.sigma_bytes
}

/// Estimates `plan` on the host that `probe` measures.
pub fn estimate(plan: &Plan, probe: &mut Probe) -> Estimate {
    let counts = counts(plan);
    let memory = memory::of_counts(plan, &counts);
    Estimate { clock_seconds: clock_seconds(plan, &counts, &memory, probe), clocks: clocks(plan), memory }
}

fn clocks(plan: &Plan) -> f64 {
    let passes = plan.problem().costs().passes;
    match plan.role {
        Role::RunsClocks { clocks } => f64::from(clocks),
        _ => (passes * f64::from(plan.workload.clocks_per_pass())).min(f64::from(plan.cap.clocks)),
    }
}

fn clock_seconds(plan: &Plan, counts: &Counts, memory: &Memory, probe: &mut Probe) -> Option<f64> {
    if !plan.launch.is_simulated() {
        return None;
    }
    let problem = plan.problem();
    let costs = problem.costs();
    let Pace { learn, judge, judge_float } = probe.pace(problem.as_ref())?;
    let amounts = &counts.amounts;
    let read_floats = counts.machines * amounts.declared;
    // By the workers, and again on one copy; under BSP what the workers measure is of that copy.
    let model = plan.system.model();
    let times = if model.between().is_none() && model.is_synchronous() { 1.0 } else { 2.0 };
    let judged = times * (judge * amounts.judged / 2.0 + judge_float * read_floats);
    let kernels = costs.crowd * (learn * amounts.learnt + judged);
    let logged = match &plan.system {
        System::Bosen(bosen) => f64::from(bosen.parts) * LOGGED,
        _ => 0.0,
    };
    let is_measured_twice = !matches!(plan.encoding.inside, Encoding::Plain | Encoding::Dense);
    let read = costs.read + if is_measured_twice { costs.packed } else { 0.0 };
    let floats = read_floats * (read * counts.exchanges + logged)
        + counts.filtered * FILTERED
        + counts.mirrored * costs.mirrored;
    let flow = if plan.links == Links::Fluid { FLOW } else { 0.0 };
    let transfers = counts.chunks * MOVED + counts.messages * (MESSAGE + flow);
    let work = kernels + probe.add_float() * floats + probe.chunk() * transfers;
    let checkpoints = memory.cell * CHECKPOINT_SECONDS_PER_BYTE / CHECKPOINT_SECONDS;
    Some(work * (1.0 + checkpoints.min(MOST_OF_CHECKPOINTS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Experiment, Registries};
    use crate::spec::{Changes, Source};

    const SPEC: &str = "
workload: { mf: { rank: 8 } }
data: { generated: { users: 400, items: 100, ratings: 4000 } }
goal: { clocks: 7 }
profile: va-ca
machines-per-site: 2
cells:
  - name: BSP
    system: { global: { bsp: {} } }
  - name: SSP
    system: { global: { ssp: { slack: 1 } } }
  - name: Gaia
    system: { gaia: { inside: { bsp: {} } } }
  - name: real
    system: { global: { bsp: {} } }
    launcher: { local: { dilation: 1 } }
";

    fn plans(text: &str) -> Vec<Plan> {
        let source = Source { name: "spec".into(), file: "spec.yaml".into(), folder: ".".into(), text: text.into() };
        let spec = source.spec(&Changes::default()).expect("sound");
        let experiment = Experiment::resolve(&source, &spec, Registries::default()).expect("sound");
        experiment.plans.into_iter().map(|planned| planned.plan).collect()
    }

    #[test]
    fn an_update_rule_takes_tables_of_its_own_on_the_servers() {
        let (head, _) = SPEC.split_once("cells:").expect("it has cells");
        let cell = |rule: &str| {
            format!(
                "  - {{ name: \"{rule}\", system: {{ global: {{ local-steps: {{ every: 2, rule: {{ {rule} }} }} }} }} }}\n"
            )
        };
        let rules = ["add: {}", "average: {}", "outer: { learning-rate: 0.7, momentum: 0.9 }"];
        let text = format!("{head}cells:\n{}", rules.map(cell).concat());
        let bytes: Vec<f64> = plans(&text).iter().map(|plan| memory::memory(plan).cell).collect();
        // One server of 100 items of 8 floats: the sum of a round, then the velocity too.
        let model = 100.0 * 8.0 * 4.0;
        assert_eq!([bytes[1] - bytes[0], bytes[2] - bytes[0]].map(f64::round), [model, 2.0 * model]);
    }

    #[test]
    fn a_round_between_sites_is_counted_once_in_its_clocks_and_held_whole() {
        let (head, _) = SPEC.split_once("cells:").expect("it has cells");
        let cell = |every: u32, rule: &str| {
            format!(
                "  - {{ name: \"{every} {rule}\", system: {{ hierarchical: {{ inside: {{ bsp: {{}} }}, between: \
                 {{ rounds: {{ every: {every}, rule: {{ {rule} }} }} }} }} }} }}\n"
            )
        };
        let cells = [cell(1, "add: {}"), cell(4, "add: {}"), cell(4, "average: {}")].concat();
        let plans = plans(&format!("{head}cells:\n{cells}"));
        let [often, seldom] = [0, 1].map(|number| super::counts(&plans[number]));
        // Both sites' copies of 800 parameters, every clock or every fourth.
        assert_eq!((often.filtered, often.mirrored), (1_600.0, 1_600.0));
        assert_eq!((seldom.filtered, seldom.mirrored), (400.0, 400.0));
        assert_eq!((often.messages, seldom.messages), (28.0, 25.0));
        let bytes: Vec<f64> = plans.iter().map(|plan| memory::memory(plan).cell).collect();
        assert_eq!(bytes[0], bytes[1], "however seldom, a whole copy waits for the others");
        assert_eq!((bytes[2] - bytes[1]).round(), 2.0 * 800.0 * 4.0, "the sum of both sites' rounds");
    }

    #[test]
    fn more_to_do_takes_longer_and_more_to_hold_takes_more() {
        // Rates as of no host: an update takes time in proportion to the rank.
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("host.json");
        let rates = [8, 64].map(|rank| {
            let learn = f64::from(rank) * 1e-9;
            format!(
                "\"mf of rank {rank}: learn\": {learn}, \"mf of rank {rank}: judge\": {learn}, \
                 \"mf of rank {rank}: judge a float\": 0"
            )
        });
        let servers = "\"add a float\": 1e-9, \"move a chunk\": 1e-7";
        std::fs::write(&known, format!("{{ {}, {servers} }}", rates.join(", "))).unwrap();
        let mut probe = Probe::kept_in(Some(known));
        let (small, large) = (plans(SPEC), plans(&SPEC.replace("rank: 8", "rank: 64")));
        for (small, large) in small.iter().zip(&large).take(3) {
            let seconds = [small, large].map(|plan| estimate(plan, &mut probe).clock_seconds.expect("simulated"));
            assert!(seconds[0] > 0.0 && seconds[1] > 1.5 * seconds[0], "{seconds:?}");
            let cells = [small, large].map(|plan| memory(plan).cell);
            assert!(cells[1] > 2.0 * cells[0], "{cells:?}");
        }
        let of = |number: usize| memory(&large[number]).cell;
        assert!(of(1) > of(0) && of(2) > of(0), "copies of workers that are apart, and of sites");
        assert_eq!(estimate(&small[0], &mut probe).clocks, 7.0);
        assert_eq!(estimate(&small[3], &mut probe).seconds(), None, "real time is not this host's");
    }

    #[test]
    fn what_no_host_holds_is_estimated_in_no_time() {
        let huge = "{ users: 4000000000, items: 4000000000, ratings: 1000000000000 }";
        let plan = &plans(&SPEC.replace("{ users: 400, items: 100, ratings: 4000 }", huge))[0];
        assert!(memory(plan).alone() > 2e13, "{:?}", memory(plan));
        assert!(estimate(plan, &mut Probe::kept_in(None)).clock_seconds.is_some_and(|seconds| seconds > 1e3));
    }

    #[test]
    fn every_part_is_counted() {
        let plans = plans(SPEC);
        let counts = counts(&plans[0]);
        let amounts = counts.amounts;
        assert_eq!((counts.machines, counts.groups, amounts.model), (4.0, 1.0, 800.0));
        // Of twenty ratings one is held out; all are judged by, by the workers and on one copy.
        assert_eq!((amounts.learnt, amounts.judged), (3_800.0, 8_000.0));
        assert!(amounts.declared > 700.0 && amounts.declared <= 800.0, "{counts:?}");
        let gaia = super::counts(&plans[2]);
        assert_eq!((gaia.groups, gaia.filtered), (2.0, 1_600.0));
        // Requests, rows and updates of two workers with two shards in two sites, and mirrored updates of two shards both ways.
        assert_eq!(gaia.messages, 28.0);
        assert!(gaia.mirrored > 0.0 && gaia.chunks >= gaia.messages, "{gaia:?}");
    }
}
