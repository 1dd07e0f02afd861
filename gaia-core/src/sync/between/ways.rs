//! The ways that updates take between sites, in words, and what hubs do on them.

use serde::{Deserialize, Serialize};

use crate::overlay::Hubs;

/// An overlay in words: what a plan makes an [`crate::overlay::Overlay`] of, with the sites of its profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ways {
    /// Every site sends to every other.
    Direct {},
    /// The groups that the author's public code has for the 11 regions of EC2.
    Ec2 {
        /// The number of hubs of a group.
        #[serde(default)]
        hubs: Hubs,
    },
    /// Groups that the spec lists by hand.
    Groups(GroupsByName),
    /// Groups of near sites, from the profile's bandwidths.
    Computed {
        /// The number of groups; `None` means as many as make the slowest link in use fastest.
        #[serde(default)]
        groups: Option<u32>,
        /// The number of hubs of a group.
        #[serde(default)]
        hubs: Hubs,
    },
}

/// The treatment, in a hub, of the updates that it sums for its group, or spreads in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relay {
    /// Filters the sums again, with the threshold of the moment: updates that are small compared with the hub's value wait there.
    #[default]
    Filter,
    /// Passes on all that is not zero, as the author's public code has it. Its own site's updates are filtered as anywhere.
    PassOn,
}

/// Groups of sites by name, region or alias. Without hubs and links, each group's hub is its site with the best worst link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GroupsByName {
    /// The sites of every group.
    pub sites: Vec<Vec<String>>,
    /// One hub for each group, in their order.
    #[serde(default)]
    pub hubs: Option<Vec<String>>,
    /// Instead: for every two groups, the two hubs that link them, in any order.
    #[serde(default)]
    pub links: Option<Vec<[String; 2]>>,
}

impl Ways {
    /// Whether every site sends to every other: the default, which plans leave out.
    pub fn are_direct(&self) -> bool {
        *self == Ways::default()
    }

    /// The groups and their hubs, in a few words that follow others; empty for direct ways.
    pub fn in_words(&self, relay: Relay) -> String {
        let of = |hubs: &Hubs| match hubs {
            Hubs::Single => "a hub each",
            Hubs::Multi => "a hub for every link",
        };
        let groups = match self {
            Ways::Direct {} => return String::new(),
            Ways::Ec2 { hubs } => format!("EC2's 3 groups with {}", of(hubs)),
            Ways::Groups(groups) => format!("{} groups", groups.sites.len()),
            Ways::Computed { groups: Some(groups), hubs } => format!("{groups} computed groups with {}", of(hubs)),
            Ways::Computed { groups: None, hubs } => format!("computed groups with {}", of(hubs)),
        };
        let passing_on = if relay == Relay::PassOn { ", hubs pass on everything" } else { "" };
        format!(", {groups}{passing_on}")
    }
}

impl Relay {
    /// Whether it is the default, which plans leave out.
    pub fn is_default(&self) -> bool {
        *self == Relay::default()
    }
}

impl Default for Ways {
    fn default() -> Self {
        Ways::Direct {}
    }
}
