//! A shard by hand, one message at a time: what its work takes, and what goes out with it.

use emulator::id::SiteId;
use emulator::units::Bandwidth;

use super::*;
use crate::layout::{Layout, Table};
use crate::message::Announced;
use crate::overlay::{Groups, Overlay};
use crate::rates::{MachineKind, MfRate, ServerRates, Similitude};
use crate::setting::{Placement, SettingParts};
use crate::simd::Isa;
use crate::sync::Progress;
use crate::sync::config::{
    Between, Bosen, Budget, Encoding, Encodings, Gaia, Inside, MirrorClock, Outer, Relay, Rounds as RoundsBetween,
    Rule, SelectiveBarrier, Significance, Sites, System, ThresholdSchedule, UserGoal, Ways,
};
use crate::wire::Sparse;

/// Nanoseconds that the work on a byte takes; no two pieces of work take the same.
const APPLY: u64 = 1_000;
const FILTER: u64 = 500;
const ENCODE: u64 = 250;
const DECODE: u64 = 200;

/// Six rows of four floats, all of them in every shard: a machine for each site.
const FLOATS: usize = 24;
const FLOAT: u64 = 4;
/// Bytes of a message before its body.
const PREFIX: u64 = 9;
/// Bytes of an update in a sparse message.
const ENTRY: u64 = 12;

/// Gaia with a threshold of 0.4, without barriers, mirror clock and best effort.
fn gaia() -> Gaia {
    Gaia {
        inside: Inside::BSP,
        significance: Significance { threshold: 0.4, schedule: ThresholdSchedule::Constant },
        selective_barrier: SelectiveBarrier::Off {},
        mirror_clock: MirrorClock::Off {},
        overlay: Ways::default(),
        relay: Relay::default(),
        goal: UserGoal::Cheapest {},
    }
}

/// Sites 0 and 1, whose hub is site 0, and site 2.
fn hub() -> Overlay {
    Overlay::Groups(Groups::with_hubs(vec![vec![0, 1], vec![2]], &[0, 2]))
}

fn parts(system: System, machines: u32) -> SettingParts {
    let count = machines as usize;
    // Links to machine 1 are half as fast as the others.
    let rates = (0..count * count).map(|pair| if pair % count == 1 { 1.2e6 } else { 2.4e6 });
    SettingParts {
        placement: Placement {
            site_of: (0..machines).map(SiteId).collect(),
            bytes_per_second: rates.collect(),
            nic: vec![Bandwidth::from_bits_per_second(1_000_000_000); count],
        },
        layout: Layout::new(vec![Table { name: "r".to_owned(), rows: 6, width: 4 }]),
        system,
        overlay: Overlay::Direct,
        encodings: Encodings { inside: Encoding::Dense, between: Encoding::Plain },
        similitude: Similitude { sigma_bytes: 1_000.0, sigma_work: 1.0 },
        kind: MachineKind {
            mf: MfRate { rank: 8, updates_per_second: 1e6 },
            ..MachineKind::of_servers(
                "test".to_owned(),
                "made up".to_owned(),
                ServerRates {
                    apply_gb_per_second: 1.0,
                    filter_gb_per_second: 2.0,
                    encode_gb_per_second: 4.0,
                    decode_gb_per_second: 5.0,
                },
            )
        },
        seed: 1,
        max_clocks: 4,
        isa: Isa::detect(),
        record_copies: RecordCopies::Never,
        progress: Arc::new(|clock| Progress { clock, clocks_per_pass: 1, learning_rate_factor: 1.0 }),
    }
}

/// A shard, what it puts out, and a clock.
struct Bench {
    shard: Shard,
    out: Outbox<StoreTask, ()>,
    now: Instant,
    /// Bytes that wait on every link when a message is handed to it.
    backlog: u64,
}

impl Bench {
    /// The shard of machine 0, all of whose values are 1. Its worker has declared rows 1, 2 and 4.
    fn new(parts: SettingParts) -> Self {
        let shard = Shard::new(Arc::new(Setting::new(parts)), MachineId(0), |_, values| values.fill(1.0));
        let mut bench = Bench { shard, out: Outbox::default(), now: Instant::from_nanos(1_000), backlog: 0 };
        bench.deliver(0, Message::Declare { rows: [1, 2, 4].into() });
        bench
    }

