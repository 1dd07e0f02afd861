//! A matrix from measurements: what `iperf3 -J` has written for each ordered pair of sites.
//!
//! A folder holds `FROM..TO.json` for every pair, named by the sites' names. The bandwidth is what the receiver saw of a TCP test
//! (`end.sum_received`), the round trip the least that any of its streams saw (`min_rtt` of the senders). Nothing else is read.

use serde::Deserialize;

use super::error::{ReadProfileError, ReadProfileProblem as Problem};
use super::read::Open;
use super::table::Values;
use super::{Site, SiteMatrix};
use crate::quantity::Quantity;

/// What is wanted of a test.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// Bits a second.
    Bandwidth,
    /// Nanoseconds.
    RoundTrip,
}

/// The parts of iperf3's report that are read.
#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    end: End,
}

#[derive(Default, Deserialize)]
struct End {
    #[serde(default)]
    sum_received: Option<Sum>,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Sum {
    bits_per_second: f64,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    sender: Option<Sender>,
}

#[derive(Deserialize)]
struct Sender {
    /// Microseconds.
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
    for (row, from) in sites.iter().enumerate() {
        for (column, to) in sites.iter().enumerate().filter(|(column, _)| *column != row) {
            let (file, text) = open(&format!("{folder}/{}..{}.json", from.name, to.name))?;
            let fail = |message: String| ReadProfileError::meaning(&file, Problem::Iperf { message });
            let count = count(&text, wanted).map_err(fail)?;
            let quantity = Q::from_count(count).map_err(|_| fail(format!("{count}: expected more than zero")))?;
            cells[row][column] = Some(quantity);
        }
    }
    let between = SiteMatrix::from_fn(sites.len(), |from, to| cells[from.index()][to.index()]);
    Ok(Values { between, diagonal: vec![None; sites.len()], notes: Vec::new() })
}

/// In the quantity's smallest unit.
fn count(text: &str, wanted: Wanted) -> Result<u64, String> {
    // JSON is YAML but for its tabs, which stand between tokens only.
    let report: Report =
        serde_yaml::from_str(&text.replace('\t', " ")).map_err(|error| format!("no report of iperf3 -J: {error}"))?;
    if let Some(error) = report.error.filter(|error| !error.is_empty()) {
        return Err(format!("the test failed: {error}"));
    }
    let number = match wanted {
        Wanted::Bandwidth => {
            let sum = report.end.sum_received.ok_or("no `end.sum_received`; expected a report of a TCP test")?;
            sum.bits_per_second
        }
        Wanted::RoundTrip => {
            let senders = report.end.streams.iter().filter_map(|stream| stream.sender.as_ref()?.min_rtt);
            let least = senders.fold(f64::INFINITY, f64::min);
            if least.is_infinite() {
                return Err("no `min_rtt` of a sender in `end.streams`; expected one, or `rtt` in another form".into());
            }
            least * 1e3
        }
    };
    if !(number > 0.0 && number < 1e18) {
        return Err(format!("{number}: expected more than zero"));
    }
    Ok(number.round() as u64)
}

#[cfg(test)]
mod tests {
    use crate::profile::Profile;

    const YAML: &str = "\
sites: [{name: Berlin}, {name: Tokyo}]
nic: {in: 1 Gbit/s, out: 1 Gbit/s}
bandwidth: {iperf: {folder: runs}}
rtt: {iperf: {folder: runs}}
";

    fn report(bits: f64, rtts: &[u32]) -> String {
        let stream = |rtt: &u32| format!("{{\n\t\t\t\"sender\":\t{{\"min_rtt\":\t{rtt}, \"retransmits\": 3}}\n\t\t}}");
        let streams: Vec<String> = rtts.iter().map(stream).collect();
        format!(
            "{{\n\t\"start\":\t{{\"version\": \"iperf 3.16\"}},\n\t\"end\":\t{{\n\t\t\"streams\":\t[{}],\n\t\t\"sum_received\":\t{{\"bits_per_second\":\t{bits:.3}}}\n\t}}\n}}",
            streams.join(", ")
        )
    }

    fn read(there: &str, back: &str) -> Result<Profile, String> {
        let open = |name: &str| {
            let text = if name == "runs/Berlin..Tokyo.json" { there } else { back };
            Ok((name.to_owned(), text.to_owned()))
        };
        crate::profile::yaml::parse(("mine.yaml", "mine"), YAML, None, &open).map_err(|error| error.to_string())
    }

    #[test]
    fn reports_give_bandwidths_and_round_trips_by_direction() {
        let profile = read(&report(93_512_345.67, &[240_100, 235_000]), &report(41e6, &[236_500])).unwrap();
        let (berlin, tokyo) = (crate::id::SiteId(0), crate::id::SiteId(1));
        assert_eq!(profile.bandwidth.value(berlin, tokyo).unwrap().to_string(), "93.512346 Mbit/s");
        assert_eq!(profile.bandwidth.value(tokyo, berlin).unwrap().to_string(), "41 Mbit/s");
        assert_eq!(profile.rtt.value(berlin, tokyo).unwrap().to_string(), "235 ms");
        assert_eq!(profile.rtt.value(tokyo, berlin).unwrap().to_string(), "236.5 ms");
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
}
