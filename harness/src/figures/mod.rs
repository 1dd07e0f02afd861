//! Figures: each is a question, with the numbers, the pixels, and the claims that answer it.
//!
//! [`Figure`] is the registry: one file and one line in each match. The same drawing code makes the SVG and the PNG;
//! both are functions of the results alone, and need no fonts of the system.

mod axis;
mod canvas;
mod cells;
mod convergence;
mod fig13;
mod fig16;
mod labels;
mod measure;
mod panel;
mod text;
mod validation;

use std::io;
use std::path::Path;
use std::sync::Once;

use plotters::prelude::*;
use polars::prelude::{DataFrame, PolarsResult};
use thiserror::Error;

use crate::claims::Claim;
use crate::results::CellResult;
pub use axis::significant;
use canvas::{Canvas, DENSITY, WIDTH};
pub use cells::Spread;
use convergence::Layout;
use text::Glyphs;

/// PNG pixels are means of squares of so many drawn ones: smooth edges.
const SUPERSAMPLING: usize = 2;

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Time to convergence of any cells: for specs that name no figure.
    Convergence,
    /// Matrix factorisation under SSP across 11 data centres.
    Fig13,
    /// Topic modelling under SSP across 11 data centres.
    Fig16,
    /// The simulation held against runs in real time.
    Validation,
}

/// Where everything goes on a page.
enum Page {
    Convergence(Layout),
    Validation(validation::Layout),
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
    /// The file that the bitmap passes through.
    #[error("draw the figure: write a temporary file in {folder}")]
    Temporary {
        /// Where.
        folder: std::path::PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

impl Figure {
    /// Every figure.
    pub const ALL: [Figure; 4] = [Figure::Convergence, Figure::Fig13, Figure::Fig16, Figure::Validation];

    /// What specs may name.
    pub fn names() -> [&'static str; Figure::ALL.len()] {
        Figure::ALL.map(Figure::name)
    }

    /// As specs name it.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Convergence => "convergence",
            Figure::Fig13 => "fig13",
            Figure::Fig16 => "fig16",
            Figure::Validation => "validation",
        }
    }

    /// The question that it answers.
    pub fn question(self) -> &'static str {
        match self {
            Figure::Convergence => convergence::QUESTION,
            Figure::Fig13 => fig13::QUESTION,
            Figure::Fig16 => fig16::QUESTION,
            Figure::Validation => validation::QUESTION,
        }
    }

    /// The figure of this name.
    ///
    /// # Errors
    /// [`UnknownFigure`] with the nearest name.
    pub fn named(name: &str) -> Result<Figure, UnknownFigure> {
        let distance = |figure: &Figure| strsim::damerau_levenshtein(figure.name(), name);
        let nearest = Figure::ALL.into_iter().min_by_key(distance).expect("there is a figure");
        if nearest.name() == name {
            return Ok(nearest);
        }
        Err(UnknownFigure { found: name.to_owned(), nearest: nearest.name() })
    }

    /// The numbers, a row a cell. Columns `x_low` and `x_high` hold the range of `x` over seeds.
    ///
    /// # Errors
    /// None with results as runs leave them.
    pub fn table(self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        match self {
            Figure::Convergence | Figure::Fig13 | Figure::Fig16 => convergence::table(results),
            Figure::Validation => validation::table(results),
        }
    }

    /// What must be seen, and whether it is.
    pub fn claims(self, results: &[CellResult]) -> Vec<Claim> {
        match self {
            Figure::Convergence => convergence::claims(results),
            Figure::Fig13 => fig13::claims(results),
            Figure::Fig16 => fig16::claims(results),
            Figure::Validation => validation::claims(results),
        }
    }

    /// The figure as SVG.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn svg(self, results: &[CellResult]) -> Result<String, DrawError> {
        let page = self.page(results);
        let (width, height) = drawn_size(&page);
        let mut svg = String::new();
        let backend = SVGBackend::with_string(&mut svg, (width, height));
        page.draw(backend, Glyphs::Viewer, results)?;
        // The page's size in points; the drawing's own finer units stay in the viewBox.
        let drawn = format!("width=\"{width}\" height=\"{height}\" viewBox");
        Ok(svg.replacen(&drawn, &format!("width=\"{WIDTH}\" height=\"{}\" viewBox", page.height()), 1))
    }

    /// The figure as PNG, 2 pixels a point. A temporary file in `folder` comes and goes.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn png(self, results: &[CellResult], folder: &Path) -> Result<Vec<u8>, DrawError> {
        let page = self.page(results);
        let (width, height) = drawn_size(&page);
        let mut drawn = vec![0; (width * height * 3) as usize];
        let backend = BitMapBackend::with_buffer(&mut drawn, (width, height));
        page.draw(backend, Glyphs::Bitmap, results)?;
        encode(&shrink(&drawn, width as usize), (width, height), folder)
    }

    /// Where everything goes: the page grows with what is to be labelled.
    fn page(self, results: &[CellResult]) -> Page {
        register_font();
        match self {
            Figure::Convergence | Figure::Fig13 | Figure::Fig16 => Page::Convergence(Layout::of(results)),
            Figure::Validation => Page::Validation(validation::Layout::of(results)),
        }
    }
}

impl Page {
    /// In whole points.
    fn height(&self) -> f64 {
        match self {
            Page::Convergence(layout) => layout.height,
            Page::Validation(layout) => layout.height,
        }
    }

    fn draw<DB: DrawingBackend>(&self, backend: DB, glyphs: Glyphs, results: &[CellResult]) -> Result<(), DrawError> {
        let area = backend.into_drawing_area();
        let canvas = Canvas::new(&area, glyphs);
        canvas.clear()?;
        match self {
            Page::Convergence(layout) => convergence::draw(&canvas, layout, results)?,
            Page::Validation(layout) => validation::draw(&canvas, layout, results)?,
        }
        area.present().map_err(DrawError::backend)
    }
}

impl DrawError {
    fn backend<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Self {
        DrawError::Backend(error.to_string())
    }
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

fn drawn_size(page: &Page) -> (u32, u32) {
    ((WIDTH * DENSITY) as u32, (page.height() * DENSITY) as u32)
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

/// PNG of shrunk pixels: plotters only encodes into a file.
fn encode(pixels: &[u8], (width, height): (u32, u32), folder: &Path) -> Result<Vec<u8>, DrawError> {
    let size = (width / SUPERSAMPLING as u32, height / SUPERSAMPLING as u32);
    let failed = |source| DrawError::Temporary { folder: folder.to_owned(), source };
    let file = tempfile::Builder::new().prefix(".figure.").suffix(".png").tempfile_in(folder).map_err(failed)?;
    let mut backend = BitMapBackend::new(file.path(), size);
    let encoded = backend.blit_bitmap((0, 0), size, pixels).and_then(|()| backend.present());
    encoded.map_err(|error| DrawError::Backend(error.to_string()))?;
    drop(backend);
    std::fs::read(file.path()).map_err(failed)
}

#[cfg(test)]
mod tests;
