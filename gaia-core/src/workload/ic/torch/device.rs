//! The device of a run: the CPU, or a CUDA device that all machines of the process share.
//!
//! A CUDA device has a few slots, each with a copy of the parameters and a batch of images in pinned memory and on the device.
//! A machine takes a slot, brings its parameters in, waits for its turn at the device (one machine's kernels at a time, so
//! memory is bounded by one batch), and takes them out again; meanwhile others copy.
//!
//! All kernels are launched by one thread, the device's own: libtorch keeps its measurements of the fastest
//! convolutions by thread, and finding out takes seconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use tch::{Kind, Tensor};

use super::super::device::{DeviceChoice, DeviceError, NoCuda};
use super::cuda::{self, Pinned, Runtime, Stream};

/// One that computes, one that is next, one that comes in, one that goes out.
const SLOTS: usize = 4;

/// The device that networks run on, with its threads and streams.
pub struct Device {
    /// As libtorch names it.
    pub(super) torch: tch::Device,
    pub(super) cuda: Option<Cuda>,
    stopwatch: Mutex<Option<Stopwatch>>,
    spent: [AtomicU64; PHASES.len()],
}

/// Nanoseconds since some moment: this crate knows no clock.
pub type Stopwatch = Box<dyn Fn() -> u64 + Send + Sync>;

/// The parts of a worker's real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Images are read from memory or disk.
    Read,
    /// Parameters are copied between the worker and pinned memory.
    Pin,
    /// Parameters and images go to the device, parameters come back.
    Transfer,
    /// Waiting for a slot.
    Queue,
    /// Forward, backward and the step; on a device what is left of them, those of others before included, once launched.
    Train,
    /// Launching them on a device.
    Launch,
}

const PHASES: [(Phase, &str); 6] = [
    (Phase::Read, "read"),
    (Phase::Pin, "pin"),
    (Phase::Transfer, "transfer"),
    (Phase::Queue, "queue"),
    (Phase::Train, "train"),
    (Phase::Launch, "launch"),
];

/// A CUDA device, and what is kept for it.
pub(super) struct Cuda {
    number: usize,
    runtime: Runtime,
    /// To the device's own thread, which ends with the device.
    jobs: Mutex<Sender<Job>>,
    slots: Mutex<Slots>,
    freed: Condvar,
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Slots {
    free: Vec<Slot>,
    made: usize,
}

/// Room for one machine's parameters and images, here and on the device.
pub(super) struct Slot {
    pub(super) stream: Stream,
    pub(super) parameters: Mirrored,
    pub(super) images: Mirrored,
    pub(super) labels: Mirrored,
}

/// The same array in pinned memory and on the device.
pub(super) struct Mirrored {
    here: Pinned,
    there: Tensor,
}

impl Device {
    /// The device of `choice`, and why it is not CUDA where `auto` found none.
    ///
    /// # Errors
    /// Returns an error if the device that was asked for is not here.
    pub fn open(choice: DeviceChoice) -> Result<(Arc<Self>, Option<String>), DeviceError> {
        keep_memory();
        let cpu = || Arc::new(Device::new(tch::Device::Cpu, None));
        match choice {
            DeviceChoice::Cpu => Ok((cpu(), None)),
            DeviceChoice::Auto => match cuda_devices() {
                Ok((runtime, _)) => Ok((Arc::new(Device::cuda(runtime, 0)), None)),
                Err(why) => Ok((cpu(), Some(why.to_string()))),
            },
            DeviceChoice::Cuda(wanted) => {
                let (runtime, devices) = cuda_devices().map_err(|why| DeviceError::NoCuda { wanted, why })?;
                if wanted >= devices {
                    return Err(DeviceError::Absent { wanted, devices });
                }
                Ok((Arc::new(Device::cuda(runtime, wanted)), None))
            }
        }
    }

    fn cuda(runtime: Runtime, number: usize) -> Self {
        // The shapes of a run never change: the fastest algorithms are found once.
        tch::Cuda::cudnn_set_benchmark(true);
        let (jobs, coming) = channel::<Job>();
        std::thread::spawn(move || {
            runtime.use_device(number);
            coming.into_iter().for_each(|job| job());
        });
        let (jobs, slots, freed) = (Mutex::new(jobs), Mutex::new(Slots::default()), Condvar::new());
        Device::new(tch::Device::Cuda(number), Some(Cuda { number, runtime, jobs, slots, freed }))
    }

    fn new(torch: tch::Device, cuda: Option<Cuda>) -> Self {
        Device { torch, cuda, stopwatch: Mutex::new(None), spent: Default::default() }
    }

    /// From now on, how long workers take is measured by this stopwatch.
    pub fn measure(&self, stopwatch: Stopwatch) {
        *self.stopwatch.lock().expect("nobody panics while holding it") = Some(stopwatch);
    }

    /// Nanoseconds by phase, over all workers: `read`, `pin`, `transfer`, `queue`, `train`, `launch`.
    pub fn measured(&self) -> Vec<(&'static str, u64)> {
        PHASES.iter().zip(&self.spent).map(|(&(_, name), spent)| (name, spent.load(Ordering::Relaxed))).collect()
    }

