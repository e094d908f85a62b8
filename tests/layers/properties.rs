//! What holds of every network, whatever its numbers: for random weights, inputs and cotangents.

use crate::common::{backward, every_combinator, every_layer, every_network, forward};
use chainrule::Real;
use chainrule::layer::{Parameter, Role, Visitor, visit};
use chainrule::layer::{View, ViewMut};
use chainrule::prelude::*;
use proptest::prelude::*;

type T = f64;
type L<const I: usize, const O: usize> = Linear<I, O, f64>;
type X = Vector<3, f64>;

/// A layer between tensors of `f64`.
trait Map<S: Sample>: Layer<S, Output: Tensor<Scalar = f64>> {}

impl<S: Sample, N: Layer<S, Output: Tensor<Scalar = f64>>> Map<S> for N {}

/// A layer with random weights, biases too (they start at 0, where mistakes in them hide).
fn random<N: Parameters>(seed: u64) -> Owned<N> {
    let mut net = N::init_with(Initializer::he_normal(), &mut rng(seed));
    visit([], [ViewMut::of(&mut *net)], &mut ShiftBiases);
    net
}

struct ShiftBiases;

impl Visitor<0, 1> for ShiftBiases {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if parameter.role == Role::Bias {
            xs.iter_mut().enumerate().for_each(|(at, x)| *x = T::from_f64(0.3 - 0.2 * at as f64));
        }
    }
}

/// What goes into a layer: a seed for its weights, and numbers for samples and cotangents.
#[derive(Clone, Debug)]
struct Given {
    seed: u64,
    numbers: Vec<f64>,
}

fn given() -> impl Strategy<Value = Given> {
    (any::<u64>(), prop::collection::vec(-2.0..2.0_f64, 40))
        .prop_map(|(seed, numbers)| Given { seed, numbers })
}

impl Given {
    /// Samples made of these numbers, from one of them on.
    fn samples<S: Tensor<Scalar = f64>>(&self, samples: usize, from: usize) -> Vec<S> {
        let mut batch = vec![S::zeroed(); samples];
        let numbers = self.numbers.iter().cycle().skip(from);
        S::flat_mut(&mut batch).iter_mut().zip(numbers).for_each(|(x, number)| *x = *number);
        batch
    }
}

/// What comes out of a layer: its outputs, and the gradients by its inputs and by its parameters.
#[derive(Debug, PartialEq)]
struct Passed {
    y: Vec<f64>,
    dx: Vec<f64>,
    dw: Vec<f64>,
}

/// In training, always with the same random numbers.
fn pass<N: Map<S>, S: Tensor<Scalar = f64>>(net: &N, x: &[S], dy: &[N::Output]) -> Passed {
    pass_in(Mode::Train(&mut rng(7)), net, x, dy)
}

fn pass_in<N: Map<S>, S: Tensor<Scalar = f64>>(
    mut mode: Mode<'_>,
    net: &N,
    x: &[S],
    dy: &[N::Output],
) -> Passed {
    let mut workspace = Workspace::default();
    let y = forward(net, x, &mut workspace, &mut mode);
    let (dx, gradient) = backward(net, x, &y, dy, &mut workspace, None);
    let mut trained = Trained(vec![]);
    visit([View::of(&*gradient)], [], &mut trained);
    Passed { y: N::Output::flat(&y).to_vec(), dx: S::flat(&dx).to_vec(), dw: trained.0 }
}

/// The gradient of the trained parameters: that of a buffer is its distance from the batch's value, for every gradient
/// of the output.
struct Trained(Vec<f64>);

impl Visitor<1, 0> for Trained {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if !matches!(parameter.role, Role::Buffer { .. }) {
            self.0.extend(xs.iter().map(|x| x.to_f64()));
        }
    }
}

/// A network with the weights that this seed gives, on these numbers. Types that list the same parameters in the same
/// order get the same weights.
fn run<N: Map<S>, S: Tensor<Scalar = f64>>(given: &Given) -> Passed {
    pass(&*random::<N>(given.seed), &given.samples(2, 0), &given.samples(2, 20))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn largest(xs: &[f64]) -> f64 {
    xs.iter().fold(0.0, |max, x| f64::max(max, x.abs()))
}

/// `a` is `b`, to within `tolerance` of this size.
fn assert_close(name: &str, a: &[f64], b: &[f64], tolerance: f64) {
    for (at, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance, "{name}, number {at}: {x:e} is not {y:e} to {tolerance:e}");
    }
}

/// `((A, B), C)`, `(A, (B, C))` and `(A, B, C)` do the same arithmetic in the same order: they agree bit for bit.
fn assert_associative<A, B, C, Y, Z, W>(given: &Given)
where
    A: Maps<X, Y>,
    B: Maps<Y, Z>,
    C: Maps<Z, W>,
    Y: Sample + bytemuck::Pod,
    Z: Sample + bytemuck::Pod,
    W: Tensor<Scalar = f64>,
{
    let flat = run::<(A, B, C), X>(given);
    assert_eq!(run::<((A, B), C), X>(given), flat);
    assert_eq!(run::<(A, (B, C)), X>(given), flat);
    assert_eq!(run::<((A,), ((B,), (C,))), X>(given), flat);
}

