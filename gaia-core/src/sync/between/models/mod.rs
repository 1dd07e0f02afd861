//! The models between sites: one file per model, with nothing else in the folder.
//!
//! The build script makes the list of them from the file names, in alphabetical order: that of lists and error messages. Public types
//! of a model are exported by [`crate::sync::between`].

mod rounds;
mod significant;

use serde::{Deserialize, Serialize};

use super::model::BetweenSites;
use super::settings::SyncModelBetween;
use crate::sync::Inside;
use crate::sync::entry::Entry;
use crate::sync::problem::InvalidSetting;

/// Exports the models of a list, and declares [`Between`], which holds one of them.
macro_rules! models_between_sites {
    ($($module:ident::$Model:ident,)*) => {
        $(pub use self::$module::*;)*

        /// The model by which the servers of different sites keep together.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub enum Between {
            $(
                #[doc = concat!("See [`", stringify!($Model), "`].")]
                $Model($Model),
            )*
        }

        impl Between {
            /// Every model with its example settings, in the order of the list.
            pub fn all() -> Vec<Entry<Between>> {
                vec![$(Entry {
                    name: stringify!($module).replace('_', "-"),
                    about: $Model::ABOUT,
                    example: Between::$Model($Model::example()),
                },)*]
            }

            /// The decisions of the model with these settings.
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
            pub fn check(&self, inside: &Inside) -> Vec<InvalidSetting> {
                match self { $(Between::$Model(model) => model.check(inside),)* }
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/models_between_sites.rs"));
