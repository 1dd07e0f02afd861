//! `experiments prices`: price lists from the catalogues of clouds.

use std::path::Path;

use emulator::text;
use record::failure::Failure;
use record::place::{self, Existing};
use record::prices;
use record::prices::import::{Asked, Catalogue};
use record::results::atomic;

use crate::cli::{Cloud, PricesCommand};

/// Does a command on price lists and gives what to show.
pub fn command(command: &PricesCommand) -> Result<String, Failure> {
    let PricesCommand::Import { cloud, file, out, instance, leaving, force } = command;
    if out.extension().is_none_or(|ending| ending != "yaml") {
        return Err(Failure::input(format!("--out: {}: expected a name that ends in .yaml", out.display())));
    }
    place::check(out, Existing::forced(*force), Some(file)).map_err(Failure::input)?;
    let name = out.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let catalogue = match cloud {
        Cloud::Aws => Catalogue::Aws,
        Cloud::Azure => Catalogue::Azure,
        Cloud::Gcp => Catalogue::Gcp,
    };
    let content =
        text::read(file).map_err(|error| Failure::input(format!("cannot read {}: {error}", file.display())))?;
    let shown = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let asked = Asked { name: &name, instances: instance, leaving: *leaving };
    let yaml = catalogue.import(&shown, &content, &asked).map_err(Failure::input)?;
    atomic::write(out, yaml.as_bytes()).map_err(Failure::run)?;
    // As a spec will read it.
    let list = prices::find(&out.display().to_string(), Path::new("")).map_err(Failure::input)?;
    let (regions, instances) = (list.regions().count(), list.instances().len());
    Ok(format!("{}: {regions} regions, {instances} instances; machines as {}\n", out.display(), list.instance))
}
