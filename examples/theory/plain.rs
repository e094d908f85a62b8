//! Plain stacks: one factor W and one factor g' for each layer.

use chainrule::layer::{Activation, NoBias};
use chainrule::prelude::*;
use chainrule::theory::{MeanField, linear_deviation, relu_deviation};

use crate::measure::{Flow, flow, geometric_mean, mean};
use crate::table::{Table, Tolerance};

type NoBiases<const N: usize> = Linear<N, N, f32, NoBias>;

/// Each layer multiplies the squared norm of a gradient by n σ², on average exactly, at every width.
pub(crate) fn linear(table: &mut Table) -> Result<(), chainrule::Error> {
    let (what, deviation) = ("linear: ratio² / (nσ²)³⁰", linear_deviation(128, 30));
    growth::<[NoBiases<128>; 30], 128>(table, what, ("n σ²", [0.9, 1.0, 1.1], 1.0), deviation, 160)
}

/// ReLU passes half of it: σw²/2, on average exactly, at every width.
pub(crate) fn relu(table: &mut Table) -> Result<(), chainrule::Error> {
    let (what, deviation) = ("ReLU: ratio² / (σw²/2)³⁰", relu_deviation(256, 30));
    growth::<[(NoBiases<256>, Relu); 30], 256>(table, what, ("σw²", [1.0, 2.0, 3.0], 0.5), deviation, 64)
}

/// Compares the growth of squared norms in 30 layers with the 30th power of `share` times the variance. `deviation` is
/// the relative deviation of one network.
fn growth<Net: Maps<Vector<N>, Vector<N>>, const N: usize>(
    table: &mut Table,
    what: &str,
    (name, variances, share): (&str, [f64; 3], f64),
    deviation: f64,
    nets: usize,
) -> Result<(), chainrule::Error> {
    // A mean over M networks is within 4 of its standard deviations.
    let tolerance = |nets: usize| Tolerance::within(4.0 * deviation / (nets as f64).sqrt());
    let mut all = vec![];
    for variance in variances {
        let ratios = normalized::<Net, N>(variance, (share * variance).powi(30), nets)?;
        let how = format!("n = {N}, depth 30, {name} = {variance}, {nets} nets");
        table.row(what, &how, 1.0, mean(&ratios), tolerance(nets));
        all.extend(ratios);
    }
    table.row("", &format!("all {} of them", all.len()), 1.0, mean(&all), tolerance(all.len()));
    Ok(())
}

/// Returns one ratio for each network, of one gradient, so that they are independent.
fn normalized<Net: Maps<Vector<N>, Vector<N>>, const N: usize>(
    variance: f64,
    expected: f64,
    nets: usize,
) -> Result<Vec<f64>, chainrule::Error> {
    let random = &mut rng((1000.0 * variance) as u64 + N as u64);
    let initializer = Initializer::lecun_normal().gain(variance.sqrt());
    (0..nets).map(|_| Ok(flow::<Net, N>(initializer, 1, random)?.ratio() / expected)).collect()
}

/// Measures 40 networks of 20 layers of 300 units, for 8 inputs, each with its own gradient. The squares are averaged
/// before the logarithm; the mean of their logarithms would be about 1 % (half a relative variance) too low.
fn twenty_layers<A: Activation>(initializer: Initializer, seed: u64) -> Result<Vec<Flow>, chainrule::Error>
where
    (Linear<300, 300>, A): Maps<Vector<300>, Vector<300>>,
{
    let random = &mut rng(seed);
    (0..40).map(|_| flow::<[(Linear<300, 300>, A); 20], 300>(initializer, 8, random)).collect()
}

/// Returns χ of a layer: the geometric mean over layers 5 to 14, which do not depend on the input any more.
fn chi_a_layer(flows: &[Flow]) -> f64 {
    geometric_mean(flows.iter().map(|flow| flow.gradients[4] / flow.gradients[14])).powf(0.1)
}

