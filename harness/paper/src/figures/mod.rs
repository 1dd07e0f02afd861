//! Figures: each is a question, with the numbers, the pixels, and the claims that answer it.
//!
//! [`Figure`] is the registry: one file and one entry. The same drawing code makes the SVG and the PNG; both are functions
//! of the results alone, and need no fonts of the system.

mod accuracy;
mod axis;
mod bars;
mod canvas;
mod cells;
mod convergence;
mod curves;
mod family;
mod fig11;
mod fig12;
mod fig3;
mod labels;
mod measure;
mod panel;
mod registry;
mod shares;
mod stack;
mod table1;
mod text;
mod timebar;
mod validation;
mod whatif;

use std::io::Cursor;
use std::sync::Once;

use plotters::prelude::*;
use polars::prelude::{DataFrame, PolarsResult};
use thiserror::Error;

use crate::claims::Claim;
use canvas::{Canvas, DENSITY, WIDTH};
use curves::Shown;
use record::results::CellResult;
use record::{say, suggest};
use registry::{Form, SPEEDUPS};
use text::Glyphs;

pub use registry::Figure;

/// PNG pixels are means of squares of so many drawn ones: smooth edges.
const SUPERSAMPLING: usize = 2;

/// Between bars and the curves below them, in points.
const BETWEEN_PARTS: f64 = 10.0;

/// Where everything goes: the page grows with what is to be labelled.
enum Layout {
    Convergence(convergence::Layout),
    Bars(bars::Style, bars::Layout),
    Curves(curves::Layout),
    BarsAndCurves(bars::Style, bars::Layout, curves::Layout),
    Shares,
    Validation(validation::Layout),
    Charts(Vec<stack::Chart>),
}

impl Layout {
    /// The page's height in points.
    fn height(&self) -> f64 {
        match self {
            Layout::Convergence(layout) => layout.height,
            Layout::Bars(_, layout) => layout.height,
            Layout::Curves(layout) | Layout::BarsAndCurves(_, _, layout) => layout.height,
            Layout::Shares => shares::PAGE,
            Layout::Validation(layout) => layout.height,
            Layout::Charts(charts) => stack::height(charts),
        }
    }

    fn draw<DB: DrawingBackend>(&self, backend: DB, glyphs: Glyphs, results: &[CellResult]) -> Result<(), DrawError> {
        let area = backend.into_drawing_area();
        let canvas = Canvas::new(&area, glyphs);
        canvas.clear()?;
        match self {
            Layout::Convergence(layout) => convergence::draw(&canvas, layout, results)?,
            Layout::Bars(style, layout) => bars::draw(&canvas, *style, layout, results)?,
            Layout::Curves(layout) => curves::draw(&canvas, layout, results)?,
            Layout::BarsAndCurves(style, bars, curves) => {
                bars::draw(&canvas, *style, bars, results)?;
                curves::draw(&canvas, curves, results)?;
            }
            Layout::Shares => shares::draw(&canvas, results)?,
            Layout::Validation(layout) => validation::draw(&canvas, layout, results)?,
            Layout::Charts(charts) => stack::draw(&canvas, charts)?,
        }
        area.present().map_err(DrawError::backend)
    }
}

/// A name that is no figure's.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is no figure `{found}`; did you mean `{nearest}`?")]
pub struct UnknownFigure {
    /// What was written.
    pub found: String,
    /// The nearest figure.
    pub nearest: &'static str,
}

/// Why a figure was not drawn.
#[derive(Debug, Error)]
pub enum DrawError {
    /// The drawing backend.
    #[error("draw the figure: {0}")]
    Backend(String),
}

impl Figure {
    /// The figure of this name.
    ///
    /// # Errors
    /// [`UnknownFigure`] with the nearest name.
    pub fn named(name: &str) -> Result<Figure, UnknownFigure> {
        if let Some(figure) = Figure::ALL.iter().find(|figure| figure.name == name) {
            return Ok(*figure);
        }
        // A comparison takes memory by the product of both lengths.
        let begins: String = name.chars().take(suggest::LONGEST).collect();
        let distance = |figure: &&Figure| strsim::damerau_levenshtein(figure.name, &begins);
        let nearest = Figure::ALL.iter().min_by_key(distance).expect("there is a figure");
        Err(UnknownFigure { found: name.to_owned(), nearest: nearest.name })
    }

