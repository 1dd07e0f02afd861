//! Runs a cell in real time: one process per machine and one for the relay, on this host, over TCP.
//!
//! The launcher writes the assignment, starts the machines, waits until they have their data, starts the relay, and sends
//! them its address. It then receives their samples, through the same [`Recorder`] as in virtual time, until all have sent
//! their final report. All ports are free ones chosen by the system, on the loopback interface.
//!
//! Every wait has a limit. A process that dies or stops early ends the run: the relay names it to the others, which have
//! [`LAST_WORDS`] to report; the remaining processes are then killed. While machines run, the launcher evaluates on one thread
//! of the lowest priority.

mod assignment;
mod children;
mod error;
mod node;
mod protocol;
mod supervisor;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::id::MachineId;
use emulator::real::clock::Dilation;
use emulator::real::driver::NodeReport;
use emulator::real::relay::RelayReport;
use emulator::virtual_driver::Observer;
use gaia_core::workload::traits::Workload as Learning;
use tracing::info;

pub(super) use self::assignment::{Assignment, Cell};
pub(super) use self::error::LocalError;
pub use self::node::node;
pub use self::protocol::Who;
use self::protocol::{Down, ProcessReport, Up};
use self::supervisor::{Heard, Supervisor};
use super::recorder::{Recorder, RecorderState};
use record::results::SCHEMA;
use record::results::atomic::{self, WriteError};
use record::results::conformance::{Conformance, load_average};

/// The file with the settings of all processes of a run, in the cell's folder while it runs.
const ASSIGNMENT: &str = "assignment.json";
/// The file with the standard error of the processes, in the cell's folder if it is not empty.
const LOG: &str = "processes.log";
/// The longest wait until all machines have their data.
const GATHERING: Duration = Duration::from_secs(120);
/// The longest wait until the relay listens.
const RELAY_START: Duration = Duration::from_secs(10);
/// The fault of a run whose launcher ended early. It is written in advance, because it cannot be written then.
const LAUNCHER_GONE: &str = "the launcher ended before the run did";

/// The measurements of a run that ended without an error.
pub(super) struct Ended {
    relay: RelayReport,
    machines: Vec<NodeReport>,
    dilation: Dilation,
    load_average: [Option<f64>; 2],
}

impl Ended {
    /// Whether the run may be believed. `clock`: the run's time for a clock.
    pub(super) fn conformance(self, clock: emulator::time::Duration) -> Conformance {
        let mut faults = self.relay.faults(clock);
        let machines = self.machines.iter().enumerate();
        faults.extend(machines.filter_map(|(id, report)| report.compute.fault(MachineId(id as u32))));
        Conformance {
            schema: SCHEMA,
            faults,
            dilation: self.dilation.as_f64(),
            load_average: self.load_average,
            relay: self.relay,
            machines: self.machines,
        }
    }
}

/// Writes what a run has so far, and why it broke off.
type Keep<'a, S> = dyn FnMut(&RecorderState<S>, &str) -> Result<(), WriteError> + 'a;

/// Keeps what a run has so far: for the day that it breaks off.
pub(super) struct Keeping<'a, S> {
    /// Wall time between two times.
    pub(super) every: Duration,
    /// With why the run broke off, if it does before the next time.
    pub(super) keep: &'a mut Keep<'a, S>,
}

