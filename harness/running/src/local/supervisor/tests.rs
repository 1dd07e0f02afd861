//! Processes that do not do what they should: each is named, in bounded time. Shell scripts stand for them.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use emulator::id::MachineId;

const TOKEN: u64 = 7;
const M0: Who = Who::Machine(MachineId(0));
const M1: Who = Who::Machine(MachineId(1));

/// A file that another test's process has just been forked with cannot be run: these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A supervisor whose processes run `script`, and a connection for each time that this is called.
fn supervisor(folder: &Path, script: &str) -> (Supervisor<()>, impl Fn() -> TcpStream) {
    let program = folder.join("program");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let log = File::create(folder.join("log")).unwrap();
    let supervisor = Supervisor::new(program, listener, TOKEN, &folder.join("assignment"), log).unwrap();
    (supervisor, move || TcpStream::connect(address).unwrap())
}

/// Waits until all have reported that they are ready, or something else happens.
fn gather(supervisor: &mut Supervisor<()>, all: &[Who], within: Duration) -> Result<Vec<()>, LocalError> {
    supervisor.expect("have not come up", all, within, |_, up| Ok(matches!(up, Up::Ready { .. }).then_some(())))
}

fn say(stream: &mut TcpStream, up: &Up<Recorded<()>>) {
    protocol::write(stream, up).unwrap();
}

#[test]
fn a_process_that_never_comes_up_is_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (mut supervisor, connect) = supervisor(folder.path(), "exec sleep 60");
    [M0, M1].into_iter().for_each(|who| supervisor.start(who).unwrap());
    let mut ready = connect();
    say(&mut ready, &Up::Hello { token: TOKEN, who: M0 });
    say(&mut ready, &Up::Ready { data: [0; 32] });
    let begun = Instant::now();
    let error = gather(&mut supervisor, &[M0, M1], Duration::from_millis(300)).unwrap_err().to_string();
    assert_eq!(error, "within 300ms these processes have not come up: m1");
    drop(supervisor);
    assert!(begun.elapsed() < Duration::from_secs(10), "nothing is waited for, and the processes are gone");
}

#[test]
fn a_process_that_ends_at_once_is_named_with_how() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (mut supervisor, _) = supervisor(folder.path(), "exit 3");
    supervisor.start(M0).unwrap();
    let error = gather(&mut supervisor, &[M0], Duration::from_secs(30)).unwrap_err().to_string();
    assert!(error.starts_with("m0: process ") && error.ends_with(" exited with 3"), "{error}");
}

#[test]
fn a_program_that_cannot_be_started_is_an_error_at_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (mut supervisor, _) = supervisor(folder.path(), "exit 0");
    std::fs::remove_file(folder.path().join("program")).unwrap();
    let error = supervisor.start(M0).unwrap_err().to_string();
    assert_eq!(error, "start the process of m0");
}

#[test]
fn strangers_and_half_open_connections_are_not_heard() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (mut supervisor, connect) = supervisor(folder.path(), "exec sleep 60");
    supervisor.start(M0).unwrap();
    let _half_open = connect();
    let mut strangers = [connect(), connect(), connect()];
    say(&mut strangers[0], &Up::Hello { token: TOKEN + 1, who: M0 });
    say(&mut strangers[1], &Up::Hello { token: TOKEN, who: M1 });
    strangers[2].write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let error = gather(&mut supervisor, &[M0], Duration::from_millis(300)).unwrap_err().to_string();
    assert_eq!(error, "within 300ms these processes have not come up: m0");
    for stranger in &mut strangers {
        stranger.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // Closed or reset: either way nobody answers, and nobody waits for ever.
        assert!(!matches!(stranger.read(&mut [0; 1]), Ok(1)));
    }
    let mut real = connect();
    say(&mut real, &Up::Hello { token: TOKEN, who: M0 });
    say(&mut real, &Up::Ready { data: [0; 32] });
    gather(&mut supervisor, &[M0], Duration::from_secs(20)).unwrap();
}