    fn deliver(&mut self, from: u32, message: Message) {
        self.shard.handle_message(self.now, MachineId(from), message, &mut self.out);
    }

    /// An update of a clock, with these changes of the first floats that the worker has declared.
    fn update(&mut self, clock: u32, changes: &[f32]) {
        let mut values = changes.to_vec();
        values.resize(12, 0.0);
        let payload = Payload::Dense(values.into());
        self.deliver(0, Message::Update { clock, payload, sent_at: self.now });
    }

    /// Updates of another site that complete `clock`, of the first `count` floats.
    fn mirror(&mut self, from: u32, clock: u32, count: u32) {
        let sparse = Sparse { len: FLOATS as u32, index: (0..count).collect(), value: vec![4.0; count as usize] };
        let (clocks, payload) = ([(SiteId(from), clock)].into(), Payload::Sparse(Arc::new(sparse)));
        self.deliver(from, Message::Mirror { clocks, payload, sent_at: self.now });
    }

    /// The work that has begun, if any.
    fn begun(&self) -> Option<&Operation> {
        self.out.tasks.front().map(|(task, _)| &task.operation)
    }

    /// Ends the work that has begun. Returns how many nanoseconds it took.
    fn finish(&mut self) -> u64 {
        let (task, span) = self.out.tasks.pop_front().expect("work has begun");
        assert!(self.out.tasks.is_empty(), "a shard does one thing at a time");
        self.now += span;
        let ((store, outcome), backlog) = (task.run(), self.backlog);
        self.shard.handle_done(self.now, store, outcome, |_| backlog, &mut self.out);
        span.as_nanos()
    }

    /// Ends all work. Returns what each piece took.
    fn finish_all(&mut self) -> Vec<u64> {
        let mut spans = Vec::new();
        while self.begun().is_some() {
            spans.push(self.finish());
        }
        spans
    }

    /// The messages that have gone out.
    fn sent(&mut self) -> Vec<(MachineId, Message)> {
        self.out.messages.drain(..).collect()
    }
}

#[test]
fn work_takes_the_time_of_its_bytes_at_the_rate_of_its_kind() {
    let mut bench = Bench::new(parts(System::Gaia(gaia()), 2));
    let asked_at = bench.now;
    bench.deliver(0, Message::Read { clock: 0, asked_at });
    let answering = Answering { reader: MachineId(0), declared: &[1, 2, 4], clock: 0 };
    assert_eq!(bench.shard.answering(), Some(answering));
    assert_eq!(bench.finish(), 12 * FLOAT * ENCODE, "what is declared is written");
    assert_eq!(bench.shard.answering(), None);
    let [(reader, Message::Rows(rows))] = &bench.sent()[..] else { panic!("the read is answered") };
    let mut phases = Phases::default();
    phases.push(Part::Wire, asked_at, Blocker::message(MachineId(0), MachineId(0)));
    phases.push(Part::Encode, asked_at + Duration::from_nanos(12 * FLOAT * ENCODE), Blocker::work(MachineId(0)));
    assert_eq!((reader.0, rows.payload.floats(), &rows.phases), (0, 12, &phases));

    bench.update(0, &[1.0, 1.0]);
    assert_eq!(bench.finish(), (PREFIX + 12 * FLOAT) * DECODE + 12 * FLOAT * APPLY, "the update is read and added");
    assert_eq!(bench.finish(), FLOATS as u64 * FLOAT * FILTER, "all accumulated updates are looked at");
    assert_eq!(bench.finish(), (PREFIX + 2 * ENTRY) * ENCODE, "the two significant ones are written");
    assert!(bench.begun().is_none());

    bench.mirror(1, 1, 3);
    assert_eq!(bench.finish(), (PREFIX + 3 * ENTRY) * (DECODE + APPLY), "another site's are read and added");
}

