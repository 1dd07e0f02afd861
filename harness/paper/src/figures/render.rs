//! Marks to files: the SVG, and the PNG, by plotters. Both are functions of the marks alone and need no fonts of the system.
//!
//! In bitmaps plotters sets glyphs by their ink, without the space on their left, and a line a little too high. Both are
//! corrected here, the first for `j`, whose ink alone begins left of its place.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Cursor;

use image::ImageError;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use record::say;
use thiserror::Error;

use super::canvas::{Anchor, Canvas, Direction, Mark, PAPER, Point, Rect, WIDTH, at};
use super::text::{DENSITY, embedded_width, font, stated_length};

/// PNG pixels are means of squares with this number of rendered pixels per side: smooth edges.
const SUPERSAMPLING: usize = 2;
/// The opacity of bands.
const BAND_OPACITY: f64 = 0.18;
/// The distance by which plotters' bitmaps have a line too high, in ems.
const TOO_HIGH: f64 = 0.17;
/// The distance by which plotters' bitmaps have a `j` too far right, in ems.
const J_TOO_FAR: f64 = 0.14;

/// The reasons why a figure was not drawn.
#[derive(Debug, Error)]
pub enum DrawError {
    /// The drawing backend failed.
    #[error("draw the figure")]
    Backend(#[source] Box<dyn Error + Send + Sync>),
    /// The pixels cannot be encoded.
    #[error("encode the figure as PNG")]
    Encode(#[source] ImageError),
}

/// The renderer that turns characters into glyphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyphs {
    /// The viewer of an SVG.
    Viewer,
    /// Plotters itself, from the embedded font.
    Bitmap,
}

/// Width and height in rendered pixels.
#[derive(Clone, Copy)]
struct Pixels {
    width: u32,
    height: u32,
}

impl Pixels {
    fn of(canvas: &Canvas) -> Self {
        Pixels { width: (WIDTH * DENSITY) as u32, height: (canvas.height() * DENSITY) as u32 }
    }
}

/// The page as SVG.
///
/// # Errors
/// [`DrawError`] when the backend of plotters fails.
pub fn svg(canvas: &Canvas) -> Result<String, DrawError> {
    let Pixels { width, height } = Pixels::of(canvas);
    let mut svg = String::new();
    render(canvas, SVGBackend::with_string(&mut svg, (width, height)), Glyphs::Viewer)?;
    // The page's size in points; the drawing's own finer units stay in the viewBox.
    let drawn = format!("width=\"{width}\" height=\"{height}\" viewBox");
    let svg = svg.replacen(&drawn, &format!("width=\"{WIDTH}\" height=\"{}\" viewBox", canvas.height()), 1);
    let svg = with_lengths(canvas, &svg);
    // No XML has control characters; results of earlier versions may.
    Ok(say::shown(&svg))
}

/// `svg` with the length of each text, in the order of the canvas's marks: a viewer whose font is wider would else print texts over
/// each other.
fn with_lengths(canvas: &Canvas, svg: &str) -> String {
    const BEGIN: &str = "<text ";
    let mut lengths = canvas.marks().iter().filter_map(|mark| match mark {
        Mark::Text { size, text, .. } => Some((stated_length(*size, text) * DENSITY).round()),
        _ => None,
    });
    let mut parts = svg.split(BEGIN);
    let mut with = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        with += BEGIN;
        if let Some(length) = lengths.next().filter(|length| *length > 0.0) {
            let _ = write!(with, "textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" ");
        }
        with += part;
    }
    with
}

/// The page as PNG, 2 pixels per point.
///
/// # Errors
/// [`DrawError`] when the backend of plotters fails, or the pixels cannot be encoded.
pub fn png(canvas: &Canvas) -> Result<Vec<u8>, DrawError> {
    let size = Pixels::of(canvas);
    let mut drawn = vec![0; (size.width * size.height * 3) as usize];
    render(canvas, BitMapBackend::with_buffer(&mut drawn, (size.width, size.height)), Glyphs::Bitmap)?;
    encode(&shrink(&drawn, size.width as usize), size)
}

fn render<DB>(canvas: &Canvas, backend: DB, glyphs: Glyphs) -> Result<(), DrawError>
where
    DB: DrawingBackend,
    DB::ErrorType: 'static,
{
    draw(canvas, &backend.into_drawing_area(), glyphs).map_err(|error| DrawError::Backend(error.into()))
}

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

fn draw<DB: DrawingBackend>(canvas: &Canvas, area: &DrawingArea<DB, Shift>, glyphs: Glyphs) -> Drawn<DB> {
    area.fill(&PAPER)?;
    for mark in canvas.marks() {
        match mark {
            Mark::Line { points, colour, width } => draw_line(area, points, *colour, *width)?,
            Mark::Area { rect, colour } => {
                let Rect { left, top, right, bottom } = *rect;
                let corners = [pixel(at(left, top)), pixel(at(right, bottom))];
                area.draw(&Rectangle::new(corners, colour.filled()))?;
            }
            Mark::Band { points, colour } => {
                let corners: Vec<(i32, i32)> = points.iter().map(|point| pixel(*point)).collect();
                area.draw(&Polygon::new(corners, colour.mix(BAND_OPACITY).filled()))?;
            }
            Mark::Disc { centre, radius, colour } => {
                area.draw(&Circle::new(pixel(*centre), (radius * DENSITY).round() as i32, colour.filled()))?;
            }
            Mark::Text { at, anchor, direction, size, colour, text } => {
                let style = font(*size, *direction).color(colour);
                match glyphs {
                    Glyphs::Viewer => area.draw_text(text, &style.pos(position(*anchor)), pixel(*at))?,
                    Glyphs::Bitmap => {
                        for (place, piece) in placed(*at, *anchor, *direction, *size, text) {
                            area.draw_text(piece, &style.pos(position(Anchor::Left)), pixel(place))?;
                        }
                    }
                }
            }
        }
    }
    area.present()
}

fn draw_line<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    points: &[Point],
    colour: RGBColor,
    width: f64,
) -> Drawn<DB> {
    let mut pixels: Vec<(i32, i32)> = points.iter().map(|point| pixel(*point)).collect();
    pixels.dedup();
    if pixels.len() < 2 {
        return Ok(());
    }
    let stroke_width = ((width * DENSITY).round() as u32).max(1);
    area.draw(&PathElement::new(pixels, ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width }))
}

