//! Nothing is lost, streams keep their order, control overtakes, bytes leave at the instants of the link model.

use proptest::prelude::*;

use super::*;
use crate::link::LinkConfig;
use crate::network::{Limit, Route};
use crate::real::frame::{FrameReader, MAX_PIECE_BYTES, Reassembler};
use crate::units::Bandwidth;

const MS: u64 = 1_000_000;
const WINDOW: u32 = 1 << 20;

/// Three machines; everything that m0 sends passes 80 Mbit/s: 10 kB a millisecond.
fn transit(jitter: Duration) -> Transit {
    let limit = |name: &str| Limit {
        name: name.to_owned(),
        rate: Bandwidth::from_bits_per_second(80_000_000),
        depth: ByteSize::from_bytes(10_000),
    };
    let route = |from: usize| Route { limits: vec![u32::from(from > 0)], delay: Duration::from_millis(30), jitter };
    let network = Arc::new(Network {
        machines: 3,
        limits: vec![limit("m0 out"), limit("others out")],
        routes: (0..9).map(|pair| route(pair / 3)).collect(),
    });
    let config = LinkConfig { chunk: ByteSize::from_bytes(10_000) };
    let fabric = Fabric::new(network.clone(), config, 1).expect("a sound network");
    let pacer = Pacer::new(fabric, network.clone(), "1".parse().expect("a dilation"), 10 * MS);
    Transit::new(pacer, network, WINDOW, 1 << 30)
}

fn open(to: u32, class: Class, number: u64, bytes: u64, charged: u64) -> Open {
    let stream = Stream { peer: MachineId(to), class };
    let (actual, charged) = (ByteSize::from_bytes(bytes), ByteSize::from_bytes(charged));
    Open { stream, number, bytes, actual, charged, sent_at: Instant::START }
}

fn send(transit: &mut Transit, wall: u64, from: u32, open: Open) {
    transit.open(wall, MachineId(from), open).expect("a sound message");
    let bytes = vec![open.number as u8; open.bytes as usize];
    for piece in bytes.chunks(MAX_PIECE_BYTES) {
        transit.body(wall, MachineId(from), open.stream, piece).expect("within the window");
    }
}

