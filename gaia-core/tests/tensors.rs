//! Tensors of layouts: where each lies among the rows, of any layout and of every workload.

use std::collections::BTreeSet;
use std::sync::Arc;

use datasets::{bow, ratings, sparse};
use gaia_core::layout::{Layout, Table};
use gaia_core::simd::Isa;
use gaia_core::tensor::Tensor;
use gaia_core::workload::ic::architecture::{Architecture, Extent};
use gaia_core::workload::ic::config::{Ic, NETWORKS, NetworkName, Norm};
use gaia_core::workload::ic::networks::architecture;
use gaia_core::workload::lda::config::Lda;
use gaia_core::workload::lda::worker::{LdaWorker, WholeCorpus};
use gaia_core::workload::lr::config::Lr;
use gaia_core::workload::lr::worker::{LrWorker, WholeData as WholeExamples};
use gaia_core::workload::mf::config::Mf;
use gaia_core::workload::mf::worker::{MfWorker, WholeData as WholeRatings};
use gaia_core::workload::traits::Workload;
use proptest::prelude::*;

fn table(name: &str, rows: u32, width: u32) -> Table {
    Table { name: name.to_owned(), rows, width }
}

fn tensor(name: &str, shape: &[usize], first: usize) -> Tensor {
    Tensor { name: name.to_owned(), shape: shape.to_vec(), first }
}

/// For each float of the flat array the tensor that has it and its place there, read off the list of tensors.
fn owners(layout: &Layout) -> Vec<Option<(usize, usize)>> {
    let mut owners = vec![None; layout.floats()];
    for (number, tensor) in layout.tensors().iter().enumerate() {
        for place in 0..tensor.shape.iter().product() {
            let before = owners[tensor.first + place].replace((number, place));
            assert_eq!(before, None, "float {} has one tensor", tensor.first + place);
        }
    }
    owners
}

/// Every look-up of `layout` against a walk over its floats, one by one.
fn check_against_owners(layout: &Layout) {
    let owners = owners(layout);
    let mut rows_of = vec![BTreeSet::new(); layout.tensors().len()];
    let mut at = 0;
    for row in 0..layout.rows() {
        assert_eq!(layout.flat_range(row), at..at + layout.width(row));
        let expected = &owners[layout.flat_range(row)];
        let mut found = vec![None; layout.width(row)];
        let mut end = 0;
        for part in layout.parts_of(row) {
            assert!(part.in_row.start >= end && !part.in_row.is_empty(), "parts ascend: {part:?}");
            assert_eq!(part.in_row.len(), part.in_tensor.len());
            end = part.in_row.end;
            for (place, of_tensor) in part.in_row.zip(part.in_tensor) {
                found[place] = Some((part.tensor, of_tensor));
            }
        }
        assert_eq!(found, expected, "row {row}");
        expected.iter().flatten().for_each(|&(number, _)| {
            rows_of[number].insert(row);
        });
        for index in layout.flat_range(row) {
            assert_eq!(layout.row_at(index), row);
        }
        at += layout.width(row);
    }
    assert_eq!(at, layout.floats());
    for (tensor, expected) in layout.tensors().iter().zip(rows_of) {
        assert_eq!(layout.rows_of(tensor).collect::<BTreeSet<u32>>(), expected, "{tensor:?}");
        assert_eq!(layout.tensor(&tensor.name), Some(tensor));
    }
}

