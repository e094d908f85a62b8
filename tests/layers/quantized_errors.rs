//! What is wrong with a calibration, or with the data and the memory of a quantized network, is an error.

use chainrule::prelude::*;
use chainrule::quantized::Quantized;

fn samples(count: usize) -> Vec<Vector<2>> {
    (0..count).map(|at| Vector([at as f32, -0.5])).collect()
}

#[test]
fn a_calibration_that_says_nothing_is_an_error() {
    type Net = (Linear<2, 3>, Relu);
    type Int8 = Quantized<Net, Vector<2>>;
    let net = Net::init(&mut rng(1));
    let error = |samples: &[Vector<2>]| Int8::calibrate(&net, samples).unwrap_err();
    assert_eq!(error(&[]), chainrule::Error::EmptyCalibration);
    assert_eq!(error(&[Vector([0.0; 2]); 5]), chainrule::Error::ConstantCalibration { value: 0.0 });
    assert_eq!(error(&[Vector([0.5; 2]); 5]), chainrule::Error::ConstantCalibration { value: 0.5 });
    for bad in [f32::NAN, f32::INFINITY] {
        let error = error(&[Vector([0.0, 1.0]), Vector([0.0, bad])]);
        assert!(matches!(error, chainrule::Error::NonFiniteData { sample: 1, element: 1, .. }), "{error}");
    }
    let samples = [Vector([0.0, 1.0]), Vector([1.0, 0.5])];
    let mut broken = Net::init(&mut rng(1));
    broken.0.bias[1] = f32::INFINITY;
    let error = Int8::calibrate(&broken, &samples).unwrap_err();
    assert!(matches!(error, chainrule::Error::NonFiniteOutput { sample: 0, element: 1, .. }), "{error}");
    // An infinity that does not reach the output.
    type Saturated = (Linear<2, 3>, Relu6);
    let mut broken = Saturated::init(&mut rng(1));
    broken.0.bias[1] = f32::INFINITY;
    let error = Quantized::<Saturated, Vector<2>>::calibrate(&broken, &samples).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a weight or an output of `Linear<2, 3>` is NaN or infinite: such a network cannot be quantized"
    );
    // One that saturates a gate, and a scale that overflows.
    type Recurrent = Lstm<2, 3>;
    type Steps = Sequence<2, 2>;
    let layer = <Recurrent as Parameters>::NAME;
    let mut broken = Recurrent::init(&mut rng(1));
    broken.bias_ih[0][0] = f32::INFINITY;
    let error = Quantized::<Recurrent, Steps>::calibrate(&broken, &[Sequence([[0.0, 1.0]; 2])]).unwrap_err();
    assert_eq!(error, chainrule::Error::NonFiniteCalibration { layer });
    let mut broken = Recurrent::init(&mut rng(1));
    broken.input_weights_mut().fill(3e38);
    let error = Quantized::<Recurrent, Steps>::calibrate(&broken, &[Sequence([[0.0, 1e30]; 2])]).unwrap_err();
    assert_eq!(error, chainrule::Error::NonFiniteCalibration { layer });
}

#[test]
fn a_prediction_checks_its_data_and_its_memory() {
    type Int8 = Quantized<Linear<2, 3>, Vector<2>>;
    let net = Linear::<2, 3>::init(&mut rng(1));
    let quantized: Box<Int8> = Quantized::calibrate(&net, &samples(5)).unwrap();
    let (mut outputs, mut memory) = ([Vector([9.0; 3]); 2], [0; Int8::RAM]);
    let error = quantized.predict_into(&samples(1), &mut outputs, &mut memory).unwrap_err();
    assert_eq!(error, chainrule::Error::OutputLengths { inputs: 1, outputs: 2 });
    let error = quantized.predict_into(&samples(2), &mut outputs, &mut memory[1..]).unwrap_err();
    assert_eq!(error, chainrule::Error::QuantizedMemory { needed: Int8::RAM, found: Int8::RAM - 1 });
    let error = quantized.predict_int8(&[0; 2], &mut [0; 3], &mut memory[1..]).unwrap_err();
    assert_eq!(error, chainrule::Error::QuantizedMemory { needed: Int8::RAM, found: Int8::RAM - 1 });
    let nan = [Vector([0.0, 0.0]), Vector([f32::NAN, 0.0])];
    let error = quantized.predict_into(&nan, &mut outputs, &mut memory).unwrap_err();
    assert!(matches!(error, chainrule::Error::NonFiniteData { sample: 1, .. }));
    assert_eq!(outputs, [Vector([9.0; 3]); 2]); // unchanged
}
