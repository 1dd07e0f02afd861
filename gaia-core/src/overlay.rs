//! Overlays: on which ways updates go from site to site.
//!
//! Directly, every site sends to every other. With groups, a site sends to the other sites of its group; between two groups
//! there is one **link** with a hub at each end (Gaia, section 5 and the author's code). A hub sums its group's updates for
//! the other group, and spreads what comes back in its own.
//!
//! The whole of it is a list of [`Side`]s for every site: the sites that it sends to in one go, and the sites whose updates that
//! consists of. A site without hubs has one side, the others of its group. A hub has one more for each link, and one that
//! spreads in the group what came over its links. Which incoming updates go on over a side follows from that alone: those of
//! sites that it speaks for, from a sender that it does not send to. Every update has exactly one way to every site, so
//! nothing comes twice and nothing comes back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The ways between the sites of a run, which are known by their numbers here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overlay {
    /// Every site sends to every other.
    #[default]
    Direct,
    /// Groups of sites, whose hubs send to the other groups.
    Groups(Groups),
}

/// Groups of sites, and the hubs that link them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// The sites of every group; every site is in one.
    pub members: Vec<Vec<usize>>,
    /// For every two groups, the hub in the lower-numbered group and the hub in the other: (0, 1), (0, 2), (1, 2), (0, 3), ...
    pub links: Vec<[usize; 2]>,
}

/// The receivers and the contents of the messages that a site sends in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The sites that get it, ascending.
    pub to: Vec<usize>,
    /// The sites whose updates it consists of, ascending.
    pub of: Vec<usize>,
}

/// The reasons why groups and links do not make an overlay. Groups are numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages of the variants name their fields")]
pub enum OverlayError {
    /// A group of nobody.
    #[error("group {group} has no sites")]
    Empty { group: usize },
    /// A site that stands in two groups, or twice in one.
    #[error("site {site} is in a group already")]
    Twice { site: usize },
    /// A site that stands in none.
    #[error("site {site} is in no group")]
    Missing { site: usize },
    /// Not a link for every two groups.
    #[error("{found} links: expected {expected}, one for every two groups")]
    Links { found: usize, expected: usize },
    /// A hub that is not in its group.
    #[error("site {site} is a hub of group {group}, and not in it")]
    Hub { site: usize, group: usize },
}

/// Every two groups of `groups`, in the order of [`Groups::links`].
pub fn pairs(groups: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..groups).flat_map(|upper| (0..upper).map(move |lower| (lower, upper)))
}

impl Groups {
    /// Groups with one hub each.
    pub fn with_hubs(members: Vec<Vec<usize>>, hubs: &[usize]) -> Self {
        let links = pairs(members.len()).map(|(lower, upper)| [hubs[lower], hubs[upper]]).collect();
        Groups { members, links }
    }

    /// Everything that is wrong with it, for `sites` sites.
    pub fn check(&self, sites: usize) -> Vec<OverlayError> {
        let mut errors = Groups::check_members(&self.members, sites);
        errors.extend(self.check_links());
        errors
    }

    /// Everything that is wrong with the groups alone, for `sites` sites. Hubs are only found ([`Hubs::links`]) in groups without
    /// errors.
    pub fn check_members(members: &[Vec<usize>], sites: usize) -> Vec<OverlayError> {
        let mut errors = Vec::new();
        let mut seen = BTreeSet::new();
        for (group, members) in members.iter().enumerate() {
            if members.is_empty() {
                errors.push(OverlayError::Empty { group });
            }
            let twice = members.iter().filter(|&&site| !seen.insert(site));
            errors.extend(twice.map(|&site| OverlayError::Twice { site }));
        }
        errors.extend((0..sites).filter(|site| !seen.contains(site)).map(|site| OverlayError::Missing { site }));
        errors
    }

    fn check_links(&self) -> Vec<OverlayError> {
        let mut errors = Vec::new();
        let expected = pairs(self.members.len()).count();
        if self.links.len() != expected {
            errors.push(OverlayError::Links { found: self.links.len(), expected });
        }
        for ((lower, upper), link) in pairs(self.members.len()).zip(&self.links) {
            let ends = [lower, upper].into_iter().zip(*link);
            let strange = ends.filter(|&(group, site)| !self.members[group].contains(&site));
            errors.extend(strange.map(|(group, site)| OverlayError::Hub { site, group }));
        }
        errors
    }
}