    /// The numbers, a row a cell. Columns `x_low` and `x_high` hold the range of `x` over seeds.
    ///
    /// # Errors
    /// None with results as runs leave them.
    pub fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        match self.form {
            Form::Convergence | Form::Accuracy => convergence::table(results),
            Form::Curves => curves::table(results),
            Form::Bars(style) | Form::BarsAndAccuracy(style) => convergence::table_over(results, style.reference),
            Form::Shares => shares::table(results),
            Form::Validation => validation::table(results),
            Form::Costs => fig11::table(results),
            Form::Centralized => table1::table(results),
            Form::WhatIf => whatif::table(results),
        }
    }

    /// The cells that the times of others are over, by name: one for all panels, or several; none where the table has no such times.
    pub fn references(&self, results: &[CellResult]) -> Vec<String> {
        match self.form {
            Form::Convergence | Form::Accuracy | Form::Curves | Form::WhatIf => {
                cells::references(results, cells::BASELINE)
            }
            Form::Bars(style) | Form::BarsAndAccuracy(style) => cells::references(results, style.reference),
            Form::Shares | Form::Validation | Form::Costs | Form::Centralized => Vec::new(),
        }
    }

    /// What must be seen, and whether it is.
    pub fn claims(&self, results: &[CellResult]) -> Vec<Claim> {
        (self.claims)(results)
    }

    /// The figure as SVG.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn svg(&self, results: &[CellResult]) -> Result<String, DrawError> {
        let layout = self.layout(results);
        let (width, height) = drawn_size(&layout);
        let mut svg = String::new();
        let backend = SVGBackend::with_string(&mut svg, (width, height));
        layout.draw(backend, Glyphs::Viewer, results)?;
        // The page's size in points; the drawing's own finer units stay in the viewBox.
        let drawn = format!("width=\"{width}\" height=\"{height}\" viewBox");
        let svg = svg.replacen(&drawn, &format!("width=\"{WIDTH}\" height=\"{}\" viewBox", layout.height()), 1);
        // No XML has these; results of earlier versions may.
        Ok(say::shown(&svg))
    }

    /// The figure as PNG, 2 pixels a point.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn png(&self, results: &[CellResult]) -> Result<Vec<u8>, DrawError> {
        let layout = self.layout(results);
        let (width, height) = drawn_size(&layout);
        let mut drawn = vec![0; (width * height * 3) as usize];
        let backend = BitMapBackend::with_buffer(&mut drawn, (width, height));
        layout.draw(backend, Glyphs::Bitmap, results)?;
        encode(&shrink(&drawn, width as usize), (width, height))
    }

    fn layout(&self, results: &[CellResult]) -> Layout {
        register_font();
        match self.form {
            Form::Convergence if has_panels(results) => Layout::Bars(SPEEDUPS, bars::Layout::of(results)),
            Form::Convergence => Layout::Convergence(convergence::Layout::of(results)),
            Form::Bars(style) => Layout::Bars(style, bars::Layout::of(results)),
            Form::Curves => Layout::Curves(curves::Layout::of(results, Shown::OneCopy, 0.0)),
            Form::Accuracy => Layout::Curves(curves::Layout::of(results, Shown::Accuracy, 0.0)),
            Form::BarsAndAccuracy(style) => {
                let bars = bars::Layout::of(results);
                let curves = curves::Layout::of(results, Shown::Accuracy, bars.height + BETWEEN_PARTS);
                Layout::BarsAndCurves(style, bars, curves)
            }
            Form::Shares => Layout::Shares,
            Form::Validation => Layout::Validation(validation::Layout::of(results)),
            Form::Costs => Layout::Charts(fig11::charts(results)),
            Form::Centralized => Layout::Charts(table1::charts(results)),
            Form::WhatIf => Layout::Charts(whatif::charts(results)),
        }
    }
}

impl DrawError {
    fn backend<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Self {
        DrawError::Backend(error.to_string())
    }
}

/// Whether the results are of a spec with panels.
fn has_panels(results: &[CellResult]) -> bool {
    results.iter().any(|result| !result.panel.is_empty())
}

/// Makes the font known under its generic name, once.
fn register_font() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let registered = register_font_bytes();
        assert!(registered, "the embedded font is a valid one");
    });
}

fn register_font_bytes() -> bool {
    plotters::style::register_font(text::FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok()
}

fn drawn_size(layout: &Layout) -> (u32, u32) {
    ((WIDTH * DENSITY) as u32, (layout.height() * DENSITY) as u32)
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
fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, DrawError> {
    let size = (width / SUPERSAMPLING as u32, height / SUPERSAMPLING as u32);
    let mut png = Cursor::new(Vec::new());
    let encoded = image::write_buffer_with_format(
        &mut png,
        pixels,
        size.0,
        size.1,
        image::ColorType::Rgb8,
        image::ImageFormat::Png,
    );
    encoded.map_err(|error| DrawError::Backend(error.to_string()))?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests;
