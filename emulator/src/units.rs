//! Bandwidths, byte counts and durations as types that carry their unit, in the program and in text.
//!
//! Text: `16.76 Mbit/s`, `64 KiB`, `60 ms`. It is read exactly, in integers; a value that is not a whole number of the
//! smallest unit is refused. It is written so that reading gives the same value again. With serde the three are text
//! in formats for people (YAML, JSON) and plain integers in others (postcard).

use std::fmt;

pub use crate::quantity::{ParseQuantityError, QuantityProblem};
use crate::quantity::{Quantity, Unit, format_in, text_form};
use crate::time::Duration;

const NANOS_PER_SECOND: u128 = 1_000_000_000;
const BITS_PER_BYTE: u128 = 8;

/// A rate in bits per second, never zero.
///
/// Units in text: bit/s, kbit/s, Mbit/s, Gbit/s, each a thousand of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth(u64);

/// A number of bytes.
///
/// Units in text: B; kB, MB, GB by thousands; KiB, MiB, GiB by 1024.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl Bandwidth {
    /// A rate of `bits` bits per second.
    ///
    /// # Panics
    /// If `bits` is 0: nothing would ever arrive.
    pub const fn from_bits_per_second(bits: u64) -> Self {
        assert!(bits > 0, "a bandwidth of 0 bit/s");
        Bandwidth(bits)
    }

    /// The rate in bits per second.
    pub const fn as_bits_per_second(self) -> u64 {
        self.0
    }

    /// The whole bytes that pass in `span`, rounded down.
    pub const fn bytes_in(self, span: Duration) -> ByteSize {
        let bytes = self.0 as u128 * span.as_nanos() as u128 / (NANOS_PER_SECOND * BITS_PER_BYTE);
        ByteSize(if bytes > u64::MAX as u128 { u64::MAX } else { bytes as u64 })
    }
}

impl ByteSize {
    /// A count of `bytes` bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        ByteSize(bytes)
    }

    /// The size in bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }
}

impl Quantity for Bandwidth {
    const NAME: &'static str = "bandwidth";
    const EXAMPLE: &'static str = "16.76 Mbit/s";
    const UNITS: &'static [Unit] = &[
        Unit { symbol: "bit/s", factor: 1 },
        Unit { symbol: "kbit/s", factor: 1_000 },
        Unit { symbol: "Mbit/s", factor: 1_000_000 },
        Unit { symbol: "Gbit/s", factor: 1_000_000_000 },
    ];

    fn from_count(count: u64) -> Result<Self, QuantityProblem> {
        if count == 0 { Err(QuantityProblem::Zero) } else { Ok(Bandwidth(count)) }
    }

    fn count(self) -> u64 {
        self.0
    }
}

impl Quantity for ByteSize {
    const NAME: &'static str = "byte size";
    const EXAMPLE: &'static str = "64 KiB";
    const UNITS: &'static [Unit] = &[
        Unit { symbol: "B", factor: 1 },
        Unit { symbol: "kB", factor: 1_000 },
        Unit { symbol: "KiB", factor: 1 << 10 },
        Unit { symbol: "MB", factor: 1_000_000 },
        Unit { symbol: "MiB", factor: 1 << 20 },
        Unit { symbol: "GB", factor: 1_000_000_000 },
        Unit { symbol: "GiB", factor: 1 << 30 },
    ];

    fn from_count(count: u64) -> Result<Self, QuantityProblem> {
        Ok(ByteSize(count))
    }

    fn count(self) -> u64 {
        self.0
    }
}

impl Quantity for Duration {
    const NAME: &'static str = "duration";
    const EXAMPLE: &'static str = "60 ms";
    const UNITS: &'static [Unit] = &[
        Unit { symbol: "ns", factor: 1 },
        Unit { symbol: "us", factor: 1_000 },
        Unit { symbol: "ms", factor: 1_000_000 },
        Unit { symbol: "s", factor: 1_000_000_000 },
        Unit { symbol: "min", factor: 60_000_000_000 },
    ];

    fn from_count(count: u64) -> Result<Self, QuantityProblem> {
        Ok(Duration::from_nanos(count))
    }

    fn count(self) -> u64 {
        self.as_nanos()
    }
}

text_form!(Bandwidth);
text_form!(ByteSize);
text_form!(Duration);

/// In the largest unit of which there is at least one, exactly: `16.76 Mbit/s`.
impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_in(self.0, largest_within(self.0, Self::UNITS.iter().copied())))
    }
}

