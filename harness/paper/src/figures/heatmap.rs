//! Links as a heatmap, a panel per cell: sending sites down, receiving sites across, the busy share as colour, and the bytes.

use plotters::style::RGBColor;
use record::numbers::{fixed, significant};

use super::canvas::{Anchor, Canvas, FAINT, GRID, INK, PAPER, Pen, Rect, WIDTH, WRONG, at};
use super::hover::Drawing;
use super::text::{fitted, text_width};
use crate::links::{Link, LinkUse};

/// The most sites of a panel; of more, the busiest are drawn.
pub(crate) const SITES: usize = 24;

/// Panels side by side, and the points between them.
const COLUMNS: usize = 2;
const GUTTER: f64 = 24.0;
const MARGIN: f64 = 12.0;
/// The scale of colours above all panels.
const SCALE_HEIGHT: f64 = 40.0;
/// The title and the remark of a panel.
const HEAD: f64 = 36.0;
const FOOT: f64 = 18.0;
/// Names of sites: their size, the most room for them, and the gap to the squares.
const NAME: f64 = 10.0;
const NAME_ROOM: f64 = 76.0;
const NAME_GAP: f64 = 4.0;
/// The largest side of a square, and the least that has its share, or its share and its bytes, written in it.
const LARGEST: f64 = 44.0;
const WITH_SHARE: f64 = 13.0;
const WITH_BYTES: f64 = 25.0;
/// From this share on colours are dark, and text on them is white.
const DARK: f64 = 0.55;

/// Colours of busy shares from 0 to 1 in equal steps: ColorBrewer's Blues, lightness falling all the way.
const SHADES: [RGBColor; 5] = [
    RGBColor(0xF7, 0xFB, 0xFF),
    RGBColor(0xC6, 0xDB, 0xEF),
    RGBColor(0x6B, 0xAE, 0xD6),
    RGBColor(0x21, 0x71, 0xB5),
    RGBColor(0x08, 0x30, 0x6B),
];

/// A cell of the picture.
pub(crate) struct HeatPanel<'a> {
    /// The cell's name.
    pub(crate) title: &'a str,
    /// What its traffic made of its links.
    pub(crate) used: &'a LinkUse,
}

/// The unit in which the bytes of a panel are written.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    bytes: f64,
}

impl Unit {
    /// The largest unit in which `most` bytes are at least 1.
    fn of(most: f64) -> Unit {
        let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
        let fits = units.into_iter().find(|(_, bytes)| most >= *bytes);
        let (name, bytes) = fits.unwrap_or(("B", 1.0));
        Unit { name, bytes }
    }

    fn number(self, bytes: f64) -> String {
        let number = bytes / self.bytes;
        if number > 0.0 && number < 0.01 {
            "<.01".into()
        } else {
            significant(number, if number < 1.0 { 1 } else { 2 })
        }
    }
}

/// Bytes in words: `1.24 GB`.
pub(crate) fn bytes_text(bytes: f64) -> String {
    let unit = Unit::of(bytes);
    format!("{} {}", significant(bytes / unit.bytes, 3), unit.name)
}

/// A share in words: `97 %`, `0.4 %`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 { format!("{} %", significant(percent, 2)) } else { format!("{} %", fixed(percent, 0)) }
}

