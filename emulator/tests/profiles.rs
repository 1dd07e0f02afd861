//! Profiles as their users meet them: built-in ones, their own files, and the errors about bad ones.

#![cfg(feature = "read")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use emulator::id::{MachineId, SiteId};
use emulator::profile::{Duplex, Profile, Shaping, SiteMatrix, builtin_names, builtins};
use emulator::time::Duration;
use emulator::topology::Topology;
use emulator::units::{Bandwidth, ByteSize};

fn mbit(rate: u64) -> Bandwidth {
    Bandwidth::from_bits_per_second(rate * 1_000_000)
}

fn both(rate: Bandwidth) -> Duplex {
    Duplex { inbound: rate, outbound: rate }
}

/// The bandwidth between two sites by any of their names.
fn rate(profile: &Profile, from: &str, to: &str) -> Bandwidth {
    let (from, to) = (profile.find_site(from).unwrap(), profile.find_site(to).unwrap());
    profile.bandwidth.value(from, to).unwrap()
}

/// The round trip between two sites by any of their names.
fn rtt(profile: &Profile, from: &str, to: &str) -> Duration {
    let (from, to) = (profile.find_site(from).unwrap(), profile.find_site(to).unwrap());
    profile.rtt.value(from, to).unwrap()
}

/// All values of a matrix with the names of their sites.
fn pairs<T: Copy>(profile: &Profile, matrix: &SiteMatrix<T>) -> Vec<(String, T)> {
    let ids = || (0..).map(SiteId).take(profile.sites.len());
    let pairs = ids().flat_map(|from| ids().map(move |to| (from, to)));
    let named = |(from, to): (SiteId, SiteId)| {
        let name = format!("{} to {}", profile.sites[from.index()].name, profile.sites[to.index()].name);
        matrix.value(from, to).map(|value| (name, value))
    };
    pairs.filter_map(named).collect()
}

#[test]
fn every_builtin_is_sane() {
    for builtin in builtins() {
        let profile = Profile::builtin(builtin.name).unwrap();
        assert_eq!(profile.name, builtin.name);
        assert_ne!(profile.source, "not stated", "{}", builtin.name);
        assert_ne!(profile.date, "not stated", "{}", builtin.name);
        assert!(!profile.notes.is_empty(), "{} must say what it assumes", builtin.name);
        for (pair, rate) in pairs(&profile, &profile.bandwidth) {
            assert!((mbit(10)..mbit(6_000)).contains(&rate), "{} {pair}: {rate}", builtin.name);
        }
        for (pair, rtt) in pairs(&profile, &profile.rtt) {
            let plausible = Duration::from_millis(20)..Duration::from_millis(400);
            assert!(plausible.contains(&rtt), "{} {pair}: {rtt}", builtin.name);
        }
        for site in &profile.sites {
            assert_eq!(site.rtt_inside, Duration::from_micros(500));
        }
        Topology::new(&profile, &profile.default_machines()).unwrap();
    }
}

#[test]
fn every_profile_file_is_registered_and_every_table_states_its_source() {
    let mut files: Vec<String> = fs::read_dir("profiles")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    files.sort();
    let mut registered: Vec<String> = builtin_names().map(|name| format!("{name}.yaml")).collect();
    registered.sort();
    assert_eq!(files, registered);
    for (name, text) in builtins().iter().flat_map(|builtin| builtin.tables) {
        for key in ["# source: ", "# date: ", "# unit: "] {
            assert!(text.lines().any(|line| line.starts_with(key)), "{name} lacks `{key}`");
        }
    }
}

#[test]
fn builtins_from_disk_equal_the_embedded_ones() {
    for name in builtin_names() {
        let read = Profile::load(&format!("profiles/{name}.yaml")).unwrap();
        assert_eq!(read, Profile::builtin(name).unwrap());
    }
}

