//! What the compiler says about the gradient flow of a network, and what theory does not know.

use chainrule::layer::{Activation, Effect};
use chainrule::prelude::*;
use chainrule::{ExpectedFlow, ExpectedState, expected_flow, expected_flow_with};

type Square = Linear<64, 64>;
type Input = Vector<64>;

#[test]
fn the_message_names_the_layer_where_the_gradient_gets_lost() {
    const FLOW: ExpectedFlow = expected_flow::<(Square, [(Sigmoid, Square); 50]), Input>();
    assert_eq!(FLOW.state, ExpectedState::Vanishing);
    // 0.236 to the third is 0.013, and 0.236 to the second is 0.056: below 0.05 at the third layer from the top.
    assert!(FLOW.message().contains("at `1.46.1`, `Linear<64, 64>`, it is 1.3e-2"), "{FLOW}");
    assert!(
        FLOW.message()
            .contains("W 1.000, g' 0.236; the cause is g'. Cure: an activation with a larger slope"),
        "{FLOW}"
    );

    let he = Initializer::he_normal().gain(1.5);
    let flow = expected_flow_with::<(Square, [(Relu, Square); 50]), Input>(he, 1.0);
    assert_eq!(flow.state, ExpectedState::Exploding);
    // 1.5 to the eighth is 25.6.
    assert!(flow.message().contains("at `1.41.1`, `Linear<64, 64>`, it is 2.6e1"), "{flow}");
    assert!(
        flow.message().contains("W 2.121, g' 0.707; the cause is W. Cure: weights 0.667 times as large"),
        "{flow}"
    );

    let flow =
        expected_flow_with::<(Square, [Residual<(Relu, Square)>; 50]), Input>(Initializer::he_normal(), 1.0);
    assert!(
        flow.message()
            .contains("sum of paths 1.414; the cause is the sum of paths. Cure: make each branch smaller"),
        "{flow}"
    );
}

/// g(x) = x³, whose effect is not declared.
#[derive(Clone, Copy, Parameters)]
struct Cube;

impl Activation for Cube {
    fn apply<T: Real>(x: T) -> T {
        x * x * x
    }
    fn derivative<T: Real>(x: T, _: T) -> T {
        T::from_f64(3.0) * x * x
    }
}
chainrule::activation_layer!(Cube);

#[test]
fn what_theory_does_not_cover_is_not_healthy() {
    fn reason<N: Layer<Input>>() -> String {
        let flow = expected_flow::<N, Input>();
        assert_eq!(flow.state, ExpectedState::NotKnown, "{flow}");
        assert!(flow.share.is_nan() && flow.rate.is_nan());
        flow.message().replace(
            "theory does not know whether the gradient of this network arrives at its first layer: ",
            "",
        )
    }
    assert!(matches!(Cube::EFFECT, Effect::Unknown));
    assert!(reason::<(Square, Cube, Square)>().starts_with("`Cube` has no known effect: set `Plan::effect`"));
    assert!(reason::<(Square, Softmax, Square)>().starts_with("`Softmax` has no known effect"));
    assert!(reason::<(Square, Residual<(Softmax, Square)>)>().starts_with("`Softmax` has no known effect"));
    assert!(
        reason::<(Square, Tanh, Tanh, Square)>()
            .starts_with("`Tanh` is an activation whose input is not normal")
    );
    assert!(
        reason::<(Square, Residual<Tanh>, Square)>()
            .starts_with("`Residual<Tanh>` adds paths without weights")
    );
    type Normed = (Square, Relu, Square, Tanh, Square, BatchNorm<64>, Square);
    assert!(reason::<Normed>().starts_with("`Tanh` leaves the correlation of two samples unknown"));
    // Before the first layer of weights only q is lost, and behind the last nothing.
    assert!(reason::<(Cube, Square, Tanh, Square)>().starts_with("`Cube` has no known effect"));
    for known in [
        expected_flow::<(Cube, Square, Relu, Square), Input>(),
        expected_flow::<(Square, Tanh, Square, LogSoftmax), Input>(),
        expected_flow::<(Square, Cube), Input>(),
    ] {
        assert_eq!(known.state, ExpectedState::Healthy, "{known}");
    }
    // A norm divides by a q that is not known; behind it, q is known again.
    assert!(
        reason::<(Cube, Square, BatchNorm<64>, Tanh, Square)>().starts_with("`Cube` has no known effect")
    );
    type Behind = (Cube, Residual<(Square, BatchNorm<64>)>, BatchNorm<64>, Square);
    assert!(reason::<Behind>().starts_with("`Cube` has no known effect"));
    // Attention, in blocks with the norm at the start, one after the other and behind one another.
    type Pre = Residual<(LayerNorm<Vector<64>>, SelfAttention<64, 4>)>;
    type Post = (Residual<SelfAttention<64, 4>>, LayerNorm<Vector<64>>);
    for flow in [
        expected_flow::<(PerStep<Square>, [Pre; 12], LayerNorm<Vector<64>>, PerStep<Square>), Sequence<9, 64>>(
        ),
        expected_flow::<(PerStep<Square>, [Post; 12], PerStep<Square>), Sequence<9, 64>>(),
        expected_flow::<(PerStep<Square>, SelfAttention<64, 4>), Sequence<9, 64>>(),
    ] {
        assert_eq!(flow.state, ExpectedState::NotKnown, "{flow}");
        assert!(flow.share.is_nan() && flow.rate.is_nan());
        let why = "first layer: `SelfAttention<64, 4>` averages steps with weights that depend on the similarity of \
                   the steps, which the theory does not cover; measure the gradients with `flow`";
        assert!(flow.message().ends_with(why), "{flow}");
    }
    let constant = expected_flow_with::<(Square, Square), Input>(Initializer::constant(0.1), 1.0);
    assert!(constant.message().contains("has weights that are not random"), "{constant}");
}
