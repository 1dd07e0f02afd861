//! A matrix from measurements: the output of `iperf3 -J` for each ordered pair of sites.
//!
//! A folder holds `FROM..TO.json` for every pair, named by the sites' names; the client of the test is at FROM. The bandwidth is
//! what the receiver saw of all streams of a TCP test (`end.sum_received`, the mean over all intervals), the round trip the
//! least that any of its senders saw (`min_rtt`).
//!
//! A report of another kind of test is refused with its reason: over UDP, in the other direction (`-R`) or in both
//! (`--bidir`), with a pace (`-b`, `--fq-rate`) that the link had no trouble with, interrupted, or with streams missing.

use serde::Deserialize;
use thiserror::Error;

use super::error::{ReadProfileError, ReadProfileProblem as Problem};
use super::matrix::Values;
use super::source::{Open, Opened};
use super::{Site, SiteMatrix};
use crate::quantity::Quantity;

/// A test that got less than this share of its pace was held up by the link.
const SHARE_OF_PACE: f64 = 0.9;
/// A test that ran for less than this share of its time was interrupted.
const SHARE_OF_TIME: f64 = 0.9;

/// The quantity to read from a test.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// The mean rate in bits per second.
    Bandwidth,
    /// The least round trip in nanoseconds.
    RoundTrip,
}

/// The reason why a report is refused.
#[derive(Debug, Error)]
enum IperfError {
    /// More than one JSON value.
    #[error(
        "several reports in one file; expected one (with `--json-stream` iperf3 writes one for each event: leave that out)"
    )]
    Several,
    /// No JSON, or not with the fields of a report.
    #[error("no report of iperf3 -J: {0}")]
    Form(serde_yaml::Error),
    /// The test itself reports an error.
    #[error("the test failed: {0}")]
    Failed(String),
    /// A report that does not state its options.
    #[error(
        "no `start.test_start`: the protocol and the direction of the test are not known; expected a whole report of `iperf3 -J`"
    )]
    NoOptions,
    /// A test over UDP or SCTP.
    #[error(
        "`start.test_start.protocol` is {0}: its receiver sees what was offered (`-b`), not what the link gives; expected a TCP test"
    )]
    Protocol(String),
    /// A test of both directions.
    #[error(
        "`start.test_start.bidir` is 1 (`iperf3 --bidir`): both directions were measured at once; expected a test of each by itself"
    )]
    BothWays,
    /// A report without some of its streams.
    #[error("`end.streams` has {found} of the {expected} streams (`start.test_start.num_streams`)")]
    Streams {
        /// Streams in the report.
        found: u64,
        /// Streams of the test.
        expected: u64,
    },
    /// A test of the other direction.
    #[error(
        "`start.test_start.reverse` is 1 (`iperf3 -R`): the bytes went the other way, from the server to the client; expected a test without it, with its client at the first site"
    )]
    Reverse,
    /// A report without the receiver's side.
    #[error("no `end.sum_received`; expected a report of a TCP test")]
    NoSum,
    /// A test that was interrupted.
    #[error("the test broke off: it ran for {ran:.1} of {planned} s")]
    Short {
        /// Seconds that it ran.
        ran: f64,
        /// Seconds that it should have run.
        planned: f64,
    },
    /// A pace that the link kept up with.
    #[error(
        "the test was held to {} Mbit/s ({option}) and {} Mbit/s came through: that is not what the link gives; expected a test without {option}",
        .pace / 1e6, .received / 1e6
    )]
    Paced {
        /// The option that held it.
        option: &'static str,
        /// Bits per second to which it was held.
        pace: f64,
        /// Bits per second that the receiver saw.
        received: f64,
    },
    /// A report without round trips.
    #[error(
        "no `min_rtt` above zero of a sender in `end.streams`; expected one, or `rtt` in another form{}", .direction.hint()
    )]
    NoRoundTrip {
        /// The direction of the test.
        direction: Direction,
    },
    /// A number that is no bandwidth or round trip.
    #[error("`{field}` is {number}: expected more than zero, and less than 10^18")]
    Number {
        field: &'static str,
        /// Its value in the report.
        number: f64,
    },
}