#[test]
fn ec2_all_has_the_numbers_of_the_paper() {
    let profile = Profile::load("ec2-all").unwrap();
    assert_eq!(profile.sites.len(), 11);
    assert_eq!(profile.default_machines(), [2; 11]);
    assert_eq!(profile.shaping, Shaping::MachineToSite);
    assert_eq!(rate(&profile, "us-east-1", "us-west-1"), mbit(118));
    assert_eq!(rate(&profile, "Singapore", "Sao Paulo"), Bandwidth::from_bits_per_second(16_760_000));
    assert_eq!(rate(&profile, "SÃO PAULO", "ap-southeast-1"), Bandwidth::from_bits_per_second(16_760_000));
    assert_eq!(rtt(&profile, "virginia", "N. California"), Duration::from_micros(59_560));
    assert_eq!(rtt(&profile, "n. california", "Virginia"), Duration::from_micros(59_536));
    assert!(profile.sites.iter().all(|site| site.nic == both(mbit(1_000))));
    // The paper's mean of the 55 pairs is 67.8; the figure was read to +-5.
    let rates = pairs(&profile, &profile.bandwidth);
    assert_eq!(rates.len(), 110);
    let sum: u64 = rates.iter().map(|(_, rate)| rate.as_bits_per_second()).sum();
    assert!((66_800_000..68_800_000).contains(&(sum / 110)), "{}", sum / 110);
    for (pair, rate) in &rates {
        let (from, to) = pair.split_once(" to ").unwrap();
        let back = format!("{to} to {from}");
        assert!(rates.contains(&(back, *rate)), "{pair} is not symmetric");
    }
}

#[test]
fn two_site_profiles_are_parts_of_ec2_all() {
    let all = Profile::builtin("ec2-all").unwrap();
    for name in ["va-ca", "sg-sp"] {
        let two = Profile::builtin(name).unwrap();
        let names: Vec<&str> = two.sites.iter().map(|site| site.name.as_str()).collect();
        let part = all.restrict(&names).unwrap();
        assert_eq!(two.bandwidth, part.bandwidth, "{name}");
        assert_eq!(two.rtt, part.rtt, "{name}");
        assert_eq!(two.default_machines(), [11, 11]);
        for (site, of_all) in two.sites.iter().zip(&part.sites) {
            assert_eq!((&site.region, &site.aliases, site.nic), (&of_all.region, &of_all.aliases, of_all.nic));
        }
    }
}

#[test]
fn ec2_2022_and_lan_have_their_numbers() {
    let profile = Profile::builtin("ec2-2022").unwrap();
    assert_eq!(rate(&profile, "us-east-1", "us-west-1"), Bandwidth::from_bits_per_second(4_362_800_000));
    assert_eq!(rate(&profile, "us-west-1", "us-east-1"), Bandwidth::from_bits_per_second(4_361_700_000));
    assert!(profile.sites.iter().all(|site| site.nic == both(mbit(10_000))));
    let lan = Profile::builtin("lan").unwrap();
    assert_eq!(lan.default_machines(), [22]);
    assert_eq!(lan.sites[0].nic, both(mbit(1_000)));
}

#[test]
fn a_profile_restricted_keeps_its_numbers_in_the_new_order() {
    let all = Profile::builtin("ec2-2022").unwrap();
    let part = all.restrict(&["Tokyo", "us-east-1", "oregon"]).unwrap();
    part.check().unwrap();
    assert_eq!(part.sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>(), ["Tokyo", "Virginia", "Oregon"]);
    for (from, to) in [("Tokyo", "Virginia"), ("Virginia", "Tokyo"), ("Oregon", "Tokyo")] {
        assert_eq!(rate(&part, from, to), rate(&all, from, to));
        assert_eq!(rtt(&part, from, to), rtt(&all, from, to));
    }
    let refused = |names: &[&str]| all.restrict(names).unwrap_err().to_string();
    assert_eq!(refused(&["Tokyo", "ap-northeast-1"]), "site `Tokyo` is chosen twice, here as `ap-northeast-1`");
    assert_eq!(refused(&["Virgina"]), "unknown site `Virgina`: did you mean `Virginia`?");
    assert_eq!(refused(&[]), "no sites chosen; expected at least one");
}

#[test]
fn unknown_names_lead_to_known_ones() {
    let refused = |name: &str| Profile::load(name).unwrap_err().to_string();
    let site = |name: &str| Profile::builtin("va-ca").unwrap().find_site(name).unwrap_err().to_string();
    let all = [refused("ec2-al"), refused("azure"), site("us-east1"), site("Reykjavik")];
    insta::assert_snapshot!("unknown_names", all.join("\n"));
}