/// Runs the cell to its end. When it breaks off, what it had is kept.
pub(super) fn run<W: Learning>(
    assignment: &Assignment,
    folder: &Path,
    recorder: &mut Recorder<'_, W>,
    mut keeping: Keeping<'_, W::State>,
) -> Result<Ended, LocalError> {
    let before = load_average();
    recorder.pool = yielding_pool();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(LocalError::Listen)?;
    let launcher = listener.local_addr().map_err(LocalError::Listen)?;
    let assignment = Assignment { launcher, ..assignment.clone() };
    let (file, log) = (folder.join(ASSIGNMENT), folder.join(LOG));
    atomic::write(&file, &serde_json::to_vec(&assignment).expect("plans have text keys and finite numbers"))?;
    info!(file = %file.display(), machines = assignment.plan.machine_count(), dilation = assignment.dilation.as_f64(), "assignment written");
    let created = atomic::create(&log)?;
    let program = std::env::current_exe().map_err(LocalError::Program)?;
    let supervisor = Supervisor::new(program, listener, assignment.run, &file, created);
    let mut supervisor = supervisor.map_err(LocalError::Listen)?;
    let ended = conduct(&mut supervisor, &assignment, recorder, &mut keeping);
    drop(supervisor);
    atomic::remove(&file)?;
    if std::fs::metadata(&log).is_ok_and(|log| log.len() == 0) {
        atomic::remove(&log)?;
    }
    if let Err(error) = &ended {
        let why = error.to_string();
        // That this fails too is less than what failed before.
        let _ = (keeping.keep)(&recorder.state, why.lines().next().unwrap_or_default());
    }
    let (relay, machines) = ended?;
    Ok(Ended { relay, machines, dilation: assignment.dilation, load_average: [before, load_average()] })
}

/// One thread that runs when nothing else wants to.
fn yielding_pool() -> Arc<rayon::ThreadPool> {
    let yielding = |_| {
        // A thread that may not be nice only slows the machines down, as their reports show.
        let _ = rustix::process::nice(19);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).start_handler(yielding).build();
    Arc::new(pool.expect("one more thread can be had where processes can"))
}

fn conduct<W: Learning>(
    supervisor: &mut Supervisor<W::State>,
    assignment: &Assignment,
    recorder: &mut Recorder<'_, W>,
    keeping: &mut Keeping<'_, W::State>,
) -> Result<(RelayReport, Vec<NodeReport>), LocalError> {
    let machines: Vec<Who> = (0..assignment.plan.machine_count()).map(|id| Who::Machine(MachineId(id))).collect();
    gather(supervisor, &machines, assignment)?;
    supervisor.start(Who::Relay)?;
    let relay = supervisor.expect("have not begun to listen", &[Who::Relay], RELAY_START, |_, up| match up {
        Up::Listening { relay } => Ok(Some(relay)),
        _ => Ok(None),
    })?;
    for &machine in &machines {
        supervisor.send(machine, Down::Go { relay: relay[0] });
    }
    let (mut over, mut kept) = (false, Instant::now());
    while let Heard::Said(who, up) = supervisor.hear()? {
        let Who::Machine(machine) = who else { continue };
        if kept.elapsed() >= keeping.every {
            (keeping.keep)(&recorder.state, LAUNCHER_GONE)?;
            kept = Instant::now();
        }
        match up {
            _ if over => {}
            Up::Sample { now, sample } => {
                over = recorder.sample(now, machine, sample).is_break();
                if over {
                    supervisor.send(Who::Relay, Down::Stop);
                }
            }
            Up::Arrived(arrival) => recorder.transfer(&arrival.at(machine)),
            _ => {}
        }
    }
    Ok(supervisor.reports(&machines))
}

/// Starts the machines and waits until all have their data, the same as here.
fn gather<S: supervisor::State>(
    supervisor: &mut Supervisor<S>,
    machines: &[Who],
    assignment: &Assignment,
) -> Result<(), LocalError> {
    for &machine in machines {
        supervisor.start(machine)?;
    }
    let expected = blake3::Hash::from_bytes(assignment.data_hash);
    supervisor.expect("have not come up", machines, GATHERING, |who, up| {
        let Up::Ready { data } = up else { return Ok(None) };
        let found = blake3::Hash::from_bytes(data);
        if found == expected { Ok(Some(())) } else { Err(LocalError::OtherData { who, found, expected }) }
    })?;
    Ok(())
}

impl<S: supervisor::State> Supervisor<S> {
    /// The relay's report, and all machines'.
    fn reports(&mut self, machines: &[Who]) -> (RelayReport, Vec<NodeReport>) {
        let Some(ProcessReport::Relay(relay)) = self.report(Who::Relay) else {
            unreachable!("the relay has ended well")
        };
        let report = |&who| match self.report(who) {
            Some(ProcessReport::Machine(report)) => report,
            _ => unreachable!("all machines have ended well"),
        };
        (*relay, machines.iter().map(report).collect())
    }
}