pub(crate) fn chi(table: &mut Table) -> Result<(), chainrule::Error> {
    let tolerance = Tolerance::within(0.03);
    let how = |what: &str| format!("{what}, n = 300, 40 nets");

    let glorot = Initializer::glorot_normal();
    let sigmoid = chi_a_layer(&twenty_layers::<Sigmoid>(glorot, 1)?);
    let rate = MeanField::<Sigmoid>::of(glorot)?.gradient_rate();
    let expected = table.published("sigmoid's χ", 0.0557, rate * rate);
    table.row("sigmoid: χ, layers 5-14", &how("Glorot"), expected, sigmoid, tolerance);

    let tanhs = [(0.5, 0.0, 0.5), (1.0, 0.05, 0.759), (1.761, 0.05, 1.0), (4.0, 0.05_f64, 1.342)];
    for (weight, bias, published) in tanhs {
        let initializer = Initializer::lecun_normal().gain(f64::sqrt(weight)).bias_normal(bias.sqrt());
        let field = MeanField::<Tanh>::of(initializer)?;
        let measured = chi_a_layer(&twenty_layers::<Tanh>(initializer, 2)?);
        let how = how(&format!("σw² = {weight}, σb² = {bias}"));
        let expected = table.published("tanh's χ", published, field.chi(field.fixed_point()));
        table.row("tanh: χ, layers 5-14", &how, expected, measured, tolerance);
    }

    let lecun = Initializer::lecun_normal();
    let selu = chi_a_layer(&twenty_layers::<Selu>(lecun, 3)?);
    let expected = table.published("SELU's χ", 1.0716, MeanField::<Selu>::of(lecun)?.chi(1.0));
    table.row("SELU: χ, layers 5-14", &how("LeCun"), expected, selu, tolerance);

    let expected = table.published("sigmoid's rate", 0.236, rate);
    table.row("sigmoid: norm a layer", &how("Glorot"), expected, sigmoid.sqrt(), tolerance);
    let pytorch = Initializer::lecun_uniform().gain(3.0_f64.sqrt().recip());
    let measured = chi_a_layer(&twenty_layers::<Sigmoid>(pytorch, 4)?).sqrt();
    let expected =
        table.published("sigmoid's rate", 0.1414, MeanField::<Sigmoid>::of(pytorch)?.gradient_rate());
    table.row("sigmoid: norm a layer", &how("U(±1/√n)"), expected, measured, tolerance);
    Ok(())
}

/// At the edge the gradient of tanh does not change exponentially: q falls as 1/2l and χ = 1 - 2q, so the product falls
/// as 1/depth.
pub(crate) fn edge(table: &mut Table) -> Result<(), chainrule::Error> {
    edge_at::<5>(table, 0.1375)?;
    edge_at::<10>(table, 0.0714)?;
    edge_at::<20>(table, 0.0360)?;
    edge_at::<40>(table, 0.0179)
}

fn edge_at<const L: usize>(table: &mut Table, published: f64) -> Result<(), chainrule::Error> {
    const NETS: usize = 40;
    let (initializer, random) = (Initializer::lecun_normal(), &mut rng(L as u64));
    let field = MeanField::<Tanh>::of(initializer)?;
    let ratio = |_| Ok(flow::<[(NoBiases<300>, Tanh); L], 300>(initializer, 8, random)?.ratio());
    let ratios = (0..NETS).map(ratio).collect::<Result<Vec<_>, chainrule::Error>>()?;
    let expected = table.published("tanh at the edge", published, field.gradient_ratio(field.first(1.0), L));
    let how = format!("n = 300, depth {L}, {NETS} nets");
    let measured = mean(&ratios);
    table.row("tanh at the edge: ratio²", &how, expected, measured, Tolerance::within(0.15));
    Ok(())
}

/// The norm at the first layer, divided by the norm at the last: N - 1 factors for N layers.
pub(crate) fn first_over_last(table: &mut Table) -> Result<(), chainrule::Error> {
    // Half or twice: the formula is for small z, and z is not small in the first layers of tanh.
    let tolerance = Tolerance(-0.5, 1.0);
    let random = &mut rng(5);
    let first_over_last = |flow: Result<Flow, chainrule::Error>, layers: usize| {
        flow.map(|flow| (flow.gradients[1] / flow.gradients[layers]).sqrt())
    };

    let pytorch = Initializer::lecun_uniform().gain(3.0_f64.sqrt().recip());
    let tanh = |_| first_over_last(flow::<[(NoBiases<100>, Tanh); 50], 100>(pytorch, 8, random), 50);
    let measured = geometric_mean((0..20).map(tanh).collect::<Result<Vec<_>, _>>()?.into_iter());
    let how = "U(±1/√n), n = 100, 50 layers, 20 nets";
    table.row("tanh: first over last", how, 3.0_f64.powf(-24.5), measured, tolerance);

    let glorot = Initializer::glorot_normal();
    let relu = |_| first_over_last(flow::<[(NoBiases<100>, Relu); 20], 100>(glorot, 8, random), 20);
    let measured = geometric_mean((0..20).map(relu).collect::<Result<Vec<_>, _>>()?.into_iter());
    let how = "Glorot, n = 100, 20 layers, 20 nets";
    table.row("ReLU: first over last", how, 2.0_f64.powf(-9.5), measured, tolerance);
    Ok(())
}
