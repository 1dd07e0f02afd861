//! From a name or a path to a [`Profile`].

use std::io;
use std::path::Path;

use base::suggest;

use super::builtin::{builtin_names, builtins};
use super::error::{ReadProfileError, ReadProfileProblem as Problem};
use super::find::listed;
use super::matrix::{Key, Stated, Table};
use super::source::{DEFAULT_MACHINES, DEFAULT_RTT_INSIDE, Opened, Source, read_text};
use super::{Duplex, Profile, Shaping, Site, SiteMatrix, reports, yaml};
use crate::time::Duration;
use crate::units::Bandwidth;

/// The round trip between sites of a table that stands alone and states none, assumed.
const DEFAULT_RTT: Duration = Duration::from_millis(100);

impl Profile {
    /// A built-in profile by its name, or one from a file by its path (ending in `.yaml`, `.yml` or `.csv`).
    ///
    /// ```
    /// use emulator::profile::Profile;
    /// use emulator::topology::Topology;
    ///
    /// let profile = Profile::load("ec2-all")?.restrict(&["Virginia", "Tokyo", "ap-southeast-1"])?;
    /// assert_eq!(profile.sites[2].name, "Singapore");
    /// let (virginia, tokyo) = (profile.find_site("virginia")?, profile.find_site("tokyo")?);
    /// println!("{}", profile.bandwidth.value(virginia, tokyo).expect("two different sites"));
    ///
    /// // Two machines per site, and the limits and routes between them.
    /// let topology = Topology::new(&profile, &[2, 2, 2])?;
    /// assert_eq!(topology.network().machines, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(name_or_path: &str) -> Result<Profile, ReadProfileError> {
        if is_path(name_or_path) { Profile::read(Path::new(name_or_path)) } else { Profile::builtin(name_or_path) }
    }

    /// The built-in profile of this name; [`builtin_names`] lists them.
    pub fn builtin(name: &str) -> Result<Profile, ReadProfileError> {
        let Some(builtin) = builtins().iter().find(|builtin| builtin.name == name) else {
            let hint = suggest::nearest(name, builtin_names()).map_or_else(
                || format!("expected one of {}", listed(builtin_names())),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(ReadProfileError::Unknown { name: name.to_owned(), hint });
        };
        let open = |file: &str| {
            let table = builtin.tables.iter().find(|(known, _)| *known == file);
            let text = table.map(|(_, text)| (*text).to_owned());
            let missing = || ReadProfileError::File { file: file.to_owned(), error: io::ErrorKind::NotFound.into() };
            text.map(|text| Opened { file: file.to_owned(), text }).ok_or_else(missing)
        };
        let source = Source { file: &format!("{name}.yaml"), stem: name, text: builtin.yaml, nic: None };
        yaml::parse(&source, &open)
    }

    /// The profile in a file: YAML, or a bare table of bandwidths when its name ends in `.csv`; or in a folder of iperf3's reports.
    pub fn read(path: &Path) -> Result<Profile, ReadProfileError> {
        Profile::read_with_nic(path, None)
    }

    /// [`Profile::read`], with `nic` as the rate in and out of the network cards that the file does not state.
    pub fn read_with_nic(path: &Path, nic: Option<Bandwidth>) -> Result<Profile, ReadProfileError> {
        if path.is_dir() {
            return reports::read(path, nic);
        }
        let file = path.display().to_string();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = read_text(path)?;
        let source = Source { file: &file, stem: &stem, text: &text, nic };
        if has_extension(path, "csv") {
            return from_table(&source);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let open = |name: &str| {
            let path = folder.join(name);
            Ok(Opened { file: path.display().to_string(), text: read_text(&path)? })
        };
        yaml::parse(&source, &open)
    }
}

/// A profile from nothing but a table of bandwidths and its comment lines.
fn from_table(source: &Source<'_>) -> Result<Profile, ReadProfileError> {
    let Source { file, stem, text, nic } = *source;
    let table = Table::parse(file, text)?;
    let meaning = |problem| ReadProfileError::meaning(file, problem);
    let stated_nic = table.stated_quantity::<Bandwidth>(Key::Nic)?;
    let stated_rtt = table.stated_quantity::<Duration>(Key::Rtt)?;
    let unset = Bandwidth::from_bits_per_second(1);
    let mut sites: Vec<Site> = table
        .site_names()?
        .iter()
        .map(|name| Site {
            name: name.clone(),
            region: None,
            aliases: Vec::new(),
            machines: DEFAULT_MACHINES,
            nic: Duplex { inbound: unset, outbound: unset },
            uplink: None,
            rtt_inside: DEFAULT_RTT_INSIDE,
        })
        .collect();
    super::check_sites(&sites).map_err(|error| meaning(Problem::Invalid(error)))?;
    let bandwidth = table.values::<Bandwidth>(&sites, None)?;
    for (site, diagonal) in sites.iter_mut().zip(bandwidth.diagonal) {
        let Some(rate) = diagonal.or(stated_nic).or(nic) else {
            let expected = "a line `# nic: 1 Gbit/s` above the table, the diagonal, or `nic` of the spec";
            return Err(meaning(Problem::NoNic { site: site.name.clone(), expected }));
        };
        site.nic = Duplex { inbound: rate, outbound: rate };
    }
    let text = |key| table.stated(key).map_or_else(|| "not stated".to_owned(), |stated: &Stated| stated.value.clone());
    let rtt = stated_rtt.unwrap_or(DEFAULT_RTT);
    let how = if stated_rtt.is_some() { "as the table states" } else { "assumed" };
    let profile = Profile {
        name: stem.to_owned(),
        title: stem.to_owned(),
        source: text(Key::Source),
        date: text(Key::Date),
        notes: vec![
            format!("Round trips: {rtt} between sites, {how}; {DEFAULT_RTT_INSIDE} inside, assumed."),
            format!("Machines: {DEFAULT_MACHINES} a site, assumed."),
        ],
        bandwidth: bandwidth.between,
        rtt: SiteMatrix::from_fn(sites.len(), |_, _| Some(rtt)),
        sites,
        jitter: Duration::ZERO,
        shaping: Shaping::default(),
        depth: None,
    };
    profile.check().map_err(|error| meaning(Problem::Invalid(error)))?;
    Ok(profile)
}

/// Whether this is meant as a path: by its ending in small or capital letters, or because no profile has a separator in its name.
pub fn is_path(name_or_path: &str) -> bool {
    let path = Path::new(name_or_path);
    ["yaml", "yml", "csv"].iter().any(|extension| has_extension(path, extension))
        || name_or_path.contains(std::path::MAIN_SEPARATOR)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
