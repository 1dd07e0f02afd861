//! The section on clocks: the first of them as a timeline, and in words what each cell waited for, over the whole run.

use super::runs::{Runs, figure};
use crate::figures::{Drawing, TimelinePanel, percent, timeline};
use crate::markup::escaped;
use crate::plans;
use crate::waits::{Awaited, Places, WAITING, Waited, Waits};

/// The most cells that are drawn.
const PANELS: usize = 6;
/// The most cells that have a sentence.
const SENTENCES: usize = 30;
/// The least share of all clocks' time that a sentence has of a wait.
const LEAST: f64 = 0.01;
/// The number of links or sites that a sentence names for a wait.
const NAMED: usize = 2;

/// The cells that have clocks, and are compared.
pub(super) struct View<'a> {
    cells: Vec<Shown<'a>>,
}

struct Shown<'a> {
    cell: &'a Runs<'a>,
    places: Places,
}

impl<'a> View<'a> {
    pub(super) fn of(cells: &'a [Runs<'a>]) -> Self {
        let with_clocks = || cells.iter().filter(|cell| !cell.clocks.is_empty());
        let all_set_targets = with_clocks().all(|cell| cell.sets_target);
        let compared = with_clocks().filter(|cell| all_set_targets || !cell.sets_target);
        View { cells: compared.map(|cell| Shown { cell, places: Places::of(cell.runs[0], &cell.clocks) }).collect() }
    }

    pub(super) fn drawing(&self) -> Option<Drawing> {
        let panels = self.cells.iter().take(PANELS);
        let panels: Vec<TimelinePanel<'_>> = panels
            .map(|Shown { cell, places }| TimelinePanel { title: &cell.name, places, clocks: &cell.clocks })
            .collect();
        (!panels.is_empty()).then(|| timeline(&panels))
    }

    /// The section; empty without clocks.
    pub(super) fn section(&self, svg: &str) -> String {
        if self.cells.is_empty() {
            return String::new();
        }
        let sentences: Vec<String> = self.cells.iter().take(SENTENCES).map(Shown::sentence).collect();
        let items: String = sentences.iter().map(|text| format!("<li>{}</li>\n", escaped(text))).collect();
        let (all, seed) = (self.cells.len(), self.cells[0].cell.runs[0].summary.seed);
        let left_out =
            if all > PANELS { format!(" Drawn are the first {PANELS} of {all} cells.") } else { String::new() };
        format!(
            "<section id=\"timeline\">\n<h2>Who waited for whom</h2>\n<ul>\n{items}</ul>\n{}<p class=\"note\">The first clocks of every \
             machine, seed {seed}; all cells have one scale of time.{left_out} Inside a clock the lengths of the parts are as recorded, \
             their order is not: waits are drawn first. What a wait was for is that of its longest phase. The shares are of all clocks \
             of the run.</p>\n</section>\n",
            figure(
                svg,
                "The first clocks of every machine as a timeline, a panel per cell; the list above says what they waited for."
            ),
        )
    }
}

impl Shown<'_> {
    /// `Gaia: 55 % of the time of all clocks is computing; 21 % waiting at barriers, of this 44 % for messages on A → B, ...`.
    fn sentence(&self) -> String {
        let waits = Waits::of(&self.places, &self.cell.clocks);
        let mut parts: Vec<&str> = WAITING.into_iter().filter(|part| waits.share(part) >= LEAST).collect();
        parts.sort_by(|a, b| waits.share(b).total_cmp(&waits.share(a)));
        let mut text =
            format!("{}: {} of the time of all clocks is computing", self.cell.name, percent(waits.share("compute")));
        for part in &parts {
            text += &format!("; {} {}{}", percent(waits.share(part)), words(part), reasons(&waits, part));
        }
        let has_barriers = plans::of(self.cell.runs[0]).is_some_and(|plan| plans::is_gaia(&plan));
        if has_barriers && !parts.contains(&"barrier") {
            let share = waits.share("barrier");
            text += &if share > 0.0 {
                format!("; {} waiting at barriers", percent(share))
            } else {
                "; none waiting at barriers".into()
            };
        }
        text + "."
    }
}

