//! g' of gradient flow: its mean, and the units where it is next to nothing, by hand.

use chainrule::Real;
use chainrule::flow::ActivationFlow;
use chainrule::layer::Activation;
use chainrule::prelude::*;

/// g' of a network that is one activation, on these inputs.
fn slope_of<G: Maps<X, X>, X: Tensor>(layer: &G, inputs: &[X]) -> ActivationFlow {
    let mut targets = inputs.to_vec();
    X::flat_mut(&mut targets).fill(X::Scalar::from_f64(7.5)); // what none of them gives
    let flow = layer.flow(&MeanSquaredError, inputs, &targets).unwrap();
    flow.layers[0].activation.unwrap()
}

#[test]
fn of_a_vector_each_number_is_a_unit() {
    // Three samples. Unit 0 is always on, 1 once, 2 and 3 never.
    let x = [[1.0, -1.0, -2.0, 0.0], [2.0, 3.0, -0.5, -1.0], [0.5, -4.0, -9.0, -2.0]].map(Vector::<4>);
    let expected = ActivationFlow { mean: 4.0 / 12.0, max_derivative: 1.0, saturated: 8.0 / 12.0, dead: 0.5 };
    assert_eq!(slope_of(&Relu, &x), expected);
    // The same units, of which none is dead where the slope below 0 is 1/100 (saturated) or 1/5 (not).
    let leaky: ActivationFlow = slope_of(&LeakyRelu::<1, 100>, &x);
    assert!((leaky.mean - (4.0 + 0.08) / 12.0).abs() < 1e-7); // in f32
    assert_eq!((leaky.saturated, leaky.dead), (8.0 / 12.0, 0.0));
    assert_eq!(slope_of(&LeakyRelu::<1, 5>, &x).saturated, 0.0);
}

#[test]
fn of_a_sequence_each_feature_is_a_unit() {
    // Two samples of three steps of two features: the first is on once, at the last step of the last sample.
    let never = [-1.0, 1.0];
    let x = [Sequence::<3, 2>([never, never, never]), Sequence([never, never, [1.0, -1.0]])];
    let expected = ActivationFlow { mean: 0.5, max_derivative: 1.0, saturated: 0.5, dead: 0.0 };
    assert_eq!(slope_of(&Relu, &x), expected);
    assert_eq!(slope_of(&Relu, &x[..1]).dead, 0.5);
}

#[test]
fn of_an_image_each_channel_is_a_unit() {
    // Four channels of 2 x 3 pixels: the second is off everywhere, the third on in one pixel, the fourth off in one.
    let (on, off) = ([[1.0; 3]; 2], [[-1.0; 3]; 2]);
    let (mut one, mut all_but_one) = (off, on);
    (one[1][2], all_but_one[0][1]) = (1.0, -1.0);
    let expected =
        ActivationFlow { mean: 12.0 / 24.0, max_derivative: 1.0, saturated: 12.0 / 24.0, dead: 0.25 };
    assert_eq!(slope_of(&Relu, &[Image::<4, 2, 3>([on, off, one, all_but_one])]), expected);
}

#[test]
fn a_parametric_slope_is_read_from_the_layer() {
    let mut layer = PRelu::<f64>::zeros();
    let x = [Vector([-2.0, -1.0, 1.0, 3.0])];
    // (slope, mean, saturated, dead)
    for (slope, mean, saturated, dead) in
        [(0.25, 0.625, 0.0, 0.0), (0.03, 0.515, 0.5, 0.0), (0.0, 0.5, 0.5, 0.5), (-0.5, 0.75, 0.0, 0.0)]
    {
        layer.slope = slope;
        assert_eq!(slope_of(&*layer, &x), ActivationFlow { mean, max_derivative: 1.0, saturated, dead });
    }
}