/// The picture of `panels`, in their order; those of a single site have no links and should be left out.
pub(crate) fn heatmap(panels: &[HeatPanel<'_>]) -> Drawing {
    let columns = panels.len().clamp(1, COLUMNS);
    let width = (WIDTH - 2.0 * MARGIN - GUTTER * (columns as f64 - 1.0)) / columns as f64;
    let placed: Vec<Placed<'_>> = panels.iter().map(|panel| Placed::of(panel, width)).collect();
    let heights: Vec<f64> =
        placed.chunks(columns).map(|row| row.iter().map(Placed::height).fold(0.0, f64::max)).collect();
    let mut drawing = Drawing::new((SCALE_HEIGHT + heights.iter().sum::<f64>()).ceil());
    draw_scale(&mut drawing.canvas);
    let mut top = SCALE_HEIGHT;
    for (row, height) in placed.chunks(columns).zip(heights) {
        for (column, panel) in row.iter().enumerate() {
            panel.draw(&mut drawing, MARGIN + column as f64 * (width + GUTTER), top);
        }
        top += height;
    }
    drawing
}

/// The scale of colours, and what the numbers in the squares are.
fn draw_scale(canvas: &mut Canvas) {
    const STEPS: usize = 40;
    let (left, width, top) = (MARGIN + 134.0, 190.0, 12.0);
    canvas.text(at(MARGIN, top + 6.0), Anchor::Left, 12.0, INK, "busy share of a link");
    for step in 0..STEPS {
        let x = |step: usize| left + width * step as f64 / STEPS as f64;
        let rect = Rect { left: x(step), top, right: x(step + 1) + 0.3, bottom: top + 12.0 };
        canvas.fill(rect, shade((step as f64 + 0.5) / STEPS as f64));
    }
    canvas.outline(Rect { left, top, right: left + width, bottom: top + 12.0 }, Pen::solid(INK, 0.6));
    canvas.text(at(left - 4.0, top + 6.0), Anchor::Right, 11.0, FAINT, "0");
    canvas.text(at(left + width + 5.0, top + 6.0), Anchor::Left, 11.0, FAINT, "100 %");
    let remark = "in a square: busy share in %, below it the bytes sent; rows send, columns receive";
    canvas.text(at(WIDTH - MARGIN, top + 6.0), Anchor::Right, 11.0, FAINT, &fitted(11.0, 500.0, remark));
}

/// A panel with the sites that are drawn and the size of its squares.
struct Placed<'a> {
    panel: &'a HeatPanel<'a>,
    sites: Vec<usize>,
    names: Vec<String>,
    name_room: f64,
    side: f64,
    unit: Unit,
    width: f64,
}

impl<'a> Placed<'a> {
    fn of(panel: &'a HeatPanel<'a>, width: f64) -> Self {
        let sites = busiest_sites(panel.used, SITES);
        let names: Vec<String> = sites.iter().map(|site| fitted(NAME, NAME_ROOM, &panel.used.sites[*site])).collect();
        let name_room = names.iter().map(|name| text_width(NAME, name)).fold(0.0, f64::max) + NAME_GAP;
        let side = ((width - name_room) / sites.len().max(1) as f64).min(LARGEST);
        let unit = Unit::of(panel.used.links.iter().map(|link| link.bytes).fold(0.0, f64::max));
        Placed { panel, sites, names, name_room, side, unit, width }
    }

    fn height(&self) -> f64 {
        HEAD + self.name_room + self.sites.len() as f64 * self.side + FOOT
    }

    fn draw(&self, drawing: &mut Drawing, left: f64, top: f64) {
        let used = self.panel.used;
        let canvas = &mut drawing.canvas;
        canvas.text(at(left, top + 10.0), Anchor::Left, 14.0, INK, &fitted(14.0, self.width, self.panel.title));
        canvas.text(at(left, top + 26.0), Anchor::Left, 11.0, FAINT, &fitted(11.0, self.width, &self.remark()));
        let (x0, y0) = (left + self.name_room, top + HEAD + self.name_room);
        let square = |row: usize, column: usize| {
            let (left, top) = (x0 + column as f64 * self.side, y0 + row as f64 * self.side);
            Rect { left, top, right: left + self.side, bottom: top + self.side }
        };
        for (place, name) in self.names.iter().enumerate() {
            let middle = self.side * (place as f64 + 0.5);
            canvas.text(at(x0 - NAME_GAP, y0 + middle), Anchor::Right, NAME, INK, name);
            canvas.text_upwards(at(x0 + middle, y0 - NAME_GAP), Anchor::Left, NAME, INK, name);
        }
        for (row, from) in self.sites.iter().enumerate() {
            for (column, to) in self.sites.iter().enumerate() {
                let rect = square(row, column);
                match used.link(*from, *to) {
                    Some(link) => self.draw_link(drawing, rect, link),
                    None => self.draw_inside(drawing, rect, *from),
                }
            }
        }
        let place = |site: usize| self.sites.iter().position(|known| *known == site);
        let busiest = used.busiest_link().and_then(|link| place(link.from).zip(place(link.to)));
        if let Some((row, column)) = busiest {
            drawing.canvas.outline(square(row, column), Pen::solid(WRONG, 2.2));
        }
    }

