//! The figure of a fit: on the left the model against the measured numbers, on logarithmic scales; on the right the profile of each
//! unknown. Points of numbers that the fit did not use are hollow.

use paper::figures::{Anchor, Canvas, FAINT, INK, PAPER, Pen, Point, Rect, at};
use plotters::style::RGBColor;

use crate::profile::ProfilePoint;
use crate::result::{FitResult, Quality, UnknownResult};
use crate::statements::{number, quantity};

/// Measured numbers: the left frame.
const NUMBERS: Rect = Rect { left: 64.0, top: 44.0, right: 404.0, bottom: 344.0 };
/// The left edges of the two columns of profiles, and the size of a profile.
const COLUMNS: [f64; 2] = [470.0, 700.0];
const PROFILE_WIDTH: f64 = 180.0;
const PROFILE_HEIGHT: f64 = 96.0;
/// From the top of a profile to that of the next one below.
const ROW: f64 = 162.0;
/// Below the last frame, for the names of its axis.
const FOOT: f64 = 52.0;
/// The rise of chi-squared at the upper edge of a profile, over that at the ends of a 95 % interval.
const TOP_RISE: f64 = 2.1;
/// The most numbers that are drawn with their place in the table.
const LABELLED: usize = 40;

/// An axis whose end is less than this many times its start has equally spaced values.
const SHORT: f64 = 6.0;

const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const ORANGE: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const LIGHT: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
/// The 95 % interval of a profile.
const SHADE: RGBColor = RGBColor(0xE8, 0xF1, 0xF8);

/// A logarithmic axis: a range of values along a range of the page.
#[derive(Clone, Copy, Debug)]
struct LogAxis {
    values: (f64, f64),
    page: (f64, f64),
}

impl LogAxis {
    fn place(self, value: f64) -> f64 {
        let (low, high) = (libm::log(self.values.0), libm::log(self.values.1));
        let share = ((libm::log(value) - low) / (high - low)).clamp(0.0, 1.0);
        self.page.0 + (self.page.1 - self.page.0) * share
    }

    /// At most `most` round values on the axis: equally spaced on a short one, else 1, 2 and 5 times powers of ten or fewer.
    fn ticks(self, most: usize) -> Vec<f64> {
        if self.values.1 < self.values.0 * SHORT {
            return self.spaced(most);
        }
        let first = libm::floor(libm::log10(self.values.0)) as i32;
        let last = libm::ceil(libm::log10(self.values.1)) as i32;
        let within = |value: &f64| (self.values.0..=self.values.1).contains(value);
        let of = |factors: &[f64], every: i32| -> Vec<f64> {
            let decades = (first..=last).filter(|decade| (decade - first) % every == 0);
            decades
                .flat_map(|decade| factors.iter().map(move |factor| factor * 10.0f64.powi(decade)))
                .filter(within)
                .collect()
        };
        let choices = [of(&[1.0, 2.0, 5.0], 1), of(&[1.0, 3.0], 1), of(&[1.0], 1), of(&[1.0], 2), of(&[1.0], 4)];
        choices.into_iter().find(|ticks| ticks.len() <= most).unwrap_or_default()
    }

    /// Multiples of a round step.
    fn spaced(self, most: usize) -> Vec<f64> {
        let (low, high) = self.values;
        let decade = libm::floor(libm::log10((high - low) / most as f64)) as i32;
        let steps = (decade..decade + 3).flat_map(|decade| [1.0, 2.0, 5.0].map(|factor| (factor, decade)));
        for (factor, decade) in steps {
            // Multiples of whole numbers over a power of ten: 0.3, not 0.30000000000000004.
            let scale = 10.0f64.powi(-decade);
            let (first, last) = (libm::ceil(low * scale / factor) as i64, libm::floor(high * scale / factor) as i64);
            if (last - first) < most as i64 {
                return (first..=last).map(|multiple| multiple as f64 * factor / scale).collect();
            }
        }
        Vec::new()
    }

    /// The axis of a profile: the 95 % interval and as much again on each side, within the bounds.
    fn of_profile(unknown: &UnknownResult, page: (f64, f64)) -> Self {
        let (low, high) =
            (unknown.interval_95.low.unwrap_or(unknown.low), unknown.interval_95.high.unwrap_or(unknown.high));
        let margin = high / low;
        LogAxis { values: ((low / margin).max(unknown.low), (high * margin).min(unknown.high)), page }
    }
}

