//! What the clocks of a run waited for: its clocks by the link, or the site, that the longest phase of each wait was for.
//!
//! `clocks.parquet` has, for every clock, what the longest phase of its wait was for ([`record::results::Blocked`]), not how long each
//! phase took. The seconds that a clock spent in the part of that phase count for it here: an attribution, exact where the wait had
//! one phase of that part.

use std::collections::BTreeMap;

use record::results::{Breakdown, CellResult, ClockRow, LinkEnds, Part};

/// The class of rows in `traffic.parquet` whose machines are not those that learn.
const RAW: &str = "raw";
/// The parts in which a machine waits for others, the most telling first.
pub(crate) const WAITING: [&str; 4] = ["barrier", "staleness", "wire", "server"];

/// The sites of the machines of a run, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Places {
    /// By machine: the number of its site, and the site's name.
    of: BTreeMap<u32, (u32, String)>,
}

/// What clocks waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Awaited {
    /// Messages from a site to another.
    Link {
        /// The name of the sending site.
        from: String,
        /// The name of the receiving site.
        to: String,
    },
    /// Messages inside a site.
    Inside(String),
    /// Work of the machines in a site: a message that was not sent yet, or a server shard that was working.
    Work(String),
}

/// The waits of a part for one thing, summed over clocks and machines.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waited {
    /// The part of the breakdown.
    pub(crate) part: Part,
    /// What was awaited.
    pub(crate) on: Awaited,
    /// The seconds that its clocks spent in this part.
    pub(crate) seconds: f64,
    /// The number of its clocks.
    pub(crate) clocks: usize,
}

/// All waits of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Waits {
    /// The waits, the longest first.
    pub(crate) all: Vec<Waited>,
    /// Seconds of all clocks by part, summed over machines.
    pub(crate) parts: Breakdown,
    /// By waiting site: the seconds for each thing.
    by_site: BTreeMap<String, BTreeMap<(&'static str, Awaited), f64>>,
}

impl Places {
    /// The machines of `clocks`, with the names that the run's traffic gives their sites; `site 3` where it gives none.
    pub(crate) fn of(run: &CellResult, clocks: &[ClockRow]) -> Places {
        let mut names: BTreeMap<u32, &str> = BTreeMap::new();
        for row in run.traffic.iter().filter(|row| &*row.class != RAW) {
            names.insert(row.from, &row.from_site);
            names.insert(row.to, &row.to_site);
        }
        // Machines that sent nothing are of a site whose others did.
        let sites: BTreeMap<u32, &str> =
            clocks.iter().filter_map(|row| Some((row.site, *names.get(&row.machine)?))).collect();
        let name = |site: u32| sites.get(&site).map_or_else(|| format!("site {site}"), |name| (*name).to_owned());
        Places { of: clocks.iter().map(|row| (row.machine, (row.site, name(row.site)))).collect() }
    }

    /// The machines, in their order.
    pub(crate) fn machines(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.of.keys().copied()
    }

    /// The number and the name of the site of a machine; its own number where it is in no clock.
    pub(crate) fn site(&self, machine: u32) -> (u32, String) {
        self.of.get(&machine).cloned().unwrap_or_else(|| (machine, format!("machine {machine}")))
    }

    fn link(&self, LinkEnds { from, to }: LinkEnds) -> Awaited {
        let (from, to) = (self.site(from).1, self.site(to).1);
        if from == to { Awaited::Inside(from) } else { Awaited::Link { from, to } }
    }

    /// What the longest phase of this clock's wait was for. `None` means that it did not wait.
    pub(crate) fn awaited(&self, row: &ClockRow) -> Option<Awaited> {
        let blocked = row.blocked?;
        Some(blocked.link.map_or_else(|| Awaited::Work(self.site(blocked.on).1), |link| self.link(link)))
    }
}

impl Awaited {
    /// In words, after "for".
    pub(crate) fn text(&self, part: Part) -> String {
        match (self, part.name()) {
            (Awaited::Link { from, to }, _) => format!("messages on {from} → {to}"),
            (Awaited::Inside(site), _) => format!("messages inside {site}"),
            (Awaited::Work(site), "barrier") => format!("updates that {site} sent late"),
            (Awaited::Work(site), _) => format!("work in {site}"),
        }
    }
}

