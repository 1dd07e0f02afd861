//! The processes of a run: their connections, their reports, and how they end.
//!
//! One thread per connection reads the reports of a process. Everything else, including the end of processes, is handled by the
//! launcher's single loop, which checks at least every [`TICK`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use gaia_core::outbox::Sample as Recorded;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{debug, info, warn};

use super::children::Children;
use super::error::LocalError;
use super::protocol::{self, Down, ProcessReport, Up, Who};

/// For processes to end, after one has ended badly or the relay has ended well.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Between two looks at processes and new connections.
const TICK: Duration = Duration::from_millis(20);
/// The most time for a connection to identify itself.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Frames that may wait for the launcher's loop; then processes wait.
const MOST_WAITING: usize = 1024;

/// The bounds of a worker's state for transfer over a connection.
pub(super) trait State: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<S: Serialize + DeserializeOwned + Send + Sync + 'static> State for S {}

enum Event<S> {
    Came(TcpStream),
    Said(Up<Recorded<S>>),
    Left,
}

/// A report of a process.
type Said<S> = (Who, Up<Recorded<S>>);

/// The state of a process.
#[derive(Debug, Default)]
struct Member {
    link: Option<TcpStream>,
    left: bool,
    end: Option<End>,
}

/// The end of a process.
#[derive(Debug)]
enum End {
    Well(Option<ProcessReport>),
    /// The process reported an error.
    Failed(String),
    /// The process ended without a report.
    Died(String),
    /// It did not end, and was killed.
    Stuck,
}

/// An event of the launcher's loop.
pub(super) enum Heard<S> {
    Said(Who, Up<Recorded<S>>),
    /// All processes have ended well.
    End,
}

/// The processes of a run.
pub(super) struct Supervisor<S> {
    children: Children,
    listener: TcpListener,
    token: u64,
    assignment: PathBuf,
    log: File,
    members: BTreeMap<Who, Member>,
    sender: SyncSender<(Who, Event<S>)>,
    events: Receiver<(Who, Event<S>)>,
    /// The time at which processes that have not ended by then are killed.
    patience: Option<Instant>,
}

impl<S: State> Supervisor<S> {
    /// Hears processes of `program` that come to `listener` and know the token.
    pub(super) fn new(
        program: PathBuf,
        listener: TcpListener,
        token: u64,
        assignment: &Path,
        log: File,
    ) -> io::Result<Supervisor<S>> {
        listener.set_nonblocking(true)?;
        let (sender, events) = sync_channel(MOST_WAITING);
        Ok(Supervisor {
            children: Children::of(program),
            listener,
            token,
            assignment: assignment.to_owned(),
            log,
            members: BTreeMap::new(),
            sender,
            events,
            patience: None,
        })
    }

    pub(super) fn start(&mut self, who: Who) -> Result<(), LocalError> {
        self.members.insert(who, Member::default());
        let started = self.children.start(who, &self.assignment, &self.log);
        started.map_err(|source| LocalError::Start { who, source })
    }

    /// Says something to a process; that it is gone is noticed elsewhere.
    pub(super) fn send(&mut self, who: Who, down: Down) {
        if let Some(link) = self.members.get_mut(&who).and_then(|member| member.link.as_mut()) {
            let _ = protocol::write(link, &down);
        }
    }

    /// Waits until each of `all` has sent a report that `answer` accepts; `what` names the missing action in the error otherwise.
    pub(super) fn expect<T>(
        &mut self,
        what: &'static str,
        all: &[Who],
        within: Duration,
        mut answer: impl FnMut(Who, Up<Recorded<S>>) -> Result<Option<T>, LocalError>,
    ) -> Result<Vec<T>, LocalError> {
        let until = Instant::now() + within;
        let mut answers = BTreeMap::new();
        while answers.len() < all.len() {
            if let Some((who, up)) = self.next()?
                && let Some(answer) = answer(who, up)?
            {
                answers.insert(who, answer);
            }
            if Instant::now() >= until {
                let missing = all.iter().filter(|who| !answers.contains_key(who)).map(Who::to_string);
                return Err(LocalError::Late { names: missing.collect::<Vec<_>>().join(", "), what, waited: within });
            }
        }
        Ok(answers.into_values().collect())
    }

    /// The next report of a process, or the end of all without an error.
    pub(super) fn hear(&mut self) -> Result<Heard<S>, LocalError> {
        loop {
            if let Some((who, up)) = self.next()? {
                return Ok(Heard::Said(who, up));
            }
            if self.members.values().all(|member| matches!(member.end, Some(End::Well(_)))) {
                return Ok(Heard::End);
            }
        }
    }

    pub(super) fn report(&mut self, who: Who) -> Option<ProcessReport> {
        match self.members.get_mut(&who)?.end.as_mut()? {
            End::Well(report) => report.take(),
            End::Failed(_) | End::Died(_) | End::Stuck => None,
        }
    }

