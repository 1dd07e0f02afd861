//! Finding sites by any of their names, and the part of a profile that lies between some of its sites.

use std::collections::BTreeSet;

use base::suggest;
use thiserror::Error;

use super::{Profile, Site, SiteMatrix, folded};
use crate::id::SiteId;

/// A name that no site of the profile has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown site `{name}`: {hint}")]
pub struct UnknownSite {
    /// The name that was asked for.
    pub name: String,
    /// The nearest name, or the list of names.
    pub hint: String,
}

/// A choice of sites that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant states what its fields are")]
pub enum RestrictError {
    /// No site has this name.
    #[error(transparent)]
    Unknown(#[from] UnknownSite),
    /// One site under two of its names, or twice.
    #[error("site `{name}` is chosen twice, here as `{again}`")]
    Twice {
        name: String,
        /// The name that it was given the second time.
        again: String,
    },
    #[error("no sites chosen; expected at least one")]
    None,
}

impl Profile {
    /// The site with this name, region or alias, upper and lower case being the same.
    pub fn find_site(&self, name: &str) -> Result<SiteId, UnknownSite> {
        find_site(&self.sites, name)
    }

    /// The same network with only these sites, in this order.
    pub fn restrict<S: AsRef<str>>(&self, names: &[S]) -> Result<Profile, RestrictError> {
        if names.is_empty() {
            return Err(RestrictError::None);
        }
        let mut chosen = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            let site = self.find_site(name.as_ref())?;
            if !seen.insert(site) {
                let (name, again) = (self.sites[site.index()].name.clone(), name.as_ref().to_owned());
                return Err(RestrictError::Twice { name, again });
            }
            chosen.push(site);
        }
        let old = |site: SiteId| chosen[site.index()];
        Ok(Profile {
            sites: chosen.iter().map(|site| self.sites[site.index()].clone()).collect(),
            bandwidth: SiteMatrix::from_fn(chosen.len(), |from, to| self.bandwidth.value(old(from), old(to))),
            rtt: SiteMatrix::from_fn(chosen.len(), |from, to| self.rtt.value(old(from), old(to))),
            ..self.clone()
        })
    }
}

/// The site with this name, region or alias.
pub(super) fn find_site(sites: &[Site], name: &str) -> Result<SiteId, UnknownSite> {
    let key = folded(name);
    let found = sites.iter().position(|site| site.names().any(|(_, known)| folded(known) == key));
    if let Some(position) = found {
        return Ok(SiteId(u32::try_from(position).expect("at most MAX_SITES sites")));
    }
    let known = sites.iter().flat_map(Site::names).map(|(_, known)| known);
    let hint = suggest::nearest(name, known).map_or_else(
        || format!("expected one of {}", listed(sites.iter().map(|site| site.name.as_str()))),
        |near| format!("did you mean `{near}`?"),
    );
    Err(UnknownSite { name: name.to_owned(), hint })
}

/// Names as a list for a message; at most a dozen of them.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let rest = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - rest].join(", ");
    if rest == 0 { shown } else { format!("{shown} and {rest} more") }
}
