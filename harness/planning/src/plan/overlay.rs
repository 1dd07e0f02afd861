//! From the overlay of a spec, in names, to the ways between the sites of a profile.

use emulator::id::SiteId;
use emulator::profile::Profile;
use gaia_core::overlay::{Groups, Hubs, Overlay, OverlayError, pairs};
use gaia_core::sync::config::{GroupsByName, Ways};

/// The groups of the author's public code for the 11 regions of EC2 (`kevinhsieh/non_iid_dml`).
const EC2_GROUPS: [&[&str]; 3] = [
    &["Virginia", "California", "Oregon", "São Paulo"],
    &["Tokyo", "Seoul", "Singapore", "Sydney"],
    &["Frankfurt", "Ireland", "Mumbai"],
];
/// The hub of each, where it has one.
const EC2_HUBS: [&str; 3] = ["Virginia", "Tokyo", "Frankfurt"];
/// The hubs of every two groups, where a group has a hub for each other.
const EC2_LINKS: [[&str; 2]; 3] = [["Virginia", "Frankfurt"], ["Oregon", "Seoul"], ["Tokyo", "Mumbai"]];

/// Diagnostics: the path below the overlay's field, and the message.
type Wrong = Vec<(String, String)>;

/// The overlay of `profile` that `ways` means.
pub fn overlay(ways: &Ways, profile: &Profile) -> Result<Overlay, Wrong> {
    match ways {
        Ways::Direct {} => Ok(Overlay::Direct),
        Ways::Groups(groups) => by_name(groups, profile, "groups"),
        Ways::Ec2 { hubs } => {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let links = EC2_LINKS.iter().map(|link| link.map(str::to_owned)).collect();
            let (hubs, links) = match hubs {
                Hubs::Single => (Some(owned(&EC2_HUBS)), None),
                Hubs::Multi => (None, Some(links)),
            };
            let groups = GroupsByName { sites: EC2_GROUPS.iter().map(|group| owned(group)).collect(), hubs, links };
            by_name(&groups, profile, "ec2").map_err(|wrong| {
                let (_, first) = &wrong[0];
                let message =
                    format!("the groups of EC2's 11 regions do not fit the profile `{}`: {first}", profile.name);
                vec![("ec2".into(), format!("{message}; expected `direct`, `computed` or `groups`"))]
            })
        }
        Ways::Computed { groups, hubs } => {
            let sites = profile.sites.len();
            if groups.is_some_and(|groups| !(1..=sites).contains(&(groups as usize))) {
                let found = groups.unwrap_or_default();
                return Err(vec![("computed.groups".into(), format!("{found}: expected 1 to the {sites} sites"))]);
            }
            let groups = groups.map(|groups| groups as usize);
            Ok(Overlay::computed(sites, &|a, b| bandwidth(profile, a, b), groups, *hubs))
        }
    }
}

/// The bandwidth between two sites in the slower direction, in bit/s.
fn bandwidth(profile: &Profile, a: usize, b: usize) -> u64 {
    let [a, b] = [a, b].map(|site| SiteId(site as u32));
    let ways = [(a, b), (b, a)].map(|(from, to)| profile.bandwidth.value(from, to));
    ways.into_iter().flatten().map(|rate| rate.as_bits_per_second()).min().unwrap_or(u64::MAX)
}

fn by_name(groups: &GroupsByName, profile: &Profile, path: &str) -> Result<Overlay, Wrong> {
    let mut wrong = Wrong::new();
    let mut site = |path: String, name: &String| match profile.find_site(name) {
        Ok(site) => site.index(),
        Err(unknown) => {
            wrong.push((path, unknown.to_string()));
            usize::MAX
        }
    };
    let mut numbers = |path: &str, names: &[String]| -> Vec<usize> {
        names.iter().enumerate().map(|(at, name)| site(format!("{path}[{at}]"), name)).collect()
    };
    let sites = groups.sites.iter().enumerate();
    let members: Vec<Vec<usize>> = sites.map(|(at, names)| numbers(&format!("{path}.sites[{at}]"), names)).collect();
    let hubs = groups.hubs.as_ref().map(|hubs| numbers(&format!("{path}.hubs"), hubs));
    let ends = |(at, ends): (usize, &[String; 2])| numbers(&format!("{path}.links[{at}]"), ends);
    let links: Option<Vec<Vec<usize>>> =
        groups.links.as_ref().map(|links| links.iter().enumerate().map(ends).collect());
    if hubs.is_some() && links.is_some() {
        wrong.push((format!("{path}.links"), "together with `hubs`: expected one of them".into()));
    }
    if let Some(hubs) = &hubs
        && hubs.len() != members.len()
    {
        let (found, expected) = (hubs.len(), members.len());
        wrong.push((format!("{path}.hubs"), format!("{found}: expected {expected}, one for each group")));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let in_words = |errors: &[OverlayError]| errors.iter().map(|error| in_names(error, profile, path)).collect();
    // Before hubs are looked for: an empty group has none.
    let errors = Groups::check_members(&members, profile.sites.len());
    if hubs.is_none() && links.is_none() && !errors.is_empty() {
        return Err(in_words(&errors));
    }
    let links = match (hubs, links) {
        (Some(hubs), _) => Groups::with_hubs(members.clone(), &hubs).links,
        (None, Some(links)) => in_order(&members, links),
        (None, None) => Hubs::Single.links(&members, &|a, b| bandwidth(profile, a, b)),
    };
    let groups = Groups { members, links };
    let errors = groups.check(profile.sites.len());
    if errors.is_empty() {
        return Ok(if groups.members.len() > 1 { Overlay::Groups(groups) } else { Overlay::Direct });
    }
    Err(in_words(&errors))
}

/// Links written in any order, in that of [`pairs`]. One between no two groups is kept for the check to find.
fn in_order(members: &[Vec<usize>], links: Vec<Vec<usize>>) -> Vec<[usize; 2]> {
    let mut left = links;
    let group_of = |site: usize| members.iter().position(|members| members.contains(&site));
    let mut ordered = Vec::new();
    for (lower, upper) in pairs(members.len()) {
        let joins = |link: &Vec<usize>| {
            let ends = [group_of(link[0]), group_of(link[1])];
            ends == [Some(lower), Some(upper)] || ends == [Some(upper), Some(lower)]
        };
        if let Some(at) = left.iter().position(joins) {
            let link = left.remove(at);
            ordered.push(if group_of(link[0]) == Some(lower) { [link[0], link[1]] } else { [link[1], link[0]] });
        }
    }
    ordered.extend(left.iter().map(|link| [link[0], link[1]]));
    ordered
}

fn in_names(error: &OverlayError, profile: &Profile, path: &str) -> (String, String) {
    let name = |site: &usize| &profile.sites[*site].name;
    match error {
        OverlayError::Empty { group } => (format!("{path}.sites[{group}]"), "empty: expected at least one site".into()),
        OverlayError::Twice { site } => (format!("{path}.sites"), format!("`{}` is in a group already", name(site))),
        OverlayError::Missing { site } => {
            (format!("{path}.sites"), format!("`{}` is in no group: expected every site in one", name(site)))
        }
        OverlayError::Links { .. } => (format!("{path}.links"), error.to_string()),
        OverlayError::Hub { site, group } => {
            let message = format!("`{}` is not in sites[{group}], for which it is a hub here", name(site));
            (format!("{path}.links"), message)
        }
    }
}