#[test]
fn the_canonical_form_is_readable_and_complete() {
    let profile = Profile::builtin("va-ca").unwrap();
    let text = serde_yaml::to_string(&profile).unwrap();
    assert_eq!(serde_yaml::from_str::<Profile>(&text).unwrap(), profile);
    let binary = postcard::to_stdvec(&profile).unwrap();
    assert_eq!(postcard::from_bytes::<Profile>(&binary).unwrap(), profile);
    insta::assert_snapshot!("canonical", text);
}

#[test]
fn examples_of_the_readme_load() {
    let readme = fs::read_to_string("profiles/README.md").unwrap();
    for entry in fs::read_dir("profiles/examples").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(readme.contains(&format!("\n{text}```")), "README.md does not show {}", path.display());
    }
    let three = Profile::load("profiles/examples/three-sites.yaml").unwrap();
    assert_eq!(three.shaping, Shaping::SitePair);
    assert_eq!(three.default_machines(), [4, 2, 4]);
    assert_eq!(rate(&three, "Berlin", "Tokyo"), mbit(120));
    assert_eq!(rate(&three, "Tokyo", "Berlin"), mbit(60));
    assert_eq!(three.sites[2].uplink, Some(Duplex { inbound: mbit(500), outbound: mbit(200) }));
    assert_eq!(three.jitter, Duration::from_millis(2));

    let tables = Profile::load("profiles/examples/with-tables.yaml").unwrap();
    assert_eq!(tables.name, "with-tables");
    assert_eq!(rate(&tables, "Paris", "Tokyo"), Bandwidth::from_bits_per_second(110_500_000));
    assert_eq!(rtt(&tables, "Berlin", "Paris"), Duration::from_micros(21_200));
    assert_eq!(rtt(&tables, "Paris", "Berlin"), Duration::from_micros(21_100));
    assert_eq!(tables.sites[0].nic, both(mbit(1_000)));

    let bare = Profile::load("profiles/examples/bandwidth.csv").unwrap();
    assert_eq!(bare.bandwidth, tables.bandwidth);
    assert_eq!((bare.source.as_str(), bare.date.as_str()), ("our own iperf3 runs, one flow", "2026-01-15"));
    assert_eq!(rtt(&bare, "Tokyo", "Paris"), Duration::from_millis(80));
    assert_eq!(bare.default_machines(), [2; 3]);
    assert!(bare.notes[0].contains("80 ms between sites, as the table states"));
}

#[test]
fn depth_and_jitter_reach_the_network() {
    let mut profile = Profile::load("profiles/examples/three-sites.yaml").unwrap();
    profile.depth = Some(ByteSize::from_bytes(100_000));
    let network = Topology::new(&profile, &[1, 1, 1]).unwrap().network();
    assert!(network.limits.iter().all(|limit| limit.depth == ByteSize::from_bytes(100_000)));
    assert_eq!(network.route(MachineId(0), MachineId(1)).jitter, Duration::from_millis(2));
}

/// Writes a file into a new folder, and reads it with `nic` for network cards that it does not state.
fn read_text(name: &str, text: &str, nic: Option<Bandwidth>) -> Result<Profile, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    Profile::read_with_nic(&path, nic).map_err(|error| error.to_string())
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_profile() {
    let yaml = fs::read_to_string("profiles/examples/three-sites.yaml").unwrap();
    assert_eq!(
        read_text("three-sites.yaml", &format!("\u{feff}{yaml}"), None),
        read_text("three-sites.yaml", &yaml, None)
    );
    let csv = fs::read_to_string("profiles/examples/bandwidth.csv").unwrap();
    let marked = read_text("bandwidth.CSV", &format!("\u{feff}{csv}"), None);
    assert_eq!(marked, read_text("bandwidth.csv", &csv, None));
    assert!(marked.is_ok());
}

