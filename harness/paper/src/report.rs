//! A spec's page and figure, made from what is on disk.
//!
//! [`report`] reads `cells.json` and the whole cells of `<out>/<spec>/` and writes `table.csv`, `runs.csv`, `figure.svg`,
//! `figure.png`, the pictures of links and of clocks, `claims.json`, `costs.json` and `report.html` there. It runs nothing and looks at nothing else, so that equal
//! results give equal bytes, on any host, at any time. Cells that are not whole are named and left out.

mod costs;
mod grid;
mod html;
mod pictures;
mod table_csv;
mod unfinished;
mod whatif;

use std::fmt;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, PolarsError};
use thiserror::Error;

use self::costs::Costs;
pub use self::grid::Titles;
pub(crate) use self::grid::number_text;
use self::grid::table_text;
pub use self::pictures::PictureError;
use self::pictures::Pictures;
use self::table_csv::runs_csv;
pub(crate) use self::table_csv::table_csv;
pub use self::unfinished::Unfinished;
use crate::claims::{self, Claim};
use crate::figures::{AssertError, DrawError, Drawn, Figure, UnknownFigure, render};
use crate::plans;
use crate::strict::{Evidence, Missing};
use record::cost::Pricing;
use record::prices::PriceList;
use record::results::atomic::{self, WriteError};
use record::results::folders;
use record::results::hashes;
use record::results::lock::{Lock, LockError};
use record::results::sound;
use record::results::store::{self, ReadError};
use record::results::{CellIndex, CellResult};

/// Names of the files.
pub mod file {
    /// The figure's numbers, one row per cell or panel.
    pub const TABLE: &str = "table.csv";
    /// The numbers of every run alone, one row per cell and seed.
    pub const RUNS: &str = "runs.csv";
    /// The figure as a drawing.
    pub const SVG: &str = "figure.svg";
    /// The figure as pixels.
    pub const PNG: &str = "figure.png";
    /// The costs of every run, by part and site.
    pub const COSTS: &str = "costs.json";
    /// Everything on one page.
    pub const PAGE: &str = "report.html";
    pub use super::pictures::file::{LINKS_SVG, TIMELINE_SVG};
    pub use super::whatif::file::{SENSITIVITY, TORNADO_SVG};
}

/// What the name of a folder begins with that holds a report by other prices than the spec's.
const PRICED: &str = "prices-";

/// The files that `hashes.json` of a spec's folder covers.
const COVERED: [&str; 12] = [
    store::file::CELLS,
    file::TABLE,
    file::RUNS,
    file::SVG,
    file::PNG,
    file::LINKS_SVG,
    file::TIMELINE_SVG,
    file::TORNADO_SVG,
    file::SENSITIVITY,
    claims::FILE,
    file::COSTS,
    file::PAGE,
];

/// The reasons for which there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A result cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The results are of a figure that this program does not know.
    #[error("report on {folder}")]
    Figure {
        /// The folder of the spec's results.
        folder: PathBuf,
        /// The unknown name, with the nearest known one.
        source: UnknownFigure,
    },
    /// Neither a spec's folder, nor one of such folders.
    #[error("report on {folder}: neither it nor a folder in it has a {}; run a spec first", store::file::CELLS)]
    Nothing {
        /// The folder that was to be reported on.
        folder: PathBuf,
    },
    /// Its folders cannot be listed.
    #[error("report on {folder}")]
    List {
        /// The folder that was to be reported on.
        folder: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A run is writing there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The numbers have no table.
    #[error("make the table of {folder}")]
    Table {
        /// The folder of the spec's results.
        folder: PathBuf,
        /// The error of polars.
        source: PolarsError,
    },
    /// The assertions of the spec were not judged.
    #[error("judge the assertions of {folder}")]
    Assert {
        /// The folder of the spec's results.
        folder: PathBuf,
        /// The assertion, or the table that it needs.
        source: AssertError,
    },
    /// The figure was not drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// A picture beside the figure was not made.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A file was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The prices of the command line are not those of every cell.
    #[error("--prices: {folder}: {cell}: {why}")]
    Prices {
        /// The folder of the spec's results.
        folder: PathBuf,
        /// The first cell without a price.
        cell: String,
        /// The reason why it has none.
        why: String,
    },
}

