//! Bars that are made of layers: the parts of a clock's time, and those of a cost.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::canvas::{Canvas, Hatch, PART_COLOURS, PART_HATCHES, Rect};
use super::frame::{Frame, Slot, draw_area};
use super::legend::{Entry, Swatch};
use record::results::Breakdown;

/// The least height of a layer that is drawn: thinner than its outline it would be a line of no colour.
const THINNEST: f64 = 0.5;

/// A layer of a bar.
pub(super) struct Layer {
    /// In the unit of the axis; one that is not finite is left out.
    pub(super) value: f64,
    pub(super) colour: RGBColor,
    pub(super) hatch: Hatch,
}

/// Draws `layers` from the base up, and returns where the uppermost ends.
pub(super) fn draw(
    canvas: &mut Canvas,
    frame: &Frame,
    axis: &Axis,
    slot: Slot,
    layers: impl IntoIterator<Item = Layer>,
) -> f64 {
    let mut below = 0.0;
    for layer in layers.into_iter().filter(|layer| layer.value.is_finite()) {
        let (bottom, top) = (frame.y_or_bottom(axis, below), frame.y_or_bottom(axis, below + layer.value));
        below += layer.value;
        if bottom - top >= THINNEST {
            let area = Rect { left: slot.middle - slot.half, top, right: slot.middle + slot.half, bottom };
            draw_area(canvas, area, layer.colour, layer.hatch);
        }
    }
    frame.y_or_bottom(axis, below)
}

/// The parts of a clock in multiples of `unit` seconds.
pub(super) fn of_clock(clock: &Breakdown, unit: f64) -> impl Iterator<Item = Layer> {
    let layer =
        move |(i, (_, seconds))| Layer { value: seconds / unit, colour: PART_COLOURS[i], hatch: PART_HATCHES[i] };
    clock.parts().into_iter().enumerate().map(layer)
}

/// The legend of [`of_clock`].
pub(super) fn clock_legend() -> Vec<Entry<'static>> {
    let entry = |(i, (name, _))| Entry { swatch: Swatch::Area(PART_COLOURS[i], PART_HATCHES[i]), name };
    Breakdown::default().parts().into_iter().enumerate().map(entry).collect()
}