/// A wait in words, after its share.
fn words(part: &str) -> &'static str {
    match part {
        "barrier" => "waiting at barriers",
        "staleness" => "waiting for slower workers",
        "wire" => "waiting for messages on links",
        _ => "waiting for server shards",
    }
}

/// What the waits of a part were for, the longest first; of a site that was late also what it waited for itself.
fn reasons(waits: &Waits, part: &str) -> String {
    let of_part: Vec<&Waited> = waits.of_part(part).filter(|waited| waited.seconds > 0.0).collect();
    let seconds = waits.share(part) * waits.parts.sum();
    let reason = |waited: &&Waited| {
        let text = format!("{} for {}", percent(waited.seconds / seconds), waited.on.text(waited.part));
        let Awaited::Work(site) = &waited.on else { return text };
        let why = waits.longest_of_site(site).map(|why| format!(" (its own longest waits: for {why})"));
        text + &why.unwrap_or_default()
    };
    let named: Vec<String> = of_part.iter().take(NAMED).map(reason).collect();
    if named.is_empty() { String::new() } else { format!(", of this {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::testing::{plan, planned};
    use crate::report::pictures::runs::group;
    use record::results::testing::cell;
    use record::results::{Blocked, Breakdown, CellResult, ClockRow, LinkEnds, Part, TrafficRow};

    const GAIA: &str = "{gaia: {inside: {bsp: {}}, significance: {threshold: 0.05, schedule: constant}}}";

    /// Of four machines, two in each site, and two in A that wait at barriers for B.
    fn gaia() -> CellResult {
        let row = |from, to| TrafficRow {
            from,
            to,
            from_site: if from < 2 { "A" } else { "B" }.into(),
            to_site: if to < 2 { "A" } else { "B" }.into(),
            class: "data".into(),
            messages: 1,
            bytes_actual: 1,
            bytes: 1,
        };
        let traffic = vec![row(0, 2), row(2, 0), row(1, 3)];
        planned(cell("Gaia").traffic(traffic).done(), &plan("sg-sp", 2, GAIA))
    }

    fn clocks(barrier: f64) -> Vec<ClockRow> {
        let row = |machine: u32| {
            let barrier = if machine < 2 { barrier } else { 0.0 };
            let parts = Breakdown { compute: 3.0, barrier, ..Breakdown::default() };
            let link = (machine == 0).then_some(LinkEnds { from: 2, to: 0 });
            let blocked = Blocked { part: Part::named("barrier").unwrap(), on: machine + 2, link };
            let blocked = (barrier > 0.0).then_some(blocked);
            ClockRow { clock: 0, machine, site: machine / 2, started: 0.0, ended: parts.sum(), parts, blocked }
        };
        (0..4).map(row).collect()
    }

    fn section(barrier: f64) -> String {
        let results = [gaia(), cell("Target").sets_target().done()];
        let mut cells = group(&results);
        cells.iter_mut().for_each(|cell| cell.clocks = clocks(barrier));
        let view = View::of(&cells);
        view.section(&view.drawing().unwrap().svg().unwrap())
    }

    #[test]
    fn it_says_what_barriers_wait_for() {
        let section = section(4.0);
        let sentence = "<li>Gaia: 60 % of the time of all clocks is computing; 40 % waiting at barriers, of this 50 % for messages on B → A, \
                        50 % for updates that B sent late.</li>";
        assert!(section.contains(sentence), "{section}");
        assert!(section.contains("<title>Gaia: A, machine 0, clock 0") && !section.contains("Target"), "{section}");
    }

    #[test]
    fn a_gaia_without_barriers_says_so() {
        assert!(
            section(0.0)
                .contains("<li>Gaia: 100 % of the time of all clocks is computing; none waiting at barriers.</li>")
        );
    }

    #[test]
    fn without_clocks_there_is_no_section() {
        let results = [cell("Baseline").done()];
        let cells = group(&results);
        let view = View::of(&cells);
        assert!(view.drawing().is_none() && view.section("").is_empty());
    }
}
