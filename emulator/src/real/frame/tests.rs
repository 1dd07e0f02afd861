//! Frames survive any cut of the byte stream; what is malformed is refused and never panics.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ARRIVAL: Instant = Instant::from_nanos(5);

fn stream() -> impl Strategy<Value = Stream> {
    (any::<u32>(), any::<bool>()).prop_map(|(peer, control)| Stream {
        peer: MachineId(peer),
        class: if control { Class::Control } else { Class::Data },
    })
}

fn open() -> impl Strategy<Value = Open> {
    (stream(), any::<[u64; 5]>()).prop_map(|(stream, [number, bytes, actual, charged, sent])| Open {
        stream,
        number,
        bytes,
        actual: ByteSize::from_bytes(actual),
        charged: ByteSize::from_bytes(charged),
        sent_at: Instant::from_nanos(sent),
    })
}

/// A frame that owns what it shows.
#[derive(Clone, Debug)]
enum Owned {
    Plain(Frame<'static>),
    Body(Stream, Vec<u8>),
    Failed(String),
    Lost(u32, String),
    Refused(String),
}

impl Owned {
    fn frame(&self) -> Frame<'_> {
        match self {
            Owned::Plain(frame) => *frame,
            Owned::Body(stream, bytes) => Frame::Body { stream: *stream, bytes },
            Owned::Failed(reason) => Frame::Failed { reason },
            Owned::Lost(machine, reason) => Frame::Lost { machine: MachineId(*machine), reason },
            Owned::Refused(reason) => Frame::Refused { reason },
        }
    }
}

fn frame() -> impl Strategy<Value = Owned> {
    let plain = prop_oneof![
        open().prop_map(Frame::Open),
        any::<(u64, u32, u32)>().prop_map(|(run, m, machines)| Frame::Hello { run, machine: MachineId(m), machines }),
        any::<u32>().prop_map(|window| Frame::Welcome { window }),
        any::<(u64, u32)>().prop_map(|(epoch, dilation)| Frame::Start { epoch, dilation }),
        (stream(), any::<u64>()).prop_map(|(stream, at)| Frame::Whole { stream, arrives_at: Instant::from_nanos(at) }),
        (stream(), any::<u32>()).prop_map(|(stream, bytes)| Frame::Credit { stream, bytes }),
        any::<(u32, u64)>().prop_map(|(peer, charged)| Frame::Left { peer: MachineId(peer), charged }),
        any::<(u64, u64, bool)>().prop_map(|(sent, received, halted)| {
            Frame::Idle { sent, received, halted: if halted { Halted::Yes } else { Halted::NotYet } }
        }),
        Just(Frame::Alive),
        Just(Frame::Stop),
        Just(Frame::Stalled),
        Just(Frame::End),
    ];
    prop_oneof![
        4 => plain.prop_map(Owned::Plain),
        2 => (stream(), prop::collection::vec(any::<u8>(), 1..300)).prop_map(|(s, bytes)| Owned::Body(s, bytes)),
        1 => stream().prop_map(|s| Owned::Body(s, vec![7; MAX_PIECE_BYTES])),
        1 => ".{0,40}".prop_map(Owned::Failed),
        1 => (any::<u32>(), ".{0,40}").prop_map(|(machine, reason)| Owned::Lost(machine, reason)),
        1 => ".{0,40}".prop_map(Owned::Refused),
    ]
}

