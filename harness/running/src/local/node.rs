//! `experiments node`: one process of a run in real time, a machine or the relay.
//!
//! A machine builds its data and its part of the plan before it reports that it is ready, so that this time is not part of
//! the run. Its samples are sent to the launcher by a separate thread: the machine's loop never writes to the connection.

use std::error::Error;
use std::io::{self, BufReader, BufWriter};
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use base::causes::in_one_line;
use emulator::id::MachineId;
use emulator::link::LinkConfig;
use emulator::real::driver::{NodeConfig, run_node};
use emulator::real::relay::{Bounds, Relay, RelayConfig, RelayError};
use emulator::real::timer::Priority;
use emulator::time::Instant;
use emulator::topology::{Topology, TopologyError};
use emulator::virtual_driver::{Observer, Transfer};
use gaia_core::codec::MessageCodec;
use gaia_core::machine::Machine;
use gaia_core::outbox::Sample as Recorded;
use gaia_core::simd::Isa;
use gaia_core::workload::traits::Workload as Learning;
use serde::Serialize;
use thiserror::Error;

use super::assignment::Assignment;
use super::children;
use super::protocol::{self, Arrival, Down, ProcessReport, Up, Who};
use crate::{build, device};
use planning::plan::{DataError, DataSet, Loader};
use planning::workload::list::{Listed, Visitor};
use record::failure::{Failure, RUN_FAILED};

/// Samples and arrivals that may wait for the launcher; then the machine waits.
const MOST_WAITING: usize = 1 << 16;
/// The relay's thread comes before those of machines, and these before all that computes.
const RELAY_PRIORITY: Priority = Priority::Realtime(20);
const MACHINE_PRIORITY: Priority = Priority::Realtime(10);
/// A machine's worker and its server may work at once.
const COMPUTE_THREADS: usize = 2;

/// An error of a process of a run.
#[derive(Debug, Error)]
enum NodeError {
    #[error("read the assignment {file}")]
    Assignment { file: String, source: io::Error },
    #[error("the assignment {file} is none of this version's")]
    Form { file: String, source: serde_json::Error },
    #[error("the kernel does not watch the launcher for this process")]
    Orphan(#[source] io::Error),
    #[error("the launcher at {at} is lost")]
    Launcher { at: SocketAddr, source: io::Error },
    #[error("there is no {who} in a run of {machines} machines")]
    NoMachine { who: Who, machines: u32 },
    #[error("this processor does not have the instructions `{0}`")]
    Isa(String),
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data that cannot be learned from, which their plan could not show.
    #[error("{0}")]
    Learner(Box<dyn Error + Send + Sync>),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    Relay(#[from] RelayError),
}

/// Takes part in a run as the launcher has assigned it.
pub fn node(assignment: &Path, role: Who) -> Result<ExitCode, Failure> {
    take_part(assignment, role).map_err(Failure::run)
}

fn take_part(path: &Path, role: Who) -> Result<ExitCode, NodeError> {
    let file = path.display().to_string();
    let text = std::fs::read(path);
    let text = text.map_err(|source| NodeError::Assignment { file: file.clone(), source })?;
    let assignment: Assignment = serde_json::from_slice(&text).map_err(|source| NodeError::Form { file, source })?;
    children::die_with(assignment.parent).map_err(NodeError::Orphan)?;
    match role {
        Who::Relay => relay(&assignment),
        Who::Machine(machine) if machine.0 >= assignment.plan.machine_count() => {
            Err(NodeError::NoMachine { who: role, machines: assignment.plan.machine_count() })
        }
        Who::Machine(machine) => {
            let isa = isa(&assignment.isa)?;
            let data = Loader::new(assignment.data.clone()).data(assignment.plan.seed)?;
            let workload = assignment.plan.workload.in_parts(assignment.plan.system.parts());
            workload.visit(Take { assignment: &assignment, machine, isa, data: &data })
        }
    }
}

/// Takes part as a machine with the workload of the plan.
struct Take<'a> {
    assignment: &'a Assignment,
    machine: MachineId,
    isa: Isa,
    data: &'a DataSet,
}

impl Visitor for Take<'_> {
    type Out = Result<ExitCode, NodeError>;

    fn visit<W: Listed>(self, workload: W) -> Self::Out {
        let Take { assignment, machine, isa, data } = self;
        let device = if W::NEEDS_LIBTORCH { device::processor() } else { None };
        let dealt = build::dealt(&assignment.plan, isa, device.as_ref());
        let learner = workload.learner(W::set(data), &dealt, machine.index()).map_err(NodeError::Learner)?;
        run_machine(assignment, machine, learner, isa, *data.hash())
    }
}

fn isa(name: &str) -> Result<Isa, NodeError> {
    let known = Isa::ALL.into_iter().find(|isa| isa.name() == name && isa.is_supported());
    known.ok_or_else(|| NodeError::Isa(name.to_owned()))
}

