//! Whole runs over real sockets on the loopback interface: nothing is lost, order holds, whoever dies is named, and no
//! wait is for ever. None of these depends on how fast the host is; `examples/conformance.rs` measures that.

mod real_common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration as WallDuration, Instant as WallInstant};

use emulator::id::MachineId;
use emulator::link::LinkConfig;
use emulator::node::Class;
use emulator::real::driver::{NodeConfig, NodeError, run_node};
use emulator::real::frame::Frame;
use emulator::real::relay::{Bounds, Ended, Relay, RelayConfig, RelayError};
use emulator::real::timer::Priority;
use emulator::time::{Duration, Instant};
use real_common::*;

fn sending(to: u32, class: Class, tag: u8, bytes: usize, charged: u64) -> Sending {
    Sending { to, class, bytes: vec![tag; bytes], charged }
}

fn hello(run: u64, machine: u32, machines: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame::Hello { run, machine: MachineId(machine), machines }.encode(&mut bytes);
    bytes
}

#[test]
fn every_byte_arrives_once_in_order_and_is_accounted_for() {
    let sizes = [0, 1, 48, 70_000, 3_000_000, 65_523, 65_524, 1_000];
    let scripts = (0..3_u32).map(|machine| {
        let others = (0..3).filter(|&to| to != machine);
        let sendings = others.flat_map(|to| {
            let numbered = sizes.iter().enumerate();
            numbered.map(move |(tag, &size)| {
                let class = if tag % 3 == 2 { Class::Control } else { Class::Data };
                sending(to, class, (machine * 16) as u8 + tag as u8, size, size as u64)
            })
        });
        Script { sendings: sendings.collect(), expected: 2 * sizes.len(), ..Script::default() }
    });
    let (outcome, ran) = run(network(3, 1000, 5), "1", scripts.collect());
    assert_eq!(outcome.ended.expect("a sound run"), Ended::Halted);
    assert_eq!(outcome.report.messages, 6 * sizes.len() as u64);
    for (machine, Ran { node, watch, outcome }) in ran.iter().enumerate() {
        outcome.ended.as_ref().expect("a sound run");
        for from in (0..3_u32).filter(|&from| from as usize != machine) {
            for class in [0, 1] {
                let in_class = |tag: usize| usize::from(tag % 3 == 2) == class;
                let tags: Vec<usize> = (0..sizes.len()).filter(|&tag| in_class(tag)).collect();
                let messages = node.arrived.iter().filter(|(_, sender, _)| sender.0 == from);
                // An empty message has no tag in it; it is the first of the data class.
                let tag = |bytes: &[u8]| bytes.first().map_or(0, |&byte| usize::from(byte) - 16 * from as usize);
                let messages: Vec<&Vec<u8>> =
                    messages.map(|(_, _, bytes)| bytes).filter(|b| in_class(tag(b))).collect();
                assert_eq!(messages.iter().map(|bytes| tag(bytes)).collect::<Vec<_>>(), tags, "m{from} to m{machine}");
                for (bytes, &tag) in messages.iter().zip(&tags) {
                    let expected = vec![from as u8 * 16 + tag as u8; sizes[tag]];
                    assert!(**bytes == expected, "message {tag} of {} bytes", bytes.len());
                }
            }
        }
        let charged: u64 = watch.transfers.iter().map(|transfer| transfer.charged.as_bytes()).sum();
        assert_eq!(charged, 2 * sizes.iter().map(|&size| size.max(1) as u64).sum::<u64>());
        for transfer in &watch.transfers {
            let took = transfer.arrived_at - transfer.sent_at;
            assert!(took >= Duration::from_millis(5), "{took:?} with 5 ms of delay");
        }
        for backlogs in node.backlogs.values() {
            assert_eq!(backlogs.last(), Some(&0), "in the end nothing waits");
            assert!(backlogs.iter().any(|&backlog| backlog > 1_000_000));
        }
    }
}