/// The direction of a test.
#[derive(Debug)]
enum Direction {
    /// From the client to the server.
    Forward,
    /// From the server to the client.
    Reverse,
}

impl Direction {
    fn hint(&self) -> &'static str {
        match self {
            Direction::Forward => "",
            Direction::Reverse => {
                "; with `-R` (`start.test_start.reverse` is 1) the sender is the other end, which does not report it"
            }
        }
    }
}

/// The parts of iperf3's report that are read.
#[derive(Deserialize)]
#[serde(expecting = "the JSON of a report")]
struct IperfReport {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    start: Start,
    #[serde(default)]
    end: End,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "a JSON object")]
struct Start {
    #[serde(default)]
    test_start: Option<Test>,
}

/// The options of the test. Numbers that iperf3 writes as integers are read as numbers; older versions leave some out.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Test {
    protocol: String,
    #[serde(default)]
    num_streams: Option<u64>,
    /// Seconds; 0 where the test ends by bytes or blocks.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    reverse: f64,
    #[serde(default)]
    bidir: f64,
    /// Bits per second and stream; 0 means no limit.
    #[serde(default)]
    target_bitrate: f64,
    /// The same, kept by the system (`--fq-rate`).
    #[serde(default)]
    fqrate: f64,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "a JSON object")]
