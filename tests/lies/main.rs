//! Safe code cannot make the library read or write out of bounds. Wrong implementations of its traits give a panic (or
//! do not compile: a parameter whose shape is not its size), in debug and, which is what counts, in release:
//!
//! ```text
//! cargo test --release --test lies
//! ```
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytemuck::{Pod, Zeroable};
use chainrule::layer::{Backward, Layer, Mode, Plan, Space, WorkspaceMut};
use chainrule::parameters::{Aligned, Named, Part, TypeName};
use chainrule::prelude::*;
use chainrule::tensor::{AsSample, Numbers};

/// Four numbers that claim to be others.
macro_rules! lies {
    ($($name:ident: LEN $len:expr, SHAPE $shape:expr, shows $shown:expr;)+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Zeroable, Pod)]
        #[repr(transparent)]
        struct $name([f32; 4]);

        impl Named for $name {
            const NAME: TypeName = TypeName { parts: &[Part::Text(stringify!($name))] };
        }

        impl AsSample for $name {
            type Sample = Self;
        }

        impl Sample for $name {
            type Grad = Self;
            const SHAPE: &'static [usize] = &$shape;
            fn numbers(_: &[Self]) -> Numbers<'_> {
                Numbers::None
            }
        }

        impl Tensor for $name {
            type Scalar = f32;
            type Of<E: Pod + Send + Sync> = [E; 1];
            const LEN: usize = $len;

            fn flat(batch: &[Self]) -> &[f32] {
                let numbers: &[f32] = bytemuck::cast_slice(batch);
                &numbers[..numbers.len() / 4 * $shown]
            }

            fn flat_mut(batch: &mut [Self]) -> &mut [f32] {
                let numbers: &mut [f32] = bytemuck::cast_slice_mut(batch);
                let shown = numbers.len() / 4 * $shown;
                &mut numbers[..shown]
            }
        }
    )+};
}
lies! {
    Wrapping: LEN (1 << 63) + 1, SHAPE [4], shows 4;
    Largest: LEN usize::MAX, SHAPE [usize::MAX, 2], shows 4;
    Longer: LEN 5, SHAPE [5], shows 4;
    Shorter: LEN 3, SHAPE [3], shows 4;
    Empty: LEN 0, SHAPE [], shows 4;
    Hiding: LEN 4, SHAPE [4], shows 2;
}

/// Whether `f` panics.
fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// A linear map from a liar: its weights are those that the liar asks for.
fn linear_from<X: Tensor<Scalar = f32, Of<Vector<2>> = [Vector<2>; 1]>>() -> Dense<X, Vector<2>> {
    Dense { weight: Aligned([Vector([1.0; 2])]), bias: Vector([0.0; 2]) }
}

/// A linear map to a liar.
fn linear_to<Y: Tensor<Scalar = f32>>() -> Dense<Vector<2>, Y> {
    Dense { weight: Aligned([Y::zeroed(); 2]), bias: Y::zeroed() }
}

/// Both passes of a linear map from and to a liar panic.
fn is_found_out<X>(x: X)
where
    X: Tensor<Scalar = f32, Of<Vector<2>> = [Vector<2>; 1]>,
{
    let mode = || Mode::Evaluate;
    let (from, to) = (linear_from::<X>(), linear_to::<X>());
    let (mut y, mut dx) = ([Vector([0.0; 2]); 2], [x; 2]);
    assert!(panics(|| from.forward(&[x; 2], &mut y, WorkspaceMut::default(), &mut mode())));
    assert!(panics(|| from.backward(Backward {
        input: &[x; 2],
        output: &y,
        output_grad: &y,
        input_grad: Some(&mut dx),
        gradient: &mut linear_from(),
        workspace: WorkspaceMut::default(),
        accumulate: false,
    })));
    let mut z = [x; 2];
    assert!(panics(|| to.forward(&y, &mut z, WorkspaceMut::default(), &mut mode())));
}

#[test]
fn a_wrong_length_is_a_panic_in_a_product() {
    is_found_out(Wrapping([1.0; 4]));
    is_found_out(Largest([1.0; 4]));
    is_found_out(Longer([1.0; 4]));
}

