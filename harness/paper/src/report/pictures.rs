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
use crate::figures::{DrawError, Drawing};

/// Names of the files.
pub(super) mod file {
    /// The links of cells as a heatmap.
    pub const LINKS_SVG: &str = "links.svg";
    /// The same as pixels.
    pub const LINKS_PNG: &str = "links.png";
    /// The first clocks of every machine.
    pub const TIMELINE_SVG: &str = "timeline.svg";
    /// The same as pixels.
    pub const TIMELINE_PNG: &str = "timeline.png";
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

/// The pictures of a report.
pub(super) struct Pictures {
    links: Option<Picture>,
    timeline: Option<Picture>,
    html: String,
}

/// A picture in both of its forms.
struct Picture {
    svg: String,
    png: Vec<u8>,
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
        let [links_picture, timeline_picture] = [links.drawing(), timeline.drawing()].map(|it| it.map(Picture::of));
        let (links_picture, timeline_picture) = (links_picture.transpose()?, timeline_picture.transpose()?);
        let svg = |picture: &Option<Picture>| picture.as_ref().map(|picture| picture.svg.clone()).unwrap_or_default();
        let html = links.section(&svg(&links_picture)) + &timeline.section(&svg(&timeline_picture));
        Ok(Pictures { links: links_picture, timeline: timeline_picture, html })
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
        let files =
            [(&self.links, file::LINKS_SVG, file::LINKS_PNG), (&self.timeline, file::TIMELINE_SVG, file::TIMELINE_PNG)];
        for (picture, svg, png) in files {
            match picture {
                Some(picture) => {
                    atomic::write(&folder.join(svg), picture.svg.as_bytes())?;
                    atomic::write(&folder.join(png), &picture.png)?;
                }
                None => {
                    atomic::remove(&folder.join(svg))?;
                    atomic::remove(&folder.join(png))?;
                }
            }
        }
        Ok(())
    }
}

impl Picture {
    fn of(drawing: Drawing) -> Result<Picture, DrawError> {
        Ok(Picture { svg: drawing.svg()?, png: drawing.png()? })
    }
}
