//! The processes of a run: started, watched, and gone when the launcher is.
//!
//! Three things hold them to the launcher: dropping [`Children`] kills them; the kernel kills them when the thread that
//! started them dies, however it dies (they ask for it: [`die_with`]); and they end when its connection closes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use record::log;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use tracing::info;

use super::protocol::Who;

/// Processes that run, or have ended and were not asked yet.
pub(super) struct Children {
    program: PathBuf,
    processes: BTreeMap<Who, Child>,
}

impl Children {
    /// None yet; those to come run `program`, which is this one in all runs.
    pub(super) fn of(program: PathBuf) -> Children {
        Children { program, processes: BTreeMap::new() }
    }

    /// Starts `experiments node` for `who`, which logs at the level of this process. Its standard error goes to `heard`.
    pub(super) fn start(&mut self, who: Who, assignment: &Path, heard: &File) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("node").arg("--assignment").arg(assignment).arg("--as").arg(who.argument());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(heard.try_clone()?);
        let child = command.envs(log::environment()).spawn()?;
        info!(%who, process = child.id(), "process started");
        let previous = self.processes.insert(who, child);
        assert!(previous.is_none(), "every process is started once");
        Ok(())
    }

    /// The end of `who` and its process id. `None` means that it still runs.
    pub(super) fn ended(&mut self, who: Who) -> Option<String> {
        let child = self.processes.get_mut(&who)?;
        let status = child.try_wait().ok()??;
        Some(format!("process {} {}", child.id(), in_words(status)))
    }

    /// Kills those that run, and takes note of the end of all.
    pub(super) fn kill(&mut self) {
        for child in self.processes.values_mut() {
            // One that has ended already cannot be killed, which is as well.
            let _ = child.kill();
        }
        for child in self.processes.values_mut() {
            let _ = child.wait();
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.kill();
    }
}

fn in_words(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("exited with {code}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Has the kernel kill this process when `parent` dies; an error when it is dead already.
pub(super) fn die_with(parent: i32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid().map(Pid::as_raw_pid) == Some(parent) { Ok(()) } else { Err(io::Error::other("the launcher is gone")) }
}
