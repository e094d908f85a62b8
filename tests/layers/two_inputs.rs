//! Inputs that are not tensors: a pair of two samples, and a sample without a gradient.

use crate::common::trained;
use crate::embedding::Embedding;
use chainrule::Error;
use chainrule::layer::{BackwardHook, LayerPass, Plan, Segment, View, ViewMut};
use chainrule::layer::{Parameter, Visitor, visit};
use chainrule::prelude::*;
use chainrule::tensor::NoGrad;

/// Adds `by` to one number of a network, counted over all its parameters.
struct Nudge {
    at: usize,
    by: f64,
}

impl Visitor<0, 1> for Nudge {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if let Some(x) = xs.get_mut(self.at) {
            *x += T::from_f64(self.by);
        }
        self.at = self.at.wrapping_sub(xs.len()); // far out of reach, once it was met
    }
}

/// All numbers of a network.
struct Numbers(Vec<f64>);

impl Visitor<1, 0> for Numbers {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        self.0.extend(xs.iter().map(|x| x.to_f64()));
    }
}

fn numbers<N: Parameters>(network: &N) -> Vec<f64> {
    let mut numbers = Numbers(vec![]);
    visit([View::of(network)], [], &mut numbers);
    numbers.0
}

/// A derivative by central differences of fourth order: off by about h⁴ = 1e-12 of the fifth derivative, and by 1e-16 /
/// h = 1e-13 from rounding.
fn derivative(f: impl Fn(f64) -> f64) -> f64 {
    let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * central(1e-3) - central(2e-3)) / 3.0
}

fn assert_derivative(what: &str, analytic: f64, numeric: f64) {
    assert!(
        (analytic - numeric).abs() <= 1e-9 * (1.0 + numeric.abs()),
        "{what}: {analytic:e}, and by differences {numeric:e}"
    );
}

/// dR/dW for every parameter of a network, against differences of R.
fn check_gradient<X: Sample, N: Maps<X, Vector<2, f64>>>(inputs: &[X]) -> Result<(), Error> {
    let net = N::init_with(Initializer::he_normal().bias_normal(0.3), &mut rng(3));
    let targets: Vec<_> = (0..inputs.len()).map(|at| Vector([0.3 * at as f64, -0.2])).collect();
    let (mut gradient, mut workspace) = (N::zeros(), Workspace::default());
    let loss =
        net.loss_gradient(&MeanSquaredError, inputs, &targets, &mut workspace, &mut gradient, &mut rng(0))?;
    // The two losses add up their terms in different orders.
    approx::assert_relative_eq!(loss, net.loss(&MeanSquaredError, inputs, &targets)?, max_relative = 1e-14);
    let gradient = numbers(&*gradient);
    assert_eq!(gradient.len(), trained(&net));
    assert!(gradient.iter().filter(|x| **x != 0.0).count() > gradient.len() / 2, "nothing to compare");
    for (at, analytic) in gradient.into_iter().enumerate() {
        let numeric = derivative(|by| {
            let mut moved = net.clone();
            visit([], [ViewMut::of(&mut *moved)], &mut Nudge { at, by });
            moved.loss(&MeanSquaredError, inputs, &targets).unwrap()
        });
        assert_derivative(&format!("parameter {at}"), analytic, numeric);
    }
    Ok(())
}

type State = Vector<3, f64>;
type Picture = Image<1, 3, 3, f64>;
type See = (Conv2d<1, 2, 2, 1, 0, f64>, Silu, Dense<Image<2, 2, 2, f64>, Vector<3, f64>>);
/// An image and a state, each with its own layers, and then both.
type Actor = (Parallel<(Linear<3, 4, f64>, Tanh), See>, Join, Linear<7, 5, f64>, Gelu, Linear<5, 2, f64>);

fn pairs() -> Vec<Pair<State, Picture>> {
    let number = |at: usize| ((7 * at + 3) % 11) as f64 / 5.0 - 1.0;
    let pair = |sample: usize| {
        let picture =
            core::array::from_fn(|row| core::array::from_fn(|column| number(9 * sample + 3 * row + column)));
        Pair(Vector(core::array::from_fn(|at| number(5 * sample + at))), Image([picture]))
    };
    (0..4).map(pair).collect()
}

#[test]
fn a_network_with_two_inputs_has_the_gradients_that_differences_say() -> Result<(), Error> {
    check_gradient::<_, Actor>(&pairs())?;
    // Another way of making one of two; and a pair inside a pair.
    check_gradient::<_, (Parallel<Linear<3, 3, f64>, See>, Sum, Tanh, Linear<3, 2, f64>)>(&pairs())?;
    type Both = (Parallel<Linear<3, 2, f64>, See>, Join);
    type Nested = (Parallel<Both, (Linear<3, 4, f64>, Tanh)>, Join, Linear<9, 2, f64>);
    let nested: Vec<_> = pairs().into_iter().map(|pair| Pair(pair, pair.0)).collect();
    check_gradient::<_, Nested>(&nested)
}

