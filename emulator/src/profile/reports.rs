//! A profile from a folder of iperf3's reports alone: `FROM..TO.json` for every ordered pair of sites.
//!
//! Sites are the names in the names of files, in alphabetical order. Bandwidths are what receivers saw; round trips are those of a table `rtt.csv`
//! in the folder (from ping, for example), else the least that senders saw. The rate of network cards is the spec's. Nothing else is known of
//! such a network, and notes say so.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::error::{ReadProfileError, ReadProfileProblem as Problem};
use super::find::listed;
use super::source::{Opened, Source, read_text};
use super::{Profile, yaml};
use crate::units::Bandwidth;

/// A table of round trips between the sites, in place of those of the reports.
const ROUND_TRIPS: &str = "rtt.csv";
/// What the name of a report ends with.
const REPORT: &str = ".json";

/// The profile of the reports in `folder`, with `nic` as the rate of network cards.
pub(super) fn read(folder: &Path, nic: Option<Bandwidth>) -> Result<Profile, ReadProfileError> {
    let file = folder.display().to_string();
    let names = reports(folder).map_err(|error| ReadProfileError::File { file: file.clone(), error })?;
    let pairs: BTreeSet<(&str, &str)> = names.iter().filter_map(|name| name.split_once("..")).collect();
    let sites: BTreeSet<&str> = pairs.iter().flat_map(|(from, to)| [*from, *to]).collect();
    if sites.is_empty() {
        return Err(ReadProfileError::meaning(&file, Problem::NoReports));
    }
    let all = sites.iter().flat_map(|from| sites.iter().filter(move |to| *to != from).map(move |to| (*from, *to)));
    let missing: Vec<String> =
        all.filter(|pair| !pairs.contains(pair)).map(|(from, to)| format!("{from}..{to}{REPORT}")).collect();
    if !missing.is_empty() {
        let missing = listed(missing.iter().map(String::as_str));
        return Err(ReadProfileError::meaning(&file, Problem::MissingReports { missing, sites: listed(sites) }));
    }
    let has_table = folder.join(ROUND_TRIPS).is_file();
    let name = folder.file_name().map_or_else(|| "iperf".into(), |name| name.to_string_lossy().into_owned());
    let open = |name: &str| {
        let path = folder.join(name);
        Ok(Opened { file: path.display().to_string(), text: read_text(&path)? })
    };
    let text = profile(&sites, has_table);
    yaml::parse(&Source { file: &file, stem: &name, text: &text, nic }, &open)
}

/// The names of reports without their ending, sorted.
fn reports(folder: &Path) -> std::io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(REPORT).map(str::to_owned));
    }
    Ok(names)
}

/// The profile as whoever has measured would write it.
fn profile(sites: &BTreeSet<&str>, has_table: bool) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from("title: measured with iperf3\nsource: reports of iperf3\nsites:\n");
    for site in sites {
        let _ = writeln!(text, "  - {{name: {}}}", quoted(site));
    }
    let (rtt, of) = if has_table {
        ("{csv: {file: rtt.csv}}", "of the table rtt.csv")
    } else {
        ("{iperf: {folder: .}}", "the least that the senders of the tests saw")
    };
    let _ = writeln!(
        text,
        "bandwidth: {{iperf: {{folder: .}}}}\nrtt: {rtt}\nnotes: [\"Round trips are {of}. Bandwidths are those of single tests, one at a time.\"]"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SiteId;

    const REPORT_TEXT: &str = r#"{"start": {"test_start": {"protocol": "TCP", "num_streams": 1, "duration": 10}},
        "end": {"streams": [{"sender": {"min_rtt": 80000}}], "sum_received": {"seconds": 10, "bits_per_second": 93000000}}}"#;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        folder
    }

    fn nic() -> Option<Bandwidth> {
        Some("1 Gbit/s".parse().unwrap())
    }

    #[test]
    fn a_folder_of_reports_is_a_network() {
        let faster = REPORT_TEXT.replace("93000000", "150000000");
        let there = folder(&[("Berlin..Tokyo.json", REPORT_TEXT), ("Tokyo..Berlin.json", &faster), ("notes.txt", "-")]);
        let profile = Profile::read_with_nic(there.path(), nic()).unwrap();
        let (berlin, tokyo) = (SiteId(0), SiteId(1));
        assert_eq!(profile.sites[1].name, "Tokyo");
        let rate = |from, to| profile.bandwidth.value(from, to).unwrap().as_bits_per_second();
        assert_eq!([rate(berlin, tokyo), rate(tokyo, berlin)], [93_000_000, 150_000_000]);
        assert_eq!(profile.rtt.value(berlin, tokyo).unwrap().to_string(), "80 ms");
        fs::write(there.path().join(ROUND_TRIPS), "# unit: ms\nfrom,Berlin,Tokyo\nBerlin,0.5,241\nTokyo,242,0.5\n")
            .unwrap();
        let with_table = Profile::read_with_nic(there.path(), nic()).unwrap();
        assert_eq!(with_table.rtt.value(tokyo, berlin).unwrap().to_string(), "242 ms");
        assert!(with_table.notes[0].contains("rtt.csv"), "{:?}", with_table.notes);
    }

    #[test]
    fn missing_directions_and_cards_are_named() {
        let told =
            |files: &[(&str, &str)], nic| Profile::read_with_nic(folder(files).path(), nic).unwrap_err().to_string();
        let one_way = told(&[("A..B.json", REPORT_TEXT), ("B..C.json", REPORT_TEXT)], nic());
        assert!(one_way.contains("no report A..C.json, B..A.json, C..A.json, C..B.json"), "{one_way}");
        assert!(one_way.contains("between A, B, C"), "{one_way}");
        assert!(told(&[], nic()).contains("a folder without reports of iperf3"));
        let both = [("A..B.json", REPORT_TEXT), ("B..A.json", REPORT_TEXT)];
        assert!(told(&both, None).contains("network cards is not stated"), "{}", told(&both, None));
    }
}
