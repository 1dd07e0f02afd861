//! The model by interpolation: each cell is simulated on a grid of the fields that it depends on, and its numbers are interpolated
//! piecewise multilinearly in the inverses of these fields (in a field that is a time, in the field itself). The time of a clock is a sum of
//! terms in the inverses of rates as long as the same term of each maximum is the greatest.

use std::collections::BTreeSet;

use planning::spec::FieldKind;
use record::failure::Failure;

use crate::lab::{Lab, Question, fingerprint};
use crate::model::{Effort, Model, number};
use crate::setup::{CellName, Setup};

/// The greatest relative difference between surface and simulation at the optimum that needs no refinement, and no sentence.
pub(crate) const EXACT: f64 = 0.005;
/// Two values of an axis at most this share apart are one.
const SAME: f64 = 1e-6;
/// The most cells of a surface.
const MAX_CELLS: usize = 200_000;

/// Fields that change together: those of one expression.
#[derive(Clone, Debug, PartialEq)]
struct Axis {
    /// The numbers of the fields.
    fields: Vec<usize>,
    kind: FieldKind,
    /// The values on the grid, ascending.
    values: Vec<f64>,
}

/// One cell: its axes, and its numbers on their grid.
#[derive(Clone, Debug)]
struct CellSurface {
    cell: CellName,
    /// The numbers of the axes.
    axes: Vec<usize>,
    /// Per reading of the cell, its position among all readings and its values on the grid, the last axis fastest.
    numbers: Vec<(usize, Vec<f64>)>,
}

/// All cells of a fit.
#[derive(Clone, Debug)]
pub(crate) struct Surfaces<'a> {
    setup: &'a Setup,
    axes: Vec<Axis>,
    cells: Vec<CellSurface>,
}

impl<'a> Surfaces<'a> {
    /// Surfaces of `points` values per field, simulated.
    ///
    /// # Errors
    /// [`Failure`] of the runs, and for a grid of too many cells.
    pub(crate) fn new(setup: &'a Setup, lab: &mut Lab<'_>, points: usize) -> Result<Self, Failure> {
        let axes = axes(setup, points);
        let cells = dependent(setup, &axes)?;
        let mut surfaces = Surfaces { setup, axes, cells };
        surfaces.simulate(lab)?;
        Ok(surfaces)
    }

    /// The values on each axis become denser: those at `unknowns` are added, and what is new is simulated.
    ///
    /// # Errors
    /// [`Failure`] of the runs.
    pub(crate) fn refine(&mut self, lab: &mut Lab<'_>, unknowns: &[f64]) -> Result<(), Failure> {
        let fields = self.setup.fields(unknowns);
        for axis in &mut self.axes {
            let value = fields[axis.fields[0]];
            if axis.values.iter().all(|known| (known / value - 1.0).abs() > SAME) {
                axis.values.push(value);
                axis.values.sort_by(f64::total_cmp);
            }
        }
        self.simulate(lab)
    }

    /// The fields that each cell depends on, in words: `MF LAN: panels.MF.nic (5 values)`.
    pub(crate) fn in_words(&self) -> Vec<String> {
        let field = |axis: &usize| {
            let axis = &self.axes[*axis];
            let names: Vec<&str> = axis.fields.iter().map(|field| &*self.setup.fit.fields[*field].set).collect();
            format!("{} ({} values)", names.join(" and "), axis.values.len())
        };
        let line = |cell: &CellSurface| {
            let fields: Vec<String> = cell.axes.iter().map(field).collect();
            let name = record::results::name_in_spec(&cell.cell.0, &cell.cell.1);
            format!("{name}: {}", if fields.is_empty() { "no field".to_owned() } else { fields.join(", ") })
        };
        self.cells.iter().map(line).collect()
    }