#[test]
fn a_length_of_none_reads_nothing() {
    let mut y = [Vector([0.0; 2]); 2];
    let layer = Dense { weight: Aligned([Vector([f32::NAN; 2])]), bias: Vector([5.0, 6.0]) };
    layer.forward(&[Empty([f32::NAN; 4]); 2], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
    assert_eq!(y, [Vector([5.0, 6.0]); 2]); // a sum of no terms, and the bias
}

#[test]
fn a_short_length_or_hidden_numbers_stay_inside_the_batch() {
    // Fewer numbers than there are make other sums, or a panic; the addresses are those of the batch.
    for found in [
        panics(|| {
            let x = Shorter([1.0; 4]);
            linear_from::<Shorter>().forward(
                &[x; 2],
                &mut [Vector([0.0; 2]); 2],
                WorkspaceMut::default(),
                &mut Mode::Evaluate,
            );
        }),
        panics(|| {
            let x = Hiding([1.0; 4]);
            linear_from::<Hiding>().forward(
                &[x; 2],
                &mut [Vector([0.0; 2]); 2],
                WorkspaceMut::default(),
                &mut Mode::Evaluate,
            );
        }),
    ] {
        assert!(found, "the weights of one input cannot serve three");
    }
}

#[test]
fn an_activation_of_hidden_numbers_leaves_the_others_alone() {
    let mut y = [Hiding([7.0; 4]); 3];
    Tanh.forward(&[Hiding([0.0; 4]); 3], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
    let numbers: Vec<f32> = y.iter().flat_map(|y| y.0).collect();
    assert_eq!(numbers, [vec![0.0; 6], vec![7.0; 6]].concat());
}

/// A layer that lies about what it saves, and about the length of its output.
#[derive(Clone, Copy, Default, Parameters)]
struct Greedy;

impl Layer<Vector<4>> for Greedy {
    type Output = Vector<4>;
    const PLAN: Plan = Plan::leaf::<Vector<4>, Self>().saves(Space::per_sample::<f32>(1));

    fn forward(
        &self,
        input: &[Vector<4>],
        output: &mut [Vector<4>],
        mut workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        workspace.saved::<Vector<4>>(64 * input.len()).fill(Vector([f32::NAN; 4]));
        output.copy_from_slice(input);
    }

    fn backward(&self, _: Backward<'_, Vector<4>, Self>) {}
}

#[test]
fn a_layer_that_takes_more_than_it_counted_panics_and_touches_no_other_memory() {
    type Net = (Linear<2, 4>, Greedy, Linear<4, 1>);
    let net = Net::init(&mut rng(1));
    let said = catch_unwind(AssertUnwindSafe(|| net.predict(&Vector([1.0, 2.0])))).unwrap_err();
    let said = said.downcast_ref::<String>().expect("a panic with a sentence");
    assert!(said.contains("its `PLAN` counts less than it takes"), "{said}");
}

#[test]
fn batches_of_two_lengths_are_a_panic_or_an_error() {
    let layer = Linear::<4, 4>::init(&mut rng(1));
    let (two, mut three) = ([Vector([1.0; 4]); 2], [Vector([0.0; 4]); 3]);
    assert!(panics(|| layer.forward(&two, &mut three, WorkspaceMut::default(), &mut Mode::Evaluate)));
    assert!(panics(|| Tanh.forward(&two, &mut three, WorkspaceMut::default(), &mut Mode::Evaluate)));
    let conv = Conv2d::<1, 1, 3>::init(&mut rng(1));
    let images = [Image([[[1.0; 5]; 5]]); 2];
    let mut outputs = [Image([[[0.0; 3]; 3]]); 3];
    let mut workspace = Workspace::default();
    let workspace = workspace.prepare::<Image<1, 5, 5>, Conv2d<1, 1, 3>>(3);
    assert!(panics(|| conv.forward(&images, &mut outputs, workspace, &mut Mode::Evaluate)));
}
