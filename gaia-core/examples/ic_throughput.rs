//! Images a second of image classification as it runs in an experiment: machines in virtual time under Gaia, each clock with
//! its pull, its steps of training, its push, the significance filter and the exchange between sites. Random images.
//!
//! Prints a line of JSON after every clock once warm, of all clocks so far; on standard error, how long what took. `ci/bench-torch.sh` and `ci/bench-gpu.sh` hold it against PyTorch.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datasets::images::partition::{Partition, Split, partition};
use datasets::images::{ImageShape, ImageSplit, Images, Pixels};
use emulator::id::{MachineId, SiteId};
use emulator::link::{Fabric, LinkConfig};
use emulator::network::{Limit, Network, Route};
use emulator::units::{Bandwidth, ByteSize};
use emulator::virtual_driver::{Observer, Step, Transfer, VirtualDriver};
use gaia_core::layout::Layout;
use gaia_core::machine::Machine;
use gaia_core::outbox::Sample;
use gaia_core::overlay::Overlay;
use gaia_core::rates::{MachineKind, MfRate, ServerRates, Similitude};
use gaia_core::setting::{Placement, RecordCopies, Setting, SettingParts};
use gaia_core::simd::Isa;
use gaia_core::sync::Progress;
use gaia_core::sync::config::{
    Encoding, Gaia, Inside, MirrorClock, Relay, SelectiveBarrier, Significance, System, UserGoal, Ways,
};
use gaia_core::workload::ic::config::{Ic, Measure, NETWORKS, NetworkName};
use gaia_core::workload::ic::torch::device::Device;
use gaia_core::workload::ic::torch::worker::{IcState, IcWorker, WholeImages};
use gaia_core::workload::traits::{Evaluation, Workload};

const USAGE: &str = "ic_throughput [--network NAME] [--batch N] [--sites N] [--machines-per-site N] [--steps-per-clock N] \
                     [--clocks N] [--warm-up CLOCKS] [--threads N] [--device auto|cpu|cuda:N] [--channels-last yes|no] [--train yes|no]";

struct Options {
    network: NetworkName,
    batch: u32,
    sites: u32,
    machines_per_site: u32,
    steps_per_clock: u32,
    clocks: u32,
    warm_up: u32,
    threads: usize,
    device: String,
    channels_last: bool,
    /// Or change every parameter a little instead: what all the rest costs.
    train: bool,
}

fn main() {
    let options = options().unwrap_or_else(|why| {
        eprintln!("{why}\nusage: {USAGE}");
        std::process::exit(2);
    });
    let choice = options.device.parse().unwrap_or_else(|why| fail(&format!("--device: {why}")));
    let (device, why_not_cuda) = Device::open(choice).unwrap_or_else(|why| fail(&format!("--device: {why}")));
    if let Some(why) = why_not_cuda {
        eprintln!("on the CPU, for want of CUDA: {why}");
    }
    let since = Instant::now();
    device.measure(Box::new(move || since.elapsed().as_nanos() as u64));
    let workers = workers(&options, device.clone());
    say(since, "images and workers are made");
    go(&options, since, &device, workers);
}

fn say(since: Instant, what: &str) {
    eprintln!("{:8.2} s: {what}", since.elapsed().as_secs_f64());
}