#[test]
fn a_hub_works_on_the_accumulated_updates_of_every_side_that_gets_an_update() {
    let mut bench = Bench::new(SettingParts { overlay: hub(), ..parts(System::Gaia(gaia()), 3) });
    bench.update(0, &[1.0, 1.0]);
    let decoded = (PREFIX + 12 * FLOAT) * DECODE;
    assert_eq!(bench.finish(), decoded + 2 * 12 * FLOAT * APPLY, "for the group and for the link");
    let filtered = FLOATS as u64 * FLOAT * FILTER;
    let written = |entries: u64| (PREFIX + entries * ENTRY) * ENCODE;
    assert_eq!(bench.finish_all(), [filtered, written(2)], "the link waits for the whole group");
    bench.mirror(1, 1, 3);
    let added_twice = (PREFIX + 3 * ENTRY) * (DECODE + 2 * APPLY);
    assert_eq!(bench.finish_all(), [added_twice, filtered, written(5)], "the group's sum goes over the link");
    bench.mirror(2, 1, 3);
    assert_eq!(bench.finish_all(), [added_twice, filtered, written(3)], "what the link brings is spread");
    assert_eq!(bench.out.samples.len(), 1, "the filter of the site's own updates is the one that counts");
}

#[test]
fn a_hub_that_passes_on_adds_what_its_filter_lets_through_to_the_link() {
    let settings = Gaia { relay: Relay::PassOn, ..gaia() };
    let mut bench = Bench::new(SettingParts { overlay: hub(), ..parts(System::Gaia(settings), 3) });
    bench.update(0, &[1.0, 1.0, 0.1]);
    assert_eq!(bench.finish(), (PREFIX + 12 * FLOAT) * DECODE + 12 * FLOAT * APPLY, "only for the group");
    bench.finish();
    assert_eq!(bench.finish(), (PREFIX + 2 * ENTRY) * (ENCODE + APPLY), "written, and added for the link");
    bench.mirror(1, 1, 3);
    bench.finish();
    let passed_on = matches!(bench.begun(), Some(Operation::Filter { side: 1, threshold: 0.0, .. }));
    assert!(passed_on, "{:?} holds something back", bench.begun());
}

#[test]
fn changes_of_some_rows_are_read_and_added_as_they_come() {
    let (budget, message) = (Bandwidth::from_bits_per_second(1), emulator::units::ByteSize::from_bytes(1));
    let bosen = Bosen { slack: 1, budget: Budget::Rate(budget), parts: 2, message };
    let mut bench = Bench::new(parts(System::Bosen(bosen), 1));
    for _ in 0..3 {
        let payload = Payload::Dense([1.0; 8].into());
        bench.deliver(0, Message::PartialUpdate { complete: 0, rows: [1, 4].into(), payload, sent_at: bench.now });
        assert_eq!(bench.finish(), (PREFIX + 8 * FLOAT) * DECODE + 8 * FLOAT * APPLY);
    }
    bench.deliver(0, Message::Read { clock: 0, asked_at: bench.now });
    bench.finish();
    let [(_, Message::Rows(rows))] = &bench.sent()[..] else { panic!("the read is answered") };
    assert_eq!(rows.includes, 3, "the reader's messages that are in it");
}

/// The shard of machine 0 of three with seven updates below the threshold, all work done but what is best effort.
fn with_updates_held_back(goal: UserGoal) -> Bench {
    let mut bench = Bench::new(parts(System::Gaia(Gaia { goal, ..gaia() }), 3));
    bench.update(0, &[0.2; 7]);
    // Add, filter, write.
    for _ in 0..3 {
        bench.finish();
    }
    bench.sent();
    bench
}

