//! Variants: a file that runs other specs with some settings replaced everywhere, with results of its own.
//!
//! A variant reads the specs that it names, replaces its settings in the YAML of each ([`apply`]), and gives them as [`Source`]s: what
//! follows is that of any spec. A spec of a variant is named `VARIANT/SPEC`, which is also its folder in the results. What a variant
//! replaces must be there: a machine kind, cell, panel, system or profile that none of its specs has is an error.

mod apply;
mod form;
mod seen;
mod yaml;

use std::path::Path;

use record::form::{FormError, parse, to_text};
use record::results::folders;
use record::suggest;
use serde_yaml::Value;
use thiserror::Error;

use self::form::Form;
use self::seen::Seen;
use super::source::{ALL, PAPER, STANDARD_INPUT, Source, SourceError, embedded, is_variant};
use super::whole::Spec;

/// What a name on the command line stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A spec.
    Spec(Source),
    /// A variant of specs.
    Variant(Box<Variant>),
}

/// A variant, of the right form.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Its text and its place. The name is that of the variant's folder in the results.
    source: Source,
    /// What it sets.
    form: Form,
}

/// An error of reading a variant.
#[derive(Debug, Error)]
pub enum VariantError {
    /// It, or a spec that it names, cannot be found or read, or is not of its form.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its settings do not fit its specs.
    #[error("{file}: {} problem{}{}", list.len(), if list.len() == 1 { "" } else { "s" }, lines(list))]
    Meaning {
        /// The file of the variant.
        file: String,
        /// Every problem: the path of its field, and what was found and expected there.
        list: Vec<(String, String)>,
    },
    /// A spec is none any more with the settings of the variant.
    #[error("{file}: {message}")]
    Replaced {
        /// The spec and the variant.
        file: String,
        /// The first error of form, with the path of its field in the spec.
        message: String,
    },
}

fn lines(list: &[(String, String)]) -> String {
    list.iter().map(|(path, message)| format!("\n  {path}: {message}")).collect()
}

impl From<FormError> for VariantError {
    fn from(error: FormError) -> Self {
        VariantError::Source(error.into())
    }
}

impl Found {
    /// The spec or the variant at a path, on the standard input, or of this name: as [`Source::find`] finds it.
    ///
    /// # Errors
    /// [`VariantError`] when nothing is there, and for a variant that is not of its form.
    pub fn find(name_or_path: &str) -> Result<Found, VariantError> {
        let source = Source::find(name_or_path)?;
        if !is_variant(&source.text) {
            return Ok(Found::Spec(source));
        }
        Ok(Found::Variant(Box::new(Variant::of(source)?)))
    }
}

impl Variant {
    /// The variant of this text.
    ///
    /// # Errors
    /// [`FormError`] with line and column.
    pub fn of(source: Source) -> Result<Variant, FormError> {
        let form = parse(&source.file, &source.text)?;
        Ok(Variant { source, form })
    }

    /// One line for people.
    pub fn title(&self) -> &str {
        &self.form.title
    }

    /// The absolute path of its file. `None` means that it is built in, or came from no file.
    pub fn origin(&self) -> Option<String> {
        self.source.origin()
    }

    /// As its folder in the results describes it.
    pub fn in_results(&self) -> folders::Variant {
        folders::Variant::new(&self.source.name, &self.form.title)
    }

    /// The specs with the settings of the variant, in its order, each once.
    ///
    /// # Errors
    /// [`VariantError`]: the first spec that cannot be read, else everything that does not fit the specs, else the first spec that the
    /// settings make none.
    pub fn sources(&self) -> Result<Vec<Source>, VariantError> {
        let mut problems = Vec::new();
        let specs = self.specs(&mut problems)?;
        let mut seen = Seen::default();
        let mut texts = Vec::new();
        for spec in &specs {
            parse::<Spec>(&spec.file, &spec.text)?;
            let mut value: Value = parse(&spec.file, &spec.text)?;
            seen.look(&value);
            let name = &self.source.name;
            apply::apply(&mut value, &self.form, name, &self.source.folder);
            let empty = apply::left_empty(&value, &self.form).into_iter();
            problems.extend(empty.map(|(field, what)| (field.into(), format!("{}: {what}", spec.file))));
            texts.push(to_text(&value));
        }
        if !specs.is_empty() {
            problems.extend(seen.unused(&self.form));
        }
        if !problems.is_empty() {
            return Err(VariantError::Meaning { file: self.source.file.clone(), list: problems });
        }
        specs.into_iter().zip(texts).map(|(spec, text)| self.replaced(spec, text)).collect()
    }

    /// The specs as they are. Names that cannot be meant are `problems`.
    fn specs(&self, problems: &mut Vec<(String, String)>) -> Result<Vec<Source>, VariantError> {
        let mut specs: Vec<Source> = Vec::new();
        if self.form.variant_of.is_empty() {
            problems.push(("variant-of".into(), "empty: expected names or paths of specs, or `all`".into()));
        }
        for (position, name) in self.form.variant_of.iter().enumerate() {
            let path = format!("variant-of[{position}]");
            let names = if name == ALL { PAPER } else { &[name.as_str()] };
            for name in names {
                let spec = match self.spec(name) {
                    Ok(spec) => spec,
                    Err(SourceError::Unknown { .. }) => {
                        let known: Vec<&str> = embedded().map(|(name, _)| name).chain([ALL]).collect();
                        problems.push((path.clone(), format!("no spec `{name}`{}", suggest::hint(name, &known))));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                match specs.iter().find(|other| other.name == spec.name) {
                    _ if is_variant(&spec.text) => {
                        problems.push((path.clone(), format!("{} is a variant itself: expected a spec", spec.file)));
                    }
                    None => specs.push(spec),
                    Some(other) if *other == spec => {}
                    Some(other) => problems.push((
                        path.clone(),
                        format!("{} has the name of {}: expected names that differ", spec.file, other.file),
                    )),
                }
            }
        }
        Ok(specs)
    }

    /// The spec at a path from the variant's folder, or of this name.
    fn spec(&self, name: &str) -> Result<Source, SourceError> {
        let (near, path) = (self.source.folder.join(name), Path::new(name));
        if path.extension().is_some() && near.is_file() {
            return Source::read(&near);
        }
        // The standard input is perhaps where the variant itself comes from. A path means a file of the variant's folder alone.
        if name == STANDARD_INPUT || path.components().count() > 1 {
            return Err(SourceError::Unknown { name: name.into(), hint: String::new() });
        }
        Source::find(name)
    }

    fn replaced(&self, spec: Source, text: String) -> Result<Source, VariantError> {
        let file = format!("{} with the settings of {}", spec.file, self.source.file);
        // Lines of this text are of no file.
        parse::<Spec>(&file, &text)
            .map_err(|error| VariantError::Replaced { file: file.clone(), message: error.message })?;
        Ok(Source { name: format!("{}/{}", self.source.name, spec.name), file, folder: spec.folder, text })
    }
}

#[cfg(test)]
mod tests;
