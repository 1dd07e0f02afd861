//! Between sites: how the parameter servers of several sites, each with a whole copy of the model, keep together.
//!
//! A model between sites is one file here, its `mod` line and its line in the list below. Beside the sync model among the workers of a
//! site (`inside`) it makes up a [`Sites`](super::sites::Sites); `gaia` and `gaia-async` are two spellings of one with
//! [`Significant`].

use serde::{Deserialize, Serialize};

use self::model::BetweenSites;
use self::settings::SyncModelBetween;
use super::Inside;
use super::problem::Problem;

pub mod model;
mod rounds;
pub mod settings;
mod significant;
mod ways;

pub use self::significant::{MirrorClock, Schedule, SelectiveBarrier, Significance, UserGoal};
pub use self::ways::{GroupsByName, Relay, Ways};

/// Exports the models of a list, and declares [`Between`], which holds one of them.
macro_rules! models_between_sites {
    ($($module:ident::$Model:ident,)*) => {
        $(pub use self::$module::$Model;)*

        /// How the servers of different sites keep together.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub enum Between {
            $(
                #[doc = concat!("See [`", stringify!($Model), "`].")]
                $Model($Model),
            )*
        }

        impl Between {
            /// All of them.
            pub fn all() -> Vec<Entry> {
                vec![$(Entry {
                    name: stringify!($module).replace('_', "-"),
                    about: $Model::ABOUT,
                    example: Between::$Model($Model::example()),
                },)*]
            }

            /// The model.
            pub fn model(&self) -> Box<dyn BetweenSites> {
                match self { $(Between::$Model(model) => Box::new(model.clone()),)* }
            }

            /// As specs name it.
            pub fn name(&self) -> String {
                match self { $(Between::$Model(_) => stringify!($module).replace('_', "-"),)* }
            }

            /// The model and its settings, in a few words.
            pub fn in_words(&self) -> String {
                match self { $(Between::$Model(model) => model.in_words(),)* }
            }

            /// Its settings that are out of bounds or do not go with `inside`, by their paths below the model; and what bars `inside` from
            /// sites that keep together so, by paths that begin with `inside`.
            pub fn check(&self, inside: &Inside) -> Vec<Problem> {
                match self { $(Between::$Model(model) => model.check(inside),)* }
            }
        }
    };
}

// The models between sites, in the order of lists and error messages.
models_between_sites! {
    significant::Significant,
    rounds::Rounds,
}

/// What the list says of one model between sites.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As specs name it.
    pub name: String,
    /// One line about it.
    pub about: &'static str,
    /// With some settings.
    pub example: Between,
}
