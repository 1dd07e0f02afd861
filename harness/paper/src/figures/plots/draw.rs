//! The frames of plots on a page: lines with points and bands, or points with a Pareto front.

use record::results::PlotForm;

use super::super::axis::Axis;
use super::super::canvas::{Anchor, Canvas, FAINT, INK, Pen, Point as Place, Rect, Span, at};
use super::super::colours;
use super::super::frame::{Frame, LEGEND_ROW};
use super::super::legend::{self, Entry, Swatch};
use super::super::text::{fitted, text_width};
use super::super::timebar::{colour, pen};
use super::data::{Data, Point, Series, Side, Value};

/// The page's room for frames; between two of them; left of each for its axis.
const SIDES: Span = Span::new(8.0, 872.0);
const BETWEEN: f64 = 24.0;
const AXIS_ROOM: f64 = 62.0;
const FRAME_HEIGHT: f64 = 220.0;
/// A frame alone is no wider.
const WIDEST: f64 = 600.0;
const IN_A_ROW: usize = 2;
/// From the beginning of a row to its frames, below a legend of one row; from a frame to the end of the row.
const TOP: f64 = 60.0;
const BELOW: f64 = 66.0;
/// Titles and labels of points, in points.
const TITLE: f64 = 14.0;
const LABEL: f64 = 10.5;
const NOTE: f64 = 11.0;
const DOT: f64 = 3.4;
/// Beyond the values, as a share of their range.
const MARGIN: f64 = 0.06;
/// The line through the cells that no other beats.
const FRONT: Pen<'static> = Pen { colour: FAINT, width: 1.3, dash: &[5.0, 3.0] };

/// Where the frames of a page are.
struct Layout {
    top: f64,
    frames: usize,
}

impl Layout {
    fn of(data: &[Data]) -> Self {
        let frames = data.len().max(1);
        let rows = data.iter().map(|data| legend::rows(width(frames), &entries(data, &pens(data)))).max();
        Layout { top: TOP + rows.unwrap_or(1).saturating_sub(1) as f64 * LEGEND_ROW, frames }
    }

    /// The top of the row of a frame.
    fn row(&self, number: usize) -> f64 {
        (number / IN_A_ROW) as f64 * (self.top + FRAME_HEIGHT + BELOW)
    }

    fn area(&self, number: usize) -> Rect {
        let column = (number % IN_A_ROW) as f64;
        let left = SIDES.left + AXIS_ROOM + column * (width(self.frames) + AXIS_ROOM + BETWEEN);
        let top = self.row(number) + self.top;
        Rect { left, top, right: left + width(self.frames), bottom: top + FRAME_HEIGHT }
    }
}

/// Points of each of `frames` frames.
fn width(frames: usize) -> f64 {
    let columns = frames.clamp(1, IN_A_ROW) as f64;
    ((SIDES.width() - BETWEEN * (columns - 1.0)) / columns - AXIS_ROOM).min(WIDEST)
}

/// A page of plots.
pub(super) fn page(data: &[Data]) -> Canvas {
    let layout = Layout::of(data);
    let mut canvas = Canvas::new((layout.row(layout.frames - 1) + layout.top + FRAME_HEIGHT + BELOW).ceil());
    for (number, data) in data.iter().enumerate() {
        draw(&mut canvas, &Frame { area: layout.area(number), title: "" }, layout.row(number), data);
    }
    canvas
}

fn pens(data: &Data) -> Vec<usize> {
    let names: Vec<&str> = data.series.iter().map(|series| series.name.as_str()).collect();
    colours::by_name(&names)
}

fn entries<'a>(data: &'a Data, pens: &[usize]) -> Vec<Entry<'a>> {
    let swatch = |number: usize| match data.form {
        PlotForm::Lines => Swatch::Line(pen(number)),
        PlotForm::Scatter => Swatch::Dot(colour(number)),
    };
    let entry = |(series, number): (&'a Series, &usize)| Entry { swatch: swatch(*number), name: &series.name };
    data.series.iter().zip(pens).map(entry).collect()
}