/// The report on a spec, as its folder has it.
#[derive(Debug)]
pub struct SpecReport {
    /// The name of the folder of the spec's results.
    pub name: String,
    /// The figure's numbers, one row per cell.
    pub table: DataFrame,
    /// Titles of its columns for readers.
    pub titles: Titles,
    /// The figure's claims, with verdicts.
    pub claims: Vec<Claim>,
    /// The faults of runs and targets that must not be believed, and of plans that cannot be read, one line each.
    pub faults: Vec<String>,
    /// The cells that times and speedups are over; empty where there are none.
    pub references: Vec<String>,
    /// What to do, of a what-if question, and where that flips: a sentence each; empty for other specs.
    pub recommendation: Vec<String>,
    /// The costs of the runs.
    pub costs: Costs,
    /// Cells that the spec has and the report has not.
    pub unfinished: Vec<Unfinished>,
    /// The path of the page.
    pub page: PathBuf,
}

impl SpecReport {
    /// What `--strict` and JUnit reports judge: claims, and cells that are not there.
    pub fn evidence(&self) -> Evidence {
        let missing = self.unfinished.iter().map(|Unfinished { entry, why }| Missing::cell(entry, why)).collect();
        Evidence { name: self.name.clone(), claims: self.claims.clone(), missing }
    }
}

/// For terminals: the numbers, the claims, what is not finished, and where the page is.
impl fmt::Display for SpecReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", table_text(&self.table, &self.titles))?;
        if !self.references.is_empty() {
            writeln!(f, "normalised times and speedups are over {}\n", self.references.join(", "))?;
        }
        for line in &self.recommendation {
            writeln!(f, "{line}")?;
        }
        write!(f, "{}", claims::to_text(&self.claims))?;
        for fault in &self.faults {
            write!(f, "\n{fault}")?;
        }
        write!(f, "\n{}", self.costs)?;
        for Unfinished { entry, why } in &self.unfinished {
            write!(f, "\n{} (seed {}) is not in the figure: {why}", entry.name(), entry.seed)?;
        }
        writeln!(f, "\n{}", self.page.display())
    }
}

/// [`report`]s on `folder` when it is a spec's folder, else on each spec's folder in it and in the folders of variants in it, by path;
/// each is locked meanwhile. `prices`: in place of those that the specs were run with; these reports are in folders of their own.
///
/// # Errors
/// [`ReportError`] of the first folder that cannot be reported on; reports on those before it are written.
pub fn report_all(folder: &Path, prices: Option<&PriceList>) -> Result<Vec<SpecReport>, ReportError> {
    let list_error = |source| ReportError::List { folder: folder.to_owned(), source };
    let folders = folders::of_specs(folder).map_err(list_error)?;
    if folders.is_empty() {
        return Err(ReportError::Nothing { folder: folder.to_owned() });
    }
    let locked = |folder: &PathBuf| {
        let _lock = Lock::take(folder)?;
        report_priced(folder, prices)
    };
    folders.iter().map(locked).collect()
}

/// Makes the table, the figure, the claims and the page of `folder`, a spec's folder, from its cells. The caller has
/// locked the folder.
///
/// # Errors
/// [`ReportError`] when a whole cell cannot be read, or a file cannot be written; cells that are not whole are no error.
pub fn report(folder: &Path) -> Result<SpecReport, ReportError> {
    report_priced(folder, None)
}