/// The shortest exact form: `64 KiB`, `22.8 GB`, `1037 B`. Whole binary units before decimal ones of the same length.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_binary = |unit: &Unit| unit.factor > 1 && unit.factor.is_power_of_two();
        let whole_binary =
            Self::UNITS.iter().copied().filter(|u| is_binary(u) && self.0 > 0 && self.0.is_multiple_of(u.factor));
        let decimal = largest_within(self.0, Self::UNITS.iter().copied().filter(|u| !is_binary(u)));
        let candidates = whole_binary.chain([decimal, Self::UNITS[0]]).map(|unit| format_in(self.0, unit));
        f.pad(&candidates.min_by_key(String::len).expect("bytes are always a candidate"))
    }
}

/// In the largest unit of which there is at least one, exactly: `84.936 ms`, `1.5 s`; minutes only when whole.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.as_nanos();
        let is_minutes = |unit: &Unit| unit.symbol == "min";
        let units = Self::UNITS.iter().copied().filter(|u| !is_minutes(u) || nanos.is_multiple_of(u.factor));
        f.pad(&if nanos == 0 { "0 s".to_owned() } else { format_in(nanos, largest_within(nanos, units)) })
    }
}

/// The largest of `units` (ordered, the first of factor 1) that `count` reaches; the first when none.
fn largest_within(count: u64, units: impl Iterator<Item = Unit>) -> Unit {
    let smallest_or_reached = |unit: &Unit| unit.factor == 1 || unit.factor <= count;
    units.filter(smallest_or_reached).last().expect("there is a unit of factor 1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(text: &str) -> u64 {
        text.parse::<Bandwidth>().unwrap().as_bits_per_second()
    }

    fn bytes(text: &str) -> u64 {
        text.parse::<ByteSize>().unwrap().as_bytes()
    }

    fn nanos(text: &str) -> u64 {
        text.parse::<Duration>().unwrap().as_nanos()
    }

    #[test]
    fn text_is_read_exactly() {
        assert_eq!(bits("16.76 Mbit/s"), 16_760_000);
        assert_eq!(bits("1 Gbit/s"), 1_000_000_000);
        assert_eq!(bits(" 4.3628Gbit/s "), 4_362_800_000);
        assert_eq!(bits("0.5 kbit/s"), 500);
        assert_eq!(bits("18446744073709551615 bit/s"), u64::MAX);
        assert_eq!(bytes("64 KiB"), 65_536);
        assert_eq!(bytes("1.5 MiB"), 1_572_864);
        assert_eq!(bytes("0.3 kB"), 300);
        assert_eq!(bytes("2 GiB"), 1 << 31);
        assert_eq!(bytes("0 B"), 0);
        assert_eq!(nanos("60 ms"), 60_000_000);
        assert_eq!(nanos("84.936 ms"), 84_936_000);
        assert_eq!(nanos(".5 us"), 500);
        assert_eq!(nanos("1.5 min"), 90_000_000_000);
    }

    #[test]
    fn bad_text_says_what_was_expected() {
        let refused = |text: &str| text.parse::<Bandwidth>().unwrap_err().to_string();
        let all = [
            refused("16 MB"),
            refused("Mbit/s"),
            refused("NaN Mbit/s"),
            refused("1e3 bit/s"),
            refused("1.2.3 bit/s"),
            refused("16"),
            refused("0 Mbit/s"),
            refused("-5 Mbit/s"),
            refused("0.5 bit/s"),
            refused("1.0000000001 Gbit/s"),
            refused("18446744073709551616 bit/s"),
            refused("99999999999999999999 Gbit/s"),
            "0.3 KiB".parse::<ByteSize>().unwrap_err().to_string(),
            "10 msec".parse::<Duration>().unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        bandwidth `16 MB`: expected a number and one of bit/s, kbit/s, Mbit/s, Gbit/s
        bandwidth `Mbit/s`: expected a number and one of bit/s, kbit/s, Mbit/s, Gbit/s
        bandwidth `NaN Mbit/s`: expected a number and one of bit/s, kbit/s, Mbit/s, Gbit/s
        bandwidth `1e3 bit/s`: expected a number and one of bit/s, kbit/s, Mbit/s, Gbit/s
        bandwidth `1.2.3 bit/s`: expected a number and one of bit/s, kbit/s, Mbit/s, Gbit/s
        bandwidth `16`: expected a number and one of bit/s, kbit/s, Mbit/s, Gbit/s
        bandwidth `0 Mbit/s`: must be more than zero
        bandwidth `-5 Mbit/s`: must not be negative
        bandwidth `0.5 bit/s`: not a whole number of bit/s
        bandwidth `1.0000000001 Gbit/s`: not a whole number of bit/s
        bandwidth `18446744073709551616 bit/s`: too large, the most is 18446744073709551615 bit/s
        bandwidth `99999999999999999999 Gbit/s`: too large, the most is 18446744073709551615 bit/s
        byte size `0.3 KiB`: not a whole number of B
        duration `10 msec`: expected a number and one of ns, us, ms, s, min
        ");
    }

    #[test]
    fn text_is_written_as_people_do() {
        let rates = [1, 999, 1_000, 16_760_000, 118_000_000, 1_000_000_000, 4_362_800_000];
        let rates = rates.map(|bits| Bandwidth::from_bits_per_second(bits).to_string());
        let sizes = [0, 12, 1_037, 65_536, 1_000_000, 22_800_000_000, 1 << 30, 1_572_864];
        let sizes = sizes.map(|bytes| ByteSize::from_bytes(bytes).to_string());
        let spans = [0, 30, 30_000, 84_936_000, 1_500_000_000, 90_000_000_000, 120_000_000_000];
        let spans = spans.map(|nanos| Duration::from_nanos(nanos).to_string());
        insta::assert_snapshot!([rates.join(" | "), sizes.join(" | "), spans.join(" | ")].join("\n"), @r"
        1 bit/s | 999 bit/s | 1 kbit/s | 16.76 Mbit/s | 118 Mbit/s | 1 Gbit/s | 4.3628 Gbit/s
        0 B | 12 B | 1037 B | 64 KiB | 1 MB | 22.8 GB | 1 GiB | 1536 KiB
        0 s | 30 ns | 30 us | 84.936 ms | 1.5 s | 90 s | 2 min
        ");
        assert_eq!(format!("{:>9}|", ByteSize::from_bytes(65_536)), "   64 KiB|");
    }

    #[test]
    fn bytes_pass_at_the_rate() {
        let nic = Bandwidth::from_bits_per_second(1_000_000_000);
        assert_eq!(nic.bytes_in(Duration::from_millis(2)), ByteSize::from_bytes(250_000));
        let most = Bandwidth::from_bits_per_second(u64::MAX);
        assert_eq!(most.bytes_in(Duration::from_secs(1_000)), ByteSize::from_bytes(u64::MAX));
    }

    #[test]
    fn zero_bandwidth_is_refused_in_binary_too() {
        let zero = postcard::to_stdvec(&0_u64).unwrap();
        assert!(postcard::from_bytes::<Bandwidth>(&zero).is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(count in prop_oneof![any::<u64>(), 0_u64..10_000_000, (0_u64..1 << 24).prop_map(|n| n << 20)]) {
            let size = ByteSize::from_bytes(count);
            prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
            let span = Duration::from_nanos(count);
            prop_assert_eq!(span.to_string().parse::<Duration>(), Ok(span));
            let rate = Bandwidth::from_bits_per_second(count.max(1));
            prop_assert_eq!(rate.to_string().parse::<Bandwidth>(), Ok(rate));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), digits in "[0-9.+-]{0,60}") {
            prop_assert!(text.parse::<ByteSize>().is_err() || text.contains('B'));
            if let Ok(rate) = format!("{digits} Gbit/s").parse::<Bandwidth>() {
                let nearest = digits.parse::<f64>().unwrap() * 1e9;
                prop_assert!((rate.as_bits_per_second() as f64 - nearest).abs() <= 1e-9 * nearest);
            }
        }

        #[test]
        fn serde_round_trips_as_text_and_as_integers(count in 1_u64..) {
            let all = (Bandwidth::from_bits_per_second(count), ByteSize::from_bytes(count), Duration::from_nanos(count));
            let binary = postcard::to_stdvec(&all).unwrap();
            prop_assert_eq!(postcard::from_bytes::<(Bandwidth, ByteSize, Duration)>(&binary).unwrap(), all);
            prop_assert_eq!(binary, postcard::to_stdvec(&(count, count, count)).unwrap());
        }
    }

    #[cfg(feature = "read")]
    #[test]
    fn tables_are_read_to_the_nearest_unit() {
        use crate::quantity::{parse_number, unit};
        let gbit = unit::<Bandwidth>("Gbit/s").unwrap();
        let read = |text: &str| parse_number::<Bandwidth>(text, gbit).map(Bandwidth::as_bits_per_second);
        assert_eq!(read("4.3628"), Ok(4_362_800_000));
        assert_eq!(read("4.362833333333333333333333"), Ok(4_362_833_333));
        assert_eq!(read("0.0000000015"), Ok(2));
        assert!(read("0.0000000001").is_err());
        assert!(read("").is_err());
    }

    #[cfg(feature = "read")]
    #[test]
    fn serde_for_people_is_text() {
        let all =
            (Bandwidth::from_bits_per_second(16_760_000), ByteSize::from_bytes(65_536), Duration::from_millis(60));
        let text = serde_yaml::to_string(&all).unwrap();
        assert_eq!(text, "- 16.76 Mbit/s\n- 64 KiB\n- 60 ms\n");
        assert_eq!(serde_yaml::from_str::<(Bandwidth, ByteSize, Duration)>(&text).unwrap(), all);
    }
}
