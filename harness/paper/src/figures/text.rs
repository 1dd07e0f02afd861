//! The width of text, and the ways in which it is cut or broken to fit.
//!
//! An SVG leaves glyphs to its viewer, whose font may be wider than the embedded one. Layout leaves room for wider fonts, and each text of an
//! SVG states its length, so that no viewer's font is wider still.

use std::sync::Once;

use plotters::prelude::*;

use super::canvas::Direction;

/// The family by its generic name: the viewer's own in SVG, the registered font in bitmaps.
const FONT: &str = "sans-serif";
/// Pixels per point in what is rendered, and so in measured text.
pub(super) const DENSITY: f64 = 4.0;
/// Plotters' size of a font over its em.
const PLOTTERS_PER_EM: f64 = 1.24;
/// Viewers' fonts over the embedded one.
const WIDER: f64 = 1.12;
/// Usual sans-serif fonts over the embedded one.
const USUAL: f64 = 1.07;

/// The greatest width of a text in the reader's font, in points.
pub(super) fn text_width(size: f64, text: &str) -> f64 {
    embedded_width(size, text) * WIDER
}

/// The length that an SVG states for a text, in points: that of usual sans-serif fonts, which are then hardly stretched, and below
/// [`text_width`].
pub(super) fn stated_length(size: f64, text: &str) -> f64 {
    embedded_width(size, text) * USUAL
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

/// The width of a text in the embedded font, in points.
pub(super) fn embedded_width(size: f64, text: &str) -> f64 {
    // No layout means no glyphs: half an em a character is the usual guess.
    let pixels = font(size, Direction::Rightwards)
        .font
        .box_size(text)
        .map_or_else(|_| size * DENSITY * 0.5 * text.chars().count() as f64, |(width, _)| f64::from(width));
    pixels / DENSITY
}

/// The embedded font at `size` points, for [`super::render`]'s pixels.
pub(super) fn font(size: f64, direction: Direction) -> TextStyle<'static> {
    register_font();
    let pixels = size * DENSITY * PLOTTERS_PER_EM;
    let font = FontDesc::new(FontFamily::Name(FONT), pixels, FontStyle::Normal);
    match direction {
        Direction::Rightwards => font.into(),
        Direction::Upwards => font.transform(FontTransform::Rotate270).into(),
    }
}

/// Makes the embedded font known under its generic name, once.
fn register_font() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let registered =
            plotters::style::register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok();
        assert!(registered, "the embedded font is a valid one");
    });
}
