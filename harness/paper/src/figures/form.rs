//! The interface of a form of figure: what its table has, and what its page shows.

use std::fmt::Debug;

use polars::prelude::{DataFrame, PolarsResult};
use record::results::CellResult;

use super::canvas::Canvas;

/// A form of figure: a function from results to a table and a page. It holds what sets it apart from figures of the same form, such
/// as the cell that times are over; results come in as an argument.
///
/// A form is one file. A figure of it is one entry in [`Figure::ALL`](super::Figure::ALL).
///
/// ```
/// use paper::figures::{Anchor, Canvas, FigureForm, INK, at, render};
/// use polars::prelude::{DataFrame, PolarsResult, df};
/// use record::results::{CellResult, testing};
///
/// /// The clocks of every cell, as a list.
/// #[derive(Debug)]
/// struct Clocks;
///
/// impl FigureForm for Clocks {
///     fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
///         df![
///             "cell" => results.iter().map(CellResult::name).collect::<Vec<_>>(),
///             "clocks" => results.iter().map(|run| run.summary.clocks).collect::<Vec<_>>(),
///         ]
///     }
///
///     fn draw(&self, results: &[CellResult]) -> Canvas {
///         let mut canvas = Canvas::new(20.0 + 15.0 * results.len() as f64);
///         for (row, run) in results.iter().enumerate() {
///             let text = format!("{}: {} clocks", run.name(), run.summary.clocks);
///             canvas.text(at(20.0, 15.0 + 15.0 * row as f64), Anchor::Left, 12.0, INK, &text);
///         }
///         canvas
///     }
/// }
///
/// let results = [testing::cell("Baseline").done(), testing::cell("Gaia").done()];
/// assert_eq!(Clocks.table(&results)?.height(), 2);
/// assert!(render::svg(&Clocks.draw(&results))?.contains("Gaia: 380 clocks"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait FigureForm: Debug + Sync {
    /// The numbers, one row per cell or per panel. Where there are several seeds, columns `x_low` and `x_high` hold the range of `x`
    /// over them.
    ///
    /// # Errors
    /// None with columns of equal length.
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame>;

    /// The page. Any results must have one, also none at all.
    fn draw(&self, results: &[CellResult]) -> Canvas;

    /// The names of the cells that the table's normalised times and speedups are over, each once; empty where it has no such columns.
    fn references(&self, _results: &[CellResult]) -> Vec<String> {
        Vec::new()
    }
}