/// Feeds `bytes` in portions of the given sizes, over and over; every frame as text.
fn read(bytes: &[u8], portions: &[usize]) -> Result<Vec<String>, FrameError> {
    let mut reader = FrameReader::default();
    let (mut frames, mut at) = (Vec::new(), 0);
    for &portion in portions.iter().cycle() {
        while let Some(frame) = reader.next_frame()? {
            frames.push(format!("{frame:?}"));
        }
        if at == bytes.len() {
            break;
        }
        let space = reader.space();
        assert!(!space.is_empty(), "there is always room for the rest of a frame");
        let count = portion.min(space.len()).min(bytes.len() - at);
        space[..count].copy_from_slice(&bytes[at..at + count]);
        reader.filled(count);
        at += count;
    }
    reader.end().map(|()| frames)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_survive_any_cut(
        frames in prop::collection::vec(frame(), 1..20),
        portions in prop::collection::vec(1_usize..100_000, 1..8),
    ) {
        let mut bytes = Vec::new();
        for frame in &frames {
            let before = bytes.len();
            frame.frame().encode(&mut bytes);
            prop_assert!(bytes.len() - before <= MAX_FRAME_BYTES);
        }
        let expected: Vec<String> = frames.iter().map(|frame| format!("{:?}", frame.frame())).collect();
        prop_assert_eq!(read(&bytes, &portions), Ok(expected));
    }

    #[test]
    fn a_cut_off_stream_is_noticed(frame in frame(), cut in any::<prop::sample::Index>()) {
        let mut bytes = Vec::new();
        frame.frame().encode(&mut bytes);
        let cut = 1 + cut.index(bytes.len() - 1);
        let truncated = matches!(read(&bytes[..cut], &[1]), Err(FrameError::Truncated { .. }));
        prop_assert!(truncated);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        kind in 0_u8..20,
        body in prop::collection::vec(any::<u8>(), 0..80),
        garbage in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = vec![MAGIC[0], MAGIC[1], VERSION, kind];
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes.extend(&garbage);
        let _ = read(&bytes, &[7]);
        let _ = read(&garbage, &[3]);
    }

    #[test]
    fn messages_come_whole_and_in_order_whatever_mixes(
        sizes in prop::collection::vec((0_u32..3, any::<bool>(), 0_usize..200), 1..30),
        piece in 1_usize..50,
        choices in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
    ) {
        let mut queues: BTreeMap<Stream, Vec<(Open, Vec<u8>)>> = BTreeMap::new();
        for (serial, (peer, control, bytes)) in sizes.into_iter().enumerate() {
            let stream = Stream { peer: MachineId(peer), class: if control { Class::Control } else { Class::Data } };
            let queue = queues.entry(stream).or_default();
            queue.push((opening(stream, queue.len() as u64, bytes as u64), vec![serial as u8; bytes]));
        }
        let mut scripts: Vec<(Stream, Vec<Vec<u8>>)> = queues
            .iter()
            .map(|(&stream, messages)| {
                let mut frames = Vec::new();
                for (open, bytes) in messages {
                    let mut frame = Vec::new();
                    Frame::Open(*open).encode(&mut frame);
                    frames.push(std::mem::take(&mut frame));
                    for piece in bytes.chunks(piece) {
                        Frame::Body { stream, bytes: piece }.encode(&mut frame);
                        frames.push(std::mem::take(&mut frame));
                    }
                    Frame::Whole { stream, arrives_at: ARRIVAL }.encode(&mut frame);
                    frames.push(frame);
                }
                frames.reverse();
                (stream, frames)
            })
            .collect();
        let mut bytes = Vec::new();
        for choice in choices.iter().cycle() {
            scripts.retain(|(_, frames)| !frames.is_empty());
            if scripts.is_empty() {
                break;
            }
            let chosen = choice.index(scripts.len());
            bytes.extend(scripts[chosen].1.pop().expect("empty scripts are dropped"));
        }
        let mut reader = FrameReader::default();
        let mut reassembler = Reassembler::new(1000);
        let mut arrived: BTreeMap<Stream, Vec<(Open, Vec<u8>)>> = BTreeMap::new();
        for part in bytes.chunks(4096) {
            reader.space()[..part.len()].copy_from_slice(part);
            reader.filled(part.len());
            while let Some(frame) = reader.next_frame().unwrap() {
                match frame {
                    Frame::Open(open) => reassembler.open(open).unwrap(),
                    Frame::Body { stream, bytes } => reassembler.body(stream, bytes).unwrap(),
                    Frame::Whole { stream, arrives_at } => {
                        let Arrival { open, bytes, .. } = reassembler.whole(stream, arrives_at).unwrap();
                        arrived.entry(stream).or_default().push((open, bytes));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        prop_assert_eq!(arrived, queues);
    }
}

fn opening(stream: Stream, number: u64, bytes: u64) -> Open {
    let (actual, charged) = (ByteSize::from_bytes(bytes), ByteSize::from_bytes(bytes.max(1)));
    Open { stream, number, bytes, actual, charged, sent_at: Instant::START }
}

#[test]
fn what_is_malformed_is_refused_with_what_was_found() {
    let header = |magic: &[u8; 2], version, kind, body: u32| {
        let mut bytes = vec![magic[0], magic[1], version, kind];
        bytes.extend(body.to_le_bytes());
        bytes
    };
    let body = |kind, body: &[u8]| [header(b"GA", VERSION, kind, body.len() as u32), body.to_vec()].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"GET / HTTP/1.1".to_vec(), "bad magic [47, 45]: expected [47, 41]"),
        (header(b"GA", 9, 1, 0), "protocol version 9: expected 1"),
        (header(b"GA", VERSION, 99, 0), "unknown frame kind 99"),
        (header(b"GA", VERSION, kind::BODY, u32::MAX), "frame of 4294967303 bytes: the most is 65536"),
        (body(kind::WELCOME, &[1, 2, 3]), "frame kind 2 with a body of 3 bytes: expected all of its fields"),
        (body(kind::ALIVE, &[0]), "frame kind 9 with a body of 1 bytes: expected no more than its fields"),
        (body(kind::BODY, &[1, 0, 0, 0, 1]), "expected at least one byte of a message"),
        (body(kind::BODY, &[1, 0, 0, 0, 7, 1]), "frame kind 6: class is 7"),
        (body(kind::FAILED, &[0xff, 0xfe]), "expected text in UTF-8"),
        (header(b"GA", VERSION, kind::HELLO, 16), "the connection ended within a frame: 8 of 24 bytes"),
        (b"GA".to_vec(), "the connection ended within a frame: 2 of 8 bytes"),
    ];
    for (bytes, expected) in cases {
        let error = read(&bytes, &[5]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nexpected: {expected}");
    }
}

#[test]
fn a_long_reason_is_cut_between_letters() {
    let reason = "é".repeat(MAX_REASON_BYTES);
    let mut bytes = Vec::new();
    Frame::Failed { reason: &reason }.encode(&mut bytes);
    let frames = read(&bytes, &[1000]).unwrap();
    assert!(frames[0].len() <= MAX_REASON_BYTES + 32 && frames[0].contains("éé"), "{}", frames[0].len());
}

#[test]
fn messages_that_break_the_rules_are_refused() {
    let stream = Stream { peer: MachineId(3), class: Class::Data };
    let mut reassembler = Reassembler::new(100);
    let refuse = |result: Result<(), ReassemblyError>, expected: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nexpected: {expected}");
    };
    refuse(reassembler.open(opening(stream, 0, 101)), "message of 101 bytes from m3: the most is 100");
    refuse(reassembler.open(opening(stream, 1, 10)), "message 1 in the Data stream of m3: expected 0");
    refuse(reassembler.body(stream, &[1]), "1 bytes in the Data stream of m3 where 0 are missing");
    refuse(reassembler.whole(stream, ARRIVAL).map(drop), "ends while 0 of its bytes are missing");
    assert_eq!(reassembler.open(opening(stream, 0, 10)), Ok(()));
    refuse(reassembler.open(opening(stream, 1, 10)), "while 10 bytes of the one before are missing");
    refuse(reassembler.body(stream, &[0; 11]), "11 bytes in the Data stream of m3 where 10 are missing");
    assert_eq!(reassembler.body(stream, &[0; 4]), Ok(()));
    refuse(reassembler.whole(stream, ARRIVAL).map(drop), "ends while 6 of its bytes are missing");
}
