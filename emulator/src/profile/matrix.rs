//! A matrix between sites as comma-separated text.
//!
//! The first row names the sites of the columns, the first cell of every other row the site of that row: `from` down,
//! `to` across. Lines that begin with `#` are comments; those of the form `# key: value` with a key of
//! [`Key`] state something. Quoted cells may not hold line breaks.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ReadProfileError, ReadProfileProblem as Problem};
use super::find::{find_site, listed};
use super::{Site, SiteMatrix, folded};
use crate::id::SiteId;
use crate::quantity::{Quantity, Unit, parse_number, symbols, unit};

/// A key that a comment line may state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The unit of the numbers; what follows the first word is comment.
    Unit,
    /// The source of the numbers.
    Source,
    /// The date of the measurements.
    Date,
    /// The rate of network cards, in and out (tables that stand alone).
    Nic,
    /// The round trip between all sites (tables that stand alone).
    Rtt,
}

/// A table as it stands in its file.
pub(super) struct Table<'a> {
    file: &'a str,
    stated: BTreeMap<Key, Stated>,
    header: Header,
    rows: Vec<Row>,
}

/// The value of a comment line.
pub(super) struct Stated {
    line: u64,
    pub(super) value: String,
}

struct Header {
    line: u64,
    names: Vec<String>,
}

/// The place of a cell: its line, counted from 1, and the names of the two sites.
#[derive(Clone, Copy)]
struct Place<'a> {
    line: u64,
    from: &'a str,
    to: &'a str,
}

struct Row {
    line: u64,
    name: String,
    cells: Vec<String>,
}

/// The values of a table: between sites, and of sites to themselves where stated.
pub(super) struct Values<Q> {
    pub(super) between: SiteMatrix<Q>,
    pub(super) diagonal: Vec<Option<Q>>,
    /// Remarks for the notes of the profile.
    pub(super) notes: Vec<String>,
}

impl Key {
    const ALL: [(&'static str, Key); 5] =
        [("unit", Key::Unit), ("source", Key::Source), ("date", Key::Date), ("nic", Key::Nic), ("rtt", Key::Rtt)];

    fn name(self) -> &'static str {
        Key::ALL.iter().find(|(_, key)| *key == self).map(|(name, _)| *name).expect("every key is in ALL")
    }
}

impl<'a> Table<'a> {
    /// Takes `text`, the content of `file`, apart.
    pub(super) fn parse(file: &'a str, text: &str) -> Result<Self, ReadProfileError> {
        let fail = |line, problem| ReadProfileError::line(file, line, problem);
        let mut stated = BTreeMap::new();
        let mut records = Vec::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            if let Some(comment) = content.strip_prefix('#') {
                let Some((key, value)) = directive(comment) else {
                    continue;
                };
                if stated.insert(key, Stated { line, value }).is_some() {
                    return Err(fail(line, Problem::RepeatedDirective { key: key.name().to_owned() }));
                }
            } else if !content.is_empty() {
                let cells = cells(content).map_err(|error| fail(line, Problem::Csv { message: error.to_string() }))?;
                // A line of nothing but a byte order mark, where files were put one behind another, has none.
                if !cells.is_empty() {
                    records.push((line, cells));
                }
            }
        }
        let mut records = records.into_iter();
        let Some((line, mut names)) = records.next().filter(|(_, cells)| cells.len() > 1) else {
            return Err(ReadProfileError::meaning(file, Problem::NoHeader));
        };
        names.remove(0);
        let expected = names.len();
        let mut rows = Vec::new();
        for (line, mut cells) in records {
            let name = cells.remove(0);
            if cells.len() != expected {
                let (row, found) = (name, cells.len());
                return Err(fail(line, Problem::Ragged { row, found, expected }));
            }
            rows.push(Row { line, name, cells });
        }
        Ok(Table { file, stated, header: Header { line, names }, rows })
    }

    /// The names of the columns, each a site's.
    pub(super) fn site_names(&self) -> Result<&[String], ReadProfileError> {
        let mut seen = BTreeSet::new();
        for (number, name) in (2..).zip(&self.header.names) {
            let place = format!("column {number}");
            if name.is_empty() {
                return Err(self.fail(self.header.line, Problem::Unnamed { place }));
            }
            if !seen.insert(folded(name)) {
                return Err(self.fail(self.header.line, Problem::Repeated { place, site: name.clone() }));
            }
        }
        Ok(&self.header.names)
    }

    /// The value that a comment line states.
    pub(super) fn stated(&self, key: Key) -> Option<&Stated> {
        self.stated.get(&key)
    }

    /// The quantity that a comment line states.
    pub(super) fn stated_quantity<Q: Quantity>(&self, key: Key) -> Result<Option<Q>, ReadProfileError> {
        let Some(stated) = self.stated(key) else {
            return Ok(None);
        };
        let fail = |error| self.fail(stated.line, Problem::Directive { key: key.name().to_owned(), error });
        crate::quantity::parse(&stated.value).map(Some).map_err(fail)
    }

