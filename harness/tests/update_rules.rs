//! Update rules of servers in specs: their forms, their place in plans, and their mistakes with the paths of the settings.

use harness::plan::{Experiment, Registries};
use harness::spec::{Changes, Source};

const REGISTRIES: Registries<'static> = Registries { figures: &[], claims: &[], columns: None };

/// Serialised plans of a spec whose one cell has these local steps, or the message.
fn plan(local_steps: &str) -> Result<String, String> {
    plan_of(&format!("global: {{ local-steps: {local_steps} }}"))
}

/// The same of any system.
fn plan_of(system: &str) -> Result<String, String> {
    plan_text(&format!(
        "workload: {{ mf: {{ rank: 16 }} }}\ndata: {{ generated: {{ scale: 0.01 }} }}\ncells:\n  - name: Local\n    profile: va-ca\n    \
         system: {{ {system} }}\n"
    ))
}

/// The same of a whole spec.
fn plan_text(text: &str) -> Result<String, String> {
    let text = text.to_owned();
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

#[test]
fn significant_updates_have_one_spelling_in_plans_and_rounds_their_own() {
    let plan = |form: &str| plan_of(form).expect("a right spec");
    let gaia = plan("gaia: { inside: { bsp: {} }, significance: { threshold: 0.02 } }");
    let between = "{ significant: { significance: { threshold: 0.02 } } }";
    assert_eq!(plan(&format!("hierarchical: {{ inside: {{ bsp: {{}} }}, between: {between} }}")), gaia);
    let rounds = "hierarchical: { inside: { local-steps: { every: 5 } }, between: { rounds: { every: 50, rule: { average: {} } } } }";
    let expected = r#"{"hierarchical":{"inside":{"local-steps":{"every":5}},"between":{"rounds":{"every":50,"rule":{"average":{}}}}}}"#;
    // Behind the target's.
    assert_eq!(plan(rounds).lines().last(), Some(expected));
}

#[test]
fn mistakes_between_sites_are_reported_with_their_path() {
    const SYSTEM: &str = "cells[0].system.hierarchical";
    for (inside, between, messages) in [
        (
            "bsp: {}",
            "rounds: { every: 0, rule: { average: {} } }",
            &["between.rounds.every: 0: expected 1 to 1000"][..],
        ),
        (
            "local-steps: { every: 4 }",
            "rounds: { every: 50, rule: { outer: { learning-rate: 0 } } }",
            &[
                "between.rounds.every: 50: expected a number of clocks after which the workers of a site exchange, such as 48",
                "between.rounds.rule.outer.learning-rate: 0: expected more than 0, at most 1000",
            ],
        ),
        (
            "local-steps: { every: 0 }",
            "rounds: { every: 50, rule: { average: {} } }",
            &["inside.local-steps.every: 0: expected 1 to 1000"],
        ),
        (
            "ssp: { slack: 1, push: true }",
            "rounds: { every: 4, rule: { average: {} } }",
            &["inside.ssp: `push: true`: expected `push: false`"],
        ),
        (
            "local-steps: { every: 2 }",
            "significant: { significance: { threshold: 11 }, mirror-clock: { bounded: { staleness: 1001 } } }",
            &[
                "inside.local-steps: for `global`, and `rounds` between sites, only: expected `bsp` or `ssp` or `tap`",
                "between.significant.significance.threshold: 11: expected 0 to 10",
                "between.significant.mirror-clock.bounded.staleness: 1001: expected 0 to 1000",
            ],
        ),
        (
            "bsp: {}",
            "significant: { overlay: { groups: { sites: [[us-east-1], [nowhere]] } } }",
            &["between.significant.overlay.groups.sites[1][0]: "],
        ),
    ] {
        let system = format!("hierarchical: {{ inside: {{ {inside} }}, between: {{ {between} }} }}");
        let error = plan_of(&system).expect_err("a mistake");
        for message in messages {
            assert!(error.contains(&format!("{SYSTEM}.{message}")), "{system}: {error}");
        }
        assert_eq!(error.matches("cells[0].system").count(), messages.len(), "{system}: {error}");
    }
    for (between, message) in [
        ("rounds: { every: 4 }", "missing field `rule`"),
        ("rounds: { every: 4, rule: { average: {} }, overlay: { computed: {} } }", "unknown field `overlay`"),
        ("averages: { every: 4 }", "unknown variant `averages`, expected `rounds` or `significant`"),
    ] {
        let error = plan_of(&format!("hierarchical: {{ inside: {{ bsp: {{}} }}, between: {{ {between} }} }}"));
        let error = error.expect_err("a mistake of form");
        assert!(error.contains(message), "{between}: {error}");
    }
}

#[test]
fn counts_are_added_and_no_share_of_them_is() {
    const TOPICS: &str = "workload: { lda: { topics: 4 } }\ndata: { generated-corpus: { scale: 0.01 } }\n";
    const UPDATES: &str = "and the updates of the workload `lda` are whole numbers of tokens: expected `add`";
    let plan = |system: &str| {
        plan_text(&format!("{TOPICS}cells:\n  - name: Local\n    profile: va-ca\n    system: {{ {system} }}\n"))
    };
    let steps = |rule: &str| format!("local-steps: {{ every: 2, rule: {{ {rule} }} }}");
    let (average, outer) = ("average: {}", "outer: { learning-rate: 1 }");
    let sites = |inside: &str, between: &str| {
        format!(
            "hierarchical: {{ inside: {{ {inside} }}, between: {{ rounds: {{ every: 4, rule: {{ {between} }} }} }} }}"
        )
    };
    for (system, wrong) in [
        (format!("global: {{ {} }}", steps(average)), &["global.local-steps.rule: `average`"][..]),
        (format!("global: {{ {} }}", steps(outer)), &["global.local-steps.rule: `outer`"]),
        (
            format!("centralized: {{ inside: {{ {} }} }}", steps(average)),
            &["centralized.inside.local-steps.rule: `average`"],
        ),
        (sites("bsp: {}", average), &["hierarchical.between.rounds.rule: `average`"]),
        (
            sites(&steps(average), outer),
            &["hierarchical.inside.local-steps.rule: `average`", "hierarchical.between.rounds.rule: `outer`"],
        ),
    ] {
        let error = plan(&system).expect_err("a share of counts");
        for wrong in wrong {
            assert!(error.contains(&format!("cells[0].system.{wrong}, {UPDATES}")), "{system}: {error}");
        }
        assert_eq!(error.matches(UPDATES).count(), wrong.len(), "{system}: {error}");
    }
    for system in [format!("global: {{ {} }}", steps("add: {}")), sites(&steps("add: {}"), "add: {}")] {
        plan(&system).expect("sums of counts are counts");
    }
    let target = format!(
        "{TOPICS}target: {{ system: {{ global: {{ {} }} }} }}\ncells:\n  - name: Local\n    profile: va-ca\n    system: {{ global: {{ bsp: {{}} }} }}\n",
        steps(average)
    );
    let error = plan_text(&target).expect_err("a share of counts");
    assert!(error.contains(&format!("target.system.global.local-steps.rule: `average`, {UPDATES}")), "{error}");
}
