//! libtorch's CUDA half and the CUDA runtime, found at run time: a binary linked without them uses them where they are.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use super::super::device::NoCuda;

/// A function of libtorch_cpu.so, by which the library in use is found.
const IN_TORCH_CPU: &CStr = c"_ZN2at13globalContextEv";

/// Loads libtorch_cuda.so from the folder of the libtorch_cpu.so in use, once. libtorch looks for CUDA at the first question
/// about it and never again, so this comes first.
///
/// # Errors
/// Returns an error if a library cannot be found or loaded.
pub(super) fn load() -> Result<(), NoCuda> {
    static LOADED: OnceLock<Result<(), NoCuda>> = OnceLock::new();
    LOADED.get_or_init(find_and_load).clone()
}

fn find_and_load() -> Result<(), NoCuda> {
    // SAFETY: dlsym, dladdr and dlopen get terminated strings and a place to write to; what dladdr points to lives as long as
    // the library, which is never unloaded.
    unsafe {
        let within = libc::dlsym(libc::RTLD_DEFAULT, IN_TORCH_CPU.as_ptr());
        let mut found: libc::Dl_info = std::mem::zeroed();
        if within.is_null() || libc::dladdr(within, &mut found) == 0 || found.dli_fname.is_null() {
            return Err(NoCuda::NoLibtorch);
        }
        let path = CStr::from_ptr(found.dli_fname).to_string_lossy().into_owned();
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let library = format!("{folder}/libtorch_cuda.so\0");
        if libc::dlopen(library.as_ptr().cast::<c_char>(), libc::RTLD_NOW | libc::RTLD_GLOBAL).is_null() {
            let why = libc::dlerror();
            let why = if why.is_null() { library } else { CStr::from_ptr(why).to_string_lossy().into_owned() };
            return Err(NoCuda::NotLoaded(why));
        }
        Ok(())
    }
}

type Handle = *mut c_void;

/// The functions of the CUDA runtime that libtorch does not offer to us: copies on streams of our own.
#[derive(Clone, Copy)]
pub(super) struct Runtime {
    set_device: unsafe extern "C" fn(c_int) -> c_int,
    create_stream: unsafe extern "C" fn(*mut Handle, u32) -> c_int,
    copy: unsafe extern "C" fn(*mut c_void, *const c_void, usize, c_int, Handle) -> c_int,
    wait_for_stream: unsafe extern "C" fn(Handle) -> c_int,
    create_event: unsafe extern "C" fn(*mut Handle, u32) -> c_int,
    record: unsafe extern "C" fn(Handle, Handle) -> c_int,
    wait_for_event: unsafe extern "C" fn(Handle) -> c_int,
    allocate: unsafe extern "C" fn(*mut Handle, usize, u32) -> c_int,
    free: unsafe extern "C" fn(Handle) -> c_int,
    memory: unsafe extern "C" fn(*mut usize, *mut usize) -> c_int,
    explain: unsafe extern "C" fn(c_int) -> *const c_char,
}

/// A stream of copies and an event, of one device.
pub(super) struct Stream {
    runtime: Runtime,
    stream: Handle,
    event: Handle,
}

/// Memory of this machine that the device copies from and to directly.
pub(super) struct Pinned {
    runtime: Runtime,
    pub(super) bytes: usize,
    pub(super) start: *mut c_void,
}

// SAFETY: plain memory, with one owner.
unsafe impl Send for Pinned {}

// SAFETY: CUDA's streams and events may be used from any thread.
unsafe impl Send for Stream {}

