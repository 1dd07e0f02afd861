//! All claims of a folder of results on one page, with two drawings and two tables of the same numbers.
//!
//! A function of the files of claims: equal claims give equal bytes. The page is one self-contained HTML file.

mod page;
mod tables;

use std::path::{Path, PathBuf};

use polars::prelude::PolarsError;
use record::results::atomic::{self, WriteError};
use thiserror::Error;

use crate::claims::{ColumnsError, columns};
use crate::figures::{DrawError, forest, render, scatter};
use crate::report::table_csv;

/// Names of the files.
pub mod file {
    /// Everything on one page.
    pub const PAGE: &str = "claims.html";
    /// Every claim of every variant, one row each.
    pub const CLAIMS: &str = "claims.csv";
    /// The claims with a number of the paper, and how far off ours are.
    pub const RESIDUALS: &str = "residuals.csv";
    /// The verdicts, one row per claim.
    pub const FOREST_SVG: &str = "forest.svg";
    /// The same as pixels.
    pub const FOREST_PNG: &str = "forest.png";
    /// Our numbers against the paper's.
    pub const RESIDUALS_SVG: &str = "residuals.svg";
    /// The same as pixels.
    pub const RESIDUALS_PNG: &str = "residuals.png";
}

/// The reasons for which there is no page.
#[derive(Debug, Error)]
pub enum OverviewError {
    /// The claims cannot be read.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
    /// The numbers have no table.
    #[error("make the tables of claims")]
    Table(#[from] PolarsError),
    /// A drawing was not made.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// A file was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Writes the page on the claims in `results`, and its drawings and tables, into `folder`, which is made where there is none. Returns
/// the path of the page. Without claims they are empty, and the page says that there are none.
///
/// # Errors
/// [`OverviewError`] when claims cannot be read, or a file cannot be written.
pub fn write(results: &Path, folder: &Path) -> Result<PathBuf, OverviewError> {
    let columns = columns(results)?;
    let (forest, scatter) = (forest(&columns), scatter(&columns));
    let (forest_svg, scatter_svg) = (render::svg(&forest)?, render::svg(&scatter)?);
    let page = page::page(&columns, &page::Drawings { forest: &forest_svg, scatter: &scatter_svg });
    let files: [(&str, Vec<u8>); 7] = [
        (file::CLAIMS, table_csv(&tables::claims(&columns)?)?),
        (file::RESIDUALS, table_csv(&tables::residuals(&columns)?)?),
        (file::FOREST_PNG, render::png(&forest)?),
        (file::RESIDUALS_PNG, render::png(&scatter)?),
        (file::FOREST_SVG, forest_svg.into_bytes()),
        (file::RESIDUALS_SVG, scatter_svg.into_bytes()),
        (file::PAGE, page.into_bytes()),
    ];
    atomic::create_folder(folder)?;
    for (name, bytes) in &files {
        atomic::write(&folder.join(name), bytes)?;
    }
    Ok(folder.join(file::PAGE))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::claims::testing::{STATEMENT, measured, place, plain, variant};
    use crate::claims::{Claim, Context, Statement};
    use record::results::testing::cell;

    const FILES: [&str; 7] = [
        file::PAGE,
        file::CLAIMS,
        file::RESIDUALS,
        file::FOREST_SVG,
        file::FOREST_PNG,
        file::RESIDUALS_SVG,
        file::RESIDUALS_PNG,
    ];

    fn claims() -> Vec<Claim> {
        let fitted = Context::of(&[cell("LAN").fitted_to(&["a.used"]).done()]);
        let judged = |id, mean, context| Statement { id, ..STATEMENT }.judge(measured(mean), context);
        vec![
            judged("a.holds", 2.5, &plain()),
            judged("a.fails", 9.0, &plain()),
            judged("a.used", 2.5, &fitted),
            judged("a.predicted", 2.75, &fitted),
        ]
    }

    #[test]
    fn all_files_are_made_and_equal_claims_give_equal_bytes() {
        let results = place(&[("fig9", &claims()), ("derived/fig9", &claims()[..2])]);
        variant(&results.path().join("derived"), "derived", "Rates as <derived>");
        let [one, other] = ["one", "other/deep"].map(|name| results.path().join(name));
        let page = write(results.path(), &one).unwrap();
        write(results.path(), &other).unwrap();
        for name in FILES {
            let bytes = fs::read(one.join(name)).unwrap();
            assert!(!bytes.is_empty() && bytes == fs::read(other.join(name)).unwrap(), "{name}");
        }
        assert_eq!(fs::read_dir(&other).unwrap().count(), FILES.len(), "nothing temporary is left");
        let page = fs::read_to_string(page).unwrap();
        let fails = page.find("<code>a.fails</code>").unwrap();
        assert!(fails < page.find("<code>a.holds</code>").unwrap(), "what fails comes first");
        for text in ["Rates as &lt;derived&gt;", "<svg", "predicted", "within 2.00 to 3.00", "a.predicted"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("http-equiv") && !page.contains(" src="), "self-contained");
    }

    #[test]
    fn every_row_of_the_tables_is_a_claim_of_a_variant() {
        let results = place(&[("fig9", &claims())]);
        let columns = columns(results.path()).unwrap();
        let text = |table| String::from_utf8(table_csv(&table).unwrap()).unwrap();
        let expected = "\
variant,spec,id,source,paper,expected,expected_low,expected_high,measured,low,high,n,verdict,predicted,crosses,repeats,says
figures,fig9,a.holds,Figure 1,2.5,within,2.0,3.0,2.5,2.0,3.0,3,holds,false,false,,this is so (within 2 to 3)
figures,fig9,a.fails,Figure 1,2.5,within,2.0,3.0,9.0,8.5,9.5,3,fails,false,false,,this is so (within 2 to 3)
figures,fig9,a.used,Figure 1,2.5,within,2.0,3.0,2.5,2.0,3.0,3,calibration,false,false,,this is so (within 2 to 3)
figures,fig9,a.predicted,Figure 1,2.5,within,2.0,3.0,2.75,2.25,3.25,3,holds,true,true,,this is so (within 2 to 3)
";
        assert_eq!(text(tables::claims(&columns).unwrap()), expected);
        let residuals = text(tables::residuals(&columns).unwrap());
        let lines: Vec<&str> = residuals.lines().collect();
        assert_eq!(lines[0], "variant,spec,id,source,paper,ours,ratio,ln_ratio,fit_used,verdict");
        assert!(lines[2].starts_with("figures,fig9,a.fails,Figure 1,2.5,9.0,3.6,1.28"), "{}", lines[2]);
        assert!(lines[3].ends_with(",0.0,true,calibration") && lines[4].ends_with(",false,holds"), "{residuals}");
    }

    #[test]
    fn a_folder_without_claims_has_an_empty_page() {
        let results = place(&[]);
        let page = write(results.path(), &results.path().join("page")).unwrap();
        assert!(fs::read_to_string(page).unwrap().contains("no claims.json in this folder"));
        for name in FILES {
            assert!(fs::metadata(results.path().join("page").join(name)).unwrap().len() > 0, "{name}");
        }
    }

    #[test]
    fn claims_of_earlier_versions_have_a_page() {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let columns = columns(&reference).unwrap();
        let drawn = render::svg(&forest(&columns)).unwrap();
        let page = page::page(&columns, &page::Drawings { forest: &drawn, scatter: "" });
        for text in ["fig8.mf.gaia-speedup", "table1.ic-ss-cost", "(repeats fig9.ic.wan-bytes)"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(tables::residuals(&columns).unwrap().height() > 90);
    }
}