fn pixel(point: Point) -> (i32, i32) {
    ((point.x * DENSITY).round() as i32, (point.y * DENSITY).round() as i32)
}

/// The pieces of a text, each with where a bitmap must begin it.
fn placed(from: Point, anchor: Anchor, direction: Direction, size: f64, text: &str) -> Vec<(Point, &str)> {
    let width = embedded_width(size, text);
    let start = match anchor {
        Anchor::Left => 0.0,
        Anchor::Middle => -width / 2.0,
        Anchor::Right => -width,
    };
    let place = |begin: usize, piece: &str| {
        let before = embedded_width(size, &text[..begin]);
        let shift = if piece == "j" { J_TOO_FAR * size } else { 0.0 };
        let (along, down) = (start + before - shift, TOO_HIGH * size);
        match direction {
            Direction::Rightwards => at(from.x + along, from.y + down),
            Direction::Upwards => at(from.x + down, from.y - along),
        }
    };
    pieces(text).into_iter().map(|(begin, piece)| (place(begin, piece), piece)).collect()
}

fn position(anchor: Anchor) -> Pos {
    let horizontal = match anchor {
        Anchor::Left => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::Right => HPos::Right,
    };
    Pos::new(horizontal, VPos::Center)
}

/// Means of squares of [`SUPERSAMPLING`] pixels: RGB, rows of `width` pixels.
fn shrink(drawn: &[u8], width: usize) -> Vec<u8> {
    const S: usize = SUPERSAMPLING;
    let (columns, rows) = (width / S, drawn.len() / 3 / width / S);
    let mut small = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            for channel in 0..3 {
                let at = |i: usize| ((row * S + i / S) * width + column * S + i % S) * 3 + channel;
                let sum: usize = (0..S * S).map(|i| usize::from(drawn[at(i)])).sum();
                small.push(((sum + S * S / 2) / (S * S)) as u8);
            }
        }
    }
    small
}

/// PNG of shrunk pixels. Not by plotters, which only encodes into a file: a full disk would be an error of its own kind.
fn encode(pixels: &[u8], rendered: Pixels) -> Result<Vec<u8>, DrawError> {
    let (width, height) = (rendered.width / SUPERSAMPLING as u32, rendered.height / SUPERSAMPLING as u32);
    let mut png = Cursor::new(Vec::new());
    let encoded = image::write_buffer_with_format(
        &mut png,
        pixels,
        width,
        height,
        image::ColorType::Rgb8,
        image::ImageFormat::Png,
    );
    encoded.map_err(DrawError::Encode)?;
    Ok(png.into_inner())
}

/// `text` cut so that each `j` is a piece of its own, with where each piece begins.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut begin = 0;
    let mut pieces = Vec::new();
    for (at, _) in text.match_indices('j') {
        pieces.extend([(begin, &text[begin..at]), (at, &text[at..=at])]);
        begin = at + 1;
    }
    pieces.push((begin, &text[begin..]));
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{Anchor, Canvas, INK, at};
    use super::super::text::stated_length;
    use super::{DENSITY, pieces, shrink, svg};

    #[test]
    fn each_text_of_an_svg_states_the_length_of_its_own_characters() {
        let mut canvas = Canvas::new(60.0);
        canvas.text(at(10.0, 10.0), Anchor::Left, 12.0, INK, "");
        canvas.text(at(10.0, 20.0), Anchor::Left, 12.0, INK, "a <text > of its own");
        canvas.text_upwards(at(10.0, 40.0), Anchor::Middle, 20.0, INK, "upwards");
        let svg = svg(&canvas).unwrap();
        let stated: Vec<&str> = svg.split("textLength=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let length = |size, text| (stated_length(size, text) * DENSITY).round().to_string();
        assert_eq!(stated, [length(12.0, "a <text > of its own"), length(20.0, "upwards")]);
        assert_eq!(svg.matches("<text ").count(), 3);
    }

    #[test]
    fn pixels_are_means_of_squares() {
        let row = |a: u8, b: u8| [a, a, a, b, b, b];
        let drawn: Vec<u8> = [row(0, 100), row(100, 202)].concat();
        assert_eq!(shrink(&drawn, 2), [101, 101, 101]);
    }

    #[test]
    fn each_j_is_a_piece() {
        assert_eq!(pieces("objective"), [(0, "ob"), (2, "j"), (3, "ective")]);
        assert_eq!(pieces("jjé"), [(0, "j"), (1, "j"), (2, "é")]);
        assert_eq!(pieces("é"), [(0, "é")]);
        assert_eq!(pieces(""), []);
    }
}