#[test]
fn sigmoid_and_tanh_saturate_where_the_documentation_says() {
    // tanh' = 1 - tanh² = 0.05 at atanh(√0.95) = 2.178; sigmoid' = 0.05 / 4 at twice that, 4.357.
    let at = 0.95f64.sqrt().atanh();
    let x = [Vector([0.0, 0.999 * at, -0.999 * at, 1.001 * at, -1.001 * at, 400.0])];
    let tanh = slope_of(&Tanh, &x);
    assert_eq!((tanh.saturated, tanh.max_derivative), (0.5, 1.0));
    let by_hand: f64 = x[0].0.iter().map(|x| x.cosh().powi(-2)).sum::<f64>() / 6.0;
    // 1 - tanh² near the ends of tanh loses as many digits as 1/0.05 has.
    assert!((tanh.mean - by_hand).abs() < 1e-14);
    // At 400 tanh is 1 and its slope 0: that unit is saturated, and not off.
    assert_eq!(tanh.dead, 0.0);

    let x = [Vector(x[0].0.map(|x| 2.0 * x))];
    let sigmoid = slope_of(&Sigmoid, &x);
    assert_eq!((sigmoid.saturated, sigmoid.max_derivative), (0.5, 0.25));
    assert!((sigmoid.mean - by_hand / 4.0).abs() < 1e-14); // sigmoid(2x) = (1 + tanh x) / 2
    // At -800 it is e⁻⁸⁰⁰, which is 0, and so is its slope.
    assert_eq!(slope_of(&Sigmoid, &[Vector([-800.0, 800.0])]).dead, 0.5);
}

/// The largest |g'| on a grid of steps of 1e-4 around 0. Off its place by half a step a smooth maximum is too small by
/// |g'''| / 2 · (5e-5)², which is 4e-9 at most: the largest |g'''| there, SiLU's and GELU's, are below 3.
fn largest_slope<A: Activation>() -> f64 {
    let slope = |at: i32| {
        let x = f64::from(at) * 1e-4;
        A::derivative(x, A::apply(x)).abs()
    };
    (-200_000..=200_000).map(slope).fold(0.0, f64::max)
}

macro_rules! steepest {
    ($($activation:ty),+ $(,)?) => {
        $(
            let (largest, stated) = (largest_slope::<$activation>(), <$activation as Activation>::MAX_DERIVATIVE);
            let name = stringify!($activation);
            // Stated to 9 places after the point, half of the last of which is 5e-10.
            assert!(largest <= stated + 5e-10 && largest > stated - 5e-9, "{name}: {largest}, not {stated}");
            // Gradient flow measures saturation against the same slope. (One that it is told, not one that it sees: at
            // 0 few of these functions are at their steepest.)
            let flow = slope_of(&<$activation>::default(), &[Vector([0.0])]);
            assert!((flow.max_derivative - largest).abs() < 5e-9, "{name}: {}, not {largest}", flow.max_derivative);
        )+
    };
}

#[test]
fn the_steepest_slope_of_each_activation_is_that_of_the_function() {
    steepest!(
        Sigmoid,
        Tanh,
        Relu,
        LeakyRelu,
        LeakyRelu<3, 2>,
        Elu,
        Elu<1, 2>,
        Elu<5, 2>,
        Selu,
        Gelu,
        GeluTanh,
        Silu,
        Mish,
        Softplus,
        Softsign,
        HardTanh,
        HardSigmoid,
        HardSigmoid<1, 5>,
        HardSigmoid<3, 2, 1, 3>,
        HardTanh<0, 3, 2>,
        Relu6,
        Clamp<-1, 3>,
        HardShrink,
        SoftShrink<3, 2>,
        TanhShrink,
        ThresholdedRelu<1, 4>,
        Threshold<-1, 5, 4>,
        Celu,
        Celu<1, 2>,
        QuickGelu,
        LogSigmoid,
        Scale<-3, 4>,
        Shift<-3, 4>,
        Abs,
        Neg,
        Sin,
        Cos,
        Erf,
    );
    // Just below the kink at 3, on a grid of 1e-4: x/3 + 1/2.
    let (largest, stated) = (largest_slope::<HardSwish>(), HardSwish::MAX_DERIVATIVE);
    assert!(largest <= stated && largest > stated - 4e-5, "{largest}");
}
