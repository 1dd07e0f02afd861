//! The file that the launcher writes for all processes of a run.

use std::net::{Ipv4Addr, SocketAddr};
use std::process;

use emulator::real::clock::{Dilation, monotonic_nanos};
use gaia_core::simd::Isa;
use planning::plan::{DataSource, Plan};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// The settings that all processes of a run need.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Assignment {
    #[serde(deserialize_with = "plan")]
    pub(super) plan: Plan,
    pub(super) data: DataSource,
    pub(super) data_hash: [u8; 32],
    pub(super) max_clocks: u32,
    pub(super) isa: String,
    pub(super) dilation: Dilation,
    /// The run's number, which strangers do not know.
    pub(super) run: u64,
    pub(super) launcher: SocketAddr,
    /// The process id of the launcher.
    pub(super) parent: i32,
}

/// Reads a plan by the code of its own crate.
fn plan<'de, D: Deserializer<'de>>(from: D) -> Result<Plan, D::Error> {
    Plan::from_json(&serde_json::Value::deserialize(from)?).map_err(D::Error::custom)
}

/// A cell that is to be run in real time.
pub(crate) struct Cell<'a> {
    /// The plan of the run.
    pub(crate) plan: &'a Plan,
    /// The source of its data.
    pub(crate) source: &'a DataSource,
    /// The hash of the data.
    pub(crate) data_hash: [u8; 32],
    /// The most clocks of the run.
    pub(crate) max_clocks: u32,
    /// The instructions that kernels use.
    pub(crate) isa: Isa,
    /// Wall seconds per second of the run.
    pub(crate) dilation: Dilation,
}

impl Assignment {
    /// Of a cell; the launcher's address is filled in when it listens.
    pub(crate) fn new(cell: &Cell<'_>) -> Assignment {
        let parent = i32::try_from(process::id()).expect("process numbers are positive integers");
        let unique = format!("{} {parent} {}", cell.plan.hash(), monotonic_nanos());
        let hash = blake3::hash(unique.as_bytes());
        let run = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"));
        Assignment {
            plan: cell.plan.clone(),
            data: cell.source.clone(),
            data_hash: cell.data_hash,
            max_clocks: cell.max_clocks,
            isa: cell.isa.name().to_owned(),
            dilation: cell.dilation,
            run,
            launcher: (Ipv4Addr::LOCALHOST, 0).into(),
            parent,
        }
    }
}