    fn simulate(&mut self, lab: &mut Lab<'_>) -> Result<(), Failure> {
        let counts = |cell: &CellSurface| product(cell.axes.iter().map(|axis| self.axes[*axis].values.len()));
        let all = self.cells.iter().map(counts).fold(0, usize::saturating_add);
        if all > MAX_CELLS {
            let message = format!(
                "fit.evaluate.surface: {all} cells on the grid: expected at most {MAX_CELLS}; fewer `points`, or `runs`"
            );
            return Err(Failure::input(message));
        }
        lab.say(&format!("surface: {all} cells on the grid"));
        // Cells of equal axes are asked for together: one spec is resolved for all of them.
        let shapes: BTreeSet<Vec<usize>> = self.cells.iter().map(|cell| cell.axes.clone()).collect();
        for shape in shapes {
            let of_shape: Vec<usize> = (0..self.cells.len()).filter(|cell| self.cells[*cell].axes == shape).collect();
            let cells: BTreeSet<CellName> = of_shape.iter().map(|cell| self.cells[*cell].cell.clone()).collect();
            let questions: Vec<Question> =
                self.grid(&shape).into_iter().map(|fields| Question { fields, cells: cells.clone() }).collect();
            let answers = lab.ask(&questions)?;
            for cell in of_shape {
                let CellSurface { cell, numbers, .. } = &mut self.cells[cell];
                numbers.clear();
                for (position, reading) in self.setup.readings.iter().enumerate() {
                    if (&reading.panel, &reading.cell) == (&cell.0, &cell.1) {
                        let values: Result<Vec<f64>, Failure> =
                            answers.iter().map(|answer| number(&answer[cell], reading)).collect();
                        numbers.push((position, values?));
                    }
                }
            }
        }
        Ok(())
    }

    /// Values of all fields at the points of the grid over `shape`, the last axis fastest; other fields have their start.
    fn grid(&self, shape: &[usize]) -> Vec<Vec<f64>> {
        let start: Vec<f64> = self.setup.fit.unknowns.iter().map(|unknown| unknown.start()).collect();
        let mut points = vec![self.setup.fields(&start)];
        for axis in shape {
            let Axis { fields, values, .. } = &self.axes[*axis];
            let with = |point: &Vec<f64>, value: f64| {
                let mut point = point.clone();
                fields.iter().for_each(|field| point[*field] = value);
                point
            };
            points = points.iter().flat_map(|point| values.iter().map(move |value| with(point, *value))).collect();
        }
        points
    }

    /// The numbers of all readings.
    fn readings(&self, unknowns: &[f64]) -> Vec<f64> {
        let fields = self.setup.fields(unknowns);
        let mut readings = vec![f64::NAN; self.setup.readings.len()];
        for cell in &self.cells {
            let places: Vec<Place> = cell.axes.iter().map(|axis| self.axes[*axis].place(&fields)).collect();
            for (position, values) in &cell.numbers {
                readings[*position] = interpolated(values, &places);
            }
        }
        readings
    }
}

impl Model for Surfaces<'_> {
    fn predict(&mut self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
        points.iter().map(|point| self.setup.predicted(&self.readings(point))).collect()
    }

    fn effort(&self) -> Effort {
        Effort::FREE
    }
}

/// The product of counts; the greatest number where it is greater.
fn product(counts: impl Iterator<Item = usize>) -> usize {
    counts.fold(1, usize::saturating_mul)
}

/// The axes of all fields, before it is known which cells have them.
fn axes(setup: &Setup, points: usize) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::new();
    for (number, field) in setup.fit.fields.iter().enumerate() {
        let is_same = |axis: &&mut Axis| {
            let other = &setup.fit.fields[axis.fields[0]];
            (other.to.factor, &other.to.powers, other.kind) == (field.to.factor, &field.to.powers, field.kind)
        };
        if let Some(axis) = axes.iter_mut().find(is_same) {
            axis.fields.push(number);
            continue;
        }
        let bound = |up: bool| {
            field.to.powers.iter().fold(field.to.factor, |product, (name, power)| {
                let unknown = setup.fit.unknowns.iter().find(|unknown| unknown.name == *name).expect("it is checked");
                let end = if up == (*power > 0) { unknown.high } else { unknown.low };
                product * end.powi(*power)
            })
        };
        let (low, high) = (bound(false), bound(true));
        let values = match points {
            _ if high <= low => vec![low],
            _ => (0..points).map(|i| geometric(low, high, i as f64 / (points - 1) as f64)).collect(),
        };
        axes.push(Axis { fields: vec![number], kind: field.kind, values });
    }
    axes
}

/// The value at `share` of the way from `low` to `high`, in logarithms; exactly the ends at 0 and 1.
pub(crate) fn geometric(low: f64, high: f64, share: f64) -> f64 {
    match share {
        0.0 => low,
        1.0 => high,
        _ => libm::exp(libm::log(low) * (1.0 - share) + libm::log(high) * share),
    }
}