#[test]
fn best_effort_fills_its_share_of_the_slowest_link_and_goes_on_when_the_links_are_idle() {
    // The slower link carries 100 updates of 12 000 charged bytes per second.
    let mut bench = with_updates_held_back(UserGoal::Fastest { soft: 0.25, seconds: 0.0501 });
    assert!(bench.begun().is_none(), "the clock's message may be on the links still");
    bench.shard.handle_backlog(bench.now, MachineId(1), 0, &mut bench.out);
    bench.shard.handle_backlog(bench.now, MachineId(2), 1, &mut bench.out);
    assert!(bench.begun().is_none() && bench.shard.best_effort_to().is_none(), "one link is not idle");
    let mut sent = Vec::new();
    for most in [5, 5, 5] {
        for peer in [1, 2] {
            bench.shard.handle_backlog(bench.now, MachineId(peer), 0, &mut bench.out);
        }
        let Some(Operation::Filter { side: 0, threshold, most: found, .. }) = bench.begun() else { break };
        assert_eq!((*threshold, *found), (0.1, most));
        assert_eq!(bench.shard.best_effort_to(), Some(&[MachineId(1), MachineId(2)][..]));
        bench.finish_all();
        let messages = bench.sent();
        sent.push(messages.len());
        for (_, message) in messages {
            let Message::Mirror { clocks, payload: Payload::Sparse(sparse), .. } = message else {
                panic!("updates, and no barrier")
            };
            assert_eq!(clocks[..], [(SiteId(0), 1)], "a clock that has been said before");
            assert!(sparse.index.len() <= most);
        }
    }
    assert_eq!(sent, [2, 2], "seven updates, five at once, to both");
}

#[test]
fn best_effort_sends_one_update_where_the_share_of_the_link_is_less() {
    let mut bench = with_updates_held_back(UserGoal::Fastest { soft: 0.25, seconds: 0.001 });
    for peer in [1, 2] {
        bench.shard.handle_backlog(bench.now, MachineId(peer), 0, &mut bench.out);
    }
    assert!(matches!(bench.begun(), Some(Operation::Filter { most: 1, .. })), "{:?}", bench.begun());
}

#[test]
fn only_best_effort_listens_to_links() {
    assert!(with_updates_held_back(UserGoal::Fastest { soft: 0.1, seconds: 0.1 }).shard.watches_links());
    assert!(!with_updates_held_back(UserGoal::Cheapest {}).shard.watches_links());
}

#[test]
fn rows_are_barred_when_more_than_the_bound_waits_on_the_link() {
    let selective_barrier = SelectiveBarrier::Backlog { seconds: 0.5 };
    let announced = |backlog, change| {
        let mut bench = Bench::new(parts(System::Gaia(Gaia { selective_barrier, ..gaia() }), 2));
        bench.backlog = backlog;
        bench.update(0, &[change, 0.0, 0.0, 0.0, change]);
        bench.finish_all();
        let sent = bench.sent();
        assert!(matches!(sent.last(), Some((MachineId(1), Message::Mirror { .. }))), "{sent:?}");
        sent.into_iter().find_map(|(_, message)| match message {
            Message::Barrier { announced, rows } => Some((announced.to_vec(), rows.to_vec())),
            _ => None,
        })
    };
    // Half a second of 1.2 MB/s.
    assert_eq!(announced(600_000, 1.0), None);
    let of_clock = Announced { site: SiteId(0), first: 1, until: 1 };
    assert_eq!(announced(600_001, 1.0), Some((vec![of_clock], vec![1, 2])));
    assert_eq!(announced(600_001, 0.1), None, "nothing is significant, so that nothing is to be barred");
}

#[test]
fn a_hub_passes_on_a_barrier_and_its_updates_at_once_and_none_that_comes_late() {
    let mut bench = Bench::new(SettingParts { overlay: hub(), ..parts(System::Gaia(gaia()), 3) });
    let announced: Arc<[Announced]> = [Announced { site: SiteId(1), first: 1, until: 1 }].into();
    let barrier = || Message::Barrier { announced: announced.clone(), rows: [0].into() };
    bench.deliver(1, barrier());
    assert_eq!(bench.sent(), [(MachineId(2), barrier())]);
    assert_eq!(bench.shard.barriers().collect::<Vec<_>>(), [(&announced[..], vec![0])]);
    bench.mirror(1, 1, 3);
    assert_eq!(bench.finish_all().len(), 3, "added, filtered and written, though the hub's own clock has not moved");
    assert!(matches!(bench.sent()[..], [(MachineId(2), Message::Mirror { .. })]));
    bench.deliver(1, barrier());
    assert_eq!(bench.sent(), [], "what it announces is here");
    assert_eq!(bench.shard.barriers().count(), 0);
}