impl Waits {
    /// The waits of a run's clocks.
    pub(crate) fn of(places: &Places, clocks: &[ClockRow]) -> Waits {
        let mut sums: BTreeMap<(&'static str, Awaited), (Part, f64, usize)> = BTreeMap::new();
        let mut by_site: BTreeMap<String, BTreeMap<(&'static str, Awaited), f64>> = BTreeMap::new();
        let mut parts = [0.0; 6];
        for row in clocks {
            parts.iter_mut().zip(row.parts.parts()).for_each(|(sum, (_, seconds))| *sum += seconds);
            let Some((on, part)) = places.awaited(row).zip(row.blocked.map(|blocked| blocked.part)) else { continue };
            let of_site = by_site.entry(places.site(row.machine).1).or_default();
            *of_site.entry((part.name(), on.clone())).or_default() += row.parts.part(part);
            let (_, seconds, clocks) = sums.entry((part.name(), on)).or_insert((part, 0.0, 0));
            *seconds += row.parts.part(part);
            *clocks += 1;
        }
        let waited = |((_, on), (part, seconds, clocks))| Waited { part, on, seconds, clocks };
        let mut all: Vec<Waited> = sums.into_iter().map(waited).collect();
        all.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        Waits { all, parts: Breakdown::from_parts(parts), by_site }
    }

    /// The share of all clocks' time that this part takes, 0 to 1.
    pub(crate) fn share(&self, part: &str) -> f64 {
        let (sum, seconds) = (self.parts.sum(), Part::named(part).map_or(0.0, |part| self.parts.part(part)));
        if sum > 0.0 { seconds / sum } else { 0.0 }
    }

    /// What the machines in a site themselves waited for the longest, in words after "for".
    pub(crate) fn longest_of_site(&self, site: &str) -> Option<String> {
        let of_site = self.by_site.get(site)?.iter().filter(|(_, seconds)| **seconds > 0.0);
        let ((part, on), _) = of_site.reduce(|longest, next| if next.1 > longest.1 { next } else { longest })?;
        Part::named(part).map(|part| on.text(part))
    }

    /// The waits of one part, longest first.
    pub(crate) fn of_part<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a Waited> {
        self.all.iter().filter(move |waited| waited.part.name() == part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::results::testing::cell;
    use record::results::{Blocked, TrafficRow};

    fn traffic(from: u32, from_site: &str, to: u32, to_site: &str, class: &str) -> TrafficRow {
        let (from_site, to_site, class) = (from_site.into(), to_site.into(), class.into());
        TrafficRow { from, to, from_site, to_site, class, messages: 1, bytes_actual: 1, bytes: 1 }
    }

    fn row(machine: u32, part: &str, seconds: f64, on: u32, link: Option<(u32, u32)>) -> ClockRow {
        let part = Part::named(part).unwrap();
        let mut parts = Breakdown { compute: 1.0, ..Breakdown::default() };
        match part.name() {
            "barrier" => parts.barrier = seconds,
            _ => parts.wire = seconds,
        }
        let blocked = Blocked { part, on, link: link.map(|(from, to)| LinkEnds { from, to }) };
        let (started, ended) = (0.0, parts.sum());
        ClockRow { clock: 0, machine, site: machine / 2, started, ended, parts, blocked: Some(blocked) }
    }

    #[test]
    fn waits_are_summed_by_part_and_by_what_they_were_for() {
        let run = cell("Gaia").traffic(vec![
            traffic(0, "A", 2, "B", "data"),
            traffic(1, "A", 0, "A", "control"),
            traffic(0, "Z", 2, "A", "raw"),
        ]);
        let clocks = [
            row(0, "barrier", 2.0, 2, Some((2, 0))),
            row(1, "barrier", 3.0, 3, Some((3, 1))),
            row(1, "barrier", 4.0, 3, None),
            row(2, "wire", 0.5, 3, Some((3, 2))),
        ];
        let run = run.done();
        let places = Places::of(&run, &clocks);
        assert_eq!(places.site(1), (0, "A".to_owned()));
        assert_eq!(places.machines().collect::<Vec<_>>(), [0, 1, 2]);
        let waits = Waits::of(&places, &clocks);
        let all: Vec<_> = waits.all.iter().map(|w| (w.part.name(), w.on.text(w.part), w.seconds, w.clocks)).collect();
        // Machine 3 is in no clock, so that its site is not known.
        assert_eq!(
            all,
            [
                ("barrier", "updates that machine 3 sent late".to_owned(), 4.0, 1),
                ("barrier", "messages on machine 3 → A".to_owned(), 3.0, 1),
                ("barrier", "messages on B → A".to_owned(), 2.0, 1),
                ("wire", "messages on machine 3 → B".to_owned(), 0.5, 1),
            ]
        );
        assert_eq!(waits.share("barrier"), 9.0 / 13.5);
        assert_eq!(waits.of_part("wire").count(), 1);
        assert_eq!(waits.longest_of_site("A").unwrap(), "updates that machine 3 sent late");
        assert_eq!(waits.longest_of_site("B").unwrap(), "messages on machine 3 → B");
        assert_eq!(waits.longest_of_site("C"), None);
        assert_eq!(Waits::of(&places, &[]).share("barrier"), 0.0);
    }

    #[test]
    fn a_site_without_traffic_has_its_number() {
        let clocks = [row(5, "wire", 1.0, 5, None)];
        let places = Places::of(&cell("Gaia").traffic(Vec::new()).done(), &clocks);
        assert_eq!(places.awaited(&clocks[0]), Some(Awaited::Work("site 2".into())));
    }
}
