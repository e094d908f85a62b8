//! The table that a flow prints: it fits a terminal of 80 columns, whatever the network.

use crate::common::{every_combinator, every_layer, every_network, inputs};
use chainrule::Real;
use chainrule::flow::Flow;
use chainrule::prelude::*;

/// At most 80 columns, no spaces at the end of a line, and no NaN without a word on where it comes from.
fn check_text(name: &str, flow: &Flow) {
    let (table, parameters) = (flow.to_string(), flow.parameters_table() + &flow.parts_table());
    for line in table.lines().chain(parameters.lines()) {
        assert!(line.chars().count() <= 80, "{name}, {} columns: {line}", line.chars().count());
        assert_eq!(line, line.trim_end(), "{name}");
    }
    for row in table.lines().skip(3).take_while(|line| !line.starts_with('─')) {
        let gaps = [12, 29, 37, 50, 58].map(|column| row.chars().nth(column));
        assert!(gaps.iter().all(|gap| gap.is_none_or(|c| c == ' ')), "{name}: {row}");
    }
    let verdict = flow.verdict();
    let word = verdict.to_string().contains("not finite") || verdict.to_string().contains("NaN");
    assert!(word || !(table + &parameters).contains("NaN"), "{name}\n{flow}");
}

fn check<X: Tensor, Y: Tensor, N: Maps<X, Y>>(name: &str) {
    for gain in [1.0, 1e-30, 1e30] {
        let network = N::init_with(Initializer::he_normal().gain(gain), &mut rng(3));
        let mut targets = inputs::<Y>(3);
        Y::flat_mut(&mut targets).iter_mut().for_each(|y| *y *= Real::from_f64(-0.5));
        let flow = network.flow(&MeanSquaredError, &inputs::<X>(3), &targets).unwrap();
        check_text(name, &flow);
        // A row for every leaf but plain skips, and for every block.
        let rows = flow.to_string().lines().skip(3).take_while(|line| !line.starts_with('─')).count();
        let skips = flow.leaves().filter(|leaf| leaf.path.ends_with("shortcut") && leaf.layer == "Identity");
        let blocks = flow.layers.iter().filter(|layer| {
            !layer.paths.is_empty()
                || layer.layer.starts_with("Residual<")
                || layer.layer.starts_with("Concat<")
                || layer.layer.starts_with("Parallel<")
                || layer.layer.starts_with("Highway<")
                || layer.layer.starts_with("PerStep<Highway<")
                || layer.layer.starts_with("SelfAttention<")
                || layer.layer.starts_with("CrossAttention<")
                || layer.layer.starts_with("OnFirst<Residual<")
                || layer.layer.starts_with("ResidualWithMemory<")
        });
        assert_eq!(rows, flow.leaves().count() - skips.count() + blocks.count(), "{name}\n{flow}");
    }
}

macro_rules! case {
    ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
        type T = f32;
        check::<$input, _, $layer>(stringify!($name));
    }};
}

#[test]
fn the_table_of_every_network_fits_80_columns() {
    every_network!(case);
    every_combinator!(case);
}

#[test]
fn the_table_of_every_single_layer_fits_80_columns() {
    every_layer!(case);
}

#[test]
fn deep_nests_and_long_names_are_cut_not_spilt() {
    type Deep<T> = Residual<Residual<Residual<Residual<Residual<Residual<Residual<Residual<T>>>>>>>>;
    type Net =
        (Deep<(Linear<3, 3>, Tanh)>, Dense<Vector<3>, Image<2, 3, 2>>, TransposedConv2d<2, 2, 3, 2, 1>);
    check::<Vector<3>, _, Net>("deep");
    let mut net = Net::init(&mut rng(1));
    let inputs = [Vector([1.0, -1.0, 0.5])];
    let flow = net.flow(&MeanSquaredError, &inputs, &[Image::default()]).unwrap();
    let table = flow.to_string();
    assert!(table.contains("…") && flow.parameters_table().contains("…"));
    // A path of 90 characters in the verdict's own words.
    type Deepest = Deep<Deep<Linear<3, 3>>>;
    let mut deepest = Deepest::init(&mut rng(1));
    deepest
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .branch
        .bias[0] = f32::NAN;
    let flow = deepest.flow(&MeanSquaredError, &inputs, &inputs).unwrap();
    check_text("deepest", &flow);
    net.1.bias.as_mut_slice()[0] = f32::INFINITY;
    let flow = net.flow(&MeanSquaredError, &inputs, &[Image::default()]).unwrap();
    check_text("infinite", &flow);
    let why = flow.verdict().why;
    assert_eq!(
        why,
        "`1` (Dense<Vector<3>, Image<2, 3, 2>>) has a `bias` that is not finite, and so its output is not"
    );
}

#[test]
fn numbers_of_any_size_stay_in_their_columns() {
    for (weight, x) in [(1e-120, 1.0), (1e120, 1e-120), (1e-200, 1e-200), (123_456.0, 1e9), (0.0, 0.0)] {
        let mut net = <(Linear<2, 2, f64>, Residual<Linear<2, 2, f64>>, Tanh)>::zeros();
        net.0.weights_mut().fill(weight);
        net.1.branch.weights_mut().fill(-weight);
        let flow = net.flow(&MeanSquaredError, &[Vector([x, x])], &[Vector([1.0, 1e20])]).unwrap();
        check_text("sizes", &flow);
    }
}

#[test]
fn the_bars_are_full_at_the_largest_gradient_and_next_to_empty_at_the_smallest() {
    // Each layer makes the gradient a tenth as long: 5 values over 4 decades.
    let mut net = <[Linear<1, 1, f64, NoBias>; 5]>::zeros();
    net.iter_mut().for_each(|layer| layer.weight[0] = Vector([0.1]));
    let flow = net.flow(&MeanSquaredError, &[Vector([0.0])], &[Vector([1.0])]).unwrap();
    let bars: Vec<String> = flow
        .to_string()
        .lines()
        .skip(3)
        .take(5)
        .map(|line| line.chars().skip(38).take(12).collect())
        .collect();
    // 12 characters of 8 eighths for 4 decades: 3 characters a decade.
    assert_eq!(bars, ["▏           ", "███         ", "██████      ", "█████████   ", "████████████"]);
}

#[test]
fn the_table_says_what_theory_expects_where_it_knows() {
    fn line<N: Layer<Vector<8>, Output = Vector<8>>>() -> Option<String> {
        let flow =
            N::init(&mut rng(2)).flow(&MeanSquaredError, &inputs::<Vector<8>>(4), &inputs::<Vector<8>>(4));
        flow.unwrap().to_string().lines().find(|line| line.starts_with("theory expects")).map(Into::into)
    }
    type Layers = Linear<8, 8>;
    // Linear layers with Glorot's weights change nothing on average.
    let expected = "theory expects 1.000e0 with new weights (Glorot), 1.000 a layer of weights";
    assert_eq!(line::<(Layers, Layers, Layers)>().as_deref(), Some(expected));
    assert_eq!(line::<(Layers, Softmax, Layers)>(), None);
    assert_eq!(line::<(Layers, Relu)>(), None, "a single layer has nothing to compare with");
}
