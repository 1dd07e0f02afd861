//! Times as bars, and below them test accuracy over time, a frame per panel: figures of image classification.

use polars::prelude::{DataFrame, PolarsResult};

use super::bars::{self, Bars};
use super::canvas::Canvas;
use super::curves::CurvesOverTime;
use super::form::FigureForm;
use record::results::CellResult;

/// Between bars and the curves below them, in points.
const BETWEEN: f64 = 10.0;

/// The form: bars above, curves of test accuracy below.
#[derive(Debug)]
pub(super) struct BarsAndAccuracy {
    pub(super) bars: Bars,
}

impl FigureForm for BarsAndAccuracy {
    fn table(&self, results: &[CellResult]) -> PolarsResult<DataFrame> {
        self.bars.table(results)
    }

    fn draw(&self, results: &[CellResult]) -> Canvas {
        let bars = bars::Placement::of(results);
        let curves = CurvesOverTime::Accuracy.place(results, bars.bottom + BETWEEN);
        let mut canvas = Canvas::new(curves.bottom);
        self.bars.draw_at(&mut canvas, &bars, results);
        CurvesOverTime::Accuracy.draw_at(&mut canvas, &curves, results);
        canvas
    }

    fn references(&self, results: &[CellResult]) -> Vec<String> {
        self.bars.references(results)
    }
}
