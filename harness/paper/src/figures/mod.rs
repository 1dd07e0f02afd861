//! Figures: each is a question, with the numbers, the page, and the claims that answer it.
//!
//! * [`Figure::ALL`] lists them: a figure is one entry, and names its form and its claims.
//! * [`FigureForm`] is the interface of a form: a table and a page, functions of results. A form is one file.
//! * [`forest`] and [`scatter`] draw the claims of all figures together.
//! * `heatmap` draws the links of cells, `timeline` their first clocks, each a drawing with values to hover over (`hover`).
//! * [`Canvas`] records the marks of a page; [`render`] makes the SVG and the PNG of the same marks.

mod accuracy;
mod asserted;
mod axes;
mod axis;
mod bars;
mod bars_and_accuracy;
mod canvas;
mod cells;
mod charts;
mod colours;
mod columns;
mod convergence;
mod curve;
mod curves;
mod family;
mod fig11;
mod fig12;
mod fig3;
mod figure;
mod forest;
mod form;
mod frame;
mod heatmap;
mod hover;
mod labels;
mod layers;
mod legend;
mod measure;
mod panels;
mod plots;
pub mod render;
mod scatter;
mod shares;
mod table1;
mod text;
mod timebar;
mod timeline;
mod times;
pub(crate) mod tornado;
pub(crate) mod training;
mod validation;
mod verdict_marks;
mod whatif;

pub use asserted::AssertError;
pub(crate) use axes::Runs;
pub use canvas::{Anchor, Canvas, FAINT, INK, PAPER, Pen, Point, Rect, WIDTH, at};
pub(crate) use figure::Drawn;
pub use figure::{Figure, UnknownFigure, claim_names};
pub use forest::forest;
pub use form::FigureForm;
pub(crate) use heatmap::{HeatPanel, bytes_text, heatmap, percent};
pub(crate) use hover::Drawing;
pub use render::DrawError;
pub use scatter::scatter;
pub(crate) use timeline::{TimelinePanel, timeline};

#[cfg(test)]
mod claims_testing;
#[cfg(test)]
mod tests;