/// [`report`], priced by `prices` in place of the spec's: in the folder `prices-NAME` of `folder`, beside the report by the spec's prices.
///
/// # Errors
/// As [`report`], and [`ReportError::Prices`] where `prices` has no price for a cell.
pub fn report_priced(folder: &Path, prices: Option<&PriceList>) -> Result<SpecReport, ReportError> {
    let mut index = store::read_cells(folder)?;
    if let Some(list) = prices {
        index.pricing = Some(index.pricing.take().map_or_else(|| Pricing::of(list.clone()), |old| old.with(list)));
    }
    let (mut cells, unfinished) = read(folder, &index)?;
    whatif::extend(&index, &mut cells);
    let costs = costs::price(&index, &mut cells);
    if let Some((cell, why)) = costs.unpriced().filter(|_| prices.is_some()) {
        return Err(ReportError::Prices { folder: folder.to_owned(), cell, why });
    }
    // A spec that names no figure asks for the first: time to convergence.
    let name = if index.figure.is_empty() { Figure::ALL[0].name } else { &index.figure };
    let varied = whatif::take_varied(&index, &mut cells);
    let answer = whatif::Answer::of(&index, &cells, &varied)?;
    let figure = Figure::named(name).map_err(|source| ReportError::Figure { folder: folder.to_owned(), source })?;
    let table_error = |source| ReportError::Table { folder: folder.to_owned(), source };
    let table = figure.table(&cells).map_err(table_error)?;
    let csv = table_csv(&table).map_err(table_error)?;
    let runs = runs_csv(&figure.runs(&cells).map_err(table_error)?).map_err(table_error)?;
    let asserted = figure.asserted(&cells, &index.expectations.assert);
    let asserted = asserted.map_err(|source| ReportError::Assert { folder: folder.to_owned(), source })?;
    let mut claims = figure.claims(&cells);
    claims.extend(asserted);
    claims::expect(&mut claims, &index.expectations.expected);
    let titles = Titles::of(&cells);
    let references = figure.references(&cells);
    let canvas = figure.drawing(Drawn::of(&index.plots, &index.figure), &cells).map_err(table_error)?;
    let (svg, png) = (render::svg(&canvas)?, render::png(&canvas)?);
    let pictures = Pictures::of(folder, &cells)?;
    let (runs_folder, folder) = (folder, target(folder, prices));
    if folder != runs_folder {
        atomic::create_folder(&folder)?;
    }
    let folder = folder.as_path();
    let page = html::page(&html::Content {
        index: &index,
        question: figure.question,
        svg: &svg,
        table: &table,
        titles: &titles,
        claims: &claims,
        pictures: &pictures,
        answer: &answer,
        references: &references,
        cells: &cells,
        costs: &costs,
        unfinished: &unfinished,
    });
    atomic::write(&folder.join(file::TABLE), &csv)?;
    atomic::write(&folder.join(file::RUNS), &runs)?;
    atomic::write(&folder.join(file::SVG), svg.as_bytes())?;
    atomic::write(&folder.join(file::PNG), &png)?;
    pictures.write(folder)?;
    answer.write(folder)?;
    atomic::write(&folder.join(claims::FILE), claims::to_json(&claims).as_bytes())?;
    atomic::write(&folder.join(file::COSTS), costs.to_json().as_bytes())?;
    atomic::write(&folder.join(file::PAGE), page.as_bytes())?;
    hashes::write(folder, &COVERED)?;
    let (faults, page) = (faults(&cells), folder.join(file::PAGE));
    let name = runs_folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(SpecReport {
        name,
        recommendation: answer.lines().to_vec(),
        table,
        titles,
        claims,
        references,
        costs,
        faults,
        unfinished,
        page,
    })
}

/// The folder of the report: that of the results, and one in it for prices in place of the spec's.
fn target(folder: &Path, prices: Option<&PriceList>) -> PathBuf {
    let Some(list) = prices else { return folder.to_owned() };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = list.name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    folder.join(format!("{PRICED}{name}"))
}

fn faults(cells: &[CellResult]) -> Vec<String> {
    let lines = |cell: &CellResult| -> Vec<String> {
        let (name, summary) = (cell.name(), &cell.summary);
        let line = |fault| format!("{name} (seed {}) must not be believed: {fault}", summary.seed);
        summary.faults.iter().map(line).collect()
    };
    cells.iter().flat_map(lines).chain(sound::lines(cells)).chain(plans::unreadable(cells)).collect()
}