/// A value on an axis: as few digits as it has.
fn tick_text(value: f64) -> String {
    let (number, exponent) = number(value).split_once('e').map_or_else(
        || (number(value), String::new()),
        |(number, exponent)| (number.to_owned(), format!("e{exponent}")),
    );
    let short = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{short}{exponent}")
}

/// The page.
pub(crate) fn draw(result: &FitResult) -> Canvas {
    let rows = result.unknowns.len().div_ceil(COLUMNS.len());
    let lowest = NUMBERS.top + (rows.max(1) - 1) as f64 * ROW + PROFILE_HEIGHT;
    let mut canvas = Canvas::new(lowest.max(NUMBERS.bottom) + FOOT);
    draw_numbers(&mut canvas, result);
    for (place, unknown) in result.unknowns.iter().enumerate() {
        let (left, top) = (COLUMNS[place % COLUMNS.len()], NUMBERS.top + (place / COLUMNS.len()) as f64 * ROW);
        let area = Rect { left, top, right: left + PROFILE_WIDTH, bottom: top + PROFILE_HEIGHT };
        draw_profile(&mut canvas, area, unknown, &result.quality);
    }
    canvas
}

fn draw_numbers(canvas: &mut Canvas, result: &FitResult) {
    let area = NUMBERS;
    canvas.text(at(area.left, area.top - 26.0), Anchor::Left, 13.0, INK, "Model and measured numbers");
    let all = result.residuals.iter().flat_map(|own| [own.measured, own.model]).filter(|value| *value > 0.0);
    let (low, high) = all.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let values = if low < high { (low / 1.3, high * 1.3) } else { (0.5, 2.0) };
    let x = LogAxis { values, page: (area.left, area.right) };
    let y = LogAxis { values, page: (area.bottom, area.top) };
    for tick in x.ticks(7) {
        let (across, up) = (x.place(tick), y.place(tick));
        canvas.line(&[at(across, area.top), at(across, area.bottom)], Pen::solid(LIGHT, 0.8));
        canvas.line(&[at(area.left, up), at(area.right, up)], Pen::solid(LIGHT, 0.8));
        canvas.text(at(across, area.bottom + 11.0), Anchor::Middle, 10.0, INK, &tick_text(tick));
        canvas.text(at(area.left - 6.0, up), Anchor::Right, 10.0, INK, &tick_text(tick));
    }
    canvas.line(
        &[at(area.left, area.bottom), at(area.right, area.top)],
        Pen { colour: FAINT, width: 1.0, dash: &[5.0, 3.0] },
    );
    frame(canvas, area);
    for (position, own) in result.residuals.iter().enumerate().filter(|(_, own)| own.model > 0.0) {
        let (error, place) = (own.relative_error, at(x.place(own.measured), y.place(own.model)));
        let ends = [own.measured / (1.0 + error), own.measured * (1.0 + error)].map(|end| at(x.place(end), place.y));
        let colour = if own.used { BLUE } else { ORANGE };
        canvas.line(&ends, Pen::solid(colour, 1.0));
        mark(canvas, place, own.used);
        if result.residuals.len() <= LABELLED {
            canvas.text(at(place.x + 7.0, place.y + 8.0), Anchor::Left, 9.0, INK, &(position + 1).to_string());
        }
    }
    canvas.text(at((area.left + area.right) / 2.0, area.bottom + 28.0), Anchor::Middle, 11.0, INK, "measured");
    canvas.text_upwards(at(area.left - 46.0, (area.top + area.bottom) / 2.0), Anchor::Middle, 11.0, INK, "model");
    legend(canvas, area, result.residuals.iter().any(|own| !own.used));
}

fn legend(canvas: &mut Canvas, area: Rect, has_unused: bool) {
    let top = area.top - 10.0;
    mark(canvas, at(area.left + 6.0, top), true);
    canvas.text(at(area.left + 14.0, top), Anchor::Left, 10.0, INK, "used");
    if has_unused {
        mark(canvas, at(area.left + 56.0, top), false);
        canvas.text(at(area.left + 64.0, top), Anchor::Left, 10.0, INK, "not used");
    }
    canvas.text(at(area.right, top), Anchor::Right, 10.0, FAINT, "whiskers: standard errors");
}

/// A point: filled for a used number, else hollow.
fn mark(canvas: &mut Canvas, place: Point, used: bool) {
    if used {
        return canvas.dot(place, 3.2, BLUE);
    }
    canvas.dot(place, 3.6, ORANGE);
    canvas.dot(place, 0.8, PAPER);
}

