//! Tables of text for terminals: columns as wide as their widest cell, two spaces apart.

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// For words: spaces on the right.
    Left,
    /// For numbers: spaces on the left.
    Right,
}

/// One line per row, without spaces at its end. Widths count characters. `sides` are those of the columns, from the first on; the
/// last stands for all further ones. A row may be shorter than others.
///
/// ```
/// use record::aligned::{Side, aligned};
///
/// let rows = [["cell", "seconds"], ["Gaia", "385"], ["Baseline", "1,812"]];
/// assert_eq!(aligned(&[Side::Left, Side::Right], &rows), "cell      seconds\nGaia          385\nBaseline    1,812\n");
/// ```
pub fn aligned<Row: AsRef<[Cell]>, Cell: AsRef<str>>(sides: &[Side], rows: &[Row]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.as_ref().iter().enumerate() {
            let width = cell.as_ref().chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let side = |column: usize| sides.get(column).or(sides.last()).copied().unwrap_or(Side::Left);
    let padded = |(column, cell): (usize, &Cell)| match side(column) {
        Side::Left => format!("{:<width$}", cell.as_ref(), width = widths[column]),
        Side::Right => format!("{:>width$}", cell.as_ref(), width = widths[column]),
    };
    let line = |row: &Row| {
        let cells: Vec<String> = row.as_ref().iter().enumerate().map(padded).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_side_stands_for_further_columns_and_lines_end_without_spaces() {
        let rows = [vec!["a", "1", "22"], vec!["bcd", "333", ""], vec!["ü"]];
        assert_eq!(aligned(&[Side::Left, Side::Right], &rows), "a      1  22\nbcd  333\nü\n");
        assert_eq!(aligned(&[Side::Left], &rows), "a    1    22\nbcd  333\nü\n");
    }

    #[test]
    fn no_rows_are_no_lines() {
        assert_eq!(aligned(&[], &[] as &[[&str; 2]]), "");
    }
}
