//! Numbers of a figure's table.

use serde::Serialize;

use super::direction::{Direction, better};
use super::options::Options;
use super::table::{Row, Table};

/// A value of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A number; the range over seeds where the table has one.
    Number {
        /// The mean over seeds.
        mean: f64,
        /// The least of a seed.
        low: Option<f64>,
        /// The greatest of a seed.
        high: Option<f64>,
    },
    /// A text, such as an outcome.
    Text(String),
    /// A value that does not exist.
    None,
}

/// A value that changed beyond the tolerance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NumberChange {
    /// `MF Gaia`: the panel and the cell.
    pub row: String,
    /// The column's name in `table.csv`.
    pub column: String,
    /// The value in the first folder.
    pub a: Value,
    /// The value in the second folder.
    pub b: Value,
    /// The change as a share of the first number; `None` where that is 0 or one of them is no number.
    pub share: Option<f64>,
    /// `None` means that neither is better.
    pub direction: Option<Direction>,
    /// Whether the ranges over seeds have a value in common; `None` without ranges.
    pub overlap: Option<bool>,
}

/// Rows and columns that only one table has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RowsChange {
    /// Rows of the first table alone.
    pub only_a: Vec<String>,
    /// Rows of the second table alone.
    pub only_b: Vec<String>,
    /// Columns of the first table alone.
    pub columns_only_a: Vec<String>,
    /// Columns of the second table alone.
    pub columns_only_b: Vec<String>,
}

impl RowsChange {
    /// Whether the tables have the same rows and columns.
    pub fn is_empty(&self) -> bool {
        *self == RowsChange::default()
    }

    /// Whether the second table lacks something.
    pub(super) fn lost(&self) -> bool {
        !self.only_a.is_empty() || !self.columns_only_a.is_empty()
    }
}

/// The rows and columns that only one table has, the number of values that were compared, and those that changed.
pub(super) fn compare(a: &Table, b: &Table, options: &Options) -> (RowsChange, usize, Vec<NumberChange>) {
    let columns_only = |of: &Table, other: &Table| -> Vec<String> {
        let only = of.columns.iter().filter(|column| !of.is_range(column) && !other.columns.contains(column));
        only.cloned().collect()
    };
    let rows_only = |of: &Table, other: &Table| -> Vec<String> {
        of.rows.iter().map(|row| &row.name).filter(|name| find(other, name).is_none()).cloned().collect()
    };
    let rows = if options.common {
        RowsChange::default()
    } else {
        RowsChange {
            only_a: rows_only(a, b),
            only_b: rows_only(b, a),
            columns_only_a: columns_only(a, b),
            columns_only_b: columns_only(b, a),
        }
    };
    let (mut compared, mut changes) = (0, Vec::new());
    for row in &a.rows {
        let Some(other) = find(b, &row.name) else { continue };
        let both = a.columns.iter().filter(|column| b.columns.contains(column));
        for column in both.filter(|column| !(a.is_range(column) && b.is_range(column))) {
            compared += 1;
            changes.extend(change(column, (a, row), (b, other), options));
        }
    }
    (rows, compared, changes)
}

fn find<'a>(table: &'a Table, name: &str) -> Option<&'a Row> {
    table.rows.iter().find(|row| row.name == name)
}

/// The change of one value; `None` when it is within the tolerance.
fn change(column: &str, a: (&Table, &Row), b: (&Table, &Row), options: &Options) -> Option<NumberChange> {
    let [before, after] = [a, b].map(|(table, row)| value(table, row, column));
    let within = |x: f64, y: f64| options.tolerance.covers(x, y);
    let ends = |x: Option<f64>, y: Option<f64>| match (x, y) {
        (Some(x), Some(y)) => within(x, y),
        // A range that only one has is no change of the number.
        _ => true,
    };
    let (mut share, mut direction, mut overlap) = (None, None, None);
    if let (Value::Number { mean: x, low: xl, high: xh }, Value::Number { mean: y, low: yl, high: yh }) =
        (&before, &after)
    {
        if within(*x, *y) && ends(*xl, *yl) && ends(*xh, *yh) {
            return None;
        }
        share = (*x != 0.0).then(|| (y - x) / x.abs()).filter(|share| share.is_finite());
        direction = Direction::of(better(column), *x, *y);
        let ranges = xl.zip(*xh).zip(yl.zip(*yh));
        overlap = ranges.map(|((xl, xh), (yl, yh))| xl <= yh && yl <= xh);
    } else if before == after {
        return None;
    }
    Some(NumberChange {
        row: a.1.name.clone(),
        column: column.to_owned(),
        a: before,
        b: after,
        share,
        direction,
        overlap,
    })
}

