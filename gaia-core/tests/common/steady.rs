//! Two sites without jitter, every update significant: how long a number of clocks takes, by what Gaia permits.
//!
//! A barrier makes a site wait for announced updates, so that work and way no longer overlap the transfer, as at DS 0. It may cost
//! that much and no more; and where the link is what binds, next to nothing.

use emulator::time::Duration;
use emulator::units::ByteSize;
use gaia_core::layout::{Layout, Table};
use gaia_core::overlay::Overlay;
use gaia_core::rates::{MachineKind, Similitude};
use gaia_core::sync::config::{
    Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, ThresholdSchedule, UserGoal, Ways,
};
use gaia_core::workload::traits::{Evaluation, Workload};
use proptest::prelude::*;

use super::{Case, check_all, run};

const ROWS: u32 = 12;
const WIDTH: u32 = 48;
const CLOCKS: u32 = 60;

/// Adds to every value in every clock, always in the same time.
struct Steady {
    rows: Vec<u32>,
    compute: Duration,
}

impl Workload for Steady {
    type State = ();

    fn layout(&self) -> Layout {
        Layout::new(vec![Table { name: "r".to_owned(), rows: ROWS, width: WIDTH }])
    }

    fn declared_rows(&self) -> &[u32] {
        &self.rows
    }

    fn initial_row(&self, _: u32, values: &mut [f32]) {
        values.fill(1.5);
    }

    fn initial_state(&self) {}

    fn compute(&self, _: u32, (): &mut (), view: &mut [f32]) {
        // No sum of these is a whole number, so that all messages are of one length.
        view.iter_mut().for_each(|value| *value += 0.3);
    }

    fn evaluate(&self, (): &(), _: &[f32]) -> Evaluation {
        Evaluation::default()
    }

    fn duration(&self, _: u32, _: &MachineKind, _: &Similitude) -> Duration {
        self.compute
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}

/// Two sites and the link between them.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) machines_per_site: u32,
    pub(crate) slack: u32,
    pub(crate) wan_mbit_per_s: u64,
    pub(crate) delay_ms: u64,
    pub(crate) compute_ms: u64,
}

fn any_slack_and_machines() -> impl Strategy<Value = (u32, u32)> {
    (1u32..4, 0u32..3)
}

/// Any two sites, and the backlog in seconds from which on barriers are raised.
fn any_pair() -> impl Strategy<Value = (Pair, f64)> {
    let pair = (any_slack_and_machines(), 1u64..40, 0u64..120, 1u64..200).prop_map(
        |((machines_per_site, slack), wan_mbit_per_s, delay_ms, compute_ms)| Pair {
            machines_per_site,
            slack,
            wan_mbit_per_s,
            delay_ms,
            compute_ms,
        },
    );
    (pair, prop::sample::select(vec![0.0, 0.01, 0.1, 0.3, 1.0]))
}

/// Two sites whose link is what binds: work and way are at most a quarter of a clock's transfer, and so is the backlog from which
/// on barriers are raised.
fn any_bound_pair() -> impl Strategy<Value = (Pair, f64)> {
    let shares = (0.0f64..1.0, 0.0f64..1.0, prop::sample::select(vec![0.0, 0.1, 0.5, 1.0]));
    (any_slack_and_machines(), 1u64..20, shares).prop_map(|((machines_per_site, slack), wan_mbit_per_s, shares)| {
        let pair = Pair { machines_per_site, slack, wan_mbit_per_s, delay_ms: 0, compute_ms: 1 };
        let (idle, compute, backlog) = shares;
        let quarter = pair.transfer_seconds() / 4.0;
        let idle_ms = (quarter * 1000.0 * idle).max(1.0);
        let compute_ms = ((idle_ms * compute) as u64).max(1);
        (Pair { compute_ms, delay_ms: idle_ms as u64 - compute_ms, ..pair }, quarter * backlog)
    })
}

impl Pair {
    /// With `barrier` and without, the seconds that staleness of 0, 1, 2 and 4 clocks takes.
    fn times(&self, backlog_seconds: f64) -> [[f64; 4]; 2] {
        let barriers = [SelectiveBarrier::Backlog { seconds: backlog_seconds }, SelectiveBarrier::Off {}];
        barriers.map(|barrier| [0, 1, 2, 4].map(|staleness| self.seconds(staleness, barrier)))
    }

    /// Several shards of a site wait for each other's barriers: a little is lost between them.
    fn tolerance(&self) -> f64 {
        if self.machines_per_site == 1 { 1.01 } else { 1.03 }
    }

    /// Whatever the link: staleness that is permitted takes no longer than none. It may take longer than less of it, where work and way
    /// are as long as the transfer: what they overlap without a barrier, they do not with one.
    fn check_against_none(&self, backlog_seconds: f64) {
        for times in self.times(backlog_seconds) {
            let slowest = times.into_iter().fold(0.0, f64::max);
            assert!(slowest <= times[0] * self.tolerance(), "staleness permitted takes longer than none: {times:?}");
        }
    }

    /// On a link that binds, more permitted staleness takes no longer than less, and the barrier costs at most 1.15 times.
    fn check_bound(&self, backlog_seconds: f64) {
        let [with, without] = self.times(backlog_seconds);
        for times in [with, without] {
            let slower = times.windows(2).find(|pair| pair[1] > pair[0] * self.tolerance());
            assert!(slower.is_none(), "more permitted staleness takes longer: {times:?}");
        }
        let dearer = with.iter().zip(&without).find(|(with, without)| **with > **without * 1.15);
        assert!(dearer.is_none(), "the barrier costs too much: {with:?}, without {without:?}");
    }
}

/// Checks `count` pairs of any links, and as many whose links bind: the same ones every time.
pub(crate) fn check_pairs(count: u32) {
    check_all(&any_pair(), count, |(pair, backlog_seconds)| pair.check_against_none(backlog_seconds));
    check_all(&any_bound_pair(), count, |(pair, backlog_seconds)| pair.check_bound(backlog_seconds));
}

impl Pair {
    /// Seconds that a clock's updates take over the link of a machine.
    pub(crate) fn transfer_seconds(&self) -> f64 {
        let floats = ROWS * WIDTH / self.machines_per_site;
        f64::from(floats * 4) * Case::new(2, 1, System::Global(Inside::BSP)).sigma_bytes
            / (self.wan_mbit_per_s as f64 * 125_000.0)
    }

    /// Seconds until [`CLOCKS`] clocks are done and all their updates are there, when a site may be `staleness` clocks ahead.
    pub(crate) fn seconds(&self, staleness: u32, selective_barrier: SelectiveBarrier) -> f64 {
        let system = System::Gaia(Gaia {
            inside: Inside::ssp(self.slack),
            significance: Significance { threshold: 0.0, schedule: ThresholdSchedule::Constant },
            selective_barrier,
            mirror_clock: MirrorClock::Bounded { staleness },
            overlay: Ways::default(),
            relay: Relay::default(),
            goal: UserGoal::default(),
        });
        let case = Case {
            wan_mbit_per_s: self.wan_mbit_per_s,
            delay_ms: self.delay_ms,
            // Less than a message: time that a link is idle is lost.
            depth: ByteSize::from_bytes(4 * 1024),
            clocks: CLOCKS,
            jitter: 0.0,
            overlay: Overlay::Direct,
            ..Case::new(2, self.machines_per_site, system)
        };
        let compute = Duration::from_millis(self.compute_ms);
        let mut driver = case.driver(1, |_| Steady { rows: (0..ROWS).collect(), compute });
        run(&mut driver, |_| ());
        driver.now().as_secs_f64()
    }
}