fn go<W: Workload>(options: &Options, since: Instant, device: &Device, workers: Vec<W>) {
    let mut driver = driver(options, workers);
    say(since, "machines are made");
    let mut watch = Watch {
        options,
        device,
        since,
        ended: BTreeMap::new(),
        began: None,
        phases_before: Vec::new(),
        significant: [0; 2],
    };
    driver.start(&mut watch);
    while driver.step(&mut watch).expect("no stall") == Step::Running {}
    say(since, "the end is measured");
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(2)
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        network: NetworkName::Cifar10Quick,
        batch: 64,
        sites: 2,
        machines_per_site: 1,
        steps_per_clock: 1,
        clocks: 20,
        warm_up: 3,
        threads: 1,
        device: "auto".to_owned(),
        channels_last: true,
        train: true,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let number = || value.parse::<u32>().map_err(|_| format!("{word}: found `{value}`, expected a number"));
        match &*word {
            "--network" => {
                let named = NETWORKS.into_iter().find(|network| network.name() == value);
                options.network = named.ok_or_else(|| {
                    format!(
                        "--network: found `{value}`, expected one of {}",
                        NETWORKS.map(NetworkName::name).join(", ")
                    )
                })?;
            }
            "--batch" => options.batch = number()?,
            "--sites" => options.sites = number()?,
            "--machines-per-site" => options.machines_per_site = number()?,
            "--steps-per-clock" => options.steps_per_clock = number()?,
            "--clocks" => options.clocks = number()?,
            "--warm-up" => options.warm_up = number()?,
            "--threads" => options.threads = number()? as usize,
            "--device" => options.device = value,
            "--channels-last" => options.channels_last = value == "yes",
            "--train" => options.train = value == "yes",
            _ => return Err(format!("unknown option {word}")),
        }
    }
    if options.warm_up == 0 || options.clocks <= options.warm_up {
        return Err("needs a clock to warm up, and clocks after it".to_owned());
    }
    Ok(options)
}

/// Counts the machines that have ended a clock.
struct Watch<'a> {
    options: &'a Options,
    device: &'a Device,
    since: Instant,
    ended: BTreeMap<u32, u32>,
    began: Option<Moment>,
    /// The phases that the device had measured by then.
    phases_before: Vec<(&'static str, u64)>,
    /// Significant parameters, and all that had an update.
    significant: [u64; 2],
}

impl Watch<'_> {
    fn clock_ended(&mut self, clock: u32) {
        say(self.since, &format!("clock {clock} has ended"));
        let done = clock + 1;
        if done == self.options.warm_up {
            self.began = Some(Moment::now());
            self.phases_before = self.device.measured();
        }
        if done > self.options.warm_up {
            self.print(done);
        }
    }

    fn print(&self, done: u32) {
        let Options { network, sites, machines_per_site, batch, steps_per_clock, warm_up, threads, train, .. } =
            *self.options;
        let (began, now) = (self.began.expect("warmed up"), Moment::now());
        let machines = sites * machines_per_site;
        let steps = |clocks: u32| f64::from(clocks * steps_per_clock * machines);
        let images = steps(done - warm_up) * f64::from(batch);
        let since = self.device.measured().into_iter().zip(&self.phases_before);
        let phases: Vec<String> = since
            .map(|((name, now), &(_, before))| {
                format!("\"{name}\":{:.6}", (now - before) as f64 * 1e-9 / steps(done - warm_up))
            })
            .collect();
        let memory = self.device.memory().map_or("null".to_owned(), |[used, all]| format!("[{used},{all}]"));
        println!(
            "{{\"network\":\"{}\",\"device\":\"{}\",\"machines\":{machines},\"batch\":{batch},\"steps_per_clock\":{steps_per_clock},\
             \"clocks\":{},\"threads\":{threads},\"train\":{train},\"images_per_second\":{:.2},\"images_per_cpu_second\":{:.2},\
             \"driver_seconds_a_step\":{:.6},\"seconds_a_step\":{{{}}},\"device_memory_bytes\":{memory},\"significant_share\":{:.4}}}",
            network.name(),
            self.device.name(),
            done - warm_up,
            images / (now.at - began.at).as_secs_f64(),
            images / (now.cpu - began.cpu).as_secs_f64(),
            (now.driver - began.driver).as_secs_f64() / steps(done - warm_up),
            phases.join(","),
            self.significant[0] as f64 / self.significant[1].max(1) as f64,
        );
    }
}

#[derive(Clone, Copy)]
struct Moment {
    at: Instant,
    cpu: Duration,
    /// Of it, the thread's that drives the machines: what no number of threads makes shorter.
    driver: Duration,
}

