//! Two pictures beside the figure, each with a section of the page: which link was busy, and who waited for whom.

mod links;
mod runs;
mod timeline;

use std::path::Path;

use record::results::CellResult;
use record::results::atomic::{self, WriteError};
use record::results::store::{self, ReadError};
use thiserror::Error;

use self::runs::group;
use crate::figures::DrawError;

/// Names of the files.
pub(super) mod file {
    /// The links of cells as a heatmap.
    pub const LINKS_SVG: &str = "links.svg";
    /// The first clocks of every machine.
    pub const TIMELINE_SVG: &str = "timeline.svg";
}

/// The reasons for which there are no pictures.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The clocks of a cell cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A picture was not drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

/// The pictures of a report, as SVG alone: as pixels they are large, and would take most of the time of a report.
pub(super) struct Pictures {
    links: Option<String>,
    timeline: Option<String>,
    html: String,
}

impl Pictures {
    /// The pictures of `cells`, whole cells of the spec's folder. Those without anything to show are left out.
    ///
    /// # Errors
    /// [`PictureError`] when the clocks of a cell cannot be read, or a picture was not drawn.
    pub(super) fn of(folder: &Path, cells: &[CellResult]) -> Result<Pictures, PictureError> {
        let mut all = group(cells);
        for cell in &mut all {
            let first = store::cell_folder(folder, &cell.runs[0].summary.plan);
            cell.clocks = store::read_clocks(&first)?;
        }
        let links = links::View::of(&all);
        let timeline = timeline::View::of(&all);
        let [links_svg, timeline_svg] =
            [links.drawing(), timeline.drawing()].map(|it| it.map(|it| it.svg()).transpose());
        let (links_svg, timeline_svg) = (links_svg?, timeline_svg?);
        let [of_links, of_timeline] = [&links_svg, &timeline_svg].map(|svg| svg.as_deref().unwrap_or_default());
        let html = links.section(of_links) + &timeline.section(of_timeline);
        Ok(Pictures { links: links_svg, timeline: timeline_svg, html })
    }

    /// Both sections of the page; empty without anything to show.
    pub(super) fn html(&self) -> &str {
        &self.html
    }

    /// Writes the pictures into the spec's folder, and removes those of earlier reports that have nothing to show any more.
    ///
    /// # Errors
    /// [`WriteError`].
    pub(super) fn write(&self, folder: &Path) -> Result<(), WriteError> {
        for (picture, file) in [(&self.links, file::LINKS_SVG), (&self.timeline, file::TIMELINE_SVG)] {
            match picture {
                Some(svg) => atomic::write(&folder.join(file), svg.as_bytes())?,
                None => atomic::remove(&folder.join(file))?,
            }
        }
        Ok(())
    }
}
