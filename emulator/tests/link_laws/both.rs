//! Laws of both models.

use std::collections::BTreeMap;

use emulator::link::{LinkConfig, LinkEvent, LinkModel, Links, LinksSnapshot};
use emulator::node::Class;
use emulator::time::Instant;
use emulator::units::ByteSize;
use proptest::prelude::*;

use super::cases::{Case, Run, THERE, case, chunks, drain, left, limit, two_machines};

fn either() -> impl Strategy<Value = Case> {
    case(prop_oneof![chunks(), Just(LinkModel::Fluid)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every byte leaves once, every message once, in order of its stream, and arrives in order and within the jitter.
    #[test]
    fn bytes_are_conserved_and_streams_are_first_in_first_out(case in either()) {
        let Run { departures, links, .. } = case.run();
        prop_assert_eq!(departures.len(), case.messages.len());
        let mut last = BTreeMap::new();
        let mut sum = BTreeMap::new();
        for d in &departures {
            let message = &case.messages[d.message as usize];
            prop_assert_eq!((message.from, message.to, message.class), (d.from, d.to, d.class));
            prop_assert!(d.departed_at >= message.at);
            let route = case.network.route(d.from, d.to);
            let earliest = d.departed_at + route.delay;
            let (handle, arrival) = last.insert((d.from, d.to, d.class), (d.message, d.arrives_at)).unwrap_or_default();
            prop_assert!(d.message >= handle && d.arrives_at >= arrival, "out of order: {d:?}");
            prop_assert!(d.arrives_at >= earliest && d.arrives_at <= (earliest + route.jitter).max(arrival));
            *sum.entry((d.from, d.to)).or_insert(0) += message.bytes.max(1);
        }
        for pair in case.pairs() {
            prop_assert_eq!(left(&links, pair), sum.get(&pair).copied().unwrap_or(0));
            prop_assert_eq!(links.backlog(pair.0, pair.1), ByteSize::default());
        }
        prop_assert!(links.waiting().is_empty());
        prop_assert!(departures.is_sorted_by_key(|d| d.departed_at));
    }

    /// Written and read back after any step, it goes on with the same events and the same end.
    #[test]
    fn a_restored_snapshot_continues_identically(case in either(), cut in any::<prop::sample::Index>(), drains in any::<bool>()) {
        let (mut links, mut steps, mut sent) = (case.links(), 0, 0);
        while case.step(&mut links, &mut sent) {
            steps += 1;
        }
        let (mut one, mut sent) = (case.links(), 0);
        for _ in 0..cut.index(steps) {
            case.step(&mut one, &mut sent);
            if drains {
                drain(&mut one);
            }
        }
        let bytes = postcard::to_stdvec(&one.snapshot()).unwrap();
        let mut other = case.links();
        other.restore(postcard::from_bytes::<LinksSnapshot>(&bytes).unwrap()).unwrap();
        let mut other_sent = sent;
        loop {
            prop_assert_eq!(one.snapshot(), other.snapshot());
            prop_assert_eq!(one.poll_timeout(), other.poll_timeout());
            prop_assert_eq!(drain(&mut one), drain(&mut other));
            let more = case.step(&mut one, &mut sent);
            prop_assert_eq!(more, case.step(&mut other, &mut other_sent));
            if !more {
                break;
            }
        }
    }

    /// A driver that comes late finds the same departures at the same instants.
    #[test]
    fn a_late_driver_changes_nothing(case in either(), tick in 1..5_000_000_u64) {
        let mut case = case;
        case.messages.iter_mut().for_each(|m| m.at = Instant::START);
        let departures = |round_up: &dyn Fn(u64) -> u64| {
            let mut links = case.links();
            (0..case.messages.len()).for_each(|handle| case.send(&mut links, handle));
            while let Some(due) = links.poll_timeout() {
                links.handle_timeout(Instant::from_nanos(round_up(due.as_nanos())));
            }
            let mut events = drain(&mut links);
            events.retain(|event| matches!(event, LinkEvent::Departed(_)));
            events
        };
        prop_assert_eq!(departures(&|due| due), departures(&|due| due.next_multiple_of(tick)));
    }
}

fn models() -> [LinkModel; 2] {
    [LinkModel::Chunks(LinkConfig::default()), LinkModel::Fluid]
}

#[test]
fn what_waits_is_described() {
    for model in models() {
        let mut links = Links::new(two_machines(vec![limit(8_000, 0)]), model, 0).unwrap();
        for message in 0..2 {
            links.send(Instant::START, THERE.0, THERE.1, Class::Data, ByteSize::from_bytes(500), message);
        }
        assert!(links.poll_timeout().is_some());
        let lines: Vec<String> = links.waiting().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["m0 to m1: 2 data messages, 1000 bytes, next at 0.500000 s"], "{model:?}");
    }
}

#[test]
fn a_snapshot_of_the_other_model_is_refused() {
    let [mut chunks, mut fluid] = models().map(|model| Links::new(two_machines(vec![limit(1, 0)]), model, 0).unwrap());
    let error = chunks.restore(fluid.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of links as a fluid: expected one of links in chunks");
    let error = fluid.restore(chunks.snapshot()).unwrap_err();
    insta::assert_snapshot!(error, @"snapshot of links in chunks: expected one of links as a fluid");
}
