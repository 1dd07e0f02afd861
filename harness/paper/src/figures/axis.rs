//! Axes: which values are marked, how they read, and where on the axis a value lies.

use record::numbers::fixed;

/// The spacing of values on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// Equal distances are equal differences.
    Linear,
    /// Equal distances are equal ratios.
    Logarithmic,
}

/// A marked value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    /// The value as a reader sees it, without the power of ten that the axis leaves out.
    pub(super) label: String,
}

/// An axis from `low` to `high`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    spacing: Spacing,
    /// The values with a mark and a label, ascending.
    pub(super) ticks: Vec<Tick>,
    /// The power of ten that labels leave out: they read as multiples of it.
    pub(super) exponent: i32,
}

/// Labels of larger values leave out a power of ten.
const LARGEST_PLAIN: f64 = 1e6;
/// Labels of smaller values leave out a power of ten.
const SMALLEST_PLAIN: f64 = 1e-3;

impl Axis {
    /// A linear axis with about `count` ticks.
    pub(super) fn linear(low: f64, high: f64, count: usize) -> Axis {
        let (low, high) = sane(low, high);
        let step = nice_step((high - low) / count.max(1) as f64);
        let exponent = exponent(low.abs().max(high.abs()));
        let decimals = decimals(step / power(exponent));
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        let tick = |i: i64| {
            let value = i as f64 * step;
            Tick { value, label: fixed(value / power(exponent), decimals) }
        };
        Axis { low, high, spacing: Spacing::Linear, ticks: (first..=last).map(tick).collect(), exponent }
    }

    /// A logarithmic axis between positive values: ticks at powers of ten, and at 2 and 5 times them on short axes.
    pub(super) fn logarithmic(low: f64, high: f64) -> Axis {
        let (low, high) = if low > 0.0 && high.is_finite() && high > low { (low, high) } else { (1.0, 10.0) };
        let exponent = exponent(high);
        let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let short = (high / low).log10() < 2.2;
        let multiples: &[f64] = if short { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = ((high / low).log10() / 6.0).ceil().max(1.0) as i32;
        let ticks = decades
            .filter(|decade| decade.rem_euclid(every) == 0)
            .flat_map(|decade| multiples.iter().map(move |multiple| multiple * power(decade)))
            .filter(|value| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value))
            .map(|value| Tick { value, label: plain(value / power(exponent)) })
            .collect();
        Axis { low, high, spacing: Spacing::Logarithmic, ticks, exponent }
    }

    /// An axis of names in their order: the values are 0, 1, and so on.
    pub(super) fn names(names: &[String]) -> Axis {
        let tick = |(i, label): (usize, &String)| Tick { value: i as f64, label: label.clone() };
        let ticks = names.iter().enumerate().map(tick).collect();
        let last = names.len().saturating_sub(1) as f64;
        Axis { low: -0.4, high: last + 0.4, spacing: Spacing::Linear, ticks, exponent: 0 }
    }

    /// The place of `value`: 0 at the axis' start, 1 at its end; values beyond lie at the ends. `None` for NaN, and for a value that
    /// comes before a logarithmic axis, which has no start.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        if value.is_nan() || (self.spacing == Spacing::Logarithmic && value < self.low) {
            return None;
        }
        let value = value.clamp(self.low, self.high);
        Some(match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        })
    }

    /// The factor for the axis' title: ` (×10⁸)`, or nothing.
    pub(super) fn factor(&self) -> String {
        if self.exponent == 0 {
            return String::new();
        }
        let superscript = |c: char| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
        };
        let power: String = self.exponent.to_string().chars().map(superscript).collect();
        format!(" (×10{power})")
    }
}

/// The greatest of 1, 2, 5 times a power of ten that is not above `value`, which is positive.
pub(super) fn round_below(value: f64) -> f64 {
    let decade = power(value.log10().floor() as i32);
    [5.0, 2.0].into_iter().find(|m| m * decade <= value).unwrap_or(1.0) * decade
}

/// `value`, which has one significant digit, without more: `0.05`, `1`, `1,000`.
fn plain(value: f64) -> String {
    fixed(value, decimals(value))
}

/// A range that an axis can have, whatever was measured.
fn sane(low: f64, high: f64) -> (f64, f64) {
    match (low.is_finite(), high.is_finite()) {
        (true, true) if high > low => (low, high),
        (true, true) if low == high && low != 0.0 => (low - low.abs() * 0.1, low + low.abs() * 0.1),
        _ => (0.0, 1.0),
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `step`.
fn nice_step(step: f64) -> f64 {
    let decade = power(step.log10().floor() as i32);
    let multiple = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * decade >= step * (1.0 - 1e-9));
    multiple.unwrap_or(10.0) * decade
}

fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize
}

fn exponent(largest: f64) -> i32 {
    if largest == 0.0 || (SMALLEST_PLAIN..LARGEST_PLAIN).contains(&largest) {
        return 0;
    }
    (largest.log10() + 1e-9).floor() as i32
}

fn power(exponent: i32) -> f64 {
    10f64.powi(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(&Axis::linear(0.0, 1.18, 5)), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(&Axis::linear(0.0, 340.0, 4)), ["0", "100", "200", "300"]);
        assert_eq!(labels(&Axis::linear(0.0, 0.035, 4)), ["0.00", "0.01", "0.02", "0.03"]);
        assert_eq!(labels(&Axis::linear(0.0, 25_000.0, 3)), ["0", "10,000", "20,000"]);
        assert_eq!(labels(&Axis::linear(-1.2, 0.3, 3)), ["-1.0", "-0.5", "0.0"]);
    }

    #[test]
    fn large_labels_leave_out_a_power_of_ten() {
        let axis = Axis::linear(0.0, 8.6e8, 4);
        assert_eq!((labels(&axis), axis.factor().as_str()), (vec!["0", "5"], " (×10⁸)"));
        assert_eq!(Axis::linear(0.0, 1.0, 4).factor(), "");
        assert_eq!(Axis::linear(0.0, 2e-5, 4).factor(), " (×10⁻⁵)");
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten() {
        assert_eq!(labels(&Axis::logarithmic(3.0, 80.0)), ["5", "10", "20", "50"]);
        assert_eq!(labels(&Axis::logarithmic(1.0, 1e4)), ["1", "10", "100", "1,000", "10,000"]);
        assert!(Axis::logarithmic(1e-9, 1e9).ticks.len() < 8);
    }

    #[test]
    fn axes_begin_at_round_values() {
        assert_eq!([1.06, 19.9, 2.0, 700.0].map(round_below), [1.0, 10.0, 2.0, 500.0]);
    }

    #[test]
    fn odd_ranges_have_an_axis() {
        for (low, high) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (2.0, 1.0), (0.0, 0.0), (7.0, 7.0)] {
            for axis in [Axis::linear(low, high, 4), Axis::logarithmic(low, high)] {
                assert!(axis.ticks.len() > 1, "{low} {high} {axis:?}");
                assert!(axis.place(7.0).is_some_and(|place| (0.0..=1.0).contains(&place)));
                assert_eq!(axis.place(f64::NAN), None);
            }
        }
    }

    #[test]
    fn places_run_from_0_to_1() {
        let axis = Axis::logarithmic(1.0, 100.0);
        assert_eq!((axis.place(1.0), axis.place(1e9), axis.place(-3.0)), (Some(0.0), Some(1.0), None));
        assert!((axis.place(10.0).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(Axis::linear(0.0, 4.0, 4).place(1.0), Some(0.25));
    }
}
