//! Prices by region as comma-separated text: one row per region. Lines that begin with `#` are comments; the columns `source` and `date` are
//! for readers of the table.

use std::collections::BTreeMap;

use super::{PriceError, PriceProblem};

/// The column of a traffic table for whatever leaves a region.
const LEAVING: &str = "leaving";
/// Columns that say where the prices of a row are from, and when they held.
const SOURCES: [&str; 2] = ["source", "date"];
/// The mark of a missing price.
const NO_PRICE: &str = "NA";

const MACHINE_HEADER: &str = "region,c4.4xlarge,g2.8xlarge";
const TRAFFIC_HEADER: &str = "region,leaving";
const EXPECTED: &str = "a number of USD, 0 or more, or NA where there is no price";

type ByRegion = BTreeMap<String, BTreeMap<String, f64>>;

/// Prices of traffic, in USD per GB.
pub(super) struct Traffic {
    /// Prices for leaving a region.
    pub(super) leaving: BTreeMap<String, f64>,
    /// Prices from one region to another.
    pub(super) between: ByRegion,
}

/// USD per hour by region and instance.
pub(super) fn machines(file: &str, text: &str) -> Result<ByRegion, PriceError> {
    rows(file, text, MACHINE_HEADER)
}

/// A table of `leaving`, of pairs of regions, or of both.
pub(super) fn traffic(file: &str, text: &str) -> Result<Traffic, PriceError> {
    let mut between = rows(file, text, TRAFFIC_HEADER)?;
    let mut leaving = BTreeMap::new();
    for (region, row) in &mut between {
        if let Some(usd) = row.remove(LEAVING) {
            leaving.insert(region.clone(), usd);
        }
    }
    between.retain(|_, row| !row.is_empty());
    Ok(Traffic { leaving, between })
}

/// The prices that are there, by row and column. A cell that is empty or [`NO_PRICE`] is none.
fn rows(file: &str, text: &str, header: &'static str) -> Result<ByRegion, PriceError> {
    let fail = |line, problem| PriceError::Line { file: file.to_owned(), line, problem };
    let mut columns: Option<Vec<String>> = None;
    let mut rows = ByRegion::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, content) in (1..).zip(text.lines()).map(|(line, content)| (line, content.trim())) {
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let mut cells = cells(content).map_err(|problem| fail(line, problem))?;
        let name = cells.remove(0);
        let Some(columns) = &columns else {
            check_header(&cells).map_err(|problem| fail(line, problem))?;
            columns = Some(cells);
            continue;
        };
        if cells.len() != columns.len() {
            let (row, found, expected) = (name, cells.len(), columns.len());
            return Err(fail(line, PriceProblem::Ragged { row, found, expected }));
        }
        let row = prices(&name, columns, &cells).map_err(|problem| fail(line, problem))?;
        if rows.insert(name.clone(), row).is_some() {
            return Err(fail(line, PriceProblem::Repeated(name)));
        }
    }
    match columns {
        Some(columns) if !columns.is_empty() => Ok(rows),
        _ => Err(PriceError::Meaning { file: file.to_owned(), problem: PriceProblem::NoHeader(header) }),
    }
}

fn cells(line: &str) -> Result<Vec<String>, PriceProblem> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line.as_bytes());
    let record = reader.records().next().ok_or(PriceProblem::NoValues)?;
    let record = record.map_err(|error| PriceProblem::Csv(error.to_string()))?;
    Ok(record.iter().map(str::to_owned).collect())
}

fn check_header(columns: &[String]) -> Result<(), PriceProblem> {
    for (position, name) in columns.iter().enumerate() {
        let message = match columns[..position].iter().position(|other| other == name) {
            _ if name.is_empty() => "no name".to_owned(),
            Some(first) => format!("`{name}` is column {} already", first + 2),
            None => continue,
        };
        return Err(PriceProblem::Column { column: position + 2, message });
    }
    Ok(())
}

fn prices(region: &str, columns: &[String], cells: &[String]) -> Result<BTreeMap<String, f64>, PriceProblem> {
    let mut row = BTreeMap::new();
    let prices = columns.iter().zip(cells).filter(|(column, _)| !SOURCES.contains(&column.as_str()));
    for (column, cell) in prices.filter(|(_, cell)| !cell.is_empty() && *cell != NO_PRICE) {
        let usd = cell.parse().ok().filter(|usd: &f64| usd.is_finite() && *usd >= 0.0);
        let place = || format!("{region}, {column}");
        let usd = usd.ok_or_else(|| PriceProblem::Price { place: place(), found: cell.clone(), expected: EXPECTED })?;
        row.insert(column.clone(), usd);
    }
    Ok(row)
}