struct End {
    #[serde(default)]
    sum_received: Option<Sum>,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Sum {
    bits_per_second: f64,
    #[serde(default)]
    seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Stream {
    #[serde(default)]
    sender: Option<Sender>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Sender {
    /// Microseconds; 0 where the sender is the other end, or does not know.
    #[serde(default)]
    min_rtt: Option<f64>,
}

/// The values between `sites`, of the reports in `folder`. The diagonal is left open.
pub(super) fn values<Q: Quantity>(
    sites: &[Site],
    folder: &str,
    wanted: Wanted,
    open: &Open<'_>,
) -> Result<Values<Q>, ReadProfileError> {
    let mut cells = vec![vec![None; sites.len()]; sites.len()];
    let mut notes = Vec::new();
    for (row, from) in sites.iter().enumerate() {
        for (column, to) in sites.iter().enumerate().filter(|(column, _)| *column != row) {
            let Opened { file, text } = open(&format!("{folder}/{}..{}.json", from.name, to.name))?;
            let fail =
                |error: IperfError| ReadProfileError::meaning(&file, Problem::Iperf { message: error.to_string() });
            let report = parse(&text).map_err(fail)?;
            let (field, number) = match wanted {
                Wanted::Bandwidth => {
                    notes.extend(report.pace_in_words().map(|pace| format!("{} to {}: {pace}", from.name, to.name)));
                    ("end.sum_received.bits_per_second", report.bandwidth().map_err(fail)?)
                }
                Wanted::RoundTrip => ("end.streams[].sender.min_rtt", report.round_trip().map_err(fail)?),
            };
            let wrong = || fail(IperfError::Number { field, number });
            if !(0.5..1e18).contains(&number) {
                return Err(wrong());
            }
            cells[row][column] = Some(Q::from_count(number.round() as u64).map_err(|_| wrong())?);
        }
    }
    let between = SiteMatrix::from_fn(sites.len(), |from, to| cells[from.index()][to.index()]);
    Ok(Values { between, diagonal: vec![None; sites.len()], notes })
}

/// A whole report of one TCP test, of whatever direction.
fn parse(text: &str) -> Result<IperfReport, IperfError> {
    if top_level_values(text) > 1 {
        return Err(IperfError::Several);
    }
    // JSON is YAML but for its tabs, which stand between tokens only.
    let report: IperfReport = serde_yaml::from_str(&text.replace('\t', " ")).map_err(IperfError::Form)?;
    if let Some(error) = report.error.filter(|error| !error.is_empty()) {
        return Err(IperfError::Failed(error));
    }
    let report = IperfReport { error: None, ..report };
    let Some(test) = &report.start.test_start else { return Err(IperfError::NoOptions) };
    if !test.protocol.eq_ignore_ascii_case("tcp") {
        return Err(IperfError::Protocol(test.protocol.clone()));
    }
    if test.bidir != 0.0 {
        return Err(IperfError::BothWays);
    }
    let found = report.end.streams.len() as u64;
    if let Some(expected) = test.num_streams.filter(|&expected| expected != found) {
        return Err(IperfError::Streams { found, expected });
    }
    Ok(report)
}

impl IperfReport {
    fn test(&self) -> &Test {
        self.start.test_start.as_ref().expect("a report without it was refused")
    }

    /// Bits per second that the receiver at TO had of the sender at FROM.
    fn bandwidth(&self) -> Result<f64, IperfError> {
        let test = self.test();
        if test.reverse != 0.0 {
            return Err(IperfError::Reverse);
        }
        let sum = self.end.sum_received.as_ref().ok_or(IperfError::NoSum)?;
        if let Some(ran) = sum.seconds.filter(|&seconds| seconds < SHARE_OF_TIME * test.duration) {
            return Err(IperfError::Short { ran, planned: test.duration });
        }
        let received = sum.bits_per_second;
        if let Some((option, pace)) = self.pace().filter(|(_, pace)| received >= SHARE_OF_PACE * pace) {
            return Err(IperfError::Paced { option, pace, received });
        }
        Ok(received)
    }

    /// The bits per second to which all streams together were held, and the option that held them.
    fn pace(&self) -> Option<(&'static str, f64)> {
        let test = self.test();
        let streams = self.end.streams.len().max(1) as f64;
        let paces = [("`-b`", test.target_bitrate), ("`--fq-rate`", test.fqrate)];
        let paced = paces.into_iter().filter(|(_, pace)| *pace > 0.0).map(|(option, pace)| (option, pace * streams));
        paced.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    fn pace_in_words(&self) -> Option<String> {
        let (option, pace) = self.pace()?;
        Some(format!("measured at a pace of {} Mbit/s ({option}), of which the link let less through", pace / 1e6))
    }

    /// The least round trip in nanoseconds.
    fn round_trip(&self) -> Result<f64, IperfError> {
        let senders = self.end.streams.iter().filter_map(|stream| stream.sender.as_ref()?.min_rtt);
        let least = senders.filter(|&micros| micros > 0.0).fold(f64::INFINITY, f64::min);
        if least.is_finite() {
            return Ok(least * 1e3);
        }
        let direction = if self.test().reverse == 0.0 { Direction::Forward } else { Direction::Reverse };
        Err(IperfError::NoRoundTrip { direction })
    }
}

/// The number of JSON objects and lists in `text`, one after another.
fn top_level_values(text: &str) -> usize {
    let (mut depth, mut values) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => {
                depth = depth.saturating_sub(1);
                values += usize::from(depth == 0);
            }
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use crate::profile::source::{Open, Opened, Source};
    use crate::profile::{Profile, ReadProfileError};

    const YAML: &str = "\
sites: [{name: Berlin}, {name: Tokyo}]
nic: {in: 1 Gbit/s, out: 1 Gbit/s}
bandwidth: {iperf: {folder: runs}}
rtt: {iperf: {folder: runs}}
";

    /// As iperf3 writes it, with `also` in `test_start`.
    fn report_of(bits: f64, rtts: &[u32], also: &str) -> String {
        let stream = |rtt: &u32| format!("{{\n\t\t\t\"sender\":\t{{\"min_rtt\":\t{rtt}, \"retransmits\": 3}}\n\t\t}}");
        let streams: Vec<String> = rtts.iter().map(stream).collect();
        let count = rtts.len();
        format!(
            "{{\n\t\"start\":\t{{\"version\": \"iperf 3.16\", \"test_start\": {{\"protocol\": \"TCP\", \"num_streams\": {count}, \"duration\": 10{also}}}}},\n\t\"end\":\t{{\n\t\t\"streams\":\t[{}],\n\t\t\"sum_received\":\t{{\"seconds\": 10.04, \"bits_per_second\":\t{bits:.3}}}\n\t}}\n}}",
            streams.join(", ")
        )
    }

    fn report(bits: f64, rtts: &[u32]) -> String {
        report_of(bits, rtts, ", \"reverse\": 0, \"target_bitrate\": 0, \"bidir\": 0, \"fqrate\": 0")
    }

    fn parse(text: &str, open: &Open<'_>) -> Result<Profile, ReadProfileError> {
        let source = Source { file: "mine.yaml", stem: "mine", text, nic: None };
        crate::profile::yaml::parse(&source, open)
    }

    fn read(there: &str, back: &str) -> Result<Profile, String> {
        let open = |name: &str| {
            let text = if name == "runs/Berlin..Tokyo.json" { there } else { back };
            Ok(Opened { file: name.to_owned(), text: text.to_owned() })
        };
        parse(YAML, &open).map_err(|error| error.to_string())
    }

    #[test]
    fn reports_give_bandwidths_and_round_trips_by_direction() {
        let profile = read(&report(93_512_345.67, &[240_100, 235_000]), &report(41e6, &[236_500])).unwrap();
        let (berlin, tokyo) = (crate::id::SiteId(0), crate::id::SiteId(1));
        assert_eq!(profile.bandwidth.value(berlin, tokyo).unwrap().to_string(), "93.512346 Mbit/s");
        assert_eq!(profile.bandwidth.value(tokyo, berlin).unwrap().to_string(), "41 Mbit/s");
        assert_eq!(profile.rtt.value(berlin, tokyo).unwrap().to_string(), "235 ms");
        assert_eq!(profile.rtt.value(tokyo, berlin).unwrap().to_string(), "236.5 ms");
        assert!(profile.notes.is_empty(), "{:?}", profile.notes);
    }

    #[test]
    fn a_pace_that_the_link_did_not_keep_up_with_is_noted() {
        let paced = report_of(41e6, &[236_500, 240_000], ", \"target_bitrate\": 50000000");
        let profile = read(&report(90e6, &[235_000]), &paced).unwrap();
        assert_eq!(
            profile.notes,
            ["Tokyo to Berlin: measured at a pace of 100 Mbit/s (`-b`), of which the link let less through"]
        );
    }

    #[test]
    fn bad_reports_are_told_with_their_file() {
        let good = report(41e6, &[236_500]);
        let told = |bad: &str| read(&good, bad).unwrap_err();
        let messages = [
            told("{\"error\": \"unable to connect to server: Connection refused\"}"),
            told("{\"end\": {}}"),
            told("not a report"),
            told(&report(0.0, &[1])),
            told(&report(41e6, &[])),
        ];
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn reports_of_other_tests_are_refused_with_the_reason() {
        let good = report(41e6, &[236_500]);
        let told = |bad: &str| read(&good, bad).unwrap_err();
        let messages = [
            told(&report_of(41e6, &[0], ", \"reverse\": 1")),
            told(&report_of(41e6, &[236_500, 236_500], ", \"bidir\": 1")),
            told(&report_of(1.05e6, &[1], "").replace("TCP", "UDP")),
            told(&report_of(9.9e6, &[236_500, 236_500], ", \"target_bitrate\": 5000000")),
            told(&report_of(9.9e6, &[236_500], ", \"fqrate\": 10000000")),
            told(&good.replace("10.04", "3.2")),
            told(&good.replace("\"num_streams\": 1", "\"num_streams\": 4")),
            told(&format!("{good}\n{good}")),
            told("{\"event\":\"start\",\"data\":{}}\n{\"event\":\"end\",\"data\":{\"note\":\"a } in text\"}}\n"),
            told(&good.replace("236500", "0")),
        ];
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn a_round_trip_names_the_field_that_it_is_read_from() {
        let yaml = YAML.replace("bandwidth: {iperf: {folder: runs}}", "bandwidth: {uniform: 1 Gbit/s}");
        let reversed = report_of(41e6, &[0], ", \"reverse\": 1");
        let open = |name: &str| Ok(Opened { file: name.to_owned(), text: reversed.clone() });
        let error = parse(&yaml, &open).unwrap_err().to_string();
        assert!(error.contains("no `min_rtt` above zero") && error.contains("`-R`"), "{error}");
    }
}