#[test]
fn control_overtakes_data_on_the_way() {
    // 2 Mbit/s: a megabyte takes four seconds, at a tenth of the wall time.
    let mut sendings: Vec<Sending> = (0..10).map(|tag| sending(1, Class::Data, tag, 1_000, 100_000)).collect();
    sendings.push(sending(1, Class::Control, 99, 48, 48));
    let scripts = vec![Script { sendings, ..Script::default() }, Script { expected: 11, ..Script::default() }];
    let (outcome, ran) = run(network(2, 2, 5), "0.1", scripts);
    outcome.ended.expect("a sound run");
    let tags: Vec<u8> = ran[1].node.arrived.iter().map(|(_, _, bytes)| bytes[0]).collect();
    let control = tags.iter().position(|&tag| tag == 99).expect("it has arrived");
    assert!(control <= 3, "what passes within the depth may come before it: {tags:?}");
    assert_eq!(tags.iter().filter(|&&tag| tag != 99).copied().collect::<Vec<u8>>(), (0..10).collect::<Vec<u8>>());
}

#[test]
fn the_charge_sets_the_pace_and_dilation_stretches_it() {
    // 0.5 MB at 2 Mbit/s take 2 s of the run, less the depth of 256 KiB; the real bytes are a few.
    let run_at = |dilation: &str| {
        let scripts = vec![
            Script { sendings: vec![sending(1, Class::Data, 7, 100, 500_000)], ..Script::default() },
            Script { expected: 1, ..Script::default() },
        ];
        let began = WallInstant::now();
        let (outcome, ran) = run(network(2, 2, 0), dilation, scripts);
        outcome.ended.expect("a sound run");
        (ran[1].node.arrived[0].0, began.elapsed())
    };
    for dilation in ["0.2", "0.5"] {
        let (at, wall) = run_at(dilation);
        assert!(at >= Instant::from_nanos(900_000_000), "{at} at {dilation}");
        let least = WallDuration::from_millis(900).mul_f64(dilation.parse().expect("a number"));
        assert!(wall >= least, "{wall:?} at {dilation}");
    }
}

#[test]
fn compute_takes_its_modelled_time_or_its_own_and_an_overrun_is_flagged() {
    let with_task = |sleep_ms, modelled_ms| Script {
        task: Some((TestTask::Sleep(WallDuration::from_millis(sleep_ms)), Duration::from_millis(modelled_ms))),
        ..Script::default()
    };
    let (outcome, ran) = run(network(2, 100, 0), "2", vec![with_task(1, 300), with_task(500, 50)]);
    outcome.ended.expect("a sound run");
    let ended = |machine: usize| ran[machine].watch.samples[0];
    assert!(ended(0) >= Instant::from_nanos(300_000_000), "{}", ended(0));
    assert!(ended(1) >= Instant::from_nanos(249_000_000), "500 ms of the wall are 250 of the run: {}", ended(1));
    let compute = |machine: usize| ran[machine].outcome.report.compute;
    assert_eq!((compute(0).tasks, compute(0).overruns, compute(1).overruns), (1, 0, 1));
    let fault = compute(1).fault(MachineId(1)).expect("it took too long");
    assert!(fault.contains("m1: 1 of 1 tasks took longer than modelled") && fault.contains("--dilation"), "{fault}");
}

#[test]
fn an_observer_ends_the_run_for_all() {
    let scripts = vec![
        (
            Script {
                task: Some((TestTask::Sleep(WallDuration::ZERO), Duration::from_millis(10))),
                ..Script::default()
            },
            Watch { breaks: true, ..Watch::default() },
        ),
        (Script { expected: 1, ..Script::default() }, Watch::default()),
    ];
    let relay = relay(network(2, 100, 0), "1", bounds());
    let (outcome, ran) = run_with(relay, 2, bounds(), scripts, || ());
    assert_eq!(outcome.ended.expect("a sound run"), Ended::ByMachine(MachineId(0)));
    assert!(ran.iter().all(|ran| ran.outcome.ended.is_ok()));
}

#[test]
fn the_relay_can_be_stopped() {
    let relay = relay(network(2, 100, 0), "1", bounds());
    let stopper = relay.stopper();
    let task = |modelled| Some((TestTask::Sleep(WallDuration::ZERO), modelled));
    let (started, has_started) = std::sync::mpsc::channel();
    let scripts = vec![
        (
            Script { task: task(Duration::from_millis(5)), ..Script::default() },
            Watch { tell: Some(started), ..Watch::default() },
        ),
        (Script { task: task(Duration::from_secs(1000)), ..Script::default() }, Watch::default()),
    ];
    let (outcome, ran) = run_with(relay, 2, bounds(), scripts, || {
        has_started.recv().expect("it starts");
        stopper.stop();
    });
    assert_eq!(outcome.ended.expect("a sound run"), Ended::Stopped);
    ran.iter().for_each(|ran| assert!(ran.outcome.ended.is_ok(), "{:?}", ran.outcome.ended));
}

