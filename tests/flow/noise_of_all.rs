//! Noise and curvature of every network of the lists, also with weights near the ends of the scalar's range: rows for
//! the layers that a flow has, and text without NaN that fits 80 columns, or an error.

use std::collections::BTreeMap;

use crate::common::{every_combinator, every_network, inputs};
use chainrule::flow::CurvatureOptions;
use chainrule::prelude::*;
use chainrule::{Error, Maps, Real};

fn check_text(name: &str, text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{name}, {} columns: {line}", line.chars().count());
        assert!(!line.contains("NaN") && !line.split([' ', ',']).any(|word| word == "inf"), "{name}: {line}");
        assert_eq!(line, line.trim_end(), "{name}");
    }
}

/// What may go wrong with weights of 1e30 and 1e-30.
fn is_known(error: &Error) -> bool {
    matches!(
        error,
        Error::NonFiniteOutput { .. } | Error::NonFiniteLoss { .. } | Error::NonFiniteGradient { .. }
    )
}

fn check<X: Tensor, Y: Tensor, N: Maps<X, Y>>(name: &str) {
    let mut targets = inputs::<Y>(16);
    Y::flat_mut(&mut targets).iter_mut().for_each(|y| *y *= Real::from_f64(-0.5));
    let inputs = inputs::<X>(16);
    for gain in [1.0, 1e-30, 1e30] {
        let network = N::init_with(Initializer::he_normal().gain(gain), &mut rng(3));
        match network.gradient_noise(&MeanSquaredError, &inputs, &targets) {
            Ok(noise) => {
                check_text(name, &noise.to_string());
                // The same layers with as many parameters as in a flow. Applications of a shared layer are one.
                let flow = network.flow(&MeanSquaredError, &inputs, &targets).unwrap();
                let mut expected = BTreeMap::new();
                for layer in flow.leaves().filter(|layer| !layer.parameters.is_empty()) {
                    let path: Vec<&str> = layer.path.split('.').collect();
                    let path = if name.starts_with("shared") { &path[path.len() - 1..] } else { &path[..] };
                    let parameters: usize = layer.parameters.iter().map(|parameter| parameter.len).sum();
                    expected.insert(path.join("."), (layer.layer.clone(), parameters));
                }
                let rows = noise.layers.iter().map(|row| {
                    let path = row.path.rsplit('.').next().filter(|_| name.starts_with("shared"));
                    (path.unwrap_or(&row.path).to_string(), (row.layer.clone(), row.parameters))
                });
                // (A layer that is never applied has no flow.)
                assert!(
                    name == "shared_never" || rows.collect::<BTreeMap<_, _>>() == expected,
                    "{name}: {noise}"
                );
            }
            Err(error) => assert!(gain == 1e30 && is_known(&error), "{name}: {error}"),
        }
        let options = CurvatureOptions { iterations: 6, tolerance: 0.1, probes: 2 };
        match network.curvature_with(&MeanSquaredError, &inputs, &targets, options) {
            Ok(curvature) => {
                check_text(name, &curvature.to_string());
                check_text(name, &curvature.compare(0.1, 0.9).unwrap().to_string());
                assert!(
                    curvature.smallest.value <= curvature.largest.value + curvature.largest.error,
                    "{name}"
                );
            }
            Err(Error::Setting { .. }) => assert_eq!(N::COUNT, 0, "{name}"),
            Err(error) => assert!(gain == 1e30 && is_known(&error), "{name}: {error}"),
        }
    }
}

macro_rules! case {
    ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
        type T = f32;
        check::<$input, _, $layer>(stringify!($name));
    }};
}

#[test]
fn every_network_has_a_noise_and_a_curvature_or_an_error() {
    every_network!(case);
}

#[test]
fn every_combinator_has_a_noise_and_a_curvature_or_an_error() {
    every_combinator!(case);
}
