//! Traces are read back by a strict reader, and by Perfetto's own in `ci/trace.py` where it is installed.

use std::fs;

use record::results::testing::{self, cell, clock_rows, write_whole};
use serde::Deserialize;

use super::*;

/// The format as far as traces use it: nothing else may be in them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    display_time_unit: String,
    other_data: serde_json::Map<String, serde_json::Value>,
    trace_events: Vec<Read>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    name: String,
    cat: String,
    ph: char,
    ts: u64,
    dur: Option<u64>,
    pid: u32,
    tid: u32,
    id: Option<u64>,
    bp: Option<String>,
    args: Option<serde_json::Map<String, serde_json::Value>>,
}

fn written(run: &CellResult, clocks: &[ClockRow]) -> (Counts, File) {
    let mut bytes = Vec::new();
    let counts = Trace::of(run, clocks).write(&mut bytes).unwrap();
    (counts, serde_json::from_slice(&bytes).expect("it is in the format"))
}

fn of(file: &File, ph: char) -> Vec<&Read> {
    file.trace_events.iter().filter(|event| event.ph == ph).collect()
}

#[test]
fn every_clock_and_part_is_a_span_on_the_track_of_its_machine() {
    let clocks = clock_rows(22 * 3);
    let (counts, file) = written(&cell("Gaia").done(), &clocks);
    // Two parts a clock; two of three clocks waited for another machine.
    assert_eq!(counts, Counts { machines: 22, clocks: 66, parts: 132, arrows: 44 });
    assert_eq!((file.display_time_unit.as_str(), &file.other_data["cell"]), ("ms", &json!("Gaia")));
    let spans = of(&file, 'X');
    assert_eq!(spans.len(), 66 + 132);
    let threads: Vec<&&Read> = spans.iter().filter(|event| event.name == "clock 1").collect();
    assert_eq!(threads.len(), 22);
    let args = spans[0].args.as_ref().expect("a clock has its parts");
    assert_eq!((&args["compute (s)"], &args["wire (s)"]), (&json!(0.4), &json!(0.3)));
    // Sites, machines and the counters: each has a name, and no thread has the number of a process.
    let names = of(&file, 'M');
    let named = |what: &str| names.iter().filter(|event| event.name == what).collect::<Vec<_>>();
    let (processes, threads) = (named("process_name"), named("thread_name"));
    assert_eq!((processes.len(), threads.len()), (12, 22));
    assert!(threads.iter().all(|thread| processes.iter().all(|process| process.pid != thread.tid)));
    assert!(spans.iter().all(|span| threads.iter().any(|thread| (thread.pid, thread.tid) == (span.pid, span.tid))));
}

#[test]
fn spans_nest_exactly_and_clocks_of_a_machine_follow_one_another() {
    let mut clocks = clock_rows(22 * 3);
    for (i, row) in clocks.iter_mut().enumerate() {
        let third = 1.0 / 3.0 + i as f64 * 1e-7;
        row.parts = record::results::Breakdown::from_parts([third, third * 0.1, 4e-7, third, 0.0, third / 7.0]);
        row.started = f64::from(row.clock) * 0.8;
        row.ended = row.started + row.parts.sum() + 1e-10;
    }
    let (_, file) = written(&cell("Gaia").done(), &clocks);
    let spans = of(&file, 'X');
    let (outer, inner): (Vec<&Read>, Vec<&Read>) = spans.into_iter().partition(|span| span.cat == "clock");
    let end = |span: &Read| span.ts + span.dur.expect("a span has a duration");
    for clock in &outer {
        let inside: Vec<&&Read> =
            inner.iter().filter(|part| part.tid == clock.tid && part.ts >= clock.ts && part.ts < end(clock)).collect();
        assert!(inside.len() >= 4, "{inside:?}");
        assert!(inside.windows(2).all(|pair| end(pair[0]) == pair[1].ts), "{inside:?}");
        assert!(inside[0].ts == clock.ts && end(inside[inside.len() - 1]) == end(clock), "{clock:?}: {inside:?}");
    }
    let mut of_one: Vec<&Read> = outer.iter().copied().filter(|clock| clock.tid == outer[0].tid).collect();
    of_one.sort_by_key(|clock| clock.ts);
    assert!(of_one.windows(2).all(|pair| end(pair[0]) <= pair[1].ts), "{of_one:?}");
}

