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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::canvas::Mark;

    #[test]
    fn layers_lie_on_one_another_and_those_too_thin_or_not_finite_are_left_out() {
        let frame = Frame { area: Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 }, title: "" };
        let layer = |value| Layer { value, colour: PART_COLOURS[0], hatch: Hatch::None };
        let mut canvas = Canvas::new(100.0);
        let slot = Slot { middle: 50.0, half: 10.0 };
        let values = [20.0, f64::NAN, 0.4, 30.0];
        let top = draw(&mut canvas, &frame, &Axis::linear(0.0, 100.0, 5), slot, values.map(layer));
        assert!((top - (100.0 - 50.4)).abs() < 1e-9, "{top}");
        let bottoms = canvas.marks().iter().filter_map(|mark| match mark {
            Mark::Area { rect, .. } => Some(rect.bottom),
            _ => None,
        });
        let bottoms: Vec<f64> = bottoms.collect();
        assert!(bottoms.len() == 2 && bottoms[0] == 100.0 && (bottoms[1] - 79.6).abs() < 1e-9, "{bottoms:?}");
    }
}