#[test]
fn the_first_group_records_its_rows_for_every_clock_once() {
    let copies = |record_copies, machine| {
        let settings = parts(System::Gaia(gaia()), 2);
        let setting = Setting::new(SettingParts { record_copies, ..settings });
        let shard = Shard::new(Arc::new(setting), MachineId(machine), |_, values| values.fill(1.0));
        let mut out: Outbox<StoreTask, ()> = Outbox::default();
        let mut bench = Bench { shard, out: Outbox::default(), now: Instant::START, backlog: 0 };
        bench.shard.handle_start(bench.now, &mut out);
        out.samples.len()
    };
    assert_eq!(copies(RecordCopies::EveryClock, 0), 1);
    assert_eq!(copies(RecordCopies::EveryClock, 1), 0, "another group's copy is not the one that is evaluated");
    assert_eq!(copies(RecordCopies::Never, 0), 0);
}

#[test]
fn between_exchanges_the_rows_stand_for_all_clocks_up_to_the_last() {
    let system = System::Global(Inside::local_steps(3));
    let mut bench = Bench::new(SettingParts { record_copies: RecordCopies::EveryClock, ..parts(system, 1) });
    bench.shard.handle_start(bench.now, &mut bench.out);
    bench.update(2, &[1.0]);
    bench.finish_all();
    let copies = bench.out.samples.drain(..).map(|sample| match sample {
        Sample::Copy { clock, values, .. } => (clock, values[4]),
        _ => panic!("nothing else is recorded"),
    });
    assert_eq!(
        copies.collect::<Vec<_>>(),
        [(0, 1.0), (1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0)],
        "no clock is beyond the run"
    );
}

#[test]
fn what_keeps_a_shard_is_said_for_every_read_that_waits() {
    let settings = Gaia { mirror_clock: MirrorClock::Bounded { staleness: 0 }, ..gaia() };
    let mut bench = Bench::new(parts(System::Gaia(settings), 2));
    assert_eq!(bench.shard.waiting_for(), None);
    bench.deliver(0, Message::Read { clock: 1, asked_at: bench.now });
    let waiting = |reason: &str| Some(format!("its shard holds the read of m0 for clock 1 ({reason})"));
    assert_eq!(bench.shard.waiting_for(), waiting("its workers are at clocks [0]"));
    let held: Vec<_> = bench.shard.held_reads().collect();
    assert_eq!(held, [(&[1, 2, 4][..], 1, Hold::Staleness)]);
    bench.update(0, &[1.0]);
    bench.finish_all();
    assert_eq!(bench.shard.waiting_for(), waiting("its clock is 1 and its mirrors' [0]"));
    let announced = |first, until| [Announced { site: SiteId(1), first, until }].into();
    bench.deliver(1, Message::Barrier { announced: announced(1, 2), rows: [4].into() });
    bench.deliver(1, Message::Barrier { announced: announced(2, 2), rows: [4].into() });
    bench.mirror(1, 1, 3);
    bench.finish();
    assert_eq!(bench.shard.waiting_for(), waiting("announced updates are not here: clocks 1 to 2 of site 1"));
    bench.mirror(1, 2, 3);
    bench.finish_all();
    assert_eq!(bench.shard.waiting_for(), None);
}

