//! Text on a [`Canvas`]: one line, centred vertically on its point, in the viewer's sans-serif font or the embedded one.
//!
//! An SVG leaves glyphs to its viewer; layout leaves room for viewers' fonts, which are wider than the embedded one. In
//! bitmaps plotters sets glyphs by their ink, without the space on their left, and a line a little too high. Both are
//! made good here, the first for `j`, whose ink alone begins left of its place.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::DrawError;
use super::canvas::{Canvas, DENSITY, pixel};

/// The family by its generic name: the viewer's own in SVG, the registered font in bitmaps.
pub(super) const FONT: &str = "sans-serif";
/// Plotters' size of a font over its em.
const PLOTTERS_PER_EM: f64 = 1.24;
/// Viewers' fonts over the embedded one.
const WIDER: f64 = 1.12;
/// How much too high plotters' bitmaps have a line, in ems.
const TOO_HIGH: f64 = 0.17;
/// How much too far right plotters' bitmaps have a `j`, in ems.
const J_TOO_FAR: f64 = 0.14;

/// Who makes glyphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glyphs {
    /// The viewer of an SVG.
    Viewer,
    /// Plotters' bitmaps.
    Bitmap,
}

/// Where a text lies from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The text begins there.
    Left,
    /// The text's middle is there.
    Middle,
    /// The text ends there.
    Right,
}

/// Which way a text reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Rightwards,
    Upwards,
}

impl<DB: DrawingBackend> Canvas<'_, DB> {
    /// One line of text of `size` points.
    pub(super) fn text(
        &self,
        at: (f64, f64),
        anchor: Anchor,
        size: f64,
        colour: RGBColor,
        text: &str,
    ) -> Result<(), DrawError> {
        let style = font(size, Direction::Rightwards).color(&colour);
        self.set(at, anchor, (size, Direction::Rightwards), &style, text)
    }

    /// Text that reads upwards: it begins, has its middle, or ends at the point.
    pub(super) fn text_upwards(
        &self,
        at: (f64, f64),
        anchor: Anchor,
        size: f64,
        colour: RGBColor,
        text: &str,
    ) -> Result<(), DrawError> {
        let style = font(size, Direction::Upwards).color(&colour);
        self.set(at, anchor, (size, Direction::Upwards), &style, text)
    }

    fn set(
        &self,
        (x, y): (f64, f64),
        anchor: Anchor,
        (size, direction): (f64, Direction),
        style: &TextStyle<'_>,
        text: &str,
    ) -> Result<(), DrawError> {
        if self.glyphs == Glyphs::Viewer {
            let style = style.pos(position(anchor));
            return self.area.draw_text(text, &style, pixel((x, y))).map_err(DrawError::backend);
        }
        let width = embedded_width(size, text);
        let start = match anchor {
            Anchor::Left => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::Right => -width,
        };
        let style = style.pos(position(Anchor::Left));
        for (begin, piece) in pieces(text) {
            let before = embedded_width(size, &text[..begin]);
            let shift = if piece == "j" { J_TOO_FAR * size } else { 0.0 };
            let (along, down) = (start + before - shift, TOO_HIGH * size);
            let at = match direction {
                Direction::Rightwards => (x + along, y + down),
                Direction::Upwards => (x + down, y - along),
            };
            self.area.draw_text(piece, &style, pixel(at)).map_err(DrawError::backend)?;
        }
        Ok(())
    }
}

/// How many points wide a text may become in the reader's font.
pub(super) fn text_width(size: f64, text: &str) -> f64 {
    embedded_width(size, text) * WIDER
}

/// `text`, cut at its end so that it fits in `room` points.
pub(super) fn fitted(size: f64, room: f64, text: &str) -> String {
    if text_width(size, text) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    loop {
        kept.pop();
        let cut: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if kept.is_empty() || text_width(size, &cut) <= room {
            return cut;
        }
    }
}

/// `text` in at most two lines of `room` points, broken at a space or behind a hyphen where there is one.
pub(super) fn wrapped(size: f64, room: f64, text: &str) -> Vec<String> {
    if text_width(size, text) <= room {
        return vec![text.to_owned()];
    }
    let breaks = text.char_indices().filter(|(_, c)| matches!(c, ' ' | '-' | '/' | ','));
    let fits = |end: usize| text_width(size, text[..end].trim_end()) <= room;
    match breaks.map(|(at, c)| at + c.len_utf8()).rfind(|end| fits(*end)) {
        Some(end) if end < text.len() => {
            vec![text[..end].trim_end().to_owned(), fitted(size, room, &text[end..])]
        }
        _ => vec![fitted(size, room, text)],
    }
}

/// How many points wide a text is in the embedded font.
fn embedded_width(size: f64, text: &str) -> f64 {
    // No layout means no glyphs: half an em a character is the usual guess.
    let pixels = font(size, Direction::Rightwards)
        .font
        .box_size(text)
        .map_or_else(|_| size * DENSITY * 0.5 * text.chars().count() as f64, |(width, _)| f64::from(width));
    pixels / DENSITY
}

fn font(size: f64, direction: Direction) -> TextStyle<'static> {
    let pixels = size * DENSITY * PLOTTERS_PER_EM;
    let font = FontDesc::new(FontFamily::Name(FONT), pixels, FontStyle::Normal);
    match direction {
        Direction::Rightwards => font.into(),
        Direction::Upwards => font.transform(FontTransform::Rotate270).into(),
    }
}

fn position(anchor: Anchor) -> Pos {
    let horizontal = match anchor {
        Anchor::Left => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::Right => HPos::Right,
    };
    Pos::new(horizontal, VPos::Center)
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
    use super::pieces;

    #[test]
    fn each_j_is_a_piece() {
        assert_eq!(pieces("objective"), [(0, "ob"), (2, "j"), (3, "ective")]);
        assert_eq!(pieces("jjé"), [(0, "j"), (1, "j"), (2, "é")]);
        assert_eq!(pieces("é"), [(0, "é")]);
        assert_eq!(pieces(""), []);
    }
}