#[test]
fn a_stall_is_an_error_that_says_who_waits_for_what() {
    let scripts = vec![Script { expected: 2, ..Script::default() }, Script::default()];
    let (outcome, ran) = run(network(2, 100, 0), "1", scripts);
    let error = outcome.ended.unwrap_err().to_string();
    assert!(error.contains("stalled") && error.contains("m0: waits for 2 more messages"), "{error}");
    assert!(matches!(&ran[0].outcome.ended, Err(NodeError::Stalled { waiting }) if waiting == "2 more messages"));
}

/// Machine 1 is a bare socket with `behaviour` once it has sent its `Hello`; machine 0 must end with an error that names it.
fn against(bounds: Bounds, behaviour: impl FnOnce(TcpStream)) -> (String, String, Script) {
    let relay = relay(network(2, 100, 0), "1", bounds);
    let address = relay.address();
    let scripts = vec![(Script { expected: 1, ..Script::default() }, Watch::default())];
    let (outcome, mut ran) = run_with(relay, 2, bounds, scripts, || {
        let mut socket = TcpStream::connect(address).expect("the relay listens");
        socket.write_all(&hello(RUN, 1, 2)).expect("it reads");
        // Until the start has come.
        socket.read_exact(&mut [0; 40]).expect("it answers");
        behaviour(socket);
    });
    let Ran { node, outcome: node_outcome, .. } = ran.remove(0);
    let (relay, node_error) = (outcome.ended.unwrap_err(), node_outcome.ended.unwrap_err());
    assert!(matches!(&relay, RelayError::Lost { machine: MachineId(1), .. }), "{relay}");
    assert!(matches!(&node_error, NodeError::PeerLost { machine: MachineId(1), .. }), "{node_error}");
    (relay.to_string(), node_error.to_string(), node)
}

#[test]
fn a_machine_that_dies_is_named() {
    let began = WallInstant::now();
    let (relay, machine, node) = against(bounds(), drop);
    assert!(relay.contains("m1 is lost: its connection"), "{relay}");
    assert_eq!(relay, machine);
    assert_eq!(node.lost, [MachineId(1)]);
    assert!(began.elapsed() < WallDuration::from_secs(10));
}

#[test]
fn a_machine_that_falls_silent_is_named() {
    let silence = WallDuration::from_millis(600);
    let bounds = Bounds { silence, heartbeat: WallDuration::from_millis(100), ..bounds() };
    let (relay, machine, _) = against(bounds, |socket| {
        std::thread::sleep(WallDuration::from_millis(1500));
        drop(socket);
    });
    assert!(relay.contains("m1 is lost: it has given no sign of life for"), "{relay}");
    assert_eq!(relay, machine);
}

#[test]
fn a_machine_that_speaks_nonsense_is_named() {
    let mut overlong = Vec::new();
    Frame::Alive.encode(&mut overlong);
    overlong[4..].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut empty = Vec::new();
    Frame::Start { epoch: 0, dilation: 1 }.encode(&mut empty);
    for (bytes, expected) in [
        (b"GET / HTTP/1.1\r\n".to_vec(), "bad magic"),
        (overlong, "the most is 65536"),
        (empty, "unexpected frame: Start"),
        (hello(RUN, 1, 2)[..20].to_vec(), "ended within a frame: 20 of 24 bytes"),
    ] {
        let (relay, _, _) = against(bounds(), |mut socket| socket.write_all(&bytes).expect("it reads"));
        assert!(relay.contains(expected), "{relay}\nexpected: {expected}");
    }
}

#[test]
fn a_task_that_panics_ends_the_run_with_its_text() {
    let scripts = vec![
        Script { expected: 1, ..Script::default() },
        Script { task: Some((TestTask::Panic, Duration::from_millis(5))), ..Script::default() },
    ];
    let (outcome, ran) = run(network(2, 100, 0), "1", scripts);
    let error = outcome.ended.unwrap_err().to_string();
    assert!(error.contains("m1 is lost: a task panicked: a bug in the workload"), "{error}");
    assert!(matches!(ran[0].outcome.ended, Err(NodeError::PeerLost { machine: MachineId(1), .. })));
    assert!(matches!(ran[1].outcome.ended, Err(NodeError::Panicked { .. })));
}