    /// The event of one tick, if there is one.
    fn next(&mut self) -> Result<Option<Said<S>>, LocalError> {
        self.accept();
        self.look_after()?;
        let Ok((who, event)) = self.events.recv_timeout(TICK) else { return Ok(None) };
        let member = self.members.get_mut(&who).expect("only processes that were started know the token");
        match event {
            Event::Came(link) => {
                debug!(%who, "process connected");
                member.link = Some(link);
            }
            Event::Left => member.left = true,
            Event::Said(Up::Done { error, report }) => {
                let end = error.map_or(End::Well(Some(report)), End::Failed);
                let ends_all = who == Who::Relay || matches!(end, End::Failed(_));
                match &end {
                    End::Failed(why) => warn!(%who, why, "process failed"),
                    _ => info!(%who, "process ended"),
                }
                member.end = Some(end);
                if ends_all {
                    self.be_patient();
                }
            }
            Event::Said(up) => return Ok(Some((who, up))),
        }
        Ok(None)
    }

    fn be_patient(&mut self) {
        self.patience.get_or_insert_with(|| Instant::now() + LAST_WORDS);
    }

    /// Connections that have come: each is read by a thread of its own.
    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let (sender, token) = (self.sender.clone(), self.token);
            let known: Vec<Who> = self.members.keys().copied().collect();
            thread::spawn(move || read_all(&stream, token, &known, &sender));
        }
    }

    /// Notes who has died. When the run cannot end well any more: waits for last words, then gives up.
    fn look_after(&mut self) -> Result<(), LocalError> {
        for (&who, member) in &mut self.members {
            if member.end.is_some() || (member.link.is_some() && !member.left) {
                continue;
            }
            if let Some(how) = self.children.ended(who) {
                warn!(%who, how, "process lost");
                member.end = Some(End::Died(how));
                self.patience.get_or_insert_with(|| Instant::now() + LAST_WORDS);
            }
        }
        let ended_badly = |member: &Member| matches!(member.end, Some(End::Failed(_) | End::Died(_) | End::Stuck));
        let all_ended = self.members.values().all(|member| member.end.is_some());
        let late = self.patience.is_some_and(|until| Instant::now() >= until);
        if late && !all_ended {
            self.children.kill();
            let open = self.members.values_mut().filter(|member| member.end.is_none());
            open.for_each(|member| member.end = Some(End::Stuck));
            warn!(patience_seconds = LAST_WORDS.as_secs(), "processes killed");
        }
        if (all_ended || late) && self.members.values().any(ended_badly) {
            return Err(self.lost());
        }
        Ok(())
    }

    /// Whose end was the cause, and the reports of the others.
    fn lost(&self) -> LocalError {
        let rank = |who: &Who, member: &Member| match (&member.end, who) {
            (Some(End::Died(_)), _) => 0,
            (Some(End::Failed(_)), Who::Relay) => 1,
            (Some(End::Failed(_)), Who::Machine(_)) => 2,
            (Some(End::Stuck), _) => 3,
            (Some(End::Well(_)) | None, _) => 4,
        };
        let cause = self.members.iter().min_by_key(|(who, member)| rank(who, member));
        let (&who, cause) = cause.expect("a run has processes");
        let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (other, member) in self.members.iter().filter(|(other, _)| **other != who) {
            others.entry(in_words(member)).or_default().push(other.to_string());
        }
        let others = others.into_iter().map(|(what, names)| format!("\n  {}: {what}", names.join(", "))).collect();
        LocalError::Lost { who, what: in_words(cause), others }
    }
}

fn in_words(member: &Member) -> String {
    match &member.end {
        Some(End::Well(_)) => "ended well".to_owned(),
        Some(End::Failed(why)) => why.clone(),
        Some(End::Died(how)) => how.clone(),
        Some(End::Stuck) | None => format!("did not end within {LAST_WORDS:?}, and was killed"),
    }
}

/// Reads the reports of a process until its connection ends. A process without the token, or not `known`, is ignored.
fn read_all<S: State>(stream: &TcpStream, token: u64, known: &[Who], sender: &SyncSender<(Who, Event<S>)>) {
    let prepared = stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(HANDSHAKE)));
    let mut reader = BufReader::new(stream);
    let Ok(Up::Hello { token: found, who }) = prepared.and_then(|()| protocol::read::<Up<Recorded<S>>>(&mut reader))
    else {
        return;
    };
    let (Ok(link), Ok(())) = (stream.try_clone(), stream.set_read_timeout(None)) else { return };
    if found != token || !known.contains(&who) || sender.send((who, Event::Came(link))).is_err() {
        return;
    }
    while let Ok(up) = protocol::read(&mut reader) {
        if sender.send((who, Event::Said(up))).is_err() {
            return;
        }
    }
    // Nobody listens any more when the run is over.
    let _ = sender.send((who, Event::Left));
}

#[cfg(test)]
mod tests;