#[test]
fn a_hold_is_charged_to_what_it_waited_for() {
    let settings = Gaia { mirror_clock: MirrorClock::Bounded { staleness: 0 }, ..gaia() };
    let mut bench = Bench::new(parts(System::Gaia(settings), 2));
    let asked_at = bench.now;
    bench.deliver(0, Message::Read { clock: 1, asked_at });
    bench.now += Duration::from_nanos(5_000);
    let updated_at = bench.now;
    bench.update(0, &[1.0]);
    bench.finish_all();
    let clock_moved_at = updated_at + Duration::from_nanos((PREFIX + 12 * FLOAT) * DECODE + 12 * FLOAT * APPLY);
    bench.now += Duration::from_nanos(7_000);
    let mirrored_at = bench.now;
    bench.mirror(1, 1, 3);
    bench.finish();
    let let_through_at = bench.now;
    bench.finish_all();
    let Some((_, Message::Rows(rows))) = bench.sent().pop() else { panic!("the read is answered") };
    let answered_at = let_through_at + Duration::from_nanos(12 * FLOAT * ENCODE);
    // The shard of machine 0 holds the read of its own worker, first for the worker's update, then for the other site's.
    let cuts = [
        (Part::Wire, asked_at, 0),
        (Part::Staleness, updated_at, 0),
        (Part::Server, clock_moved_at, 0),
        (Part::Barrier, mirrored_at, 1),
        (Part::Barrier, let_through_at, 0),
        (Part::Encode, answered_at, 0),
    ];
    let found: Vec<_> = rows.phases.cuts().iter().map(|phase| (phase.part, phase.until, phase.on.machine.0)).collect();
    assert_eq!(found, cuts);
}

/// A site whose copy is averaged with the others', or goes along their mean with momentum, every two clocks.
fn rounds(rule: Rule) -> System {
    let between = Between::Rounds(RoundsBetween { every: 2, rule });
    System::Hierarchical(Sites { inside: Inside::BSP, between })
}

#[test]
fn a_round_is_read_and_written_when_the_changes_of_all_sites_are_here() {
    let momentum = Rule::Outer(Outer { learning_rate: 1.0, momentum: 0.5, nesterov: false });
    for (rule, tables) in [(Rule::Average {}, 2), (momentum, 3)] {
        let mut bench = Bench::new(parts(rounds(rule), 3));
        let applied = (PREFIX + 12 * FLOAT) * DECODE + 12 * FLOAT * APPLY;
        bench.update(0, &[1.0]);
        assert_eq!(bench.finish_all(), [applied], "nothing leaves within a round");
        bench.mirror(2, 2, 3);
        assert_eq!(bench.finish_all(), [0; 0], "what comes is kept");
        bench.deliver(0, Message::Read { clock: 2, asked_at: bench.now });
        bench.update(1, &[1.0, 1.0]);
        let written = (PREFIX + 2 * ENTRY) * ENCODE;
        assert_eq!(bench.finish_all(), [applied, FLOATS as u64 * FLOAT * FILTER, written]);
        let sent: Vec<u32> = bench.sent().iter().map(|(to, _)| to.0).collect();
        assert_eq!(sent, [1, 2], "the change to both others, and no rows yet");
        assert_eq!(
            bench.shard.held_reads().map(|(_, clock, hold)| (clock, hold)).collect::<Vec<_>>(),
            [(2, Hold::MirrorClock)]
        );
        bench.mirror(1, 2, 3);
        let own = PREFIX + 2 * ENTRY;
        let others = 2 * (PREFIX + 3 * ENTRY);
        let merged = others * DECODE + (own + others + tables * FLOATS as u64 * FLOAT) * APPLY;
        assert_eq!(bench.finish_all(), [merged, 12 * FLOAT * ENCODE], "then the read is answered");
        assert_eq!((bench.shard.data_clock(), bench.shard.mirror_clock()), (2, Some(2)));
        // The first three values from 1 by a third of 4 and 4; the worker's first two, which begin with the fourth, by 2 and 1.
        let store = bench.shard.store().expect("it is idle");
        let third = |sum: f32| 1.0 + sum * (1.0f64 / 3.0) as f32;
        assert_eq!(&store.values[..7], [third(8.0), third(8.0), third(8.0), 1.0, third(2.0), third(1.0), 1.0]);
        assert_eq!(store.shared.values[..], store.values[..]);
        assert_eq!(store.accumulated, [vec![0.0; FLOATS]]);
        assert_eq!(bench.out.samples.len(), 0, "no filter of significance has run");
    }
}

#[test]
#[should_panic(expected = "a hub would sum what every site is to merge")]
fn sites_that_merge_have_no_hubs() {
    Setting::new(SettingParts { overlay: hub(), ..parts(rounds(Rule::Average {}), 3) });
}