#[test]
fn a_machine_that_never_comes_is_named() {
    let bounds = Bounds { rendezvous: WallDuration::from_millis(400), ..bounds() };
    let relay = relay(network(3, 100, 0), "1", bounds);
    let (outcome, ran) = run_with(relay, 3, bounds, vec![(Script::default(), Watch::default())], || ());
    let error = outcome.ended.unwrap_err().to_string();
    assert!(error.contains("these machines have not come: m1, m2"), "{error}");
    let error = ran[0].outcome.ended.as_ref().unwrap_err().to_string();
    assert!(error.contains("m1 is lost: after 400ms it had not come"), "{error}");
}

#[test]
fn a_relay_that_is_not_there_is_an_error_in_bounded_time() {
    let bounds = Bounds { rendezvous: WallDuration::from_millis(300), ..bounds() };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut config = node_config(&relay(network(1, 100, 0), "1", bounds), 0, 1, bounds);
    config.relay = listener.local_addr().expect("bound");
    let fail = |config: &NodeConfig| {
        let outcome = run_node(config, &mut Script::default(), &Bytes, &mut Watch::default());
        outcome.ended.unwrap_err().to_string()
    };
    config.bounds.silence = WallDuration::from_millis(300);
    let error = fail(&config);
    assert!(error.contains("no sign of life"), "a listener that never accepts: {error}");
    config.bounds.silence = bounds.silence;
    drop(listener);
    let error = fail(&config);
    assert!(error.contains("cannot be reached within 300ms"), "{error}");
}

#[test]
fn a_relay_that_dies_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut config = node_config(&relay(network(1, 100, 0), "1", bounds()), 0, 1, bounds());
    config.relay = listener.local_addr().expect("bound");
    let dying = std::thread::spawn(move || drop(listener.accept()));
    let outcome = run_node(&config, &mut Script::default(), &Bytes, &mut Watch::default());
    let error = outcome.ended.unwrap_err().to_string();
    assert!(error.starts_with(&format!("the relay at {} is lost", config.relay)), "{error}");
    dying.join().expect("no panic");
}

#[test]
fn strangers_are_refused_and_harm_nobody() {
    let bounds =
        Bounds { handshake: WallDuration::from_millis(200), heartbeat: WallDuration::from_millis(50), ..bounds() };
    let relay = relay(network(2, 100, 0), "1", bounds);
    let address = relay.address();
    let scripts =
        vec![(Script { sendings: vec![sending(1, Class::Data, 1, 10, 10)], ..Script::default() }, Watch::default())];
    let other = node_config(&relay, 1, 2, bounds);
    let mut second = None;
    let (outcome, ran) = run_with(relay, 2, bounds, scripts, || {
        let answer = |bytes: &[u8]| {
            let mut socket = TcpStream::connect(address).expect("the relay listens");
            socket.write_all(bytes).expect("it reads");
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        };
        assert!(answer(&hello(RUN + 1, 1, 2)).contains("m1 belongs to run"), "another run");
        assert!(answer(&hello(RUN, 1, 5)).contains("m1 expects a run of 5 machines, this one has 2"));
        assert!(answer(&hello(RUN, 7, 2)).contains("m0 to m1"));
        assert_eq!(answer(b"SSH-2.0-OpenSSH_9.6\r\n"), "");
        assert_eq!(answer(b""), "", "half open: closed when the handshake's time is over");
        let (mut node, mut watch) = (Script { expected: 1, ..Script::default() }, Watch::default());
        second = Some(run_node(&other, &mut node, &Bytes, &mut watch).ended);
    });
    assert_eq!(outcome.ended.expect("a sound run"), Ended::Halted);
    assert_eq!(outcome.report.refused, 5);
    second.expect("it ran").expect("a sound run");
    ran[0].outcome.ended.as_ref().expect("a sound run");
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let taken = relay(network(1, 100, 0), "1", bounds());
    let config = RelayConfig {
        network: network(1, 100, 0),
        link: LinkConfig::default(),
        seed: 1,
        dilation: "1".parse().expect("a dilation"),
        run: RUN,
        port: taken.address().port(),
        priority: Priority::Ordinary,
        bounds: bounds(),
    };
    let error = Relay::bind(config).unwrap_err().to_string();
    assert!(error.contains(&format!("port {} of the loopback interface", taken.address().port())), "{error}");
}