    /// The bottleneck, and how many sites are left out.
    fn remark(&self) -> String {
        let used = self.panel.used;
        let busiest = used.busiest_link().map_or_else(
            || "nothing was sent between sites".to_owned(),
            |link| format!("busiest: {} to {}, {}", used.sites[link.from], used.sites[link.to], percent(link.busy)),
        );
        let left_out = match used.sites.len() - self.sites.len() {
            0 => String::new(),
            _ => format!("; the {} busiest of {} sites", self.sites.len(), used.sites.len()),
        };
        format!("{busiest} (bytes in {}){left_out}", self.unit.name)
    }

    fn draw_link(&self, drawing: &mut Drawing, rect: Rect, link: &Link) {
        let used = self.panel.used;
        let canvas = &mut drawing.canvas;
        canvas.fill(rect, shade(link.busy));
        canvas.outline(rect, Pen::solid(PAPER, 0.8));
        let ink = if link.busy > DARK { PAPER } else { INK };
        let share = fixed(link.busy * 100.0, 0);
        self.write(canvas, rect, ink, &share, &self.unit.number(link.bytes));
        let (from, to) = (&used.sites[link.from], &used.sites[link.to]);
        let (busy, bytes) = (percent(link.busy), bytes_text(link.bytes));
        drawing.spot(rect, format!("{}: {from} → {to}: busy {busy}, {bytes}, {}", self.panel.title, link.rate));
    }

    fn draw_inside(&self, drawing: &mut Drawing, rect: Rect, site: usize) {
        let used = self.panel.used;
        drawing.canvas.fill(rect, GRID);
        drawing.canvas.outline(rect, Pen::solid(PAPER, 0.8));
        let (name, bytes, card) = (&used.sites[site], bytes_text(used.inside[site]), percent(used.cards[site]));
        let uplink =
            used.uplinks[site].map_or_else(String::new, |share| format!("; its uplink busy {}", percent(share)));
        let text = format!(
            "{}: {name}: {bytes} inside the site; its busiest network card busy {card}{uplink}",
            self.panel.title
        );
        drawing.spot(rect, text);
    }