fn draw(canvas: &mut Canvas, frame: &Frame, row: f64, data: &Data) {
    let area = frame.area;
    let title = fitted(TITLE, area.width() + AXIS_ROOM, &data.title);
    canvas.text(at(area.left - 40.0, row + 14.0), Anchor::Left, TITLE, INK, &title);
    let pens = pens(data);
    legend::draw_at(canvas, frame, row, &entries(data, &pens));
    let points = || data.series.iter().flat_map(|series| &series.points);
    let levels = data.series.iter().flat_map(|series| &series.levels).copied();
    let x = axis(&data.x, points().map(|point| point.x).collect());
    let y = axis(&data.y, points().map(|point| point.y).chain(levels).collect());
    frame.draw_y(canvas, &y, &data.y.title);
    frame.draw_x(canvas, &x, &data.x.title);
    let in_frame = InFrame { frame, x: &x, y: &y };
    match data.form {
        PlotForm::Lines => in_frame.lines(canvas, data, &pens),
        PlotForm::Scatter => in_frame.scatter(canvas, data, &pens),
    }
    note(canvas, frame, data);
}

/// What is missing in the frame, below it.
fn note(canvas: &mut Canvas, frame: &Frame, data: &Data) {
    let without = &data.without;
    let text = match (&data.problem, without.len()) {
        (Some(problem), _) => problem.clone(),
        (None, 0) if data.series.is_empty() => "nothing has run".into(),
        (None, 0) => return,
        (None, count) => format!("without a number ({count}): {}", without.join(", ")),
    };
    let area = frame.area;
    let text = fitted(NOTE, area.width() + 40.0, &text);
    canvas.text(at(area.left - 40.0, area.bottom + 53.0), Anchor::Left, NOTE, FAINT, &text);
}

/// From the least to the greatest value, ranges included, with a margin; from 0 where that is near.
fn axis(side: &Side, values: Vec<Value>) -> Axis {
    if !side.names.is_empty() {
        return Axis::names(&side.names);
    }
    let ends = || values.iter().flat_map(|value| [value.low, value.high]).filter(|end| end.is_finite());
    let least_of = |ends: &mut dyn Iterator<Item = f64>| ends.fold(f64::INFINITY, f64::min);
    let most = ends().fold(f64::NEG_INFINITY, f64::max);
    if side.is_log {
        // What is not above zero has no place on a logarithmic axis.
        let least = least_of(&mut ends().filter(|end| *end > 0.0));
        let margin = (most / least).powf(MARGIN).max(1.05);
        return Axis::logarithmic(least / margin, most * margin);
    }
    let least = least_of(&mut ends());
    let margin = (most - least) * MARGIN;
    let start = if least >= 0.0 && least < (most - least) { 0.0 } else { least - margin };
    Axis::linear(start, most + margin, 5)
}

/// A frame with its axes.
struct InFrame<'a> {
    frame: &'a Frame,
    x: &'a Axis,
    y: &'a Axis,
}