impl Moment {
    fn now() -> Self {
        let used = |whose| {
            // SAFETY: a place to write to.
            let used = unsafe {
                let mut used: libc::rusage = std::mem::zeroed();
                libc::getrusage(whose, &mut used);
                used
            };
            let span = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
            span(used.ru_utime) + span(used.ru_stime)
        };
        Moment { at: Instant::now(), cpu: used(libc::RUSAGE_SELF), driver: used(libc::RUSAGE_THREAD) }
    }
}

impl<S> Observer<Sample<S>> for Watch<'_> {
    fn sample(&mut self, _: emulator::time::Instant, _: MachineId, sample: Sample<S>) -> ControlFlow<()> {
        match sample {
            Sample::Clock { clock, .. } => {
                let ended = self.ended.entry(clock).or_default();
                *ended += 1;
                if *ended == self.options.sites * self.options.machines_per_site {
                    self.clock_ended(clock);
                }
            }
            Sample::Filter { pending, significant, .. } => {
                self.significant[0] += significant.touched;
                self.significant[1] += pending.touched;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn transfer(&mut self, _: &Transfer) {}
}

/// A worker whose site begins out of step with the others, as sites under Gaia are: while some compute, the servers of
/// others work.
struct Paced {
    worker: IcWorker,
    /// Clocks that its first takes longer.
    late: f64,
    train: bool,
}

impl Workload for Paced {
    type State = IcState;

    fn layout(&self) -> Layout {
        self.worker.layout()
    }

    fn declared_rows(&self) -> &[u32] {
        self.worker.declared_rows()
    }

    fn initial_row(&self, row: u32, values: &mut [f32]) {
        self.worker.initial_row(row, values);
    }

    fn initial_state(&self) -> IcState {
        self.worker.initial_state()
    }

    fn compute(&self, clock: u32, state: &mut IcState, view: &mut [f32]) {
        if self.train {
            self.worker.compute(clock, state, view);
        } else {
            view.iter_mut().for_each(|value| *value *= 0.9999);
        }
    }

    fn evaluates(&self, _: u32) -> bool {
        false
    }

    fn evaluate(&self, _: &IcState, _: &[f32]) -> Evaluation {
        Evaluation::default()
    }

    fn duration(&self, clock: u32, kind: &MachineKind, similitude: &Similitude) -> emulator::time::Duration {
        let whole = self.worker.duration(clock, kind, similitude).as_secs_f64();
        emulator::time::Duration::from_secs_f64(if clock == 0 { whole * (1.0 + self.late) } else { whole })
    }

    fn clocks_per_pass(&self) -> u32 {
        1
    }

    fn learning_rate_factor(&self, _: u32) -> f64 {
        1.0
    }
}

/// A few random images over and over.
struct Repeated {
    pool: Vec<u8>,
    image_bytes: usize,
    count: usize,
}

impl Pixels for Repeated {
    fn len(&self) -> usize {
        self.count
    }

    fn read(&self, indexes: &[u32], out: &mut [u8]) {
        let pooled = self.pool.len() / self.image_bytes;
        for (&index, image) in indexes.iter().zip(out.chunks_exact_mut(self.image_bytes)) {
            image.copy_from_slice(&self.pool[index as usize % pooled * self.image_bytes..][..self.image_bytes]);
        }
    }
}

fn images(network: NetworkName, count: usize) -> Images {
    let (side, classes) = if network == NetworkName::GoogLeNet { (224, 1000) } else { (32, 10) };
    let shape = ImageShape { channels: 3, height: side, width: side };
    let mut random = emulator::random::stream(1, "random images", 0);
    let mut pool = vec![0; shape.bytes() * 256];
    rand::Rng::fill_bytes(&mut random, &mut pool);
    let split = |count: usize| ImageSplit {
        labels: (0..count).map(|image| (image % classes) as u16).collect(),
        pixels: Arc::new(Repeated { pool: pool.clone(), image_bytes: shape.bytes(), count }),
    };
    Images {
        name: "random".to_owned(),
        classes: (0..classes).map(|class| class.to_string()).collect(),
        shape,
        train: split(count),
        test: split(1),
        hash: [0; 32],
    }
}

fn workers(options: &Options, device: Arc<Device>) -> Vec<Paced> {
    let machines = options.sites * options.machines_per_site;
    let images = images(options.network, (options.batch * options.steps_per_clock * machines) as usize);
    let config = Ic {
        network: options.network,
        batch: options.batch,
        clocks_per_pass: 1,
        learning_rate: 0.001,
        channels_last: options.channels_last,
        evaluation: Measure { every_clocks: u32::MAX, train_images: 1, test_images: 0 },
        ..Ic::default()
    };
    let whole = WholeImages::new(&images, machines, config, 1, device).unwrap_or_else(|why| fail(&why.to_string()));
    let sites = vec![options.machines_per_site; options.sites as usize];
    let parts = partition(&images, &sites, Split::Even);
    let paced = |part: Partition| {
        let late = f64::from(part.machine / options.machines_per_site) / f64::from(options.sites);
        Paced { worker: IcWorker::new(whole.clone(), part), late, train: options.train }
    };
    parts.into_iter().map(paced).collect()
}

fn driver<W: Workload>(options: &Options, workers: Vec<W>) -> VirtualDriver<Machine<W>> {
    let setting = Arc::new(setting(options, workers[0].layout()));
    let machine = |(worker, number)| Machine::new(setting.clone(), MachineId(number), Arc::new(worker));
    let nodes: Vec<Machine<W>> = workers.into_iter().zip(0..).map(machine).collect();
    let fabric = Fabric::new(Arc::new(network(nodes.len() as u32)), LinkConfig::default(), 1).expect("a sound network");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().expect("threads start");
    VirtualDriver::new(nodes, fabric, Arc::new(pool))
}

fn setting(options: &Options, layout: Layout) -> Setting {
    let machines = options.sites * options.machines_per_site;
    Setting::new(SettingParts {
        placement: Placement {
            site_of: (0..machines).map(|machine| SiteId(machine / options.machines_per_site)).collect(),
            bytes_per_second: vec![5e9; (machines * machines) as usize],
            nic: vec![Bandwidth::from_bits_per_second(40_000_000_000); machines as usize],
        },
        layout,
        system: System::Gaia(Gaia {
            inside: Inside::BSP,
            significance: Significance::default(),
            selective_barrier: SelectiveBarrier::Off {},
            mirror_clock: MirrorClock::Bounded { staleness: 1 },
            overlay: Ways::default(),
            relay: Relay::default(),
            goal: UserGoal::default(),
        }),
        overlay: Overlay::Direct,
        encodings: Encoding::Plain.into(),
        similitude: Similitude::NONE,
        kind: MachineKind {
            mf: MfRate { rank: 8, updates_per_second: 1e6 },
            ..MachineKind::of_servers(
                "as the default".to_owned(),
                "virtual time does not matter here".to_owned(),
                ServerRates {
                    apply_gb_per_second: 4.0,
                    filter_gb_per_second: 8.0,
                    encode_gb_per_second: 4.0,
                    decode_gb_per_second: 4.0,
                },
            )
        },
        seed: 1,
        max_clocks: options.clocks,
        isa: Isa::detect(),
        record_copies: RecordCopies::Never,
        progress: Arc::new(|clock| Progress { clock, clocks_per_pass: 1, learning_rate_factor: 1.0 }),
    })
}

/// Links so fast that they cost no events worth counting.
fn network(machines: u32) -> Network {
    let limit = |name: String| Limit {
        name,
        rate: Bandwidth::from_bits_per_second(40_000_000_000),
        depth: ByteSize::from_bytes(64 << 20),
    };
    let mut limits: Vec<Limit> = (0..machines).map(|machine| limit(format!("m{machine} out"))).collect();
    limits.extend((0..machines).map(|machine| limit(format!("m{machine} in"))));
    let route = |from, to| Route { limits: vec![from, machines + to], ..Route::default() };
    let routes = (0..machines).flat_map(|from| (0..machines).map(move |to| route(from, to))).collect();
    Network { machines: machines as usize, limits, routes }
}