/// Everything that is delivered to the end, with the wall time: receiver, sender, class, number, bytes.
fn run(transit: &mut Transit) -> Vec<(u64, u32, Stream, u64, Vec<u8>)> {
    let mut readers: Vec<(FrameReader, Reassembler)> =
        (0..3).map(|_| (FrameReader::default(), Reassembler::new(1 << 30))).collect();
    let mut arrived = Vec::new();
    while let Some(wall) = transit.next_wall() {
        transit.advance(wall);
        while let Some(delivery) = transit.poll_delivery(wall) {
            let (reader, reassembler) = &mut readers[delivery.to.index()];
            reader.space()[..delivery.frames.len()].copy_from_slice(&delivery.frames);
            reader.filled(delivery.frames.len());
            while let Some(frame) = reader.next_frame().expect("whole frames") {
                match frame {
                    Frame::Open(open) => reassembler.open(open).expect("in order"),
                    Frame::Body { stream, bytes } => reassembler.body(stream, bytes).expect("in order"),
                    Frame::Whole { stream, arrives_at } => {
                        let arrival = reassembler.whole(stream, arrives_at).expect("whole");
                        assert_eq!(transit.wall_of(arrival.arrives_at), wall);
                        arrived.push((wall, delivery.to.0, stream, arrival.open.number, arrival.bytes));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(transit.is_empty());
    arrived
}

#[test]
fn bytes_take_the_time_of_the_charge_not_their_own() {
    let mut transit = transit(Duration::ZERO);
    send(&mut transit, 0, 0, open(1, Class::Data, 0, 500, 1_000_000));
    let arrived = run(&mut transit);
    let (wall, bytes) = (arrived[0].0, arrived[0].4.len());
    assert_eq!(bytes, 500);
    assert!((128 * MS..=130 * MS).contains(&wall), "100 ms for a megabyte and 30 of delay, less the depth: {wall}");
}

#[test]
fn a_long_message_trickles_through_its_window_and_credit_comes_back() {
    let mut transit = transit(Duration::ZERO);
    let total = 3 * u64::from(WINDOW);
    let message = open(1, Class::Data, 0, total, total);
    transit.open(0, MachineId(0), message).unwrap();
    let (mut sent, mut under_way, mut credits, mut wall) = (0, 0, 0, 0);
    while sent < total {
        while sent < total && under_way + MAX_PIECE_BYTES as u64 <= u64::from(WINDOW) {
            let piece = (total - sent).min(MAX_PIECE_BYTES as u64);
            transit.body(wall, MachineId(0), message.stream, &vec![1; piece as usize]).unwrap();
            sent += piece;
            under_way += piece;
        }
        wall = transit.next_wall().expect("bytes wait");
        transit.advance(wall);
        while transit.poll_delivery(wall).is_some() {}
        while let Some((to, notice)) = transit.poll_notice() {
            assert_eq!(to, MachineId(0));
            if let Notice::Credit { bytes, .. } = notice {
                under_way -= u64::from(bytes);
                credits += 1;
            }
        }
    }
    assert!(credits > 10 && transit.late_pieces == 0, "{credits} credits, {} late", transit.late_pieces);
    let error = transit.body(wall, MachineId(0), message.stream, &[0]).unwrap_err().to_string();
    assert!(error.contains("1 bytes from m0 to m1 where 0 are missing"), "{error}");
}

#[test]
fn control_overtakes_data_that_waits() {
    let mut transit = transit(Duration::ZERO);
    (0..5).for_each(|number| send(&mut transit, 0, 0, open(1, Class::Data, number, 100_000, 100_000)));
    send(&mut transit, 0, 0, open(1, Class::Control, 0, 48, 48));
    let arrived = run(&mut transit);
    assert_eq!(arrived.len(), 6);
    assert_eq!(arrived[0].2.class, Class::Control);
    assert!(arrived[0].0 < 32 * MS, "{}", arrived[0].0);
}

#[test]
fn bytes_that_come_late_go_at_once_and_are_counted() {
    let mut transit = transit(Duration::ZERO);
    let message = open(1, Class::Data, 0, 10, 100);
    transit.open(0, MachineId(0), message).unwrap();
    transit.advance(200 * MS);
    assert!(transit.poll_delivery(200 * MS).is_none() && !transit.is_empty());
    transit.body(200 * MS, MachineId(0), message.stream, &[0; 10]).unwrap();
    assert_eq!(transit.late_pieces, 1);
    let delivery = transit.poll_delivery(200 * MS).expect("not delayed a second time");
    assert_eq!(delivery.whole_at, Some(Instant::from_nanos(30 * MS)));
}

#[test]
fn what_breaks_the_rules_is_refused() {
    let mut transit = transit(Duration::ZERO);
    let mut refuse = |from: u32, message: Open, expected: &str| {
        let error = transit.open(0, MachineId(from), message).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nexpected: {expected}");
    };
    refuse(0, open(0, Class::Data, 0, 1, 1), "message from m0 to m0: expected another machine below m3");
    refuse(0, open(3, Class::Data, 0, 1, 1), "message from m0 to m3");
    refuse(0, open(1, Class::Data, 1, 1, 1), "message 1 from m0 to m1: expected 0");
    refuse(0, open(1, Class::Data, 0, 1 << 31, 1), "message of 2147483648 bytes");
    let message = open(1, Class::Data, 0, 1 << 30, 1 << 30);
    transit.open(0, MachineId(0), message).unwrap();
    let mut body = |bytes: usize| transit.body(0, MachineId(0), message.stream, &vec![0; bytes]);
    while body(MAX_PIECE_BYTES).is_ok() {}
    let error = body(MAX_PIECE_BYTES).unwrap_err().to_string();
    assert!(error.contains("the window is 1048576"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_is_lost_and_streams_keep_their_order(
        messages in prop::collection::vec(
            (0_u32..3, 1_u32..3, any::<bool>(), 0_u64..70_000, 0_u64..200_000, 0_u64..20 * MS), 1..40),
        jitter in 0_u64..50 * MS,
    ) {
        let mut transit = transit(Duration::from_nanos(jitter));
        let mut numbers = std::collections::BTreeMap::new();
        let (mut wall, mut sent) = (0, 0);
        for (from, step, control, bytes, charged, gap) in messages {
            let class = if control { Class::Control } else { Class::Data };
            let to = (from + step) % 3;
            let number = numbers.entry((from, to, class)).or_insert(0_u64);
            wall += gap;
            send(&mut transit, wall, from, open(to, class, *number, bytes, charged));
            *number += 1;
            sent += 1;
        }
        let mut expected: std::collections::BTreeMap<(u32, Stream), u64> = std::collections::BTreeMap::new();
        let arrived = run(&mut transit);
        prop_assert_eq!(arrived.len(), sent);
        for (_, to, stream, number, bytes) in arrived {
            let next = expected.entry((to, stream)).or_default();
            prop_assert_eq!(number, *next);
            *next += 1;
            prop_assert!(bytes.iter().all(|&byte| byte == number as u8));
        }
    }
}