#[test]
fn the_gradient_of_each_half_is_what_differences_say() -> Result<(), Error> {
    let net = Actor::init_with(Initializer::he_normal(), &mut rng(3));
    let u = Vector([0.7, -1.1]);
    let (input_grads, _) = net.vjp(&pairs(), &[u; 4])?;
    for (&pair, &Pair(state_grad, picture_grad)) in pairs().iter().zip(&input_grads) {
        let value = |pair: Pair<State, Picture>| -> f64 {
            let y: Vector<2, f64> = net.predict(&pair).unwrap();
            u[0] * y[0] + u[1] * y[1]
        };
        for at in 0..State::LEN {
            let numeric = derivative(|by| {
                let Pair(mut state, picture) = pair;
                state[at] += by;
                value(Pair(state, picture))
            });
            assert_derivative(&format!("number {at} of the state"), state_grad[at], numeric);
        }
        for at in 0..Picture::LEN {
            let numeric = derivative(|by| {
                let Pair(state, mut picture) = pair;
                picture.as_mut_slice()[at] += by;
                value(Pair(state, picture))
            });
            assert_derivative(&format!("pixel {at}"), picture_grad.as_slice()[at], numeric);
        }
    }
    Ok(())
}

#[test]
fn a_number_that_is_not_finite_is_found_in_either_half() {
    let net = Actor::init(&mut rng(3));
    let mut pairs = pairs();
    let Pair(state, mut picture) = pairs[2];
    picture[(0, 1, 2)] = f64::NAN;
    pairs[2] = Pair(state, picture);
    let error = net.predict_batch(&pairs).unwrap_err();
    // After the three numbers of the state.
    assert!(matches!(error, Error::NonFiniteData { sample: 2, element: 8, .. }), "{error}");
    let mut state = state;
    state[1] = f64::INFINITY;
    pairs[2] = Pair(state, picture);
    let error = net.predict_batch(&pairs).unwrap_err();
    assert!(matches!(error, Error::NonFiniteData { sample: 2, element: 1, .. }), "{error}");
}

type Words = (Embedding<10, 4>, [(Linear<4, 4, f64>, Tanh); 2], Linear<4, 2, f64>);

fn labels<const N: usize>(classes: [usize; N]) -> [Label<10>; N] {
    classes.map(|class| Label::new(class).unwrap())
}

#[test]
fn an_input_without_gradient_trains_what_is_behind_it() -> Result<(), Error> {
    let (inputs, targets) = (labels([3, 7, 3, 0, 9]), [0.5, -0.5, 0.5, 0.1, -0.9].map(|y| Vector([y, -y])));
    check_gradient::<_, Words>(&inputs)?;

    let net = Words::init(&mut rng(1));
    let before = net.loss(&MeanSquaredError, &inputs, &targets)?;
    let unseen = [1, 2, 4, 5, 6, 8].map(|class: usize| net.0.weight[class]);
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 0);
    for _ in 0..50 {
        trainer.step(&inputs, &targets)?;
    }
    let after = trainer.network.loss(&MeanSquaredError, &inputs, &targets)?;
    assert!(after < before / 10.0, "the loss went from {before} to {after}");
    // A class that no batch had keeps its vector, to the last bit.
    assert_eq!([1, 2, 4, 5, 6, 8].map(|class: usize| trainer.network.0.weight[class]), unseen);
    Ok(())
}

/// Looks at the gradient of each input, which makes the network compute it.
#[derive(Default)]
struct Inputs(Vec<Option<usize>>);

impl BackwardHook for Inputs {
    fn enter(&mut self, _: Segment, _: &'static Plan) {}
    fn leave(&mut self, pass: &LayerPass<'_>) {
        self.0.push(pass.input_grad.as_ref().map(|numbers| numbers.len()));
    }
}

#[test]
fn the_gradient_of_an_input_without_gradient_is_ignored() -> Result<(), Error> {
    let net = Words::init(&mut rng(1));
    let (inputs, u) = (labels([3, 7, 3]), [Vector([1.0, -2.0]); 3]);
    let (input_grads, gradient) = net.vjp(&inputs, &u)?;
    assert_eq!(input_grads, [NoGrad::default(); 3]);

    // Without it, and shown to a hook, the gradients of the parameters are the same.
    let targets = [Vector([0.5, -0.5]); 3];
    let (mut alone, mut watched, mut hook) = (Words::zeros(), Words::zeros(), Inputs::default());
    let mut workspace = Workspace::default();
    net.loss_gradient(&MeanSquaredError, &inputs, &targets, &mut workspace, &mut alone, &mut rng(0))?;
    net.loss_gradient_with_hook(
        &MeanSquaredError,
        &inputs,
        &targets,
        &mut workspace,
        &mut watched,
        &mut rng(0),
        &mut hook,
    )?;
    assert_eq!(alone, watched);
    assert!(alone != gradient && alone.norm() > 0.0);
    // The last layer comes first; the network itself and the embedding, last, have no numbers there.
    assert_eq!(hook.0[0], Some(3 * 4));
    assert_eq!(hook.0[hook.0.len() - 2..], [Some(0), Some(0)]);
    Ok(())
}
