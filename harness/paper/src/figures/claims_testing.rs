//! Made-up claims in the situations that drawings of claims must show, and the laws of their pages.

use super::canvas::{Anchor, Canvas, Direction, Mark, WIDTH};
use super::text::text_width;
use crate::claims::{Claim, Column, Context, Expected, OfSpec, RestsOn, Statement, Unmeasured};
use record::numbers::Spread;
use record::results::testing::cell;

/// The smallest text that is read, in points.
const LEAST_SIZE: f64 = 9.0;

fn claim(id: &str, paper: Option<f64>, expected: Expected, values: &[f64], context: &Context) -> Claim {
    let statement =
        Statement { id, says: "made up", source: "Figure 9", paper, expected, rests_on: RestsOn::PaperTimes };
    let measured = Spread::of(values).ok_or_else(|| Unmeasured::NotRun("made up".into()));
    statement.judge(measured, context)
}

/// A column of two specs; `factor` is what its numbers are off by.
fn column(name: &str, factor: f64) -> Column {
    let plain = Context::of(&[]);
    let fitted = Context::of(&[cell("LAN").fitted_to(&["fig9.of-the-fit"]).done()]);
    let seeds = |mean: f64| [mean * factor * 0.9, mean * factor, mean * factor * 1.12];
    let within = |paper: f64| Expected::Within(paper * 0.75, paper * 1.25);
    let first = vec![
        claim("fig9.holds", Some(3.5), within(3.5), &seeds(3.4), &plain),
        claim("fig9.fails", Some(3.5), within(3.5), &seeds(9.0), &plain),
        claim("fig9.crosses", Some(3.5), within(3.5), &seeds(4.2), &plain),
        claim("fig9.of-the-fit", Some(23.8), within(23.8), &seeds(24.0), &fitted),
        claim("fig9.predicted-and-holds", Some(13.7), within(13.7), &seeds(12.0), &fitted),
        claim("fig9.predicted-and-fails", Some(13.7), within(13.7), &seeds(31.0), &fitted),
        claim("fig9.one-seed", Some(3.8), Expected::AtLeast(3.0), &[4.3 * factor], &plain),
        claim("fig9.far-below", None, Expected::Below(1.0), &seeds(0.003), &plain),
        claim("fig9.far-above", Some(0.1), Expected::Above(0.05), &seeds(4.0), &plain),
        claim("fig9.not-measured", Some(3.8), Expected::AtMost(1.4), &[], &plain),
        claim("fig9.zero", Some(0.0), Expected::AtMost(2.0), &seeds(0.5), &plain),
        claim("fig9.a-name-that-is-longer-than-all-the-names-of-claims", Some(1.0), within(1.0), &seeds(1.0), &plain),
    ];
    let crowd = |i: u32| {
        let paper = 3.0 + 0.1 * f64::from(i);
        claim(&format!("fig3.crowd-{i}"), Some(paper), within(paper), &seeds(paper * 1.9), &plain)
    };
    let specs = vec![
        OfSpec { spec: "fig3".into(), claims: (0..20).map(crowd).collect() },
        OfSpec { spec: "fig9".into(), claims: first },
    ];
    Column { name: name.into(), title: String::new(), specs }
}

/// Columns of claims by a name for messages.
pub(super) fn situations() -> Vec<(&'static str, Vec<Column>)> {
    let empty = Column { specs: vec![OfSpec { spec: "fig9".into(), claims: Vec::new() }], ..column("empty", 1.0) };
    vec![
        ("none", vec![]),
        ("empty", vec![empty]),
        ("one", vec![column("figures", 1.0)]),
        ("three", vec![column("figures", 1.0), column("a variant with a long name", 1.6), column("derived", 0.5)]),
        ("alike", ["figures", "calibrated-high-lan", "calibrated-low-lan"].map(|name| column(name, 1.0)).into()),
    ]
}

/// All text can be read, and lies on the page.
pub(super) fn check_page(name: &str, canvas: &Canvas) {
    for mark in canvas.marks() {
        let Mark::Text { at, anchor, direction: Direction::Rightwards, size, text, .. } = mark else { continue };
        let width = text_width(*size, text);
        let left = match anchor {
            Anchor::Left => at.x,
            Anchor::Middle => at.x - width / 2.0,
            Anchor::Right => at.x - width,
        };
        assert!(*size >= LEAST_SIZE, "{name}: {text} has {size} points");
        assert!(left >= 0.0 && left + width <= WIDTH, "{name}: {text} from {left} to {}", left + width);
        assert!((0.0..=canvas.height()).contains(&at.y), "{name}: {text} at {}", at.y);
    }
}

/// Keeps the drawing where `GAIA_GALLERY` names a folder.
pub(super) fn keep(name: &str, canvas: &Canvas) {
    let svg = super::render::svg(canvas).expect("it can be drawn");
    assert!(svg.starts_with("<svg"));
    if let Some(gallery) = std::env::var_os("GAIA_GALLERY") {
        let png = super::render::png(canvas).expect("it can be drawn");
        std::fs::write(std::path::Path::new(&gallery).join(format!("{name}.png")), png).expect("there is room");
    }
}
