//! A comparison for terminals.

use std::collections::BTreeMap;
use std::fmt;

use record::aligned::{Side, aligned};
use record::numbers::significant;
use record::results::metrics::in_words;

use super::cells::{CellName, CellsChange};
use super::{ClaimChange, Comparison, FigureChange, NumberChange, Value};
use crate::report::number_text;

/// The most cells, rows or columns that one line names.
const NAMED: usize = 8;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A: {}\nB: {}\n", self.a.display(), self.b.display())?;
        for figure in &self.figures {
            write!(f, "{}", block(figure))?;
        }
        for (side, only) in [("A", &self.only_a), ("B", &self.only_b)] {
            only.iter().try_for_each(|name| writeln!(f, "{name}: only in {side}"))?;
        }
        let changed = self.figures.iter().filter(|figure| figure.changed).count();
        let counted = |n: usize| format!("{n} figure{}", if n == 1 { "" } else { "s" });
        write!(
            f,
            "\n{} compared: {} equal within {}",
            counted(self.figures.len()),
            self.figures.len() - changed,
            self.tolerance
        )?;
        write!(f, ", {changed} changed")?;
        let only = self.only_a.len() + self.only_b.len();
        if only > 0 {
            write!(f, "; {} in one alone", counted(only))?;
        }
        writeln!(f)
    }
}

/// One figure: a line, and below it what changed.
fn block(figure: &FigureChange) -> String {
    let cells = figure.cells.as_ref();
    let digests = cells.map_or_else(|| "digests are not there".to_owned(), digests);
    let values = format!("{} values compared", figure.compared);
    let word = if figure.changed { "changed" } else { "equal" };
    let mut text = format!("{}: {word} ({digests}; {values})\n", figure.name);
    cells.into_iter().flat_map(lines_of_cells).for_each(|line| text += &format!("  {line}\n"));
    let rows = &figure.rows;
    for (what, only) in [
        ("rows only in A", &rows.only_a),
        ("rows only in B", &rows.only_b),
        ("columns only in A", &rows.columns_only_a),
        ("columns only in B", &rows.columns_only_b),
    ] {
        text += &line(what, only.iter().cloned());
    }
    if !figure.numbers.is_empty() {
        let header = ["cell", "number", "A", "B", "change", ""].map(str::to_owned);
        let rows: Vec<[String; 6]> = std::iter::once(header).chain(figure.numbers.iter().map(number)).collect();
        let (words, right) = (Side::Left, Side::Right);
        text += &indented(&aligned(&[words, words, right, right, right, words], &rows));
    }
    if !figure.claims.is_empty() {
        let header = ["claim", "A", "", "B", "", ""].map(str::to_owned);
        let rows: Vec<[String; 6]> = std::iter::once(header).chain(figure.claims.iter().map(claim)).collect();
        let (words, right) = (Side::Left, Side::Right);
        text += &indented(&aligned(&[words, words, right, words, right, words], &rows));
    }
    text
}

/// `25 digests equal`, `20 digests equal, 5 others`.
fn digests(cells: &CellsChange) -> String {
    let others = cells.other.len() + cells.broken.len();
    let others =
        if others == 0 { String::new() } else { format!(", {others} other{}", if others == 1 { "" } else { "s" }) };
    format!("{} digest{} equal{others}", cells.equal, if cells.equal == 1 { "" } else { "s" })
}

fn lines_of_cells(cells: &CellsChange) -> Vec<String> {
    let mut lines = Vec::new();
    for broken in &cells.broken {
        let CellName { cell, seed } = &broken.cell;
        lines.push(format!("{cell} (seed {seed}): another digest with the same plan, {}: not reproduced", broken.plan));
    }
    for damaged in &cells.damaged {
        let CellName { cell, seed } = &damaged.cell;
        let side = damaged.side.to_ascii_uppercase();
        lines.push(format!("{cell} (seed {seed}): missing in {side}: {}", damaged.why));
    }
    for (what, names) in
        [("other digests", &cells.other), ("cells only in A", &cells.only_a), ("cells only in B", &cells.only_b)]
    {
        let text = line(what, by_cell(names).into_iter());
        lines.extend(text.lines().map(|line| line.trim_start().to_owned()));
    }
    lines
}

/// `Gaia (seeds 1, 2)`: each cell once.
fn by_cell(names: &[CellName]) -> Vec<String> {
    let mut cells: Vec<&str> = names.iter().map(|name| name.cell.as_str()).collect();
    cells.dedup();
    let mut seeds: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    names.iter().for_each(|name| seeds.entry(&name.cell).or_default().push(name.seed));
    let mut texts = Vec::new();
    for cell in cells {
        let Some(seeds) = seeds.remove(cell) else { continue };
        let plural = if seeds.len() == 1 { "" } else { "s" };
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        texts.push(format!("{cell} (seed{plural} {})", seeds.join(", ")));
    }
    texts
}

/// `  rows only in A: LAN, Gaia, and 3 more`; nothing without names.
fn line(what: &str, names: impl ExactSizeIterator<Item = String>) -> String {
    if names.len() == 0 {
        return String::new();
    }
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("  {what}: {}{more}\n", names.take(NAMED).collect::<Vec<_>>().join("; "))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn number(change: &NumberChange) -> [String; 6] {
    let [mut a, mut b] = [&change.a, &change.b].map(value);
    // Where a difference is not among the digits that are shown, all are.
    if a == b {
        [a, b] = [&change.a, &change.b].map(exact);
    }
    let share = change.share.map_or_else(|| "-".to_owned(), percent);
    let direction = change.direction.map_or("", super::Direction::word);
    let overlap = if change.overlap == Some(true) { "ranges overlap" } else { "" };
    let remarks: Vec<&str> = [direction, overlap].into_iter().filter(|remark| !remark.is_empty()).collect();
    [change.row.clone(), in_words(&change.column), a, b, share, remarks.join(", ")]
}

fn value(value: &Value) -> String {
    match value {
        Value::Number { mean, low, high } => number_text(*mean, low.zip(*high)),
        Value::Text(text) => text.clone(),
        Value::None => "-".into(),
    }
}

fn exact(value: &Value) -> String {
    match value {
        Value::Number { mean, low: Some(low), high: Some(high) } if low < high => format!("{mean} ({low} - {high})"),
        Value::Number { mean, .. } => mean.to_string(),
        Value::Text(_) | Value::None => self::value(value),
    }
}

/// `+1.0 %`.
fn percent(share: f64) -> String {
    let sign = if share < 0.0 { "-" } else { "+" };
    format!("{sign}{} %", significant(share.abs() * 100.0, 2))
}

fn claim(change: &ClaimChange) -> [String; 6] {
    let word =
        |verdict: Option<crate::claims::Verdict>| verdict.map_or("not there", |verdict| verdict.word()).to_owned();
    let measured = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |number| significant(number, 3));
    let direction = change.direction.map_or("", super::Direction::word).to_owned();
    let (a, b) = (measured(change.measured_a), measured(change.measured_b));
    [change.id.clone(), word(change.a), a, word(change.b), b, direction]
}
