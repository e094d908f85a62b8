//! A layer that is called directly with a batch of outputs or gradients that is not as long as its inputs panics: it
//! does not leave the rest of the batch out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::{every_combinator, every_layer, inputs};
use chainrule::prelude::*;

fn panics(what: &str, f: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err(), "{what}: nothing was said");
}

fn check<L: Layer<X> + Init, X: Tensor>(name: &str)
where
    L::Output: Tensor,
{
    let (layer, samples) = (L::init(&mut rng(1)), 3);
    let x = inputs::<X>(4);
    let mut workspace = Workspace::default();
    let mut y: Vec<L::Output> = bytemuck::zeroed_vec(4);
    for outputs in [0, 2, 4] {
        panics(&format!("forward of {name} with {outputs} outputs"), || {
            let space = workspace.prepare::<X, L>(4);
            layer.forward(&x[..samples], &mut y[..outputs], space, &mut Mode::Evaluate);
        });
    }
    layer.forward(&x, &mut y, workspace.prepare::<X, L>(4), &mut Mode::Evaluate);
    let mut dx: Vec<X::Grad> = bytemuck::zeroed_vec(4);
    let dy = y.clone();
    for wrong in [2, 4] {
        for [output, output_grad, input_grad] in [[wrong, 3, 3], [3, wrong, 3], [3, 3, wrong]] {
            panics(&format!("backward of {name}: {output}, {output_grad}, {input_grad}"), || {
                layer.backward(Backward {
                    input: &x[..samples],
                    output: &y[..output],
                    output_grad: bytemuck::cast_slice(&dy[..output_grad]),
                    input_grad: Some(&mut dx[..input_grad]),
                    gradient: &mut *L::zeros(),
                    workspace: workspace.prepare::<X, L>(4),
                    accumulate: false,
                });
            });
        }
    }
}

macro_rules! row {
    ($file:literal, $name:ident: $layer:ty, $input:ty) => {
        check::<$layer, $input>(stringify!($name));
    };
}

type T = f32;

#[test]
fn every_layer_refuses_a_batch_of_another_length() {
    every_layer!(row);
}

#[test]
fn every_combinator_refuses_a_batch_of_another_length() {
    every_combinator!(row);
}
