//! The form of a profile file, and the way from it to a [`Profile`].
//!
//! See `emulator/profiles/README.md` for the keys. Unknown keys are refused; errors of form carry line and column.

use std::fmt;
use std::marker::PhantomData;

use base::suggest;
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, MapAccess};

use super::error::{ReadProfileError, ReadProfileProblem as Problem};
use super::find::find_site;
use super::iperf::{self, Wanted};
use super::matrix::{Table, Values};
use super::source::{DEFAULT_MACHINES, DEFAULT_RTT_INSIDE, Open, Source};
use super::{Duplex, Profile, Shaping, Site, SiteMatrix};
use crate::id::SiteId;
use crate::quantity::Quantity;
use crate::time::Duration;
use crate::units::{Bandwidth, ByteSize};

/// A profile as written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[serde(expecting = "a mapping of the fields of a profile")]
struct ProfileFile {
    name: Option<String>,
    title: Option<String>,
    source: Option<String>,
    date: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
    machines_per_site: Option<u32>,
    sites: Vec<SiteEntry>,
    #[serde(default)]
    shaping: Shaping,
    bandwidth: Option<Matrix<Bandwidth>>,
    rtt: Option<Matrix<Duration>>,
    rtt_inside: Option<Duration>,
    #[serde(default)]
    jitter: Duration,
    nic: Option<Duplex>,
    uplink: Option<Duplex>,
    depth: Option<ByteSize>,
}

/// A site as written; fields that it leaves out are the profile's.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[serde(expecting = "the fields of a site: `{name: Berlin}`")]
struct SiteEntry {
    name: String,
    region: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    machines: Option<u32>,
    nic: Option<Duplex>,
    uplink: Option<Duplex>,
    rtt_inside: Option<Duration>,
}

/// A value for every pair, in one of three forms.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "Q: DeserializeOwned"))]
struct Matrix<Q> {
    #[serde(with = "serde_yaml::with::singleton_map")]
    form: MatrixForm<Q>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", bound(deserialize = "Q: DeserializeOwned"))]
#[serde(expecting = "one of `{uniform: ...}`, `{rows: ...}`, `{csv: {file: ...}}`, `{iperf: {folder: ...}}`")]
enum MatrixForm<Q> {
    /// The same between all.
    Uniform(Q),
    /// From each site to each other, here.
    Rows(Entries<Entries<Q>>),
    /// A table in a file of its own.
    Csv(CsvFile),
    /// Reports of `iperf3 -J` in a folder.
    Iperf(IperfFolder),
}

/// A table alongside the profile; its path is relative to the profile's folder.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[serde(expecting = "`{file: NAME}`")]
struct CsvFile {
    file: String,
    unit: Option<String>,
}

/// A folder alongside the profile, with `FROM..TO.json` for every pair of sites.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[serde(expecting = "`{folder: NAME}`")]
struct IperfFolder {
    folder: String,
}

/// A map in the order in which it was written, each key once.
struct Entries<V>(Vec<(String, V)>);

/// Parses the profile in `source`; `open` reads the tables and reports that it names.
pub(super) fn parse(source: &Source<'_>, open: &Open<'_>) -> Result<Profile, ReadProfileError> {
    let Source { file, stem, text, nic } = *source;
    let written: ProfileFile = serde_yaml::from_str(text).map_err(|error| {
        let near = suggest::in_message(&error.to_string()).map(|near| format!("; did you mean `{near}`?"));
        let hint = near.unwrap_or_default();
        ReadProfileError::Form { file: file.to_owned(), error, hint }
    })?;
    let nic = nic.map(|rate| Duplex { inbound: rate, outbound: rate });
    let reading = Reading { file, nic, open };
    reading.resolve(written, stem)
}

/// The inputs that all steps of reading share.
struct Reading<'a> {
    file: &'a str,
    nic: Option<Duplex>,
    open: &'a Open<'a>,
}

