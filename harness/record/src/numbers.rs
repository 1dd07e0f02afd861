//! Summaries of numbers over seeds, and numbers as text.

/// A number over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The number of seeds.
    pub n: usize,
    /// The mean of the values.
    pub mean: f64,
    /// The least of the values.
    pub low: f64,
    /// The greatest of the values.
    pub high: f64,
}

impl Spread {
    /// The spread of `values`. `None` means that there are none.
    pub fn of(values: &[f64]) -> Option<Spread> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        Some(Spread { n: values.len(), mean, low, high })
    }

    /// The spread of the reciprocals.
    pub fn inverse(&self) -> Spread {
        Spread { n: self.n, mean: 1.0 / self.mean, low: 1.0 / self.high, high: 1.0 / self.low }
    }

    /// Whether mean, least and greatest are finite.
    pub fn is_finite(&self) -> bool {
        self.mean.is_finite() && self.low.is_finite() && self.high.is_finite()
    }
}

/// `value` with `digits` significant digits, thousands set apart: `0.43`, `3.8`, `24`, `12,345`.
pub fn significant(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "n/a".into() } else { "∞".into() };
    }
    if value == 0.0 {
        return "0".into();
    }
    // The magnitude after rounding: 9.96 has two digits before the point when it has two in all.
    let scientific = format!("{value:.*e}", (digits - 1).max(0) as usize);
    let magnitude = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if !(-4..15).contains(&magnitude) {
        return scientific;
    }
    fixed(value, (digits - 1 - magnitude).max(0) as usize)
}

/// `value` with this number of decimals, thousands set apart: `1,234.50`. Zero has no sign.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if (whole.to_owned() + fraction).contains(|c: char| ('1'..='9').contains(&c)) { sign } else { "" };
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.432, "0.43"),
            (3.78, "3.8"),
            (24.2, "24"),
            (9.96, "10"),
            (12_345.0, "12,345"),
            (0.0, "0"),
            (-0.001, "-0.0010"),
        ];
        for (value, expected) in cases {
            assert_eq!(significant(value, 2), expected);
        }
        assert_eq!(significant(1.43e20, 3), "1.43e20");
        assert_eq!(fixed(-0.001, 1), "0.0");
        assert_eq!(fixed(1_234_567.891, 2), "1,234,567.89");
    }
}