/// The cells of the fit with the axes that change their plans.
fn dependent(setup: &Setup, axes: &[Axis]) -> Result<Vec<CellSurface>, Failure> {
    let start: Vec<f64> = setup.fit.unknowns.iter().map(|unknown| unknown.start()).collect();
    let base = setup.fields(&start);
    let mut cells: Vec<CellSurface> =
        setup.cells().into_iter().map(|cell| CellSurface { cell, axes: Vec::new(), numbers: Vec::new() }).collect();
    for (number, axis) in axes.iter().enumerate() {
        // Both ends: a field may be compared with a bound, such as that of a link.
        for value in [axis.values[0], axis.values[axis.values.len() - 1]] {
            let mut fields = base.clone();
            axis.fields.iter().for_each(|field| fields[*field] = value);
            let experiment = setup.experiment(&fields)?;
            for cell in cells.iter_mut().filter(|cell| !cell.axes.contains(&number)) {
                if fingerprint(&experiment, &cell.cell) != fingerprint(&setup.experiment, &cell.cell) {
                    cell.axes.push(number);
                }
            }
        }
    }
    Ok(cells)
}

/// A place between two values of an axis.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The position of the lower value.
    lower: usize,
    /// The weight of the upper value, 0 to 1.
    weight: f64,
    /// The number of values of the axis.
    count: usize,
}

impl Axis {
    fn place(&self, fields: &[f64]) -> Place {
        let (value, count) = (fields[self.fields[0]], self.values.len());
        if count == 1 {
            return Place { lower: 0, weight: 0.0, count };
        }
        let lower = self.values.partition_point(|known| *known <= value).clamp(1, count - 1) - 1;
        let of = |value: f64| match self.kind {
            FieldKind::Rate => 1.0 / value,
            FieldKind::Time => value,
        };
        let (from, to) = (of(self.values[lower]), of(self.values[lower + 1]));
        Place { lower, weight: ((of(value) - from) / (to - from)).clamp(0.0, 1.0), count }
    }
}

/// Multilinear interpolation of `values`, the last axis fastest.
fn interpolated(values: &[f64], places: &[Place]) -> f64 {
    let (mut corners, mut offset_of_all) = (vec![(0usize, 1.0f64)], 1usize);
    for place in places {
        offset_of_all *= place.count;
        let mut next = Vec::with_capacity(corners.len() * 2);
        for (offset, weight) in corners {
            let offset = offset * place.count + place.lower;
            next.push((offset, weight * (1.0 - place.weight)));
            if place.weight > 0.0 {
                next.push((offset + 1, weight * place.weight));
            }
        }
        corners = next;
    }
    debug_assert_eq!(offset_of_all, values.len(), "a value per point of the grid");
    corners.iter().map(|(offset, weight)| values[*offset] * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_inverses_are_exact() {
        let axis = |values: &[f64], kind| Axis { fields: vec![0], kind, values: values.to_vec() };
        let (rate, time) = (axis(&[1.0, 4.0, 40.0], FieldKind::Rate), axis(&[1.0, 3.0], FieldKind::Time));
        let of = |a: f64, b: f64| 2.0 / a + 5.0 * b + 0.3 * b / a;
        let values: Vec<f64> = rate.values.iter().flat_map(|a| time.values.iter().map(move |b| of(*a, *b))).collect();
        for (a, b) in [(1.0, 1.0), (1.7, 2.0), (40.0, 3.0), (11.0, 1.1)] {
            let found = interpolated(&values, &[rate.place(&[a]), time.place(&[b])]);
            assert!((found - of(a, b)).abs() < 1e-12, "{a} {b}: {found}");
        }
    }

    #[test]
    fn a_grid_too_large_to_count_is_not_counted_as_small() {
        assert_eq!((product([5, 4].into_iter()), product([16; 16].into_iter())), (20, usize::MAX));
    }

    #[test]
    fn a_geometric_progression_has_its_ends_exactly() {
        assert_eq!((geometric(0.3, 0.7, 0.0), geometric(0.3, 0.7, 1.0)), (0.3, 0.7));
        assert!((geometric(1.0, 100.0, 0.5) - 10.0).abs() < 1e-12);
    }
}
