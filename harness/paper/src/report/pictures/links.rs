//! The section on links: a heatmap per cell, and in words which link was the busiest.

use super::runs::{Runs, figure};
use crate::figures::{Drawing, HeatPanel, bytes_text, heatmap, percent};
use crate::links::{Busiest, Link, LinkUse};
use crate::markup::{escaped, head};

/// The most cells that are drawn; the table has all.
const PANELS: usize = 12;

/// The cells whose links are known.
pub(super) struct View<'a> {
    cells: Vec<(&'a str, LinkUse)>,
}

impl<'a> View<'a> {
    pub(super) fn of(cells: &'a [Runs<'_>]) -> Self {
        let used = |cell: &'a Runs<'_>| Some((cell.name.as_str(), LinkUse::of(cell.runs.iter().copied())?));
        View { cells: cells.iter().filter_map(used).collect() }
    }

    /// The cells with links between sites that carried something.
    fn between_sites(&self) -> impl Iterator<Item = (&'a str, &LinkUse, &Link)> {
        self.cells.iter().filter_map(|(name, used)| Some((*name, used, used.busiest_link()?)))
    }

    pub(super) fn drawing(&self) -> Option<Drawing> {
        let panel = |(title, used, _)| HeatPanel { title, used };
        let panels: Vec<HeatPanel<'_>> = self.between_sites().take(PANELS).map(panel).collect();
        (!panels.is_empty()).then(|| heatmap(&panels))
    }

    /// The section; empty where no cell has links between sites.
    pub(super) fn section(&self, svg: &str) -> String {
        let Some((name, used, link)) = self.between_sites().next() else { return String::new() };
        let sentence = sentence(name, used, link);
        let all = self.between_sites().count();
        let left_out =
            if all > PANELS { format!(" Drawn are the first {PANELS} of {all} cells.") } else { String::new() };
        let rows: String = self.cells.iter().map(|(name, used)| row(name, used)).collect();
        let head = head(&["cell", "busiest link", "busy", "sent", "at", "the busiest of all limits"]);
        format!(
            "<section id=\"links\">\n<h2>Links</h2>\n<p>{}</p>\n{}<p class=\"note\">A square is the link from the site of its row to \
             that of its column: the share of the run for which it was sending, and the bytes. Grey: inside a site. The busiest link \
             is framed.{left_out} All seeds together, bytes per run.</p>\n<div class=\"wide\"><table>{head}<tbody>\n{rows}</tbody>\
             </table></div>\n</section>\n",
            escaped(&sentence),
            figure(svg, &sentence),
        )
    }
}

/// The bottleneck of a cell in a sentence.
fn sentence(name: &str, used: &LinkUse, link: &Link) -> String {
    let (from, to, busy, bytes) =
        (&used.sites[link.from], &used.sites[link.to], percent(link.busy), bytes_text(link.bytes));
    let rate = link.rate;
    let mut text = format!(
        "The busiest link of {name} is {from} → {to}: it was sending for {busy} of the run ({bytes} at {rate})."
    );
    if let Some(limit @ (Busiest::Card(..) | Busiest::Uplink(..))) = used.busiest() {
        text += &format!(" Busier still: {}.", limit_text(used, limit));
    }
    text
}

fn limit_text(used: &LinkUse, limit: Busiest<'_>) -> String {
    match limit {
        Busiest::Link(link) => {
            format!("the link {} → {}, {}", used.sites[link.from], used.sites[link.to], percent(link.busy))
        }
        Busiest::Card(site, share) => format!("a network card in {}, {}", used.sites[site], percent(share)),
        Busiest::Uplink(site, share) => format!("the uplink of {}, {}", used.sites[site], percent(share)),
    }
}

fn row(name: &str, used: &LinkUse) -> String {
    let [link, busy, sent, rate] = match used.busiest_link() {
        Some(link) => [
            format!("{} → {}", used.sites[link.from], used.sites[link.to]),
            percent(link.busy),
            bytes_text(link.bytes),
            link.rate.to_string(),
        ],
        None => ["none between sites".into(), "-".into(), "-".into(), "-".into()],
    };
    let limit = used.busiest().map_or_else(|| "-".to_owned(), |limit| limit_text(used, limit));
    let number = |text: &str| format!("<td class=\"number\">{}</td>", escaped(text));
    let [name, link, limit] = [name, &link, &limit].map(escaped);
    format!(
        "<tr><td>{name}</td><td>{link}</td>{}{}{}<td>{limit}</td></tr>\n",
        number(&busy),
        number(&sent),
        number(&rate)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::testing::{plan, planned};
    use crate::report::pictures::runs::group;
    use record::results::testing::cell;
    use record::results::{CellResult, TrafficRow};

    fn run(name: &str, profile: &str, bytes: [u64; 2]) -> CellResult {
        let row = |from, to, bytes| TrafficRow {
            from,
            to,
            from_site: "".into(),
            to_site: "".into(),
            class: "data".into(),
            messages: 1,
            bytes_actual: 1,
            bytes,
        };
        let rows = vec![row(0, 2, bytes[0]), row(2, 0, bytes[1]), row(0, 1, 77)];
        let rows = if profile == "lan" { vec![row(0, 1, bytes[0])] } else { rows };
        planned(cell(name).seconds(100.0).traffic(rows).done(), &plan(profile, 2, "{global: {bsp: {}}}"))
    }

    #[test]
    fn the_busiest_link_is_named_and_every_cell_has_a_row() {
        let results = [run("Baseline", "sg-sp", [20_000_000, 104_750_000]), run("LAN", "lan", [125_000_000, 0])];
        let cells = group(&results);
        let view = View::of(&cells);
        let section = view.section(&view.drawing().unwrap().svg().unwrap());
        let sentence = "The busiest link of Baseline is São Paulo → Singapore: it was sending for 50 % of the run (105 MB at 16.76 Mbit/s).";
        assert!(section.contains(sentence), "{section}");
        assert!(
            section.contains("<td>LAN</td><td>none between sites</td>") && section.contains("a network card in"),
            "{section}"
        );
        assert!(section.contains("aria-label=\"The busiest link of Baseline"), "{section}");
    }

    #[test]
    fn without_links_there_is_no_section() {
        let results = [run("LAN", "lan", [1_000, 0]), cell("of another version").done()];
        let cells = group(&results);
        let view = View::of(&cells);
        assert!(view.drawing().is_none() && view.section("").is_empty());
    }
}