#[test]
fn arrows_lead_from_a_span_of_the_other_machine_to_the_end_of_the_wait() {
    let clocks = clock_rows(22 * 4);
    let (counts, file) = written(&cell("Gaia").done(), &clocks);
    let (begins, ends) = (of(&file, 's'), of(&file, 'f'));
    assert_eq!((begins.len(), ends.len()), (counts.arrows, counts.arrows));
    let spans = of(&file, 'X');
    let holds = |event: &Read| {
        let here =
            |span: &&&Read| span.tid == event.tid && span.ts <= event.ts && event.ts < span.ts + span.dur.unwrap();
        spans.iter().any(|span| here(&span))
    };
    for (begin, end) in begins.iter().zip(&ends) {
        assert_eq!((begin.id, end.bp.as_deref()), (end.id, Some("e")));
        assert!(begin.tid != end.tid && begin.ts <= end.ts, "{begin:?} {end:?}");
        assert!(holds(begin) && holds(end), "{begin:?} {end:?}");
    }
    let mut ids: Vec<u64> = begins.iter().filter_map(|begin| begin.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), counts.arrows, "each has a number of its own");
}

#[test]
fn counters_leave_out_what_json_has_no_number_for() {
    let mut run = cell("Gaia").done();
    run.samples.truncate(3);
    run.samples[1].objective = f64::INFINITY;
    let (_, file) = written(&run, &clock_rows(22));
    let counters = of(&file, 'C');
    let with = |name: &str| counters.iter().filter(|event| event.args.as_ref().unwrap().contains_key(name)).count();
    assert_eq!((with("objective"), with("bytes between sites")), (2, 3));
}

#[test]
fn a_run_is_found_by_name_panel_and_seed() {
    let out = tempfile::tempdir().unwrap();
    let cells = [
        cell("Target").panel("MF").sets_target().done(),
        cell("Gaia").panel("MF").done(),
        cell("Gaia").panel("MF").seed(2).done(),
        cell("Gaia").panel("TM").done(),
    ];
    let spec = out.path().join("fig8");
    fs::create_dir(&spec).unwrap();
    store::write_cells(&spec, &testing::index(&cells)).unwrap();
    let seed =
        |name: &str, seed: Option<u64>| find(&spec, name, seed).map(|found| (found.entry.name(), found.entry.seed));
    assert_eq!(seed("MF Gaia", None).unwrap(), ("MF Gaia".into(), 1));
    assert_eq!(seed("MF Gaia", Some(2)).unwrap(), ("MF Gaia".into(), 2));
    assert_eq!(find(out.path(), "Target", None).unwrap().entry.name(), "MF Target", "in the only spec of the folder");
    let message = |name: &str, number: Option<u64>| seed(name, number).unwrap_err().to_string();
    assert!(message("MF Gaja", None).contains("did you mean `MF Gaia`?"), "{}", message("MF Gaja", None));
    assert!(message("Gaia", None).contains("several panels have one; expected one of `MF Gaia`, `TM Gaia`"));
    assert_eq!(message("MF Gaia", Some(7)), "MF Gaia has no run of seed 7; expected one of 1, 2");
    let other = out.path().join("fig9");
    fs::create_dir(&other).unwrap();
    assert!(find(&other, "Gaia", None).unwrap_err().to_string().contains("no results in it"));
    store::write_cells(&other, &testing::index(&cells)).unwrap();
    assert!(
        find(out.path(), "Gaia", None).unwrap_err().to_string().contains("results of several specs, expected one of")
    );
}

#[test]
fn a_trace_is_written_whole() {
    let out = tempfile::tempdir().unwrap();
    let run = cell("Gaia").done();
    write_whole(out.path(), &run);
    store::write_cells(out.path(), &testing::index(&[run])).unwrap();
    let found = find(out.path(), "Gaia", None).unwrap();
    let file = out.path().join("gaia.json");
    let counts = write(&found, &file).unwrap();
    assert_eq!((counts.machines, counts.clocks), (22, 40));
    let read: File = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(of(&read, 's').len(), counts.arrows);
    assert!(matches!(write(&found, &out.path().join("none/gaia.json")), Err(TraceError::Write(_))));
}