fn assert_identity_is_neutral<F: Maps<X, Y>, Y: Tensor<Scalar = f64>>(given: &Given) {
    let alone = run::<F, X>(given);
    assert_eq!(run::<(Identity, F), X>(given), alone);
    assert_eq!(run::<(F, Identity), X>(given), alone);
    assert_eq!(run::<([Identity; 3], (Identity, F), [Identity; 0]), X>(given), alone);
}

fn assert_array_is_tuple<F: Maps<X, X>>(given: &Given) {
    let tuple = run::<(F, F, F), X>(given);
    assert_eq!(run::<[F; 3], X>(given), tuple);
    assert_eq!(run::<(F, [F; 2]), X>(given), tuple);
    assert_eq!(run::<[[F; 1]; 3], X>(given), tuple);
}

/// backward(a u + b v) = a backward(u) + b backward(v).
fn assert_backward_is_linear<N: Map<S>, S: Tensor<Scalar = f64>>(name: &str, given: &Given) {
    let (net, x) = (random::<N>(given.seed), given.samples::<S>(2, 0));
    let (u, v) = (given.samples::<N::Output>(2, 11), given.samples::<N::Output>(2, 23));
    let [a, b] = [given.numbers[0], given.numbers[1]];
    let mut both = u.clone();
    let pairs = N::Output::flat(&u).iter().zip(N::Output::flat(&v));
    N::Output::flat_mut(&mut both).iter_mut().zip(pairs).for_each(|(w, (u, v))| *w = a * u + b * v);

    let (of_u, of_v, of_both) = (pass(&*net, &x, &u), pass(&*net, &x, &v), pass(&*net, &x, &both));
    assert_combined(name, [a, b], [&of_u.dx, &of_v.dx, &of_both.dx]);
    assert_combined(name, [a, b], [&of_u.dw, &of_v.dw, &of_both.dw]);
}

fn assert_combined(name: &str, [a, b]: [f64; 2], [u, v, both]: [&[f64]; 3]) {
    let combined: Vec<f64> = u.iter().zip(v).map(|(u, v)| a * u + b * v).collect();
    // Each number is a sum of some hundred products, each rounded in other places on the two ways: within 1e-12 of the
    // largest terms, which cancellation may hide, so that they are looked for in both summands.
    assert_close(name, both, &combined, 1e-12 * (1.0 + 2.0 * (largest(u) + largest(v))));
}

/// <u, J v> = <J' u, v>: what backward gives is the transpose of the forward derivative. J v is the derivative of the
/// output as inputs and parameters move along v, by central differences of fourth order.
fn assert_adjoint<N: Map<S>, S: Tensor<Scalar = f64>>(name: &str, given: &Given) {
    let (net, x) = (random::<N>(given.seed), given.samples::<S>(2, 0));
    let (v, u) = (given.samples::<S>(2, 9), given.samples::<N::Output>(2, 17));
    let passed = pass(&*net, &x, &u);
    let along = |h: f64| {
        let (mut net, mut x) = (random::<N>(given.seed), x.clone());
        visit([], [ViewMut::of(&mut *net)], &mut Move { by: given.numbers.iter().cycle(), h });
        S::flat_mut(&mut x).iter_mut().zip(S::flat(&v)).for_each(|(x, v)| *x += h * v);
        dot(N::Output::flat(&u), &pass(&*net, &x, &u).y)
    };
    let central = |h: f64| (along(h) - along(-h)) / (2.0 * h);
    let numeric = |h: f64| (4.0 * central(h) - central(2.0 * h)) / 3.0;
    let direction: Vec<_> = given.numbers.iter().cycle().take(passed.dw.len()).copied().collect();
    let analytic = dot(&passed.dx, S::flat(&v)) + dot(&passed.dw, &direction);

    // At a step of 1e-4 rounding makes 1e-16 · 100 / 1e-4 = 1e-10, and the fifth derivative less; ten times as much
    // at a tenth of the step. Where two steps disagree a kink lies between them: there is no derivative to compare.
    let (large, small) = (numeric(1e-4), numeric(1e-5));
    let tolerance = 1e-8 * (1.0 + largest(&passed.dx) + largest(&passed.dw));
    if (large - small).abs() < tolerance {
        assert_close(name, &[analytic], &[large], 2.0 * tolerance);
    }
}

/// Moves every trained parameter by h times the next of these numbers.
struct Move<I> {
    by: I,
    h: f64,
}

impl<'a, I: Iterator<Item = &'a f64>> Visitor<0, 1> for Move<I> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if matches!(parameter.role, Role::Buffer { .. }) {
            return;
        }
        xs.iter_mut().zip(&mut self.by).for_each(|(x, by)| *x += T::from_f64(self.h * by));
    }
}

