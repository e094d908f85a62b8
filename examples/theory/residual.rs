//! Residual blocks: the skip connection adds 1 to the product of the branch's factors.

use chainrule::layer::NoBias;
use chainrule::prelude::*;
use chainrule::theory::{MeanField, ResidualField};

use crate::measure::{Flow, flow, flow_through, mean, normal_batch};
use crate::table::{Table, Tolerance};

/// x + V g(W x).
type Block<A, const N: usize> = Residual<(Linear<N, N, f32, NoBias>, A, Linear<N, N, f32, NoBias>)>;

/// x + a W₂ relu(W₁ x), with a² = 1/50.
pub(crate) fn relu_blocks(table: &mut Table) -> Result<(), chainrule::Error> {
    // This is true at every width. Narrow networks differ more from each other, so more of them are needed.
    relu_blocks_of::<16>(table, 400)?;
    relu_blocks_of::<128>(table, 40)
}

fn relu_blocks_of<const N: usize>(table: &mut Table, nets: usize) -> Result<(), chainrule::Error> {
    const BLOCKS: usize = 50;
    let (a, random) = (50.0_f64.sqrt().recip(), &mut rng(N as u64));
    let mut network = || {
        let mut blocks = <[Block<Relu, N>; BLOCKS]>::init_with(Initializer::lecun_normal(), random);
        for Residual { branch: (first, _, second), .. } in blocks.iter_mut() {
            first.weights_mut().iter_mut().for_each(|w| *w *= 2.0_f32.sqrt());
            second.weights_mut().iter_mut().for_each(|w| *w *= a as f32);
        }
        flow_through(&*blocks, &normal_batch(8, random), &normal_batch(8, random))
    };
    let flows: Vec<Flow> = (0..nets).map(|_| network()).collect::<Result<_, _>>()?;
    let field = ResidualField { branch: MeanField::<Relu>::of(Initializer::he_normal())?, scale: a * a };
    let expected = table.published("1.02^50", 2.69, field.gradient_growth(1.0, BLOCKS));
    let how = format!("a = 1/√50, n = {N}, {BLOCKS} blocks, {nets} nets");
    let forward: Vec<f64> = flows.iter().map(|flow| flow.values[BLOCKS] / flow.values[0]).collect();
    let backward: Vec<f64> = flows.iter().map(Flow::ratio).collect();
    table.row("ReLU blocks: forward²", &how, expected, mean(&forward), Tolerance::within(0.1));
    table.row("ReLU blocks: backward²", &how, expected, mean(&backward), Tolerance::within(0.1));
    Ok(())
}

/// x + V tanh(W x): the main path grows, the branches saturate, and the gradient grows more and more slowly.
pub(crate) fn tanh_blocks(table: &mut Table) -> Result<(), chainrule::Error> {
    const NETS: usize = 5;
    let (initializer, random) = (Initializer::lecun_normal(), &mut rng(6));
    let flows: Vec<Flow> = (0..NETS)
        .map(|_| flow::<[Block<Tanh, 200>; 200], 200>(initializer, 8, random))
        .collect::<Result<_, _>>()?;
    let field = ResidualField { branch: MeanField::<Tanh>::of(initializer)?, scale: 1.0 };
    for (blocks, published) in [(25, 4.81), (50, 7.22), (100, 10.55), (200, 15.17)] {
        // The gradient at a place depends only on the blocks after it.
        let logarithms: Vec<f64> =
            flows.iter().map(|flow| (flow.gradients[0] / flow.gradients[blocks]).ln()).collect();
        let how = format!("n = 200, {blocks} blocks, {NETS} nets");
        let expected = table.published("tanh blocks", published, field.gradient_growth(1.0, blocks).ln());
        table.row("tanh blocks: ln ratio²", &how, expected, mean(&logarithms), Tolerance::within(0.1));
    }
    Ok(())
}