    /// Bytes of the device's memory in use, by anybody, and all of them; none for the CPU.
    pub fn memory(&self) -> Option<[u64; 2]> {
        self.cuda.as_ref().map(|cuda| cuda.runtime.memory(cuda.number))
    }

    /// Does `work`, and counts its time where a stopwatch runs.
    pub(super) fn timed<T>(&self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let began = self.now();
        let done = work();
        self.count(phase, began);
        done
    }

    pub(super) fn now(&self) -> Option<u64> {
        self.stopwatch.lock().expect("nobody panics while holding it").as_ref().map(|now| now())
    }

    /// Counts the time since `began`.
    pub(super) fn count(&self, phase: Phase, began: Option<u64>) {
        if let (Some(began), Some(now)) = (began, self.now()) {
            self.spent[phase as usize].fetch_add(now - began, Ordering::Relaxed);
        }
    }

    /// The name of the device: `cpu` or `cuda:N`.
    pub fn name(&self) -> String {
        match &self.cuda {
            None => DeviceChoice::Cpu.to_string(),
            Some(cuda) => DeviceChoice::Cuda(cuda.number).to_string(),
        }
    }
}

/// From now on, freed memory stays with the process: activations and copies of the parameters, megabytes each, would come
/// from the system anew in every step, zeroed page by page.
fn keep_memory() {
    const LARGE: i32 = 1 << 30;
    // SAFETY: plain numbers.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// The CUDA devices of this machine, at least one.
fn cuda_devices() -> Result<(Runtime, usize), NoCuda> {
    cuda::load()?;
    let devices = tch::Cuda::device_count();
    if !tch::Cuda::is_available() || devices < 1 {
        return Err(NoCuda::NoDevice);
    }
    Ok((Runtime::find()?, devices as usize))
}

impl Cuda {
    /// The result of `job`, which queues work on the device, in its turn.
    pub(super) fn in_turn<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, answered) = channel();
        let job = move || drop(answer.send(job()));
        self.jobs
            .lock()
            .expect("nobody panics while holding it")
            .send(Box::new(job))
            .expect("the device's thread is there");
        answered.recv().expect("the device's thread answers every job")
    }

    /// A slot for these numbers of parameters, bytes of images and labels.
    pub(super) fn take_slot(&self, floats: usize, image_bytes: usize, labels: usize) -> Slot {
        let mut slots = self.slots.lock().expect("no machine panics here");
        loop {
            if let Some(mut slot) = slots.free.pop() {
                drop(slots);
                self.runtime.use_device(self.number);
                slot.parameters.fit(self.runtime, floats);
                slot.images.fit(self.runtime, image_bytes);
                slot.labels.fit(self.runtime, labels);
                return slot;
            }
            if slots.made < SLOTS {
                slots.made += 1;
                drop(slots);
                let stream = Stream::new(self.runtime, self.number);
                let room = |kind, len| Mirrored::new(self.runtime, kind, len, tch::Device::Cuda(self.number));
                return Slot {
                    stream,
                    parameters: room(Kind::Float, floats),
                    images: room(Kind::Uint8, image_bytes),
                    labels: room(Kind::Int64, labels),
                };
            }
            slots = self.freed.wait(slots).expect("no machine panics here");
        }
    }

    pub(super) fn give_back(&self, slot: Slot) {
        self.slots.lock().expect("no machine panics here").free.push(slot);
        self.freed.notify_one();
    }
}

impl Mirrored {
    fn new(runtime: Runtime, kind: Kind, len: usize, device: tch::Device) -> Self {
        let here = Pinned::new(runtime, len * kind.elt_size_in_bytes());
        Mirrored { here, there: Tensor::empty([len as i64], (kind, device)) }
    }

    fn fit(&mut self, runtime: Runtime, len: usize) {
        if self.there.numel() < len {
            *self = Mirrored::new(runtime, self.there.kind(), len, self.there.device());
        }
    }

    /// The array on the device: its first `len` elements.
    pub(super) fn there(&self, len: usize) -> Tensor {
        self.there.narrow(0, 0, len as i64)
    }

    /// The array in pinned memory: its first `len` elements, which are of libtorch's kind of `T`.
    pub(super) fn here<T: tch::kind::Element>(&mut self, len: usize) -> &mut [T] {
        assert!(self.bytes(len) <= self.here.bytes && self.there.kind() == T::KIND, "room for these");
        // SAFETY: the memory is owned, aligned to pages, as long as asserted, and borrowed with the array; any bytes are
        // numbers.
        unsafe { std::slice::from_raw_parts_mut(self.here.start.cast::<T>(), len) }
    }

    fn bytes(&self, len: usize) -> usize {
        len * self.there.kind().elt_size_in_bytes()
    }

    /// Brings the first `len` elements to the device.
    pub(super) fn bring(&self, stream: &Stream, len: usize) {
        assert!(self.there.numel() >= len, "room for these");
        // SAFETY: both arrays are as long, and this slot is one machine's.
        unsafe { stream.copy(self.there.data_ptr(), self.here.start, self.bytes(len)) };
    }

    /// Fetches the first `len` elements from the device.
    pub(super) fn fetch(&self, stream: &Stream, len: usize) {
        assert!(self.there.numel() >= len, "room for these");
        // SAFETY: as above.
        unsafe { stream.copy(self.here.start, self.there.data_ptr(), self.bytes(len)) };
    }
}