impl Overlay {
    /// The sides of site `site` of `sites`; the first consists of its own updates, perhaps with others'. Without other sites
    /// there are none.
    pub fn sides(&self, site: usize, sites: usize) -> Vec<Side> {
        let others = |of: &[usize]| of.iter().copied().filter(|&other| other != site).collect::<BTreeSet<_>>();
        let side = |to: BTreeSet<usize>, of: BTreeSet<usize>| Side {
            to: to.into_iter().collect(),
            of: of.into_iter().collect(),
        };
        let groups = match self {
            Overlay::Direct => {
                let all: Vec<usize> = (0..sites).collect();
                let direct = side(others(&all), BTreeSet::from([site]));
                return if direct.to.is_empty() { Vec::new() } else { vec![direct] };
            }
            Overlay::Groups(groups) => groups,
        };
        let own = groups.members.iter().position(|members| members.contains(&site)).expect("every site has a group");
        let neighbours = others(&groups.members[own]);
        let mut sides = Vec::new();
        if !neighbours.is_empty() {
            sides.push(side(neighbours.clone(), BTreeSet::from([site])));
        }
        let mut comes_here = BTreeSet::new();
        for ((lower, upper), &[low_hub, high_hub]) in pairs(groups.members.len()).zip(&groups.links) {
            let (hub, there, other) = match own {
                own if own == lower => (low_hub, high_hub, upper),
                own if own == upper => (high_hub, low_hub, lower),
                _ => continue,
            };
            if hub == site {
                sides.push(side(BTreeSet::from([there]), groups.members[own].iter().copied().collect()));
                comes_here.extend(groups.members[other].iter().copied());
            }
        }
        if !comes_here.is_empty() && !neighbours.is_empty() {
            sides.push(side(neighbours, comes_here));
        }
        sides
    }

    /// Groups of near sites, from the bandwidths between them: of `groups` groups, from 1 to the number of sites.
    ///
    /// Sites are joined to groups by complete linkage: again and again the two groups become one whose slowest pair of sites
    /// is fastest. Without `groups`, their number is the one with which the slowest link in use is fastest, the smallest of
    /// equals. `bandwidth(a, b)` is symmetric, in any unit; ties go to lower numbers.
    pub fn computed(sites: usize, bandwidth: &dyn Fn(usize, usize) -> u64, groups: Option<usize>, hubs: Hubs) -> Self {
        let levels = joined(sites, bandwidth);
        let candidates = levels.into_iter().filter(|members| groups.is_none_or(|groups| groups == members.len()));
        let linked = candidates.map(|members| {
            let links = hubs.links(&members, bandwidth);
            Groups { members, links }
        });
        // Groups become fewer from level to level: the last of equals is the smallest.
        let best = linked.max_by_key(|groups| groups.slowest_in_use(bandwidth));
        match best.filter(|groups| groups.members.len() > 1) {
            Some(groups) => Overlay::Groups(groups),
            None => Overlay::Direct,
        }
    }
}

/// The number of hubs of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hubs {
    /// One for all its links.
    #[default]
    Single,
    /// One for each link, as long as it has sites.
    Multi,
}

impl Hubs {
    /// The links between groups, each end the site with the best worst link.
    ///
    /// # Panics
    /// Panics if a group is empty: [`Groups::check_members`] comes first.
    pub fn links(self, members: &[Vec<usize>], bandwidth: &dyn Fn(usize, usize) -> u64) -> Vec<[usize; 2]> {
        match self {
            Hubs::Single => {
                let others = |group: usize| (0..members.len()).filter(move |&other| other != group);
                let worst = |group: usize, site: usize| {
                    let abroad = others(group).map(|other| slowest(&[site], &members[other], bandwidth));
                    abroad.min().unwrap_or(u64::MAX)
                };
                let hub = |group: usize| best_of(members[group].iter().copied(), |&site| worst(group, site));
                let hubs: Vec<usize> = (0..members.len()).map(hub).collect();
                pairs(members.len()).map(|(lower, upper)| [hubs[lower], hubs[upper]]).collect()
            }
            Hubs::Multi => {
                let mut taken = BTreeSet::new();
                let mut link = |(lower, upper): (usize, usize)| {
                    let free = |group: usize| {
                        let free: Vec<usize> =
                            members[group].iter().copied().filter(|site| !taken.contains(site)).collect();
                        if free.is_empty() { members[group].clone() } else { free }
                    };
                    let (here, there) = (free(lower), free(upper));
                    let ends = here.iter().flat_map(|&a| there.iter().map(move |&b| [a, b]));
                    let worst = |&[a, b]: &[usize; 2]| {
                        let inside = [(a, lower), (b, upper)].map(|(hub, g)| slowest(&[hub], &members[g], bandwidth));
                        inside.into_iter().fold(bandwidth(a, b), u64::min)
                    };
                    let best = best_of(ends, worst);
                    taken.extend(best);
                    best
                };
                pairs(members.len()).map(&mut link).collect()
            }
        }
    }
}

impl Groups {
    /// The bandwidth of the slowest link that updates go over.
    fn slowest_in_use(&self, bandwidth: &dyn Fn(usize, usize) -> u64) -> u64 {
        let inside = self.members.iter().map(|group| slowest(group, group, bandwidth));
        let between = self.links.iter().map(|&[a, b]| bandwidth(a, b));
        inside.chain(between).min().unwrap_or(u64::MAX)
    }
}

/// The first of those with the highest rate.
fn best_of<T>(candidates: impl Iterator<Item = T>, rate: impl Fn(&T) -> u64) -> T {
    let better = |best: T, next: T| if rate(&next) > rate(&best) { next } else { best };
    candidates.reduce(better).expect("groups have sites")
}