fn value(table: &Table, row: &Row, column: &str) -> Value {
    let number = |column: &str| table.value(row, column).parse::<f64>().ok();
    match table.value(row, column) {
        "" => Value::None,
        text => match text.parse::<f64>() {
            Ok(mean) => {
                let [low, high] = ["low", "high"].map(|end| number(&format!("{column}_{end}")));
                Value::Number { mean, low, high }
            }
            Err(_) => Value::Text(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Tolerance;

    fn changes(a: &str, b: &str, options: &Options) -> Vec<NumberChange> {
        let [a, b] = [a, b].map(|text| Table::parse(text.as_bytes()).unwrap());
        compare(&a, &b, options).2
    }

    #[test]
    fn a_change_of_one_percent_is_found_with_its_range_and_direction() {
        let header = "cell,outcome,seconds,seconds_low,seconds_high,speedup\n";
        let a = format!("{header}Gaia,reached,100,99,101,2\nLAN,reached,50,50,50,4\n");
        let b = format!("{header}Gaia,reached,101,100,102,2\nLAN,reached,50,50,50,4\n");
        let found = changes(&a, &b, &Options::default());
        let expected = NumberChange {
            row: "Gaia".into(),
            column: "seconds".into(),
            a: Value::Number { mean: 100.0, low: Some(99.0), high: Some(101.0) },
            b: Value::Number { mean: 101.0, low: Some(100.0), high: Some(102.0) },
            share: Some(0.01),
            direction: Some(Direction::Worse),
            overlap: Some(true),
        };
        assert_eq!(found, [expected]);
        let back = changes(&b, &a, &Options::default());
        assert_eq!((back[0].direction, back[0].share), (Some(Direction::Better), Some(-1.0 / 101.0)));
        let tolerated = Options { tolerance: Tolerance::Share(0.011), ..Options::default() };
        assert_eq!(changes(&a, &b, &tolerated), []);
    }

    #[test]
    fn a_range_that_moves_is_a_change_and_one_that_appears_is_none() {
        let a = "cell,seconds,seconds_low,seconds_high\nGaia,100,99,101\n";
        let wider = "cell,seconds,seconds_low,seconds_high\nGaia,100,90,110\n";
        let found = changes(a, wider, &Options::default());
        assert_eq!((found.len(), found[0].direction, found[0].share), (1, None, Some(0.0)));
        assert_eq!(changes(a, "cell,seconds\nGaia,100\n", &Options::default()), []);
    }

    #[test]
    fn texts_and_values_that_are_gone_are_changes() {
        let a = "cell,outcome,seconds\nGaia,target reached,100\n";
        let b = "cell,outcome,seconds\nGaia,target not reached,\n";
        let found = changes(a, b, &Options { tolerance: Tolerance::Share(1.0), ..Options::default() });
        let columns: Vec<&str> = found.iter().map(|change| change.column.as_str()).collect();
        assert_eq!(columns, ["outcome", "seconds"]);
        assert_eq!((&found[1].b, found[1].direction), (&Value::None, None));
    }

    #[test]
    fn rows_and_columns_of_one_side_are_listed_but_for_common() {
        let [a, b] = ["cell,x,x_low\nA,1,1\nB,2,2\n", "cell,x,y\nB,2,1\nC,3,1\n"]
            .map(|text| Table::parse(text.as_bytes()).unwrap());
        let (rows, compared, changes) = compare(&a, &b, &Options::default());
        assert_eq!((rows.only_a, rows.only_b), (vec!["A".to_owned()], vec!["C".to_owned()]));
        assert_eq!((rows.columns_only_a, rows.columns_only_b), (vec![], vec!["y".to_owned()]));
        assert_eq!((compared, changes), (1, vec![]));
        assert!(compare(&a, &b, &Options { common: true, ..Options::default() }).0.is_empty());
    }
}
