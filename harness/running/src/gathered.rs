//! Centralized: raw data move before learning begins. The effect of the move on a run's results.

use emulator::digest::Digest;
use emulator::id::SiteId;
use emulator::link::LinkError;
use emulator::time::Instant;
use emulator::topology::{Topology, TopologyError};
use gaia_core::sync::config::System;
use thiserror::Error;

use super::recorder::RecorderState;
use super::usage::SECONDS_AN_HOUR;
use planning::gather::{self, Sending};
use planning::plan::Plan;
use record::results::{SiteUsage, TrafficRow, Usage};

/// Rows of `traffic.parquet` that stand for raw data.
const CLASS: &str = "raw";

/// An error of moving raw data.
#[derive(Debug, Error)]
pub(super) enum GatherError {
    /// Machines cannot be placed.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The links cannot be emulated.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// Raw data that have been moved to one site.
pub(super) struct Gathered {
    topology: Topology,
    site: SiteId,
    sent: Vec<Sending>,
    arrivals: Vec<Instant>,
}

impl Gathered {
    /// For a plan of Centralized, whose machine `i` holds data in proportion to `held()[i]`; else none.
    pub(super) fn of(plan: &Plan, held: &dyn Fn() -> Vec<u64>) -> Result<Option<Gathered>, GatherError> {
        let System::Centralized(central) = &plan.system else { return Ok(None) };
        let topology = Topology::new(&plan.profile, &plan.machines_per_site)?;
        let site = plan.profile.find_site(&central.site).expect("a plan's site was found");
        let bytes = central.raw_data.expect("a plan's raw data were measured").as_bytes();
        let sent = gather::sendings(&topology, site, &gather::shares(bytes, &held()));
        let arrivals = gather::arrivals(&topology, &sent, plan.link_model(), plan.seed)?;
        Ok(Some(Gathered { topology, site, sent, arrivals }))
    }

    /// Seconds until all was there, and learning began.
    pub(super) fn seconds(&self) -> f64 {
        self.arrivals.iter().max().map_or(0.0, |last| last.as_secs_f64())
    }

    fn bytes(&self) -> u64 {
        self.sent.iter().map(|sending| sending.bytes).sum()
    }

    /// Puts learning behind the transfer, and its clocks in their site.
    pub(super) fn shift<S>(&self, state: &mut RecorderState<S>) {
        let (seconds, bytes) = (self.seconds(), self.bytes());
        for sample in &mut state.samples {
            sample.seconds += seconds;
            sample.wan_bytes += bytes;
        }
        for row in &mut state.clocks {
            row.started += seconds;
            row.ended += seconds;
            row.site = self.site.0;
        }
    }

    /// A row a sender. Machines are those of the profile's sites, before they are all in one. Nothing was encoded.
    pub(super) fn traffic(&self) -> impl Iterator<Item = TrafficRow> + '_ {
        let name = |machine| self.topology.site(self.topology.site_of(machine)).name.as_str();
        self.sent.iter().map(move |sending| TrafficRow {
            from: sending.from.0,
            to: sending.to.0,
            from_site: name(sending.from).into(),
            to_site: name(sending.to).into(),
            class: CLASS.into(),
            messages: 1,
            bytes_actual: 0,
            bytes: sending.bytes,
        })
    }

    /// `usage` of learning, with the machines that move data: each sender is paid until its data are there, the machines of
    /// the one site that the profile places there until all are. The machines that learn are paid from then on.
    pub(super) fn paid(&self, mut usage: Usage) -> Usage {
        let sites = self.topology.sites().map(|id| {
            let site = self.topology.site(id);
            let own = usage.sites.iter().find(|own| own.site == site.name);
            let sent = self.sent.iter().zip(&self.arrivals).filter(|(s, _)| self.topology.site_of(s.from) == id);
            let mut seconds: f64 = sent.map(|(_, arrival)| arrival.as_secs_f64()).sum();
            if id == self.site {
                seconds = self.seconds() * self.topology.machines_of(id).len() as f64;
            }
            SiteUsage {
                site: site.name.clone(),
                region: site.region.clone(),
                compute_hours: own.map_or(0.0, |own| own.compute_hours),
                network_hours: own.map_or(0.0, |own| own.network_hours) + seconds / SECONDS_AN_HOUR,
            }
        });
        usage.sites = sites.collect();
        usage
    }

    /// Makes the transfer part of the run's digest.
    pub(super) fn digest(&self, digest: &mut Digest) {
        for (sending, arrival) in self.sent.iter().zip(&self.arrivals) {
            digest.write_u64(u64::from(sending.from.0));
            digest.write_u64(sending.bytes);
            digest.write_u64(arrival.as_nanos());
        }
    }
}
