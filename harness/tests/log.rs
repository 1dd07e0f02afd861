//! The log: the events of a command and their form, and that nothing else changes.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use common::{errors, experiments, place};
use serde_json::Value;

/// Two cells of two machines.
const SPEC: &str = "
title: a small run
workload:
  mf: { rank: 4 }
data:
  generated: { users: 60, items: 30, ratings: 600 }
similitude: none
goal: { clocks: 4 }
cells:
  - name: Global
    profile: va-ca
    machines-per-site: 1
    system: { global: { bsp: {} } }
  - name: Gaia
    profile: va-ca
    machines-per-site: 1
    system: { gaia: { inside: { bsp: {} } } }
";

/// One event of the log.
type Event = serde_json::Map<String, Value>;

/// The events of a log in JSON; the lines of progress between them have no braces.
fn events(text: &str) -> Vec<Event> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The number of times that each event occurs.
fn counted(events: &[Event]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for event in events {
        *counted.entry(event["message"].as_str().expect("an event has a name")).or_default() += 1;
    }
    counted
}

/// The events of this name.
fn named<'a>(events: &'a [Event], name: &str) -> Vec<&'a Event> {
    events.iter().filter(|event| event["message"] == name).collect()
}

/// The lines other than events, without the seconds of this host.
fn progress(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('{'));
    lines.map(|line| line.split(" (").next().expect("a first part")).collect()
}

#[test]
fn events_have_names_and_fields_and_leave_the_rest_as_it_is() {
    let folder = place(&[("small.yaml", SPEC)]);
    let run = |out: &str, more: &[&str]| {
        let done = experiments(folder.path(), &[&["run", "small.yaml", "--jobs", "1", "--out", out], more].concat());
        assert!(done.status.success(), "{}", errors(&done));
        done
    };
    let silent = run("silent", &[]);
    assert!(!errors(&silent).contains('{'), "{}", errors(&silent));
    let logged = run("logged", &["--log", "info", "--log-format", "json"]);
    assert_eq!(progress(&errors(&logged)), progress(&errors(&silent)));

    let text = errors(&logged);
    let events = events(&text);
    let expected = [("cell begun", 2), ("cell over", 2), ("data ready", 1), ("spec resolved", 1)];
    assert_eq!(counted(&events), BTreeMap::from(expected), "{text}");
    for event in &events {
        assert_eq!(event["level"], "INFO");
        assert!(event["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{event:?}");
    }
    let over = named(&events, "cell over")[1];
    assert_eq!((&over["cell"], &over["outcome"]), (&"small Gaia".into(), &"ClocksDone".into()));
    assert_eq!((over["clocks"].as_u64(), over["faults"].as_u64()), (Some(4), Some(0)));
    assert!(over["virtual_seconds"].as_f64() > Some(0.0) && over["wall_seconds"].as_f64() > Some(0.0), "{over:?}");
    assert_eq!(named(&events, "spec resolved")[0]["plans"], 2);
    assert!(named(&events, "data ready")[0]["sizes"].as_str().is_some_and(|sizes| sizes.contains("600")), "{text}");

    let again = run("logged", &["--log", "info", "--log-format", "json", "--quiet"]);
    assert_eq!(progress(&errors(&again)), [""; 0]);
    assert_eq!(counted(&self::events(&errors(&again))), BTreeMap::from([("cell reused", 2), ("spec resolved", 1)]));
}

#[test]
fn a_level_takes_in_those_above_it() {
    let folder = place(&[("small.yaml", SPEC)]);
    let log = |level: &str| {
        let arguments = ["--log", level, "--log-format", "json", "run", "small.yaml", "--quiet", "--out", level];
        let text = errors(&experiments(folder.path(), &arguments));
        assert_eq!(progress(&text), [""; 0]);
        events(&text)
    };
    assert_eq!([log("off").len(), log("error").len(), log("warn").len()], [0; 3]);
    let debug = log("debug");
    let tables = named(&debug, "table written");
    assert_eq!(tables.len(), 6);
    for table in tables {
        let file = folder.path().join(table["file"].as_str().expect("a path"));
        assert_eq!(table["bytes"].as_u64(), Some(fs::metadata(&file).expect("it was written").len()), "{table:?}");
    }
    assert_eq!(named(&debug, "cell over").len(), 2);
}

#[test]
fn the_environment_has_a_level_and_the_command_line_goes_first() {
    let folder = place(&[("small.yaml", SPEC)]);
    let plan = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
        command.current_dir(folder.path()).env("EXPERIMENTS_LOG", "info").env_remove("EXPERIMENTS_LOG_FORMAT");
        errors(&command.args(["plan", "small.yaml"]).args(arguments).output().expect("the binary starts"))
    };
    let text = plan(&[]);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(" INFO planning::plan::panels: spec resolved spec=\"small\" plans=2"), "{text}");
    assert_eq!(plan(&["--log", "off"]), "");
}