/// A batch gives what its samples give one by one, and its gradient is the sum of theirs.
fn assert_batch_is_its_samples<N: Map<S>, S: Tensor<Scalar = f64>>(name: &str, given: &Given) {
    const SAMPLES: usize = 5; // one more than the rows that the matrix product works on together
    let (net, x) = (random::<N>(given.seed), given.samples::<S>(SAMPLES, 0));
    let dy = given.samples::<N::Output>(SAMPLES, 20);
    let batch = pass_in(Mode::Evaluate, &*net, &x, &dy);
    let mut sum = vec![0.0; batch.dw.len()];
    for at in 0..SAMPLES {
        let one = pass_in(Mode::Evaluate, &*net, &x[at..=at], &dy[at..=at]);
        assert_close(name, &batch.y[at * N::Output::LEN..], &one.y, 1e-12 * (1.0 + largest(&one.y)));
        assert_close(name, &batch.dx[at * S::LEN..], &one.dx, 1e-12 * (1.0 + largest(&one.dx)));
        sum.iter_mut().zip(&one.dw).for_each(|(sum, dw)| *sum += dw);
    }
    assert_close(name, &batch.dw, &sum, 1e-12 * (1.0 + SAMPLES as f64 * largest(&sum)));
}

/// Where every parameter of the branch is 0 the block is the identity, both ways, to the last bit.
fn assert_zero_branch_is_transparent<F: Maps<X, X>>(given: &Given) {
    let (x, dy) = (given.samples::<X>(2, 0), given.samples::<X>(2, 20));
    let blocks = <[Residual<F>; 30]>::zeros();
    let passed = pass(&*blocks, &x, &dy);
    let exact = |a: &[f64], b: &[X]| a.iter().zip(X::flat(b)).all(|(a, b)| a.to_bits() == b.to_bits());
    assert!(exact(&passed.y, &x) && exact(&passed.dx, &dy));
}

/// For every row of a list.
macro_rules! each {
    ($list:ident, $check:ident, $given:expr) => {
        macro_rules! case {
            ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                $check::<$layer, $input>(stringify!($name), $given);
            };
        }
        $list!(case);
    };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(1986), ..ProptestConfig::with_cases(24) })]

    #[test]
    fn stacking_is_associative(given in given()) {
        assert_associative::<L<3, 4>, Tanh, L<4, 2>, _, _, _>(&given);
        assert_associative::<Relu, L<3, 3>, Sigmoid, _, _, _>(&given);
        assert_associative::<Residual<L<3, 3>>, [(L<3, 3>, Silu); 2], PRelu<f64>, _, _, _>(&given);
        assert_associative::<Dropout<50>, (L<3, 5>, Dropout<20>), Softmax, _, _, _>(&given);
        assert_associative::<Dense<X, Sequence<2, 3, f64>>, LogSoftmax, Dense<Sequence<2, 3, f64>, X>, _, _, _>(&given);
    }

    #[test]
    fn the_identity_is_neutral_on_either_side(given in given()) {
        assert_identity_is_neutral::<L<3, 3>, _>(&given);
        assert_identity_is_neutral::<(L<3, 4>, Gelu, L<4, 3>), _>(&given);
        assert_identity_is_neutral::<Residual<(Relu, L<3, 3>, Dropout<50>)>, _>(&given);
        assert_identity_is_neutral::<PRelu<f64>, _>(&given);
    }

    #[test]
    fn an_array_is_a_tuple_of_equal_layers(given in given()) {
        assert_array_is_tuple::<L<3, 3>>(&given);
        assert_array_is_tuple::<(L<3, 4>, Elu, L<4, 3>)>(&given);
        assert_array_is_tuple::<Residual<(Tanh, L<3, 3>)>>(&given);
        assert_array_is_tuple::<Dropout<50>>(&given);
    }

    #[test]
    fn a_zero_branch_lets_gradients_through_exactly(given in given()) {
        assert_zero_branch_is_transparent::<L<3, 3>>(&given);
        assert_zero_branch_is_transparent::<(Tanh, L<3, 8>, Relu, L<8, 3>)>(&given);
        assert_zero_branch_is_transparent::<(Sigmoid, Dropout<50>, L<3, 3>)>(&given);
        assert_zero_branch_is_transparent::<Dense<X, X, NoBias>>(&given);
    }

    #[test]
    fn backward_is_linear_in_the_gradient_of_the_output(given in given()) {
        each!(every_layer, assert_backward_is_linear, &given);
        each!(every_combinator, assert_backward_is_linear, &given);
        each!(every_network, assert_backward_is_linear, &given);
    }

    #[test]
    fn backward_is_the_transpose_of_the_forward_derivative(given in given()) {
        each!(every_layer, assert_adjoint, &given);
        each!(every_combinator, assert_adjoint, &given);
        each!(every_network, assert_adjoint, &given);
    }

    #[test]
    fn a_batch_is_the_sum_of_its_samples(given in given()) {
        each!(every_layer, assert_batch_is_its_samples, &given);
        each!(every_combinator, assert_batch_is_its_samples, &given);
        each!(every_network, assert_batch_is_its_samples, &given);
    }
}