impl Reading<'_> {
    fn resolve(&self, written: ProfileFile, stem: &str) -> Result<Profile, ReadProfileError> {
        let mut sites: Vec<Site> = written.sites.iter().map(|entry| self.site(&written, entry)).collect();
        super::check_sites(&sites).map_err(|error| self.fail(Problem::Invalid(error)))?;
        let bandwidth = self.matrix(&sites, written.bandwidth, "bandwidth", "nic")?;
        let rtt = self.matrix(&sites, written.rtt, "rtt", "rtt-inside")?;
        for (position, (site, entry)) in sites.iter_mut().zip(&written.sites).enumerate() {
            site.nic = self.nic(&site.name, entry.nic.or(written.nic), bandwidth.diagonal[position])?;
            let stated = entry.rtt_inside.or(written.rtt_inside);
            site.rtt_inside = self.rtt_inside(&site.name, stated, rtt.diagonal[position])?;
        }
        let name = written.name.unwrap_or_else(|| stem.to_owned());
        let not_stated = || "not stated".to_owned();
        let profile = Profile {
            title: written.title.unwrap_or_else(|| name.clone()),
            name,
            source: written.source.unwrap_or_else(not_stated),
            date: written.date.unwrap_or_else(not_stated),
            notes: written.notes.into_iter().chain(bandwidth.notes).chain(rtt.notes).collect(),
            sites,
            bandwidth: bandwidth.between,
            rtt: rtt.between,
            jitter: written.jitter,
            shaping: written.shaping,
            depth: written.depth,
        };
        profile.check().map_err(|error| self.fail(Problem::Invalid(error)))?;
        Ok(profile)
    }

    /// A site with all fields that the matrices do not state; its card and inner round trip are filled in after them.
    fn site(&self, profile: &ProfileFile, entry: &SiteEntry) -> Site {
        let unset = Bandwidth::from_bits_per_second(1);
        Site {
            name: entry.name.clone(),
            region: entry.region.clone(),
            aliases: entry.aliases.clone(),
            machines: entry.machines.or(profile.machines_per_site).unwrap_or(DEFAULT_MACHINES),
            nic: Duplex { inbound: unset, outbound: unset },
            uplink: entry.uplink.or(profile.uplink),
            rtt_inside: DEFAULT_RTT_INSIDE,
        }
    }

    fn matrix<Q: Quantity>(
        &self,
        sites: &[Site],
        written: Option<Matrix<Q>>,
        matrix: &'static str,
        instead: &'static str,
    ) -> Result<Values<Q>, ReadProfileError> {
        match written.map(|matrix| matrix.form) {
            Some(MatrixForm::Uniform(value)) => Ok(Values {
                between: SiteMatrix::from_fn(sites.len(), |_, _| Some(value)),
                diagonal: vec![None; sites.len()],
                notes: Vec::new(),
            }),
            Some(MatrixForm::Rows(rows)) => self.rows(sites, rows, matrix, instead),
            Some(MatrixForm::Csv(csv)) => {
                let table = (self.open)(&csv.file)?;
                Table::parse(&table.file, &table.text)?.values(sites, csv.unit.as_deref())
            }
            Some(MatrixForm::Iperf(runs)) => {
                let wanted = if matrix == "rtt" { Wanted::RoundTrip } else { Wanted::Bandwidth };
                iperf::values(sites, &runs.folder, wanted, self.open)
            }
            None if sites.len() < 2 => {
                let (between, diagonal) = (SiteMatrix::from_fn(sites.len(), |_, _| None), vec![None; sites.len()]);
                Ok(Values { between, diagonal, notes: Vec::new() })
            }
            None => Err(self.fail(Problem::NoMatrix { matrix, example: Q::EXAMPLE })),
        }
    }

    /// The values of `rows`; [`Profile::check`] reports missing ones.
    fn rows<Q: Quantity>(
        &self,
        sites: &[Site],
        rows: Entries<Entries<Q>>,
        matrix: &'static str,
        instead: &'static str,
    ) -> Result<Values<Q>, ReadProfileError> {
        let mut cells = vec![vec![None; sites.len()]; sites.len()];
        let mut rows_seen = vec![false; sites.len()];
        for (from_name, row) in rows.0 {
            let place = format!("{matrix}.rows");
            let from = self.find(sites, &from_name, &place)?;
            if std::mem::replace(&mut rows_seen[from.index()], true) {
                return Err(self.fail(Problem::Repeated { place, site: from_name }));
            }
            for (to_name, value) in row.0 {
                let place = format!("{matrix}.rows.{from_name}");
                let to = self.find(sites, &to_name, &place)?;
                if from == to {
                    return Err(self.fail(Problem::SelfRow { matrix, site: from_name, instead }));
                }
                if cells[from.index()][to.index()].replace(value).is_some() {
                    return Err(self.fail(Problem::Repeated { place, site: to_name }));
                }
            }
        }
        Ok(Values {
            between: SiteMatrix::from_fn(sites.len(), |from, to| cells[from.index()][to.index()]),
            diagonal: vec![None; sites.len()],
            notes: Vec::new(),
        })
    }

    fn find(&self, sites: &[Site], name: &str, place: &str) -> Result<SiteId, ReadProfileError> {
        find_site(sites, name).map_err(|error| self.fail(Problem::Site { place: place.to_owned(), error }))
    }

    /// The card of a site's machines: stated, or the diagonal of the bandwidths, or that of the experiment.
    fn nic(&self, site: &str, stated: Option<Duplex>, diagonal: Option<Bandwidth>) -> Result<Duplex, ReadProfileError> {
        match (stated, diagonal) {
            (Some(nic), Some(diagonal)) if nic.inbound != diagonal || nic.outbound != diagonal => {
                let stated = format!("in {}, out {}", nic.inbound, nic.outbound);
                Err(self.diagonal_conflict(site, "nic", stated, diagonal.to_string()))
            }
            (Some(nic), _) => Ok(nic),
            (None, Some(rate)) => Ok(Duplex { inbound: rate, outbound: rate }),
            (None, None) => self.nic.ok_or_else(|| {
                let expected =
                    "`nic: {in: 1 Gbit/s, out: 1 Gbit/s}`, the diagonal of a table of bandwidths, or `nic` of the spec";
                self.fail(Problem::NoNic { site: site.to_owned(), expected })
            }),
        }
    }

    /// The round trip inside a site: stated, or the diagonal of the round trips, or the default.
    fn rtt_inside(
        &self,
        site: &str,
        stated: Option<Duration>,
        diagonal: Option<Duration>,
    ) -> Result<Duration, ReadProfileError> {
        match (stated, diagonal) {
            (Some(stated), Some(diagonal)) if stated != diagonal => {
                Err(self.diagonal_conflict(site, "rtt-inside", stated.to_string(), diagonal.to_string()))
            }
            (Some(inside), _) | (None, Some(inside)) => Ok(inside),
            (None, None) => Ok(DEFAULT_RTT_INSIDE),
        }
    }

    fn diagonal_conflict(&self, site: &str, key: &'static str, stated: String, diagonal: String) -> ReadProfileError {
        self.fail(Problem::DiagonalConflict { site: site.to_owned(), key, stated, diagonal })
    }

    fn fail(&self, problem: Problem) -> ReadProfileError {
        ReadProfileError::meaning(self.file, problem)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> de::Visitor<'de> for EntriesVisitor<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names of sites")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
        let mut entries: Vec<(String, V)> = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
