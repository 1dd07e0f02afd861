//! Update rules of servers in specs: their forms, their place in plans, and their mistakes with the paths of the settings.

use harness::plan::{Experiment, Registries};
use harness::spec::{Changes, Source};

const REGISTRIES: Registries<'static> = Registries { figures: &[] };

/// Serialised plans of a spec whose one cell has these local steps, or the message.
fn plan(local_steps: &str) -> Result<String, String> {
    let text = format!(
        "workload: {{ mf: {{ rank: 16 }} }}\ndata: {{ generated: {{ scale: 0.01 }} }}\ncells:\n  - name: Local\n    profile: va-ca\n    \
         system: {{ global: {{ local-steps: {local_steps} }} }}\n"
    );
    let source = Source { name: "mine".into(), file: "mine.yaml".into(), folder: "".into(), text };
    let spec = source.spec(&Changes::default()).map_err(|error| error.to_string())?;
    let experiment = Experiment::resolve(&source, &spec, REGISTRIES).map_err(|error| error.to_string())?;
    let systems = experiment.plans.iter().map(|planned| serde_json::to_string(&planned.plan.system));
    Ok(systems.collect::<Result<Vec<_>, _>>().expect("plans have a form").join("\n"))
}

#[test]
fn a_plan_has_every_rule_but_the_default() {
    let plan = |form| plan(form).expect("a right spec");
    let plain = plan("{ every: 4 }");
    assert!(plain.contains(r#"{"global":{"local-steps":{"every":4}}}"#), "{plain}");
    assert_eq!(plan("{ every: 4, rule: { add: {} } }"), plain);
    let averaged = plan("{ every: 4, rule: { average: {} } }");
    assert!(averaged.contains(r#"{"local-steps":{"every":4,"rule":{"average":{}}}}"#), "{averaged}");
    let outer = plan("{ every: 4, rule: { outer: { learning-rate: 0.7, momentum: 0.9, nesterov: true } } }");
    assert!(outer.contains(r#""rule":{"outer":{"learning-rate":0.7,"momentum":0.9,"nesterov":true}}"#), "{outer}");
    assert!(
        plan("{ every: 4, rule: { outer: { learning-rate: 1 } } }").contains(r#"{"learning-rate":1.0,"momentum":0.0}"#)
    );
}

#[test]
fn mistakes_are_reported_with_their_path() {
    const STEPS: &str = "cells[0].system.global.local-steps";
    for (form, messages) in [
        ("{ every: 0, rule: { average: {} } }", &["every: 0: expected 1 to 1000"][..]),
        (
            "{ every: 4, rule: { outer: { learning-rate: 0, momentum: 1 } } }",
            &[
                "rule.outer.learning-rate: 0: expected more than 0, at most 1000",
                "rule.outer.momentum: 1: expected 0 to less than 1",
            ],
        ),
        (
            "{ every: 4, rule: { outer: { learning-rate: -0.5, momentum: -0.1 } } }",
            &[
                "rule.outer.learning-rate: -0.5: expected more than 0, at most 1000",
                "rule.outer.momentum: -0.1: expected 0 to less than 1",
            ],
        ),
        ("{ every: 4, rule: { outer: { momentum: 0.9 } } }", &["rule.outer: missing field `learning-rate`"]),
        ("{ every: 4, rule: { averge: {} } }", &["rule: unknown variant `averge`"]),
    ] {
        let error = plan(form).expect_err("a mistake was made");
        for message in messages {
            assert!(error.contains(&format!("{STEPS}.{message}")), "{form}: {error}");
        }
    }
}