impl InFrame<'_> {
    fn place(&self, x: f64, y: f64) -> Option<Place> {
        Some(at(self.frame.x(self.x, x)?, self.frame.y(self.y, y)?))
    }

    /// Bands below lines below points.
    fn lines(&self, canvas: &mut Canvas, data: &Data, pens: &[usize]) {
        let all = || data.series.iter().zip(pens);
        for (series, number) in all() {
            self.band(canvas, series, *number);
        }
        for (series, number) in all() {
            for level in &series.levels {
                if let Some(y) = self.frame.y(self.y, level.mean) {
                    self.frame.draw_across(canvas, y, pen(*number));
                }
            }
            let places: Vec<Place> = self.places(&series.points);
            canvas.line(&places, pen(*number));
            places.into_iter().for_each(|place| canvas.dot(place, DOT, colour(*number)));
        }
    }

    fn places(&self, points: &[Point]) -> Vec<Place> {
        points.iter().filter_map(|point| self.place(point.x.mean, point.y.mean)).collect()
    }

    /// From the least to the greatest value over seeds.
    fn band(&self, canvas: &mut Canvas, series: &Series, number: usize) {
        if series.points.iter().all(|point| point.y.low >= point.y.high) {
            return;
        }
        // A logarithmic axis may have no place for one of the ends.
        let ends = |Point { x, y, .. }: &Point| Some((self.place(x.mean, y.high)?, self.place(x.mean, y.low)?));
        let (upper, mut lower): (Vec<Place>, Vec<Place>) = series.points.iter().filter_map(ends).unzip();
        if let ([high], [low]) = (&upper[..], &lower[..]) {
            self.whisker(canvas, *high, *low, number);
            return;
        }
        lower.reverse();
        canvas.band(upper.into_iter().chain(lower).collect(), colour(number));
    }

    fn whisker(&self, canvas: &mut Canvas, from: Place, to: Place, number: usize) {
        canvas.line(&[from, to], Pen::solid(colour(number), 1.2));
    }

    /// Points with their ranges over seeds, and the front.
    fn scatter(&self, canvas: &mut Canvas, data: &Data, pens: &[usize]) {
        let all: Vec<&Point> = data.series.iter().flat_map(|series| &series.points).collect();
        let front = front(&all, &data.x, &data.y);
        canvas
            .line(&front.iter().filter_map(|point| self.place(point.x.mean, point.y.mean)).collect::<Vec<_>>(), FRONT);
        let points = || {
            data.series
                .iter()
                .zip(pens)
                .flat_map(|(series, number)| series.points.iter().map(move |point| (point, *number)))
        };
        let mut taken: Vec<Rect> = Vec::new();
        for (Point { x, y, .. }, number) in points() {
            let ends = [[(x.low, y.mean), (x.high, y.mean)], [(x.mean, y.low), (x.mean, y.high)]];
            for [from, to] in ends {
                if let (Some(from), Some(to)) = (self.place(from.0, from.1), self.place(to.0, to.1)) {
                    self.whisker(canvas, from, to, number);
                    taken.push(Rect { left: from.x - 1.0, top: to.y - 1.0, right: to.x + 1.0, bottom: from.y + 1.0 });
                }
            }
        }
        for (point, number) in points() {
            if let Some(place) = self.place(point.x.mean, point.y.mean) {
                canvas.dot(place, DOT + 0.6, colour(number));
                taken.push(around(place, DOT + 1.0));
            }
        }
        // Those of the front first: they are the answer.
        let of_front = |point: &&Point| front.iter().any(|other| std::ptr::eq(*other, *point));
        let (first, others): (Vec<&Point>, Vec<&Point>) = all.into_iter().partition(of_front);
        for point in first.into_iter().chain(others).filter(|point| !point.label.is_empty()) {
            if let Some(place) = self.place(point.x.mean, point.y.mean) {
                self.name(canvas, &mut taken, place, &point.label);
            }
        }
    }

    /// A name next to its point; none where there is no room.
    fn name(&self, canvas: &mut Canvas, taken: &mut Vec<Rect>, place: Place, name: &str) {
        let (width, half) = (text_width(LABEL, name), LABEL / 2.0);
        for (across, down) in
            [(7.0, 0.0), (-7.0, 0.0), (6.0, -9.0), (6.0, 9.0), (-6.0, -9.0), (-6.0, 9.0), (18.0, 0.0), (-18.0, 0.0)]
        {
            let anchor = at(place.x + across, place.y + down);
            let left = if across > 0.0 { anchor.x } else { anchor.x - width };
            let rect = Rect { left, top: anchor.y - half, right: left + width, bottom: anchor.y + half };
            let Rect { left, top, right, bottom } = self.frame.area;
            let is_inside = rect.left > left && rect.right < right && rect.top > top && rect.bottom < bottom;
            let is_free = !taken.iter().any(|other| {
                rect.left < other.right && other.left < rect.right && rect.top < other.bottom && other.top < rect.bottom
            });
            if is_inside && is_free {
                let side = if across > 0.0 { Anchor::Left } else { Anchor::Right };
                canvas.text(anchor, side, LABEL, INK, name);
                taken.push(rect);
                return;
            }
        }
    }
}

fn around(Place { x, y }: Place, half: f64) -> Rect {
    Rect { left: x - half, top: y - half, right: x + half, bottom: y + half }
}

/// The points that no other beats: none is at least as good in both columns and better in one. By x.
pub(super) fn front<'a>(points: &[&'a Point], x: &Side, y: &Side) -> Vec<&'a Point> {
    let cost = |side: &Side, value: &Value| if side.is_better_above { -value.mean } else { value.mean };
    let costs = |point: &Point| (cost(x, &point.x), cost(y, &point.y));
    let beats = |other: &Point, point: &Point| {
        let ((a, b), (c, d)) = (costs(other), costs(point));
        a <= c && b <= d && (a < c || b < d)
    };
    let mut front: Vec<&Point> =
        points.iter().copied().filter(|point| !points.iter().any(|other| beats(other, point))).collect();
    front.sort_by(|a, b| a.x.mean.total_cmp(&b.x.mean));
    front
}
