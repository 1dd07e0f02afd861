//! What a question's runs say: what to do and where that flips in sentences, a tornado, and a table.

use std::path::Path;

use polars::prelude::{PolarsResult, df};
use record::results::atomic::{self, WriteError};
use record::results::{CellIndex, CellResult};

use crate::figures::DrawError;
use crate::figures::tornado::{DOUBLE, HALF, tornado};
use crate::report::table_csv::table_csv;
use crate::sensitivity::{By, Choice, Effect, best, recommendation};

/// Names of the files.
pub(crate) mod file {
    /// How far cost and time move when an input is halved or doubled.
    pub const TORNADO_SVG: &str = "tornado.svg";
    /// The same as numbers, and with every run whose input is changed.
    pub const SENSITIVITY: &str = "sensitivity.csv";
}

/// What a question's runs say; empty for other specs.
pub(crate) struct Answer {
    pub(super) lines: Vec<String>,
    pub(super) tornado: Option<String>,
    table: Option<Vec<u8>>,
}

impl Answer {
    /// The answer of `cells`, those of the question as it was asked, and `varied`, those with an input changed.
    ///
    /// # Errors
    /// [`DrawError`] when the picture was not drawn.
    pub(crate) fn of(index: &CellIndex, cells: &[CellResult], varied: &[CellResult]) -> Result<Answer, DrawError> {
        let Some(asked) = &index.whatif else { return Ok(Answer { lines: Vec::new(), tornado: None, table: None }) };
        let choices = Choice::all(asked, cells, varied);
        let first = best(&choices, By::Cost).or(best(&choices, By::Time)).map(|choice| choice.name.clone());
        let mut shown: Vec<&Choice> = choices.iter().collect();
        shown.sort_by_key(|choice| Some(&choice.name) != first.as_ref());
        let svg = tornado(&shown).map(|drawing| drawing.svg()).transpose()?;
        let table = table(&choices).expect("columns are of equal length and of types that tables have");
        Ok(Answer { lines: recommendation(asked, &choices), tornado: svg, table: Some(table) })
    }

    /// What to do, and where that flips: a sentence each.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Writes picture and table into the spec's folder, and removes those of earlier reports where there are none.
    ///
    /// # Errors
    /// [`WriteError`].
    pub(crate) fn write(&self, folder: &Path) -> Result<(), WriteError> {
        let svg = self.tornado.as_ref().map(|svg| svg.as_bytes());
        for (content, name) in [(svg, file::TORNADO_SVG), (self.table.as_deref(), file::SENSITIVITY)] {
            match content {
                Some(bytes) => atomic::write(&folder.join(name), bytes)?,
                None => atomic::remove(&folder.join(name))?,
            }
        }
        Ok(())
    }
}

/// A row per way to train, input, and half and double.
fn table(choices: &[Choice]) -> PolarsResult<Vec<u8>> {
    let mut rows = Vec::new();
    for choice in choices {
        for effect in Effect::ALL {
            let how = if matches!(effect, Effect::Simulated(_)) { "simulated" } else { "recorded" };
            let at = |times| Some((choice, effect, how, times, choice.at(effect, times)?));
            rows.extend([HALF, DOUBLE].into_iter().filter_map(at));
        }
    }
    table_csv(&df![
        "cell" => rows.iter().map(|row| row.0.name.as_str()).collect::<Vec<_>>(),
        "input" => rows.iter().map(|row| row.1.name()).collect::<Vec<_>>(),
        "known_from" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "times" => rows.iter().map(|row| row.3).collect::<Vec<f64>>(),
        "seconds" => rows.iter().map(|row| row.4.seconds).collect::<Vec<f64>>(),
        "usd_total" => rows.iter().map(|row| row.4.usd).collect::<Vec<Option<f64>>>(),
    ]?)
}
