//! A training step that fails has changed nothing, neither in the network nor in the optimizer.

use crate::common::{bits, each_optimizer};
use chainrule::layer::{Parameter, ViewMut, Visitor, describe, visit};
use chainrule::prelude::*;
use chainrule::{Error, Real};

type Net = (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>, PRelu, Linear<4, 2>);
type X = Vector<3>;
type Y = Vector<2>;

const XS: [X; 2] = [Vector([0.1, 0.2, 0.3]), Vector([-1.0, 0.5, 2.0])];
const YS: [Y; 2] = [Vector([0.0, 1.0]), Vector([0.5, 0.25])];

fn net() -> Owned<Net> {
    Net::init(&mut rng(1))
}

/// Puts a number at the end of the parameter of this path.
struct Poison<'a>(&'a str, f64);

impl Visitor<0, 1> for Poison<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if parameter.path.to_string() == self.0 {
            *xs.last_mut().unwrap() = T::from_f64(self.1);
        }
    }
}

/// A trainer that is given bad batches and bad gradients between the good ones goes the way of an undisturbed loop by
/// hand.
fn goes_on_as_if_nothing_had_been<O: Optimizer<Net>>(optimizer: impl Fn() -> O) {
    let mut trainer = Trainer::new(net(), MeanSquaredError, optimizer(), 1);
    let (mut undisturbed, mut optimizer, mut workspace) = (net(), optimizer(), Workspace::default());
    for _ in 0..3 {
        let mut gradient = Net::zeros();
        let loss = undisturbed
            .loss_gradient(&MeanSquaredError, &XS, &YS, &mut workspace, &mut gradient, &mut rng(1))
            .unwrap();
        optimizer.step(&mut undisturbed, &gradient).unwrap();

        assert_eq!(trainer.step(&XS, &YS), Ok(loss));
        let before = bits(&trainer.network);
        assert_eq!(before, bits(&undisturbed));

        let bad_batches: [(&[X], &[Y]); 6] = [
            (&[], &[]),
            (&XS, &YS[..1]),
            (&XS[..1], &YS),
            (&[XS[0], Vector([0.0, f32::NAN, 0.0])], &YS),
            (&[XS[0], Vector([0.0, 0.0, f32::NEG_INFINITY])], &YS),
            (&XS, &[YS[0], Vector([0.0, f32::INFINITY])]),
        ];
        for (xs, ys) in bad_batches {
            trainer.step(xs, ys).unwrap_err();
            assert_eq!(before, bits(&trainer.network));
        }

        let mut paths = vec![];
        describe::<Net>(&mut |p| paths.push((p.path.to_string(), p.len())));
        assert_eq!(paths.len(), 7);
        for (path, len) in paths {
            for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut gradient = net();
                visit([], [ViewMut::of(&mut *gradient)], &mut Poison(&path, number));
                let error = trainer.optimizer.step(&mut trainer.network, &gradient).unwrap_err();
                let Error::NonFiniteGradient { parameter, element, value } = error else { panic!("{error}") };
                assert!(parameter == *path, "{parameter}");
                assert_eq!((element, value.to_bits()), (len - 1, number.to_bits()));
                assert_eq!(before, bits(&trainer.network));
            }
        }
    }
}

#[test]
fn a_step_that_fails_leaves_network_and_optimizer_as_they_were() {
    macro_rules! case {
        ($name:literal, |$rate:ident| $new:expr) => {
            goes_on_as_if_nothing_had_been(|| {
                let $rate = 0.1;
                $new
            });
        };
    }
    each_optimizer!(case);
}

#[test]
fn a_gradient_that_explodes_leaves_the_network_as_it_was() {
    // Three factors W of 1e13: the output of 1e-20 is 1e19, and the gradient that comes back through them 1e45.
    type Exploding = [Residual<Linear<1, 1>>; 3];
    let net = Exploding::init_with(Initializer::constant(1e13), &mut rng(0));
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::<Exploding>::new(0.1), 1);
    let before = bits(&trainer.network);
    trainer.step(&[Vector([1e-20])], &[Vector([0.0])]).unwrap_err();
    assert_eq!(before, bits(&trainer.network));
}
