//! Runs a cell in real time: a process a machine and one for the relay, on this host, over TCP.
//!
//! The launcher writes the assignment, starts the machines, waits until they have their data, starts the relay, and tells
//! them where it is. Then it hears what they record, through the same [`Recorder`] as in virtual time, until all have
//! said how it was. All ports are chosen free by the system, on the loopback interface.
//!
//! Every wait has an end. A process that dies or breaks off ends the run: the others, which the relay tells who was lost,
//! have [`LAST_WORDS`] to say so; then all that is left is killed. While machines run, the launcher evaluates on one thread
//! that yields to everything else.

mod children;
mod node;
mod supervisor;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::id::MachineId;
use emulator::real::clock::{Dilation, monotonic_nanos};
use emulator::real::driver::NodeReport;
use emulator::real::relay::RelayReport;
use emulator::virtual_driver::Observer;
use gaia_core::workload::traits::Workload as Learning;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::node::node;
use self::supervisor::{Heard, Supervisor};
pub use self::wire::Who;
use self::wire::{Down, Report, Up};
use super::cell::Job;
use super::recorder::{Recorder, RecorderState};
use planning::plan::{DataSource, Plan};
use record::results::SCHEMA;
use record::results::atomic::{self, WriteError};
use record::results::conformance::{Conformance, load_average};

/// What all processes of a run are told, in the cell's folder while it runs.
const ASSIGNMENT: &str = "assignment.json";
/// What processes write on their standard error, in the cell's folder when there is any.
const LOG: &str = "processes.log";
/// For all machines to have their data.
const GATHERING: Duration = Duration::from_secs(120);
/// For the relay to listen.
const RELAY_START: Duration = Duration::from_secs(10);
/// For processes to end, after one has ended badly or the relay has ended well.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What is written beforehand, because then it cannot be.
const LAUNCHER_GONE: &str = "the launcher ended before the run did";

/// Why a run in real time broke off.
#[derive(Debug, Error)]
pub(super) enum LocalError {
    /// Files of the run cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A process cannot be started.
    #[error("start the process of {who}")]
    Start { who: Who, source: io::Error },
    /// The launcher does not know what to start.
    #[error("find this program's own file, to start the processes of the run")]
    Program(#[source] io::Error),
    /// The launcher cannot listen.
    #[error("listen on the loopback interface for the processes of the run")]
    Listen(#[source] io::Error),
    /// A process ended before the run did.
    #[error("{who}: {what}{others}")]
    Lost {
        who: Who,
        what: String,
        /// What the others had to say, a line each.
        others: String,
    },
    /// A process does not do what it should in time.
    #[error("within {waited:?} these processes {what}: {names}")]
    Late { names: String, what: &'static str, waited: Duration },
    /// A machine has made other data than the launcher.
    #[error("{who} learns from other data: hash {found}, expected {expected}; was the file changed?")]
    OtherData { who: Who, found: blake3::Hash, expected: blake3::Hash },
}

/// What all processes of a run need to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    plan: Plan,
    data: DataSource,
    data_hash: [u8; 32],
    max_clocks: u32,
    isa: String,
    dilation: Dilation,
    /// The run's number, which strangers do not know.
    run: u64,
    launcher: SocketAddr,
    /// The launcher's process.
    parent: i32,
}

/// What was measured of a run that has ended well.
pub(super) struct Ended {
    relay: RelayReport,
    machines: Vec<NodeReport>,
    dilation: Dilation,
    load_average: [Option<f64>; 2],
}

impl Assignment {
    /// Of a cell; the launcher's address is filled in when it listens.
    pub(super) fn new(job: &Job<'_>, dilation: Dilation) -> Assignment {
        let parent = i32::try_from(process::id()).expect("process numbers are positive integers");
        let unique = format!("{} {parent} {}", job.plan.hash(), monotonic_nanos());
        let hash = blake3::hash(unique.as_bytes());
        let run = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"));
        Assignment {
            plan: job.plan.clone(),
            data: job.source.clone(),
            data_hash: *job.data.hash(),
            max_clocks: job.max_clocks(),
            isa: job.isa.name().to_owned(),
            dilation,
            run,
            launcher: (Ipv4Addr::LOCALHOST, 0).into(),
            parent,
        }
    }
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
        // A thread that may not be nice only slows the machines down, which their reports tell.
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
        supervisor.tell(machine, Down::Go { relay: relay[0] });
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
                    supervisor.tell(Who::Relay, Down::Stop);
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
        let Some(Report::Relay(relay)) = self.report(Who::Relay) else { unreachable!("the relay has ended well") };
        let report = |&who| match self.report(who) {
            Some(Report::Machine(report)) => report,
            _ => unreachable!("all machines have ended well"),
        };
        (*relay, machines.iter().map(report).collect())
    }
}