fn frame(canvas: &mut Canvas, area: Rect) {
    let Rect { left, top, right, bottom } = area;
    let corners = [at(left, top), at(right, top), at(right, bottom), at(left, bottom), at(left, top)];
    canvas.line(&corners, Pen::solid(FAINT, 1.0));
}

fn draw_profile(canvas: &mut Canvas, area: Rect, unknown: &UnknownResult, quality: &Quality) {
    let title = format!("{}: {}", unknown.name, quantity(unknown.value, &unknown.unit));
    canvas.text(at(area.left, area.top - 12.0), Anchor::Left, 12.0, INK, &title);
    let x = LogAxis::of_profile(unknown, (area.left, area.right));
    let y = |rise: f64| area.bottom - (area.bottom - area.top) * (rise / TOP_RISE).clamp(0.0, 1.0);
    let interval = unknown.interval_95;
    let (left, right) = (interval.low.unwrap_or(unknown.low), interval.high.unwrap_or(unknown.high));
    canvas.fill(Rect { left: x.place(left), right: x.place(right), ..area }, SHADE);
    for (level, name) in [(quality.rise_68 / quality.rise_95, "68 %"), (1.0, "95 %")] {
        canvas.line(
            &[at(area.left, y(level)), at(area.right, y(level))],
            Pen { colour: FAINT, width: 0.8, dash: &[3.0, 2.5] },
        );
        canvas.text(at(area.left - 5.0, y(level)), Anchor::Right, 9.0, FAINT, name);
    }
    for tick in x.ticks(4) {
        let across = x.place(tick);
        canvas.line(&[at(across, area.bottom), at(across, area.bottom + 3.0)], Pen::solid(FAINT, 1.0));
        canvas.text(at(across, area.bottom + 11.0), Anchor::Middle, 9.0, INK, &tick_text(tick));
    }
    let least = unknown.profile.iter().map(|point| point.chi2).fold(f64::INFINITY, f64::min);
    let rise = |point: &ProfilePoint| (point.chi2 - least) / quality.rise_95;
    for pair in unknown.profile.windows(2).filter(|pair| pair.iter().any(|point| rise(point) <= TOP_RISE)) {
        canvas.line(&clipped(pair, x, &rise).map(|(across, up)| at(across, y(up))), Pen::solid(BLUE, 1.8));
    }
    let best = x.place(unknown.value);
    canvas.line(&[at(best, area.top), at(best, area.bottom)], Pen::solid(ORANGE, 1.2));
    frame(canvas, area);
    let unit = if unknown.unit.is_empty() { unknown.name.clone() } else { unknown.unit.clone() };
    canvas.text(at((area.left + area.right) / 2.0, area.bottom + 25.0), Anchor::Middle, 10.0, INK, &unit);
}

/// The two ends of a piece of a profile (place on the axis, rise), cut at the upper edge.
fn clipped(pair: &[ProfilePoint], x: LogAxis, rise: &dyn Fn(&ProfilePoint) -> f64) -> [(f64, f64); 2] {
    let [from, to] = [&pair[0], &pair[1]].map(|point| (x.place(point.value), rise(point)));
    let cut = |inside: (f64, f64), outside: (f64, f64)| {
        let share = (TOP_RISE - inside.1) / (outside.1 - inside.1);
        (inside.0 + (outside.0 - inside.0) * share, TOP_RISE)
    };
    match (from.1 > TOP_RISE, to.1 > TOP_RISE) {
        (true, false) => [cut(to, from), to],
        (false, true) => [from, cut(from, to)],
        _ => [from, to],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_a_few_round_values() {
        let axis = |low, high| LogAxis { values: (low, high), page: (0.0, 100.0) };
        assert_eq!(axis(1.0, 40.0).ticks(5), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(axis(2e6, 60e6).ticks(5), [2e6, 5e6, 1e7, 2e7, 5e7]);
        assert_eq!(axis(1.0, 1e9).ticks(5).len(), 5);
        assert_eq!(axis(1.0, 100.0).place(10.0), 50.0);
        let texts: Vec<String> = axis(11.4e6, 12.6e6).ticks(4).into_iter().map(tick_text).collect();
        assert_eq!(texts, ["11.5e6", "12e6", "12.5e6"]);
        assert_eq!(axis(0.25, 0.7).ticks(4), [0.4, 0.6]);
        assert_eq!([11.5e6, 0.4, 200.0, 1e7].map(tick_text), ["11.5e6", "0.4", "200", "10e6"]);
    }
}