#[test]
fn a_diagonal_that_says_nothing_leaves_the_network_card_open() {
    let table = |cell: &str| format!("# unit: Mbit/s\n,Berlin,Tokyo\nBerlin,{cell},120\nTokyo,60,{cell}\n");
    for cell in ["", "0", "0.00", "-", "NaN", "nan", "n/a"] {
        let profile = read_text("net.csv", &table(cell), Some(mbit(1_000))).unwrap();
        assert!(profile.sites.iter().all(|site| site.nic == both(mbit(1_000))), "`{cell}`");
        let error = read_text("net.csv", &table(cell), None).unwrap_err();
        assert!(error.contains("the diagonal, or `nic` of the spec"), "`{cell}`: {error}");
    }
    let stated = read_text("net.csv", &table("500"), Some(mbit(1_000))).unwrap();
    assert!(stated.sites.iter().all(|site| site.nic == both(mbit(500))), "what the table states comes first");
    for wrong in ["fast", "-5"] {
        assert!(
            read_text("net.csv", &table(wrong), Some(mbit(1_000))).is_err(),
            "`{wrong}` is a mistake on a diagonal too"
        );
    }
    let yaml = "sites: [{name: A}, {name: B}]\nbandwidth: {uniform: 10 Mbit/s}\nrtt: {uniform: 60 ms}\n";
    assert!(
        read_text("net.yaml", yaml, Some(mbit(1_000))).unwrap().sites.iter().all(|site| site.nic == both(mbit(1_000)))
    );
}

#[test]
fn more_sites_than_are_modelled_are_refused_before_there_is_a_matrix_of_them() {
    // A matrix of these has 10^10 cells.
    let sites: String = (0..100_000).map(|site| format!("- name: S{site}\n")).collect();
    let yaml = format!("sites:\n{sites}bandwidth: {{uniform: 10 Mbit/s}}\nrtt: {{uniform: 60 ms}}\n");
    let error = read_text("net.yaml", &yaml, Some(mbit(1_000))).unwrap_err();
    assert!(error.ends_with("net.yaml: sites: 100000, the most is 1024"), "{error}");
    let header: String = (0..100_000).map(|site| format!(",S{site}")).collect();
    let error = read_text("net.csv", &format!("# unit: Mbit/s\n{header}\n"), Some(mbit(1_000))).unwrap_err();
    assert!(error.ends_with("net.csv: sites: 100000, the most is 1024"), "{error}");
}

#[test]
fn what_a_long_name_was_meant_to_be_is_not_looked_for() {
    // The table of all distances between the two would take 80 GB.
    let (name, other) = ("a".repeat(100_000), "b".repeat(100_000));
    let table = format!("# unit: Mbit/s\n,{name}\n{other},0\n");
    let error = read_text("net.csv", &table, Some(mbit(1_000))).unwrap_err();
    assert!(error.ends_with(&format!("unknown site `{other}`: expected one of {name}")), "{} bytes", error.len());
}

#[test]
fn a_line_of_nothing_but_a_byte_order_mark_is_blank() {
    let table = "# unit: Mbit/s\n\u{feff}\n,A,B\nA,0,10\n\u{feff}\nB,20,0\n\u{feff}";
    let tables = |text: &str| read_text("net.csv", text, Some(mbit(1_000)));
    let (with, without) = (tables(table), tables(&table.replace("\u{feff}\n", "").replace('\u{feff}', "")));
    assert_eq!(with, without);
}

#[test]
fn a_folder_without_reports_is_no_profile() {
    let error = Profile::read(Path::new("profiles")).unwrap_err().to_string();
    let expected = "expected `FROM..TO.json` (the output of `iperf3 -J`) for every ordered pair of sites, or a file that ends in .yaml, .yml or .csv";
    assert_eq!(error, format!("profiles: a folder without reports of iperf3; {expected}"));
}

#[test]
fn bad_files_are_refused_with_their_place() {
    let folder = Path::new("tests/bad-profiles");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension != "part"));
    paths.sort();
    assert!(paths.len() > 30);
    let mut all = String::new();
    for path in paths {
        let error = Profile::read(&path).unwrap_err();
        writeln!(all, "{error}").unwrap();
    }
    insta::assert_snapshot!("bad_files", all);
}