impl Runtime {
    /// The runtime that libtorch_cuda.so has brought along.
    ///
    /// # Errors
    /// Returns an error if a function is missing.
    #[expect(clippy::missing_transmute_annotations, reason = "each field's type is the signature")]
    pub(super) fn find() -> Result<Self, NoCuda> {
        let function = |name: &CStr| {
            // SAFETY: a terminated string.
            let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
            if found.is_null() { Err(NoCuda::NoFunction(name.to_string_lossy().into_owned())) } else { Ok(found) }
        };
        // SAFETY: the functions have these signatures in every CUDA runtime from version 4 on.
        unsafe {
            Ok(Runtime {
                set_device: std::mem::transmute::<Handle, _>(function(c"cudaSetDevice")?),
                create_stream: std::mem::transmute::<Handle, _>(function(c"cudaStreamCreateWithFlags")?),
                copy: std::mem::transmute::<Handle, _>(function(c"cudaMemcpyAsync")?),
                wait_for_stream: std::mem::transmute::<Handle, _>(function(c"cudaStreamSynchronize")?),
                create_event: std::mem::transmute::<Handle, _>(function(c"cudaEventCreateWithFlags")?),
                record: std::mem::transmute::<Handle, _>(function(c"cudaEventRecord")?),
                wait_for_event: std::mem::transmute::<Handle, _>(function(c"cudaEventSynchronize")?),
                allocate: std::mem::transmute::<Handle, _>(function(c"cudaHostAlloc")?),
                free: std::mem::transmute::<Handle, _>(function(c"cudaFreeHost")?),
                memory: std::mem::transmute::<Handle, _>(function(c"cudaMemGetInfo")?),
                explain: std::mem::transmute::<Handle, _>(function(c"cudaGetErrorString")?),
            })
        }
    }

    /// Makes the device the thread's own: for libtorch's generator, and before memory is asked for.
    pub(super) fn use_device(&self, device: usize) {
        // SAFETY: plain numbers.
        self.check(unsafe { (self.set_device)(device as c_int) });
    }

    /// Bytes in use and all bytes of a device.
    pub(super) fn memory(&self, device: usize) -> [u64; 2] {
        let (mut free, mut all) = (0, 0);
        self.use_device(device);
        // SAFETY: places to write to.
        self.check(unsafe { (self.memory)(&mut free, &mut all) });
        [(all - free) as u64, all as u64]
    }

    /// # Panics
    /// On an error of CUDA: a device that has failed cannot be used again in this process.
    fn check(&self, code: c_int) {
        if code != 0 {
            // SAFETY: it returns a terminated string for every code.
            let why = unsafe { CStr::from_ptr((self.explain)(code)) };
            panic!("CUDA has failed: {}", why.to_string_lossy());
        }
    }
}

impl Pinned {
    pub(super) fn new(runtime: Runtime, bytes: usize) -> Self {
        let mut start = ptr::null_mut();
        // SAFETY: a place to write to; CUDA refuses an empty allocation.
        runtime.check(unsafe { (runtime.allocate)(&mut start, bytes.max(1), 0) });
        Pinned { runtime, bytes, start }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: it came from cudaHostAlloc. At the end of a process CUDA may be gone, and the memory with it.
        unsafe { (self.runtime.free)(self.start) };
    }
}

impl Stream {
    pub(super) fn new(runtime: Runtime, device: usize) -> Self {
        const APART_FROM_THE_DEFAULT_STREAM: u32 = 1;
        const WITHOUT_TIMES: u32 = 2;
        let (mut stream, mut event) = (ptr::null_mut(), ptr::null_mut());
        runtime.use_device(device);
        // SAFETY: places to write to.
        unsafe {
            runtime.check((runtime.create_stream)(&mut stream, APART_FROM_THE_DEFAULT_STREAM));
            runtime.check((runtime.create_event)(&mut event, WITHOUT_TIMES));
        }
        Stream { runtime, stream, event }
    }

    /// Copies between pinned memory and the device, and waits for the end.
    ///
    /// # Safety
    /// Both places have `bytes` bytes, and nothing else writes to them or, at `to`, reads them meanwhile.
    pub(super) unsafe fn copy(&self, to: *mut c_void, from: *const c_void, bytes: usize) {
        const BY_ADDRESS: c_int = 4;
        // SAFETY: the caller's.
        unsafe {
            self.runtime.check((self.runtime.copy)(to, from, bytes, BY_ADDRESS, self.stream));
            self.runtime.check((self.runtime.wait_for_stream)(self.stream));
        }
    }

    /// Marks the end of the work that is queued on libtorch's stream.
    pub(super) fn mark(&self) {
        // SAFETY: the event is of this device; null is the default stream, which libtorch uses.
        self.runtime.check(unsafe { (self.runtime.record)(self.event, ptr::null_mut()) });
    }

    /// Waits until the device is past the mark.
    pub(super) fn wait_for_mark(&self) {
        // SAFETY: the event is of this device.
        self.runtime.check(unsafe { (self.runtime.wait_for_event)(self.event) });
    }
}
