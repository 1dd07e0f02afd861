//! A figure's table as `table.csv` has it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use record::results::hashes;
use record::results::name_in_spec;
use record::results::store::ReadError;

use super::error::CompareError;
use crate::report::file;

/// The columns that name a row.
const PANEL: &str = "panel";
const CELL: &str = "cell";

/// A table: text by column and row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Names of the columns, without those that name a row.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Empty without panels.
    pub(super) panel: String,
    /// `MF Gaia`; with a number where a table has several rows of one name.
    pub(super) name: String,
    /// In the order of the columns; empty texts are values that do not exist.
    pub(super) values: Vec<String>,
}

impl Table {
    /// The table in a figure's folder.
    pub(super) fn read(folder: &Path) -> Result<Table, CompareError> {
        let path = folder.join(file::TABLE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(CompareError::NoReport { path, folder: folder.to_owned() });
            }
            Err(source) => return Err(ReadError::Io { path, source }.into()),
        };
        hashes::check_if_covered(folder, file::TABLE)
            .map_err(|source| CompareError::Hashes { path: path.clone(), source })?;
        Table::parse(&bytes).map_err(|source| CompareError::Table { path, source })
    }

    /// The table in the bytes of a file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Table, csv::Error> {
        let mut reader = csv::Reader::from_reader(bytes);
        let headers = reader.headers()?.clone();
        let is_name = |column: &str| column == PANEL || column == CELL;
        let columns = headers.iter().filter(|column| !is_name(column)).map(str::to_owned).collect();
        let mut rows: Vec<Row> = Vec::new();
        for record in reader.records() {
            let record = record?;
            let named = |name: &str| headers.iter().position(|column| column == name).and_then(|at| record.get(at));
            let (panel, cell) = (named(PANEL).unwrap_or_default(), named(CELL).unwrap_or_default());
            let name = match (panel, cell) {
                ("", "") => format!("row {}", rows.len() + 1),
                _ => name_in_spec(panel, cell).trim_end().to_owned(),
            };
            let before = rows.iter().filter(|row| row.name == name).count();
            let values = headers.iter().zip(&record).filter(|(column, _)| !is_name(column));
            rows.push(Row {
                panel: panel.to_owned(),
                name: if before == 0 { name } else { format!("{name} ({})", before + 1) },
                values: values.map(|(_, value)| value.to_owned()).collect(),
            });
        }
        Ok(Table { columns, rows })
    }

    /// The value of a row in a column; empty where there is none.
    pub(super) fn value<'a>(&self, row: &'a Row, column: &str) -> &'a str {
        let at = self.columns.iter().position(|known| known == column);
        at.and_then(|at| row.values.get(at)).map_or("", String::as_str)
    }

    /// Whether the column holds the least or the greatest over seeds of another.
    pub(super) fn is_range(&self, column: &str) -> bool {
        let ends = ["_low", "_high"].iter().filter_map(|end| column.strip_suffix(end));
        ends.into_iter().any(|of| self.columns.iter().any(|known| known == of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_panel_and_cell_and_told_apart() {
        let text = "panel,cell,seconds,seconds_low\nMF,\"Baseline, packed\",1.5,1\nMF,\"Baseline, packed\",2,\n";
        let table = Table::parse(text.as_bytes()).unwrap();
        let names: Vec<&str> = table.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["MF Baseline, packed", "MF Baseline, packed (2)"]);
        assert_eq!(table.columns, ["seconds", "seconds_low"]);
        assert!(table.is_range("seconds_low") && !table.is_range("seconds"));
        assert_eq!(table.value(&table.rows[1], "seconds"), "2");
        assert_eq!(table.value(&table.rows[1], "none"), "");
        assert!(Table::parse(b"a,b\n1\n").is_err(), "a line with fewer fields");
    }
}
