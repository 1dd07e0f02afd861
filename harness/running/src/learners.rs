//! The learners of cells: data in the workers' order, which cells on the same data share.

use std::any::Any;
use std::sync::{Arc, Mutex};

use planning::plan::Plan;
use planning::workload::split::Split;

/// Sets of learners that are kept for the next cell: those of a panel's systems differ at most in the parts of a clock.
const MOST_KEPT: usize = 2;

type Kept = (String, Arc<dyn Any + Send + Sync>);

/// The learners that cells of a command used last.
#[derive(Debug, Default)]
pub(super) struct Learners {
    /// The ones used last are the last.
    kept: Mutex<Vec<Kept>>,
}

impl Learners {
    /// The learners of a plan, one per machine: those of a cell before, or else what `make` makes, one cell at a time. `plan` is
    /// [placed](Plan::placed).
    pub(super) fn of<L: Send + Sync + 'static, E>(
        &self,
        plan: &Plan,
        make: impl FnOnce() -> Result<Vec<Arc<L>>, E>,
    ) -> Result<Arc<Vec<Arc<L>>>, E> {
        let key = key(plan);
        let mut kept = self.kept.lock().expect("no holder panics");
        if let Some(found) = kept.iter().position(|(known, _)| *known == key) {
            let entry = kept.remove(found);
            let learners = entry.1.clone().downcast().expect("a workload has one type of learners");
            kept.push(entry);
            return Ok(learners);
        }
        // First, so that there is never one set more.
        if kept.len() == MOST_KEPT {
            kept.remove(0);
        }
        let learners = Arc::new(make()?);
        kept.push((key, learners.clone()));
        Ok(learners)
    }

    /// Forgets all of them: no cell on their data is to come.
    pub(super) fn forget(&self) {
        self.kept.lock().expect("no holder panics").clear();
    }
}

/// All that learners are made of, as text.
fn key(plan: &Plan) -> String {
    // An even split knows machines, and no sites.
    let machines = if plan.split == Split::Even { vec![plan.machine_count()] } else { plan.machines_per_site.clone() };
    let workload = plan.workload.in_parts(plan.system.parts());
    serde_json::to_string(&(workload, &plan.data, plan.seed, plan.split, machines)).expect("finite numbers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use planning::plan::{Experiment, Registries};
    use planning::spec::{Changes, Source};
    use planning::workload::split::SkewBy;

    #[test]
    fn cells_on_the_same_data_share_learners_whatever_their_network() {
        let text = "
workload: { mf: { rank: 8 } }
data: { generated: { users: 400, items: 100, ratings: 4000 } }
goal: { clocks: 1 }
cells:
  - { name: LAN, profile: lan, machines-per-site: 4, system: { global: { bsp: {} } } }
  - { name: WAN, profile: va-ca, machines-per-site: 2, system: { gaia: { inside: { bsp: {} } } } }
  - { name: fewer, profile: va-ca, machines-per-site: 1, system: { global: { bsp: {} } } }
  - { name: in parts, profile: lan, machines-per-site: 4, system: { bosen: { slack: 0, budget: nic } } }
";
        let source = Source { name: "spec".into(), file: "spec.yaml".into(), folder: ".".into(), text: text.into() };
        let spec = source.spec(&Changes::default()).expect("sound");
        let experiment = Experiment::resolve(&source, &spec, Registries::default()).expect("sound");
        let learners = Learners::default();
        let mut plans: Vec<Plan> = experiment.plans.into_iter().map(|planned| planned.plan).collect();
        plans.push(Plan { split: Split::Skewed { by: SkewBy::Sizes, skew: 1.0 }, ..plans[1].clone() });
        let number = |plan: usize, new: u32| {
            let made = learners.of(&plans[plan], || Ok::<_, ()>(vec![Arc::new(new)]));
            *made.expect("it can be made")[0]
        };
        assert_eq!([number(0, 0), number(1, 1), number(2, 2), number(0, 3)], [0, 0, 2, 0]);
        assert_eq!([number(3, 4), number(0, 5), number(4, 6)], [4, 0, 6]);
        assert_eq!(number(3, 7), 7, "two are kept");
        learners.forget();
        assert_eq!(number(3, 8), 8);
    }
}
