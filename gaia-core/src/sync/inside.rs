//! What a sync model among the workers of one parameter server says of itself, and how the list of them (in
//! [`crate::sync`]) becomes the type that specs are read into.

use super::SyncModel;

/// A sync model among the workers of one parameter server: its settings, as specs write them.
pub trait SyncModelInside: SyncModel + Sized {
    /// One line about it, for lists.
    const ABOUT: &'static str;
    /// Settings that stand for all, for lists and for tests that run every model.
    const EXAMPLE: Self;

    /// The model and its settings, in a few words.
    fn in_words(&self) -> String;

    /// Its setting in clocks, if it has one.
    fn clocks(&self) -> Option<Clocks> {
        None
    }

    /// Why it cannot keep the workers of a site together where sites exchange significant updates; `None`: it can. There a model must
    /// exchange after every clock.
    fn bars_from_sites(&self) -> Option<&'static str> {
        None
    }
}

/// A setting in clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Its name in specs.
    pub setting: &'static str,
    /// What it is.
    pub value: u32,
    /// The least that it may be.
    pub least: u32,
}

/// What a list of sync models says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As specs name it.
    pub name: String,
    /// One line about it.
    pub about: &'static str,
    /// With some settings.
    pub example: super::Inside,
}

/// Exports the sync models of a list, and declares [`crate::sync::Inside`], which holds one of them.
macro_rules! sync_models_inside {
    ($($module:ident::$Model:ident,)*) => {
        $(pub use $module::$Model;)*

        /// The sync model among workers of one parameter server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub enum Inside {
            $(
                #[doc = concat!("See [`", stringify!($Model), "`].")]
                $Model($Model),
            )*
        }

        impl Inside {
            /// All of them.
            pub fn all() -> Vec<inside::Entry> {
                vec![$(inside::Entry {
                    name: stringify!($module).replace('_', "-"),
                    about: $Model::ABOUT,
                    example: Inside::$Model($Model::EXAMPLE),
                },)*]
            }

            /// The model.
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

            /// Why it cannot keep the workers of a site together under Gaia; `None`: it can.
            pub fn bars_from_sites(&self) -> Option<&'static str> {
                match self { $(Inside::$Model(model) => model.bars_from_sites(),)* }
            }

            /// Its setting in clocks, if it has one.
            pub fn clocks(&self) -> Option<inside::Clocks> {
                match self { $(Inside::$Model(model) => model.clocks(),)* }
            }
        }
    };
}

pub(super) use sync_models_inside;