    /// The share, and below it the bytes where there is room for both.
    fn write(&self, canvas: &mut Canvas, rect: Rect, ink: RGBColor, share: &str, bytes: &str) {
        let (x, y) = ((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0);
        let (size, small) = ((self.side * 0.36).min(13.0), (self.side * 0.27).min(10.0));
        if self.side >= WITH_BYTES {
            canvas.text(at(x, y - self.side * 0.17), Anchor::Middle, size, ink, share);
            canvas.text(at(x, y + self.side * 0.22), Anchor::Middle, small, ink, bytes);
        } else if self.side >= WITH_SHARE {
            canvas.text(at(x, y), Anchor::Middle, size.min(self.side * 0.42), ink, share);
        }
    }
}

/// At most `most` sites, those at the ends of the busiest links, in the profile's order.
fn busiest_sites(used: &LinkUse, most: usize) -> Vec<usize> {
    let mut sites: Vec<usize> = (0..used.sites.len()).collect();
    if sites.len() <= most {
        return sites;
    }
    let mut busy = vec![0.0f64; sites.len()];
    for link in &used.links {
        for end in [link.from, link.to] {
            busy[end] = busy[end].max(link.busy);
        }
    }
    sites.sort_by(|a, b| busy[*b].total_cmp(&busy[*a]));
    sites.truncate(most);
    sites.sort_unstable();
    sites
}

/// The colour of a busy share; shares above 1 have that of 1.
fn shade(share: f64) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    let step = (place.floor() as usize).min(SHADES.len() - 2);
    let part = place - step as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    let (low, high) = (SHADES[step], SHADES[step + 1]);
    RGBColor(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::canvas::Mark;
    use emulator::units::Bandwidth;

    fn used(sites: usize) -> LinkUse {
        let pairs = (0..sites).flat_map(|from| (0..sites).map(move |to| (from, to))).filter(|(from, to)| from != to);
        let link = |(from, to): (usize, usize)| {
            let (bytes, busy) = ((from * sites + to) as f64 * 1e9, (from * sites + to) as f64 / (sites * sites) as f64);
            Link { from, to, bytes, busy, rate: Bandwidth::from_bits_per_second(16_760_000) }
        };
        LinkUse {
            sites: (0..sites).map(|site| format!("Site {site}")).collect(),
            links: pairs.map(link).collect(),
            inside: vec![2e6; sites],
            cards: vec![0.25; sites],
            uplinks: vec![None; sites],
        }
    }

    fn texts(drawing: &Drawing) -> Vec<&str> {
        let texts = drawing.canvas.marks().iter().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn every_link_has_its_share_its_bytes_and_a_title() {
        let used = used(3);
        let drawing = heatmap(&[HeatPanel { title: "Gaia", used: &used }]);
        let texts = texts(&drawing);
        // From 2 to 1: 7 of 9, with 7 GB.
        for text in ["Gaia", "78", "7.0", "busiest: Site 2 to Site 1, 78 % (bytes in GB)"] {
            assert!(texts.contains(&text), "{text}: {texts:?}");
        }
        let svg = drawing.svg().unwrap();
        assert_eq!(svg.matches("<title>").count(), 9);
        assert!(svg.contains("<title>Gaia: Site 2 → Site 1: busy 78 %, 7.00 GB, 16.76 Mbit/s</title>"), "{svg}");
        assert!(
            svg.contains("<title>Gaia: Site 0: 2.00 MB inside the site; its busiest network card busy 25 %</title>")
        );
    }

    #[test]
    fn marks_stay_on_the_page_for_any_number_of_sites_and_panels() {
        for (sites, panels) in [(1, 1), (2, 1), (11, 3), (24, 2), (60, 5)] {
            let used = used(sites);
            let all: Vec<HeatPanel<'_>> = (0..panels).map(|_| HeatPanel { title: "A cell", used: &used }).collect();
            let drawing = heatmap(&all);
            let (width, height) = (WIDTH, drawing.canvas.height());
            for mark in drawing.canvas.marks() {
                if let Mark::Area { rect, .. } = mark {
                    let inside = rect.left >= 0.0 && rect.top >= 0.0 && rect.right <= width && rect.bottom <= height;
                    assert!(inside && rect.left < rect.right, "{sites} sites, {panels} panels: {rect:?}");
                }
            }
        }
        heatmap(&[]).svg().unwrap();
    }

    #[test]
    fn of_many_sites_those_at_the_busiest_links_are_drawn() {
        let used = used(40);
        let sites = busiest_sites(&used, SITES);
        assert_eq!((sites.len(), sites[sites.len() - 1]), (SITES, 39));
        assert!(sites.windows(2).all(|pair| pair[0] < pair[1]));
        let drawing = heatmap(&[HeatPanel { title: "A", used: &used }]);
        assert!(texts(&drawing).iter().any(|text| text.ends_with("the 24 busiest of 40 sites")));
    }

    #[test]
    fn shades_darken_and_shares_beyond_the_scale_are_at_its_end() {
        let lightness = |share: f64| u32::from(shade(share).0) + u32::from(shade(share).1) + u32::from(shade(share).2);
        let steps: Vec<u32> = (0..=20).map(|step| lightness(f64::from(step) / 20.0)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] > pair[1]), "{steps:?}");
        assert_eq!(shade(1.4), SHADES[4]);
        assert_eq!(shade(-0.5), SHADES[0]);
    }

    #[test]
    fn numbers_have_units() {
        assert_eq!([bytes_text(0.0), bytes_text(999.0), bytes_text(1.5e13)], ["0 B", "999 B", "15.0 TB"]);
        assert_eq!([percent(0.0042), percent(0.0995), percent(1.02)], ["0.42 %", "10 %", "102 %"]);
    }
}
