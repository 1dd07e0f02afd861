//! Drawings whose places show their values while a pointer rests on them: `<title>` elements of the SVG, without scripts. Pixels have none.

use std::fmt::Write;

use super::canvas::{Canvas, Rect};
use super::render::{self, DrawError};
use super::text::DENSITY;
use crate::markup::escaped;

/// A page of marks, and the places on it that have something to say.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    pub(super) canvas: Canvas,
    spots: Vec<Spot>,
}

/// A place with its text.
#[derive(Clone, Debug)]
struct Spot {
    rect: Rect,
    text: String,
}

impl Drawing {
    /// An empty page of this height in points.
    pub(super) fn new(height: f64) -> Self {
        Drawing { canvas: Canvas::new(height), spots: Vec::new() }
    }

    /// Shows `text` over `rect`. Later places lie over earlier ones.
    pub(super) fn spot(&mut self, rect: Rect, text: String) {
        self.spots.push(Spot { rect, text });
    }

    /// The page as SVG.
    ///
    /// # Errors
    /// [`DrawError`] when the backend of plotters fails.
    pub(crate) fn svg(&self) -> Result<String, DrawError> {
        let mut svg = render::svg(&self.canvas)?;
        let end = svg.rfind("</svg>").unwrap_or(svg.len());
        svg.insert_str(end, &self.titles());
        Ok(svg)
    }

    fn titles(&self) -> String {
        let mut titles = String::from("<g fill=\"#000\" fill-opacity=\"0\">\n");
        let units = |points: f64| (points * DENSITY).round();
        for Spot { rect, text } in &self.spots {
            let (x, y) = (units(rect.left), units(rect.top));
            let (width, height) = (units(rect.right) - x, units(rect.bottom) - y);
            let text = escaped(text);
            let rect = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">");
            let _ = writeln!(titles, "{rect}<title>{text}</title></rect>");
        }
        titles + "</g>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_titles_in_the_units_of_the_drawing() {
        let mut drawing = Drawing::new(40.0);
        drawing.spot(Rect { left: 1.0, top: 2.0, right: 11.0, bottom: 7.0 }, "A & B: <1 %".into());
        let svg = drawing.svg().unwrap();
        let title =
            "<rect x=\"4\" y=\"8\" width=\"40\" height=\"20\"><title>A &amp; B: &lt;1 %</title></rect>\n</g>\n</svg>";
        assert!(svg.trim_end().ends_with(title), "{svg}");
        assert!(svg.contains("viewBox=\"0 0 3600 160\""), "{svg}");
    }
}