/// The cells of `index`, in its order: those that are whole, and those that are not.
fn read(folder: &Path, index: &CellIndex) -> Result<(Vec<CellResult>, Vec<Unfinished>), ReadError> {
    let (mut cells, mut unfinished) = (Vec::new(), Vec::new());
    for entry in &index.cells {
        match store::read_cell(folder, entry) {
            Ok(cell) => cells.push(cell),
            Err(ReadError::NotWhole(why)) => unfinished.push(Unfinished { entry: entry.clone(), why }),
            Err(error) => return Err(error),
        }
    }
    Ok((cells, unfinished))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::claims::Verdict;
    use record::results::testing::{self, cell, write_whole};
    use record::results::{Plot, PlotForm};

    fn cells() -> Vec<CellResult> {
        vec![
            cell("Target").seconds(250.0).sets_target().done(),
            cell("Baseline").seconds(812.0).done(),
            cell("Gaia").seconds(385.0).wan_bytes_per_clock(1e8).done(),
            cell("LAN").seconds(301.0).wan_bytes_per_clock(0.0).done(),
        ]
    }

    fn written(cells: &[CellResult]) -> tempfile::TempDir {
        let out = tempfile::tempdir().unwrap();
        store::write_cells(out.path(), &testing::index(cells)).unwrap();
        for cell in cells {
            write_whole(out.path(), cell);
        }
        out
    }

    // The plans of made-up cells cannot be read, so that their links are not known.
    const FILES: [&str; 8] =
        [file::TABLE, file::RUNS, file::SVG, file::PNG, file::TIMELINE_SVG, claims::FILE, file::COSTS, file::PAGE];

    #[test]
    fn all_files_are_made_and_equal_results_give_equal_bytes() {
        let (a, b) = (written(&cells()), written(&cells()));
        let first = report(a.path()).unwrap();
        report(b.path()).unwrap();
        report(b.path()).unwrap();
        for name in FILES {
            let bytes = fs::read(a.path().join(name)).unwrap();
            assert!(!bytes.is_empty() && bytes == fs::read(b.path().join(name)).unwrap(), "{name}");
        }
        assert_eq!(first.claims.len(), 5);
        assert!(first.unfinished.is_empty());
        let left = fs::read_dir(b.path()).unwrap().count();
        assert_eq!(left, FILES.len() + cells().len() + 2, "nothing temporary is left");
    }

    #[test]
    fn a_sweep_has_its_axes_in_both_tables_and_is_drawn_as_plots() {
        let gaia = |threshold: f64, seed| {
            let axes = [("threshold", serde_json::json!(threshold))];
            cell(&format!("Gaia {threshold}")).swept("Gaia", &axes).seed(seed).seconds(200.0 + seed as f64).done()
        };
        let cells = [gaia(0.01, 1), gaia(0.1, 1), gaia(0.01, 2), gaia(0.1, 2)];
        let out = written(&cells);
        let text = |name| fs::read_to_string(out.path().join(name)).unwrap();
        let index = CellIndex { figure: String::new(), ..testing::index(&cells) };
        store::write_cells(out.path(), &index).unwrap();
        report(out.path()).unwrap();
        assert!(text(file::TABLE).starts_with("cell,threshold,system") && text(file::TABLE).lines().count() == 3);
        let runs: Vec<String> =
            text(file::RUNS).lines().map(|line| line.split(',').take(3).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            runs,
            ["cell seed threshold", "Gaia 0.01 1 0.01", "Gaia 0.01 2 0.01", "Gaia 0.1 1 0.1", "Gaia 0.1 2 0.1"]
        );
        // A spec that names no figure has plots over the axis; one that names a figure has that, unless it asks for plots.
        let is_plot = |svg: &str| svg.contains("threshold") && !svg.contains("Where a clock");
        assert!(is_plot(&text(file::SVG)) && text(file::SVG).contains("seconds to target by threshold"));
        store::write_cells(out.path(), &testing::index(&cells)).unwrap();
        report(out.path()).unwrap();
        assert!(!is_plot(&text(file::SVG)));
        let plot = Plot {
            x: "threshold".into(),
            y: "clocks".into(),
            title: String::new(),
            series: vec![],
            log: vec![],
            form: PlotForm::Lines,
        };
        store::write_cells(out.path(), &CellIndex { plots: vec![plot], ..testing::index(&cells) }).unwrap();
        report(out.path()).unwrap();
        assert!(is_plot(&text(file::SVG)) && text(file::SVG).contains("clocks by threshold"));
    }

    #[test]
    fn the_page_holds_provenance_numbers_and_verdicts() {
        let out = written(&cells());
        report(out.path()).unwrap();
        let page = fs::read_to_string(out.path().join(file::PAGE)).unwrap();
        for cell in cells() {
            assert!(page.contains(&cell.summary.plan), "{}", cell.cell);
        }
        for text in ["28b6056", "d19e57", "da7a", "holds", "156.25", "seconds to target", "<svg", "812", "IterStore"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(page.find("Provenance").unwrap() > page.find("<svg").unwrap(), "provenance comes last");
        assert!(!page.contains("http-equiv") && !page.contains(" src="), "self-contained");
    }

    #[test]
    fn the_page_escapes_what_users_write() {
        let mut cells = cells();
        for cell in &mut cells {
            cell.manifest.data.name = "<img src=x onerror=alert(1)> & \"more\"".into();
            cell.manifest.system = "'<b>'".into();
        }
        let out = written(&cells);
        report(out.path()).unwrap();
        let page = fs::read_to_string(out.path().join(file::PAGE)).unwrap();
        assert!(!page.contains("<img") && !page.contains("<b>"));
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;more&quot;"));
    }

    #[test]
    fn an_unfinished_cell_is_named_and_left_out() {
        let out = written(&cells());
        let gaia = store::cell_folder(out.path(), &cells()[2].summary.plan);
        fs::write(gaia.join(store::file::SAMPLES), b"PAR1").unwrap();
        let report = report(out.path()).unwrap();
        assert_eq!(report.unfinished[0].entry.cell, "Gaia");
        assert_eq!(report.table.height(), 3);
        assert_eq!(report.claims[1].verdict, Verdict::NotComparable);
        let page = fs::read_to_string(report.page).unwrap();
        assert!(page.contains("Gaia (seed 1)") && page.contains("truncated"), "the page says so");
    }

    #[test]
    fn a_claim_that_fails_stays_visible() {
        let mut slow = cells();
        slow[2] = cell("Gaia").seconds(2000.0).done();
        let out = written(&slow);
        let report = report(out.path()).unwrap();
        assert_eq!(report.claims[1].verdict, Verdict::Fails);
        assert!(fs::read_to_string(report.page).unwrap().contains("<span class=\"badge fails\">fails</span>"));
        assert!(claims::claims_table(out.path()).unwrap().contains("fails"));
    }

    #[test]
    fn a_folder_without_results_and_an_unknown_figure_are_named() {
        let out = tempfile::tempdir().unwrap();
        assert!(report(out.path()).unwrap_err().to_string().contains("cells.json"));
        let index = CellIndex { figure: "fig99".into(), ..testing::index(&cells()) };
        store::write_cells(out.path(), &index).unwrap();
        assert!(matches!(report(out.path()).unwrap_err(), ReportError::Figure { .. }));
    }

    #[test]
    fn a_folder_of_results_is_reported_on_spec_by_spec() {
        let out = tempfile::tempdir().unwrap();
        assert!(report_all(out.path(), None).unwrap_err().to_string().contains("run a spec first"));
        for name in ["b", "a"] {
            let folder = out.path().join(name);
            fs::create_dir(&folder).unwrap();
            let index = CellIndex { figure: String::new(), ..testing::index(&cells()[2..3]) };
            store::write_cells(&folder, &index).unwrap();
            write_whole(&folder, &cells()[2]);
        }
        let reports = report_all(out.path(), None).unwrap();
        let pages: Vec<PathBuf> = reports.iter().map(|report| report.page.clone()).collect();
        assert_eq!(pages, ["a", "b"].map(|name| out.path().join(name).join(file::PAGE)));
        assert!(reports.iter().all(|report| report.evidence().lacking().is_empty()));
        assert_eq!(reports[0].claims[0].id, "convergence.same-target", "no figure named, so time to convergence");
        // In a variant's folder, too, by itself and among all.
        folders::Variant::new("derived", "").write(out.path()).unwrap();
        let folder = out.path().join("derived/b");
        fs::rename(out.path().join("b"), &folder).unwrap();
        let pages = |dir: &Path| -> Vec<PathBuf> {
            report_all(dir, None).unwrap().into_iter().map(|report| report.page).collect()
        };
        assert_eq!(pages(&out.path().join("derived")), [folder.join(file::PAGE)]);
        assert_eq!(pages(out.path()), ["a", "derived/b"].map(|name| out.path().join(name).join(file::PAGE)));
        let text = report_all(&out.path().join("a"), None).unwrap()[0].to_string();
        assert!(text.contains("normalised time") && text.contains("holds") && text.contains(file::PAGE), "{text}");
    }

    #[test]
    fn the_terminal_table_is_aligned() {
        let out = written(&cells());
        let SpecReport { table, titles, .. } = report(out.path()).unwrap();
        let text = table_text(&table, &titles);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("cell") && lines[0].ends_with("LAN"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{text}");
        assert!(text.contains("held-out RMSE (stars, lower is better)") && text.contains("WAN GB per clock"), "{text}");
    }
}
