//! The sync models among the workers of one parameter server: one file per model, with nothing else in the folder.
//!
//! The build script makes the list of them from the file names, in alphabetical order: that of lists and error messages. Public types
//! of a model are exported by [`crate::sync`].

mod bsp;
mod local_steps;
mod ssp;
mod tap;

use serde::{Deserialize, Serialize};

use super::SyncModel;
use super::entry::Entry;
use super::inside::{Barred, InvalidSetting, SyncModelInside, problems};

/// Exports the sync models of a list, and declares [`Inside`], which holds one of them.
///
/// `Inside` is `PartialEq` and not `Eq`, so that a model may have settings of any type, `f64` included.
macro_rules! sync_models_inside {
    ($($module:ident::$Model:ident,)*) => {
        $(pub use self::$module::*;)*

        /// The sync model among workers of one parameter server.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub enum Inside {
            $(
                #[doc = concat!("See [`", stringify!($Model), "`].")]
                $Model($Model),
            )*
        }

        impl Inside {
            /// Every model with its example settings, in the order of the list.
            pub fn all() -> Vec<Entry<Inside>> {
                vec![$(Entry {
                    name: stringify!($module).replace('_', "-"),
                    about: $Model::ABOUT,
                    example: Inside::$Model($Model::EXAMPLE),
                },)*]
            }

            /// The decisions of the model with these settings.
            pub fn model(self) -> Box<dyn SyncModel> {
                match self { $(Inside::$Model(model) => Box::new(model),)* }
            }

            /// As specs name it.
            pub fn name(&self) -> String {
                match self { $(Inside::$Model(_) => stringify!($module).replace('_', "-"),)* }
            }

            /// The model and its settings, in a few words.
            pub fn in_words(&self) -> String {
                match self { $(Inside::$Model(model) => model.in_words(),)* }
            }

            /// What bars it from keeping the workers of a site together; `None`: nothing.
            pub fn bars_from_sites(&self) -> Option<Barred> {
                match self { $(Inside::$Model(model) => model.bars_from_sites(),)* }
            }

            /// Its settings that are out of bounds, or contradict each other; empty when the model can run.
            pub fn check(&self) -> Vec<InvalidSetting> {
                match self { $(Inside::$Model(model) => problems(model),)* }
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/sync_models_inside.rs"));