/// Tables of any size, and for each a list of (padding before a tensor, its shape), cut off where the table ends.
fn layouts() -> impl Strategy<Value = (Layout, Layout)> {
    let shape = prop::collection::vec(0usize..5, 0..4);
    let one = (0u32..7, 1u32..9, prop::collection::vec((0usize..5, shape), 0..8));
    prop::collection::vec(one, 1..5).prop_map(|drawn| {
        let (mut tables, mut tensors, mut first) = (Vec::new(), Vec::new(), 0);
        for (number, (rows, width, own)) in drawn.into_iter().enumerate() {
            let end = first + (rows * width) as usize;
            for (padding, shape) in own {
                let next = tensor(&format!("t{}", tensors.len()), &shape, first + padding);
                if next.range().end > end {
                    break;
                }
                first = next.range().end;
                tensors.push(next);
            }
            first = end;
            tables.push((table(&format!("table{number}"), rows, width), [1, 2]));
        }
        let plain = Layout::staged(tables);
        (plain.clone(), plain.with_tensors(tensors))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn look_ups_agree_with_a_walk_over_the_floats((plain, cut) in layouts()) {
        check_against_owners(&plain);
        check_against_owners(&cut);
        prop_assert!(owners(&plain).iter().all(Option::is_some), "a table is a tensor");
        prop_assert_eq!((plain.rows(), plain.floats(), plain.stages()), (cut.rows(), cut.floats(), cut.stages()));
        prop_assert_eq!(plain.shard(1, 3), cut.shard(1, 3));
    }
}

#[test]
fn a_table_is_a_tensor_of_its_name() {
    let layout = Layout::new(vec![table("a", 5, 3), table("b", 4, 2)]);
    assert_eq!(layout.tensors(), [tensor("a", &[5, 3], 0), tensor("b", &[4, 2], 15)]);
    assert_eq!(layout.tensor("c"), None);
}

/// The message of the panic that `tensors` in two tables of 6 and 8 floats lead to.
fn refusal(tensors: Vec<Tensor>) -> String {
    let layout = Layout::new(vec![table("a", 2, 3), table("b", 4, 2)]);
    let panic = std::panic::catch_unwind(|| layout.with_tensors(tensors)).expect_err("refused");
    *panic.downcast::<String>().expect("a message with values")
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    assert_eq!(
        refusal(vec![tensor("x", &[2, 2], 0), tensor("y", &[2], 3)]),
        "tensor `y` begins at float 3, the one before ends at 4"
    );
    assert_eq!(refusal(vec![tensor("x", &[2], 0), tensor("x", &[2], 2)]), "two tensors are named `x`");
    assert_eq!(refusal(vec![tensor("x", &[3], 4)]), "tensor `x` is not inside one table: floats 4..7");
    assert_eq!(refusal(vec![tensor("x", &[3], 12)]), "tensor `x` is not inside one table: floats 12..15");
}

/// Runs a pass, and returns how many floats belong to tensors: no float changes that belongs to none.
fn used_floats<W: Workload>(worker: &W) -> usize {
    let layout = worker.layout();
    check_against_owners(&layout);
    let set = layout.row_set(worker.declared_rows().iter().copied());
    let mut before = vec![0.0; set.floats()];
    for (position, &row) in set.rows().iter().enumerate() {
        worker.initial_row(row, &mut before[set.range(position)]);
    }
    let (mut view, mut state) = (before.clone(), worker.initial_state());
    (0..worker.clocks_per_pass()).for_each(|clock| worker.compute(clock, &mut state, &mut view));
    let mut changed = 0;
    for (position, &row) in set.rows().iter().enumerate() {
        let used: BTreeSet<usize> = layout.parts_of(row).flat_map(|part| part.in_row).collect();
        for (place, index) in set.range(position).enumerate() {
            if view[index] != before[index] {
                changed += 1;
                assert!(used.contains(&place), "float {place} of row {row} is padding");
            }
        }
    }
    assert!(changed > 0, "a pass changes parameters");
    layout.tensors().iter().map(Tensor::floats).sum()
}

#[test]
fn matrix_factorisation_has_one_matrix() {
    let shape = ratings::config::Generated {
        users: Some(60),
        items: Some(40),
        ratings: Some(900),
        ..ratings::config::Generated::default()
    };
    let data = ratings::generate::generate(&shape, 3);
    let config = Mf { rank: 7, ..Mf::default() };
    let parts = ratings::partition::partition(&data, &[1], ratings::partition::Split::Even);
    let worker = MfWorker::new(&parts[0], WholeRatings::of(&data, &config), config, 1, Isa::detect());
    assert_eq!(worker.layout().tensors(), [tensor("R", &[data.items as usize, 7], 0)]);
    assert_eq!(used_floats(&worker), worker.layout().floats());
}

#[test]
fn topic_modelling_has_one_matrix() {
    let shape = bow::config::Generated {
        documents: Some(30),
        words: Some(50),
        tokens: Some(600),
        ..bow::config::Generated::default()
    };
    let corpus = bow::generate::generate(&shape, 3);
    let config = Lda { topics: 6, ..Lda::default() };
    let parts = bow::partition::partition(&corpus, &[1], bow::partition::Split::Even);
    let whole = Arc::new(WholeCorpus::of(&corpus, &parts, &config, 1).expect("a corpus that can be counted"));
    let worker = LdaWorker::new(&corpus, &parts[0], whole, config, 1, Isa::detect());
    assert_eq!(worker.layout().tensors(), [tensor("words", &[corpus.words as usize, 6], 0)]);
    assert_eq!(used_floats(&worker), worker.layout().floats());
}

#[test]
fn logistic_regression_has_a_vector_and_an_intercept() {
    let shape = sparse::config::Generated {
        examples: 500,
        features: 100,
        nonzeros: 9.0,
        ..sparse::config::Generated::default()
    };
    let data = sparse::generate::generate_with_truth(&shape, 5).0;
    let config = Lr { weights_per_row: 16, ..Lr::default() };
    let parts = sparse::partition::partition(&data, &[1], sparse::partition::Split::Even);
    let worker = LrWorker::new(&data, &parts[0], WholeExamples::of(&data, 1), config, 1, Isa::detect());
    assert_eq!(worker.layout().tensors(), [tensor("weights", &[100], 0), tensor("intercept", &[1], 100)]);
    // Seven rows: the last has four weights, the intercept and 11 floats of padding.
    assert_eq!((used_floats(&worker), worker.layout().floats()), (101, 112));
}

fn built(network: NetworkName, norm: Norm, classes: usize) -> Architecture {
    let side = if network == NetworkName::GoogLeNet { 224 } else { 32 };
    let input = Extent { channels: 3, height: side, width: side };
    architecture(&Ic { network, norm, ..Ic::default() }, input, classes).expect("fit images")
}

#[test]
fn tensors_of_networks_are_their_parameters() {
    for network in NETWORKS {
        for norm in [Norm::AsPublished, Norm::None, Norm::Batch, Norm::Group] {
            let built = built(network, norm, 10);
            let layout = built.layout();
            assert_eq!(layout.tensors().iter().map(Tensor::floats).sum::<usize>(), built.parameter_count());
            let names: BTreeSet<&str> = layout.tensors().iter().map(|tensor| &*tensor.name).collect();
            assert_eq!(names.len(), built.parameters.len());
            for (tensor, parameter) in layout.tensors().iter().zip(&built.parameters) {
                assert_eq!((tensor.range(), &tensor.shape), (parameter.range.clone(), &parameter.shape));
                let rows = layout.rows_of(tensor);
                let stage = built.stages.iter().find(|stage| stage.rows.contains(&rows.start)).expect("a stage");
                assert!(rows.end <= stage.rows.end);
                assert!(tensor.name.starts_with(&format!("{}.", stage.name)), "{} in {}", tensor.name, stage.name);
            }
        }
    }
    for (network, floats) in [(NetworkName::Cifar10Quick, 145_578), (NetworkName::ResNet20, 269_722)] {
        let layout = built(network, Norm::AsPublished, 10).layout();
        assert_eq!(layout.tensors().iter().map(Tensor::floats).sum::<usize>(), floats);
        check_against_owners(&layout);
    }
}

#[test]
fn names_are_the_ways_through_the_layers() {
    let layout = built(NetworkName::Cifar10Quick, Norm::AsPublished, 10).layout();
    let names: Vec<&str> = layout.tensors().iter().map(|tensor| &*tensor.name).collect();
    assert_eq!(
        names,
        [
            "conv1.convolution1.weight",
            "conv1.convolution1.bias",
            "conv2.convolution1.weight",
            "conv2.convolution1.bias",
            "conv3.convolution1.weight",
            "conv3.convolution1.bias",
            "ip1.linear1.weight",
            "ip1.linear1.bias",
            "ip2.linear1.weight",
            "ip2.linear1.bias",
        ]
    );
    let shape = |network, name: &str| {
        built(network, Norm::AsPublished, 10).layout().tensor(name).map(|tensor| tensor.shape.clone())
    };
    assert_eq!(shape(NetworkName::ResNet20, "group2.residual1.convolution2.weight"), Some(vec![32, 32, 3, 3]));
    assert_eq!(shape(NetworkName::ResNet20, "group3.residual3.norm1.shift"), Some(vec![64]));
    assert_eq!(shape(NetworkName::ResNet20, "fc.linear1.weight"), Some(vec![10, 64]));
    let googlenet = |name| shape(NetworkName::GoogLeNet, name);
    assert_eq!(googlenet("inception3a.branches1.path2.convolution2.weight"), Some(vec![128, 96, 3, 3]));
    assert_eq!(googlenet("inception4d.auxiliary1.linear2.weight"), Some(vec![10, 1024]));
}