    /// The values for `sites`, in the unit that the file states or the profile does (`profile_unit`).
    pub(super) fn values<Q: Quantity>(
        &self,
        sites: &[Site],
        profile_unit: Option<&str>,
    ) -> Result<Values<Q>, ReadProfileError> {
        let unit = self.unit::<Q>(profile_unit)?;
        let columns = self.columns(sites)?;
        let mut read = BTreeMap::new();
        let mut row_of = BTreeMap::new();
        for row in &self.rows {
            let from = self.site(sites, &row.name, "row", row.line)?;
            if row_of.insert(from, row.line).is_some() {
                return Err(self.repeated(sites, from, "row", row.line));
            }
            for (cell, &to) in row.cells.iter().zip(&columns) {
                let place = Place { line: row.line, from: &sites[from.index()].name, to: &sites[to.index()].name };
                if let Some(value) = self.cell::<Q>(place, cell, unit)? {
                    read.insert((from, to), value);
                }
            }
        }
        self.check_square(sites, "row", |site| row_of.contains_key(&site))?;
        self.check_square(sites, "column", |site| columns.contains(&site))?;
        let ids = (0..).map(SiteId).take(sites.len());
        Ok(Values {
            between: SiteMatrix::from_fn(sites.len(), |from, to| read.get(&(from, to)).copied()),
            diagonal: ids.map(|site| read.get(&(site, site)).copied()).collect(),
            notes: Vec::new(),
        })
    }

    /// One value; only the diagonal may leave it out.
    fn cell<Q: Quantity>(&self, place: Place<'_>, cell: &str, unit: Unit) -> Result<Option<Q>, ReadProfileError> {
        let Place { line, from, to } = place;
        let places = || (from.to_owned(), to.to_owned());
        if from == to && says_nothing::<Q>(cell) {
            return Ok(None);
        }
        if cell.is_empty() {
            let (from, to) = places();
            return Err(self.fail(line, Problem::EmptyCell { from, to, unit: unit.symbol }));
        }
        parse_number(cell, unit).map(Some).map_err(|error| {
            let (from, to) = places();
            self.fail(line, Problem::Cell { from, to, error })
        })
    }

    /// The sites of the columns.
    fn columns(&self, sites: &[Site]) -> Result<Vec<SiteId>, ReadProfileError> {
        let mut columns = Vec::new();
        for (number, name) in (2..).zip(&self.header.names) {
            let place = format!("column {number}");
            let site = self.site(sites, name, &place, self.header.line)?;
            if columns.contains(&site) {
                return Err(self.repeated(sites, site, &place, self.header.line));
            }
            columns.push(site);
        }
        Ok(columns)
    }

    fn site(&self, sites: &[Site], name: &str, place: &str, line: u64) -> Result<SiteId, ReadProfileError> {
        find_site(sites, name).map_err(|error| self.fail(line, Problem::Site { place: place.to_owned(), error }))
    }

    fn repeated(&self, sites: &[Site], site: SiteId, place: &str, line: u64) -> ReadProfileError {
        let (place, site) = (place.to_owned(), sites[site.index()].name.clone());
        self.fail(line, Problem::Repeated { place, site })
    }

    fn check_square(
        &self,
        sites: &[Site],
        what: &'static str,
        is_there: impl Fn(SiteId) -> bool,
    ) -> Result<(), ReadProfileError> {
        let missing = (0..).map(SiteId).zip(sites).filter(|&(id, _)| !is_there(id)).map(|(_, site)| site.name.as_str());
        let sites = listed(missing);
        if sites.is_empty() {
            return Ok(());
        }
        Err(ReadProfileError::meaning(self.file, Problem::NotSquare { what, sites }))
    }

    fn unit<Q: Quantity>(&self, profile_unit: Option<&str>) -> Result<Unit, ReadProfileError> {
        let known = |symbol: &str| {
            unit::<Q>(symbol).ok_or_else(|| Problem::Unit { unit: symbol.to_owned(), units: symbols::<Q>() })
        };
        let meaning = |problem| ReadProfileError::meaning(self.file, problem);
        let of_profile = profile_unit.map(known).transpose().map_err(meaning)?;
        let of_table = match self.stated(Key::Unit) {
            Some(stated) => {
                let word = stated.value.split([' ', ',', ';']).next().unwrap_or_default();
                Some(known(word).map_err(|problem| self.fail(stated.line, problem))?)
            }
            None => None,
        };
        match (of_table, of_profile) {
            (Some(table), Some(profile)) if table != profile => {
                Err(meaning(Problem::UnitConflict { table: table.symbol, profile: profile.symbol }))
            }
            (Some(unit), _) | (None, Some(unit)) => Ok(unit),
            (None, None) => {
                let example = Q::EXAMPLE.split(' ').next_back().expect("an example has a unit");
                Err(meaning(Problem::NoUnit { example }))
            }
        }
    }

    fn fail(&self, line: u64, problem: Problem) -> ReadProfileError {
        ReadProfileError::line(self.file, line, problem)
    }
}

/// Whether a cell of the diagonal states nothing about the inside of a site: blank, a word or dash for "not measured", or a number
/// of zero where the quantity is never zero.
fn says_nothing<Q: Quantity>(cell: &str) -> bool {
    const NOTHING: [&str; 10] = ["", "-", "--", "\u{2013}", "\u{2014}", "nan", "na", "n/a", "none", "null"];
    let is_zero = || cell.parse::<f64>().is_ok_and(|number| number == 0.0) && Q::from_count(0).is_err();
    NOTHING.contains(&cell.to_lowercase().as_str()) || is_zero()
}

/// The key and value that a comment states; `None` for any other comment.
fn directive(comment: &str) -> Option<(Key, String)> {
    let (name, value) = comment.split_once(':')?;
    let name = name.trim().to_lowercase();
    let (_, key) = Key::ALL.iter().find(|(known, _)| *known == name)?;
    Some((*key, value.trim().to_owned()))
}

/// The cells of one line.
fn cells(line: &str) -> Result<Vec<String>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record)?;
    Ok(record.iter().map(str::to_owned).collect())
}