/// The bandwidth of the slowest pair of different sites.
fn slowest(one: &[usize], two: &[usize], bandwidth: &dyn Fn(usize, usize) -> u64) -> u64 {
    let pairs = one.iter().flat_map(|&a| two.iter().map(move |&b| (a, b)));
    pairs.filter(|(a, b)| a != b).map(|(a, b)| bandwidth(a, b)).min().unwrap_or(u64::MAX)
}

/// Groups by complete linkage, from all sites alone to all sites together.
fn joined(sites: usize, bandwidth: &dyn Fn(usize, usize) -> u64) -> Vec<Vec<Vec<usize>>> {
    let mut levels = vec![(0..sites).map(|site| vec![site]).collect::<Vec<_>>()];
    while let Some(members) = levels.last().filter(|members| members.len() > 1) {
        let rate = |&(lower, upper): &(usize, usize)| slowest(&members[lower], &members[upper], bandwidth);
        let (lower, upper) = best_of(pairs(members.len()), rate);
        let mut next = members.clone();
        let joined = next.remove(upper);
        next[lower].extend(joined);
        next[lower].sort_unstable();
        levels.push(next);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two continents, of three sites and two; site 2 has the best links to the other continent, site 4 there.
    fn bandwidth(a: usize, b: usize) -> u64 {
        match (a.min(b), a.max(b)) {
            (_, 2) | (0, 1) => 100,
            (3, 4) => 90,
            (2, 4) => 30,
            (2, 3) | (_, 4) => 20,
            _ => 10,
        }
    }

    fn ways(overlay: &Overlay, sites: usize) {
        for origin in 0..sites {
            // What leaves `origin`, followed to the end: (sender, receiver) of every delivery.
            let mut reached = vec![0; sites];
            let start = overlay.sides(origin, sites);
            let mut way: Vec<(usize, usize)> = start
                .iter()
                .filter(|s| s.of.contains(&origin))
                .flat_map(|s| s.to.iter().map(|&to| (origin, to)))
                .collect();
            while let Some((from, at)) = way.pop() {
                reached[at] += 1;
                assert!(reached[at] < 2, "site {at} gets updates of {origin} twice");
                for side in overlay.sides(at, sites) {
                    if side.of.contains(&origin) && !side.to.contains(&from) {
                        way.extend(side.to.iter().map(|&to| (at, to)));
                    }
                }
            }
            let expected: Vec<usize> = (0..sites).map(|site| usize::from(site != origin)).collect();
            assert_eq!(reached, expected, "from {origin}");
        }
    }

    #[test]
    fn every_update_has_one_way_to_every_site() {
        ways(&Overlay::Direct, 4);
        let members = vec![vec![0, 1, 2, 3], vec![4], vec![5, 6, 7], vec![8, 9]];
        let single = Groups::with_hubs(members.clone(), &[1, 4, 5, 9]);
        let multi = Groups { members, links: vec![[0, 4], [1, 5], [4, 6], [2, 8], [4, 8], [7, 9]] };
        for groups in [single, multi] {
            assert_eq!(groups.check(10), []);
            ways(&Overlay::Groups(groups), 10);
        }
    }

    #[test]
    fn near_sites_make_a_group_and_the_best_worst_link_a_hub() {
        let expected = Groups::with_hubs(vec![vec![0, 1, 2], vec![3, 4]], &[2, 4]);
        assert_eq!(Overlay::computed(5, &bandwidth, None, Hubs::Single), Overlay::Groups(expected.clone()));
        assert_eq!(Overlay::computed(5, &bandwidth, Some(2), Hubs::Multi), Overlay::Groups(expected));
        assert_eq!(Overlay::computed(5, &bandwidth, Some(1), Hubs::Single), Overlay::Direct);
        assert_eq!(Overlay::computed(5, &|_, _| 7, None, Hubs::Single), Overlay::Direct);
        let three = Overlay::computed(5, &bandwidth, Some(3), Hubs::Single);
        let Overlay::Groups(three) = three else { panic!("three groups") };
        assert_eq!((three.members.len(), three.check(5)), (3, vec![]));
        ways(&Overlay::Groups(three), 5);
    }

    #[test]
    fn a_hub_for_every_link_where_there_are_enough_sites() {
        let members = vec![vec![0, 1], vec![2, 3], vec![4, 5]];
        let links = Hubs::Multi.links(&members, &|_, _| 5);
        assert_eq!(links, [[0, 2], [1, 4], [3, 5]]);
    }

    #[test]
    fn everything_wrong_is_told() {
        let groups = Groups { members: vec![vec![0, 1], vec![1, 2], vec![]], links: vec![[0, 1], [2, 4]] };
        let errors: Vec<String> = groups.check(4).iter().map(ToString::to_string).collect();
        let expected = [
            "site 1 is in a group already",
            "group 2 has no sites",
            "site 3 is in no group",
            "2 links: expected 3, one for every two groups",
            "site 2 is a hub of group 0, and not in it",
            "site 4 is a hub of group 2, and not in it",
        ];
        assert_eq!(errors, expected);
    }
}
