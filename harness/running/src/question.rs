//! A second what-if question does not replace the results of the first.
//!
//! A question's results are in the folder of its spec, unless that has those of another question: then in a folder of the spec's
//! name and eight digits of the question's hash, the same for the same question. A question is what it asks, its assumptions, and the prices.

use std::path::Path;

use planning::plan::Experiment;
use record::results::store;
use record::results::whatif::Asked;

/// Gives `experiment` a folder of its own below `out` where its spec's holds another question, and returns a line about that.
pub(super) fn set_apart(out: &Path, experiment: &mut Experiment) -> Option<String> {
    let asked = experiment.whatif.as_ref()?;
    let prices = experiment.pricing.list.name.as_str();
    // What cannot be read is no question.
    let index = store::read_cells(&out.join(&experiment.name)).ok()?;
    let theirs = index.whatif.as_ref()?;
    let their_prices = index.pricing.as_ref().map_or("", |pricing| pricing.list.name.as_str());
    if theirs == asked && their_prices == prices {
        return None;
    }
    let (first, name) = (experiment.name.clone(), format!("{}-{}", experiment.name, hash(asked, prices)));
    experiment.name.clone_from(&name);
    let (first, own) = (out.join(first), out.join(name));
    Some(format!("{} answers another question: this one is answered in {}", first.display(), own.display()))
}

fn hash(asked: &Asked, prices: &str) -> String {
    let text = serde_json::to_string(&(asked, prices)).expect("questions have text keys and finite numbers");
    blake3::hash(text.as_bytes()).to_hex()[..8].to_owned()
}