/// A connection to the launcher, on which this process has sent its role.
fn reach_launcher(assignment: &Assignment, who: Who) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(assignment.launcher)?;
    stream.set_nodelay(true)?;
    protocol::write(&mut stream, &Up::<()>::Hello { token: assignment.run, who })?;
    Ok(stream)
}

fn relay(assignment: &Assignment) -> Result<ExitCode, NodeError> {
    let lost = |source| NodeError::Launcher { at: assignment.launcher, source };
    let plan = &assignment.plan;
    let topology = Topology::new(&plan.profile, &plan.machines_per_site)?;
    let relay = Relay::bind(RelayConfig {
        network: Arc::new(topology.network()),
        link: LinkConfig { chunk: plan.chunk },
        seed: plan.seed,
        dilation: assignment.dilation,
        run: assignment.run,
        port: 0,
        priority: RELAY_PRIORITY,
        bounds: Bounds::default(),
    })?;
    let mut stream = reach_launcher(assignment, Who::Relay).map_err(lost)?;
    protocol::write(&mut stream, &Up::<()>::Listening { relay: relay.address() }).map_err(lost)?;
    let stopper = relay.stopper();
    listen(stream.try_clone().map_err(lost)?, move |down| {
        if let Down::Stop = down {
            stopper.stop();
        }
    });
    let outcome = relay.run();
    let error = outcome.ended.err().map(|error| in_one_line(&error));
    leave(&mut stream, error, ProcessReport::Relay(Box::new(outcome.report))).map_err(lost)
}

fn run_machine<W: Learning>(
    assignment: &Assignment,
    id: MachineId,
    workload: Arc<W>,
    isa: Isa,
    data: [u8; 32],
) -> Result<ExitCode, NodeError> {
    let lost = |source| NodeError::Launcher { at: assignment.launcher, source };
    let plan = &assignment.plan;
    let topology = Topology::new(&plan.profile, &plan.machines_per_site)?;
    let setting = Arc::new(build::setting(plan, &topology, &workload, assignment.max_clocks, isa));
    let codec = MessageCodec::new(plan.encoding, &setting.parts.layout);
    let mut machine = Machine::new(setting, id, workload);
    let mut stream = reach_launcher(assignment, Who::Machine(id)).map_err(lost)?;
    protocol::write(&mut stream, &Up::<()>::Ready { data }).map_err(lost)?;
    let relay = match protocol::read(&mut stream).map_err(lost)? {
        Down::Go { relay } => relay,
        Down::Stop => return Ok(ExitCode::SUCCESS),
    };
    listen(stream.try_clone().map_err(lost)?, |_| {});
    let config = NodeConfig {
        relay,
        run: assignment.run,
        machine: id,
        machines: plan.machine_count() as usize,
        compute_threads: COMPUTE_THREADS,
        priority: MACHINE_PRIORITY,
        bounds: Bounds::default(),
    };
    let (reporter, reports) = sync_channel(MOST_WAITING);
    let writing = stream.try_clone().map_err(lost)?;
    let writer = thread::spawn(move || pass_on(writing, &reports));
    let mut reporter = Reporter { launcher: reporter };
    let outcome = run_node(&config, &mut machine, &codec, &mut reporter);
    drop(reporter);
    writer.join().expect("passing on does not panic").map_err(lost)?;
    let error = outcome.ended.err().map(|error| in_one_line(&error));
    leave(&mut stream, error, ProcessReport::Machine(outcome.report)).map_err(lost)
}

/// Hears the launcher, and ends the process when it is gone.
fn listen(stream: TcpStream, mut hear: impl FnMut(Down) + Send + 'static) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        while let Ok(down) = protocol::read(&mut stream) {
            hear(down);
        }
        std::process::exit(i32::from(RUN_FAILED));
    });
}

/// Says how it was.
fn leave(stream: &mut TcpStream, error: Option<String>, report: ProcessReport) -> io::Result<ExitCode> {
    let code = if error.is_none() { ExitCode::SUCCESS } else { ExitCode::from(RUN_FAILED) };
    protocol::write(stream, &Up::<()>::Done { error, report })?;
    Ok(code)
}

fn pass_on<S: Serialize>(stream: TcpStream, reports: &Receiver<Up<S>>) -> io::Result<()> {
    let mut stream = BufWriter::new(stream);
    reports.iter().try_for_each(|report| protocol::write(&mut stream, &report))
}

/// Hands what the machine records to the thread that passes it on.
struct Reporter<S> {
    launcher: SyncSender<Up<S>>,
}

impl<S: Send> Observer<Recorded<S>> for Reporter<Recorded<S>> {
    fn sample(&mut self, now: Instant, _: MachineId, sample: Recorded<S>) -> ControlFlow<()> {
        match self.launcher.send(Up::Sample { now, sample }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        // A launcher that is lost is noticed at the next sample.
        let _ = self.launcher.send(Up::Arrived(Arrival::of(transfer)));
    }
}
