//! Generic code with the one bound `Maps`: each function gives what the same code gives without generics.

use chainrule::gradcheck::gradcheck;
use chainrule::prelude::*;

type X = Vector<4>;
type Y = Vector<3>;
type Net = (Linear<4, 8>, Relu, Linear<8, 3>);

const INPUTS: [X; 2] = [Vector([0.1, -0.4, 0.9, 0.3]), Vector([-1.0, 0.2, 0.0, 0.7])];

fn labels() -> [Label<3>; 2] {
    [Label::new(0).unwrap(), Label::new(2).unwrap()]
}

/// All methods that take data.
fn all_methods<N: Maps<X, Y>>(network: Owned<N>) -> (Vec<Y>, f64, f64, f64) {
    let one = network.predict(&INPUTS[0]).unwrap();
    let batch = network.predict_batch(&INPUTS).unwrap();
    assert_eq!(one, batch[0]);
    let (input_grads, gradient) = network.vjp(&INPUTS, &batch).unwrap();
    assert_eq!(input_grads.len(), 2);
    let jacobian = network.jacobian(&INPUTS[0]).unwrap();
    assert_eq!(jacobian.len(), 3);
    let loss = network.loss(&CrossEntropy::default(), &INPUTS, &labels()).unwrap();
    let flow = network.flow(&CrossEntropy::default(), &INPUTS, &labels()).unwrap();
    (batch, gradient.norm(), loss, flow.loss.unwrap())
}

fn trained<N: Maps<X, Y>>(network: Owned<N>) -> Owned<N> {
    let mut trainer = Trainer::new(network, CrossEntropy::default(), Adam::new(0.01), 1);
    take_steps(&mut trainer);
    trainer.network
}

/// A trainer of any optimizer: its bound is that of the network alone.
fn take_steps<N: Maps<X, Y>, O>(trainer: &mut Trainer<N, CrossEntropy, O>) {
    for _ in 0..5 {
        trainer.step(&INPUTS, &labels()).unwrap();
    }
}

#[test]
fn every_method_works_in_generic_code() {
    let network = Net::init(&mut rng(3));
    let batch = network.predict_batch(&INPUTS).unwrap();
    let gradient = network.vjp(&INPUTS, &batch).unwrap().1.norm();
    let loss = network.loss(&CrossEntropy::default(), &INPUTS, &labels()).unwrap();
    let (generic, generic_gradient, generic_loss, flow_loss) = all_methods(network);
    assert_eq!((generic, generic_gradient, generic_loss), (batch, gradient, loss));
    assert!((flow_loss - loss).abs() < 1e-12);
}

#[test]
fn a_generic_trainer_takes_the_same_steps() {
    let mut trainer = Trainer::new(Net::init(&mut rng(3)), CrossEntropy::default(), Adam::new(0.01), 1);
    for _ in 0..5 {
        trainer.step(&INPUTS, &labels()).unwrap();
    }
    assert_eq!(trained(Net::init(&mut rng(3))), trainer.network);
}

/// A block that is a parameter: first, last, in the middle, in an array and in a residual block.
fn with_blocks<const N: usize, B: Maps<Vector<N>, Vector<N>>>(x: &Vector<N>) -> Vector<N> {
    let first = <(B, Relu)>::init(&mut rng(1)).predict(x).unwrap();
    let last = <(Relu, Tanh, B)>::init(&mut rng(2)).predict(&first).unwrap();
    let array = <[B; 4]>::init(&mut rng(3)).predict(&last).unwrap();
    let residual = <(Identity, [Residual<(Relu, B)>; 3], B, Identity)>::init(&mut rng(4));
    residual.predict(&array).unwrap()
}

#[test]
fn a_block_that_is_a_parameter_is_a_layer_at_every_place() {
    let x = Vector([0.3, -0.2, 0.8]);
    type B = (Linear<3, 5>, Tanh, Linear<5, 3>);
    let first = <(B, Relu)>::init(&mut rng(1)).predict(&x).unwrap();
    let last = <(Relu, Tanh, B)>::init(&mut rng(2)).predict(&first).unwrap();
    let array = <[B; 4]>::init(&mut rng(3)).predict(&last).unwrap();
    let residual = <(Identity, [Residual<(Relu, B)>; 3], B, Identity)>::init(&mut rng(4));
    assert_eq!(with_blocks::<3, B>(&x), residual.predict(&array).unwrap());
}

fn returned() -> Owned<impl Maps<X, Y>> {
    Net::init(&mut rng(5))
}

#[test]
fn a_network_can_be_returned_without_its_type() {
    assert_eq!(returned().predict(&INPUTS[0]), Net::init(&mut rng(5)).predict(&INPUTS[0]));
}

/// A layer of any scalar, checked in `f64`.
fn checked<N: Maps<Vector<2, f64>, Vector<2, f64>>>() {
    assert!(gradcheck(&N::init(&mut rng(6)), &[Vector([0.3, -0.7])]).unwrap().worst < 1e-6);
}

#[test]
fn the_gradient_check_works_in_generic_code() {
    checked::<(Linear<2, 3, f64>, Tanh, Linear<3, 2, f64>)>();
}