#[test]
fn processes_log_as_their_launcher_does_into_a_file_beside_their_results() {
    let spec = SPEC.replace("cells:", "launcher: { local: { dilation: 0.5 } }\ncells:");
    let folder = place(&[("small.yaml", &spec)]);
    let run = |out: &str, more: &[&str]| {
        let arguments = [&["run", "small.yaml", "--quiet", "--out", out][..], more].concat();
        let text = errors(&experiments(folder.path(), &arguments));
        let cells = fs::read_dir(folder.path().join(out).join("small")).expect("results");
        let logs =
            cells.filter_map(|cell| fs::read_to_string(cell.expect("an entry").path().join("processes.log")).ok());
        (text, logs.collect::<Vec<_>>())
    };
    let (text, logs) = run("silent", &[]);
    assert_eq!((text.as_str(), logs.len()), ("", 0));
    let (text, logs) = run("logged", &["--log", "debug", "--log-format", "json"]);
    let found = events(&text);
    let counts = counted(&found);
    assert_eq!((counts["assignment written"], counts["process started"]), (2, 6), "{text}");
    assert_eq!((counts["process connected"], counts["process ended"]), (6, 6), "{text}");
    assert_eq!(logs.len(), 2);
    for log in &logs {
        let found = events(log);
        assert_eq!(found.len(), log.lines().count(), "every line is an event: {log}");
        let counts = counted(&found);
        assert_eq!((counts["machine joined"], counts["run over"]), (2, 1), "{log}");
        assert_eq!((counts["relay connected"], counts["relay disconnected"]), (2, 2), "{log}");
    }
}

/// A run that never ends by itself, with its events; killed when it goes out of scope.
struct Endless {
    process: Child,
    events: BufReader<ChildStderr>,
}

impl Endless {
    /// Begins the run, or resumes it, with a checkpoint as often as one may be written.
    fn begin(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_experiments"));
        let arguments = "run endless.yaml --jobs 1 --quiet --checkpoint-every 0 --log info --log-format json";
        command.current_dir(folder).args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        let events = BufReader::new(process.stderr.take().expect("it is piped"));
        Endless { process, events }
    }

    /// The next event of this name; those before it are passed over.
    fn next(&mut self, name: &str) -> Event {
        let mut seen = String::new();
        loop {
            let start = seen.len();
            assert!(self.events.read_line(&mut seen).expect("text") > 0, "no event `{name}`: {seen}");
            let found = events(&seen[start..]).into_iter().find(|event| event["message"] == name);
            if let Some(event) = found {
                return event;
            }
        }
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        // It may have ended by itself, with an error that the test reports.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_killed_run_has_logged_its_checkpoints_and_logs_the_one_that_it_resumes_from() {
    let spec = SPEC.replace("clocks: 4", "clocks: 1000000");
    let folder = place(&[("endless.yaml", &spec)]);
    let mut run = Endless::begin(folder.path());
    let clock = |event: &Event| event["clock"].as_u64().expect("a number of clocks");
    let first = run.next("checkpoint written");
    assert_eq!((&first["level"], &first["cell"]), (&"INFO".into(), &"endless Global".into()));
    assert!(first["bytes"].as_u64() > Some(0) && first["seconds"].as_f64() > Some(0.0), "{first:?}");
    let second = run.next("checkpoint written");
    assert!(0 < clock(&first) && clock(&first) < clock(&second), "{first:?} {second:?}");
    drop(run);

    let mut run = Endless::begin(folder.path());
    let resumed = run.next("cell resumed");
    assert_eq!((&resumed["level"], &resumed["cell"]), (&"INFO".into(), &"endless Global".into()));
    // More may have been written before the run was killed.
    assert!(clock(&resumed) >= clock(&second), "{second:?} {resumed:?}");
    assert!(clock(&run.next("checkpoint written")) > clock(&resumed), "{resumed:?}");
}
