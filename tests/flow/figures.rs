//! The figures of gradient flow, against the chain rule's matrices multiplied out, and against each other.

use std::collections::BTreeMap;

use crate::chain_rule::{ChainRule, Written, layers_of};
use crate::common::{every_combinator, every_network, inputs};
use crate::embedding::Embedding;
use chainrule::Real;
use chainrule::flow::{Flow, LayerFlow};
use chainrule::layer::{Factor, Role, describe};
use chainrule::prelude::*;
use nalgebra::{DMatrix, DVector, RowDVector};

/// Equal to 1e-12, relative. A figure is a norm of sums of at most five terms, after at most ten products of matrices:
/// some 60 roundings of 1.1e-16, below 1e-14 where terms do not cancel. A wrong factor or a forgotten sample is a
/// matter of per cents.
#[track_caller]
fn assert_close(what: &str, actual: impl Into<Option<f64>>, expected: f64) {
    let actual = actual.into().unwrap_or(f64::NAN);
    assert!(
        (actual - expected).abs() <= 1e-12 * expected.abs(),
        "{what}: {actual:e}, and by hand {expected:e}"
    );
}

/// The root mean square of all numbers of some vectors.
fn rms<'a>(rows: impl IntoIterator<Item = &'a RowDVector<f64>>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for row in rows {
        sum += row.norm_squared();
        count += row.len();
    }
    (sum / count as f64).sqrt()
}

type L<const I: usize, const O: usize> = Linear<I, O, f64>;

/// Every figure of a stack of (linear, g)'s, of the shapes 4 -> 5 -> 3 -> 2, from the matrices of the chain rule.
fn check_against_matrices<G>()
where
    G: Written + Maps<Vector<5, f64>, Vector<5, f64>>,
    G: Maps<Vector<3, f64>, Vector<3, f64>> + Maps<Vector<2, f64>, Vector<2, f64>>,
{
    type X = Vector<4, f64>;
    let network = <(L<4, 5>, G, L<5, 3>, G, L<3, 2>, G)>::init_with(Initializer::he_normal(), &mut rng(5));
    let xs: [X; 3] = [0.9, -0.4, 1.6].map(|x| Vector([x, x - 0.2, -x, 0.3]));
    let ys = [Vector([0.3, -0.1]), Vector([-0.2, 0.8]), Vector([0.0, 0.5])];
    let flow = network.flow(&MeanSquaredError, &xs, &ys).unwrap();

    let layers = layers_of(&*network);
    let samples: Vec<ChainRule<'_>> =
        xs.iter().map(|x| ChainRule::forward::<G>(&layers, &[], &x.0)).collect();
    // R = Σ (A - Y)² / 6 and dR/dA = (A - Y) / 3: the mean over 3 samples of 2 numbers.
    let errors: Vec<DVector<f64>> =
        samples.iter().zip(&ys).map(|(s, y)| &s.a[3] - DVector::from(y.0.to_vec())).collect();
    assert_close("loss", flow.loss, errors.iter().map(|e| e.norm_squared()).sum::<f64>() / 6.0);
    let mut above: Vec<RowDVector<f64>> = errors.iter().map(|e| e.transpose() / 3.0).collect();
    let whole = rms(&above) * 6f64.sqrt();

    let leaves: Vec<&LayerFlow> = flow.leaves().collect();
    assert_eq!(leaves.len(), 6);
    for m in (1..=3).rev() {
        let (linear, g) = (leaves[2 * m - 2], leaves[2 * m - 1]);
        let rows = |v: fn(&ChainRule<'_>, usize) -> DVector<f64>, at| {
            samples.iter().map(|s| v(s, at).transpose()).collect::<Vec<_>>()
        };
        let (z, a, before) = (
            rows(|s, i| s.s[i].clone(), m),
            rows(|s, i| s.a[i].clone(), m),
            rows(|s, i| s.a[i].clone(), m - 1),
        );
        let by_z: Vec<_> = samples.iter().zip(&above).map(|(s, dy)| dy * s.slope(m)).collect();
        let below: Vec<_> = by_z.iter().map(|dz| dz * &layers[m - 1].w).collect();

        let name = |what: &str| format!("layer {m}, {what}");
        assert_close(&name("A(m-1)"), linear.input_rms, rms(&before));
        assert_close(&name("Z"), linear.output_rms, rms(&z));
        assert_close(&name("Z into g"), g.input_rms, rms(&z));
        assert_close(&name("A"), g.output_rms, rms(&a));
        assert_close(&name("dR/dA"), g.output_grad_rms, rms(&above));
        assert_close(&name("dR/dZ"), g.input_grad_rms, rms(&by_z));
        assert_close(&name("dR/dZ at W"), linear.output_grad_rms, rms(&by_z));
        assert_close(&name("dR/dA(m-1)"), linear.input_grad_rms, rms(&below));
        // Lengths, not means: the layers change the width.
        let length = |rows: &[RowDVector<f64>]| rows.iter().map(|row| row.norm_squared()).sum::<f64>().sqrt();
        assert_close(&name("gain of g"), g.gain, length(&by_z) / length(&above));
        assert_close(&name("gain of W"), linear.gain, length(&below) / length(&by_z));
        assert_eq!(linear.weights.unwrap().gain, linear.gain);
        assert_eq!(
            (linear.weights.unwrap().fan_in, linear.activation, g.weights),
            (before[0].len(), None, None)
        );
        let mean = samples.iter().map(|s| s.slope(m).diagonal().abs().mean()).sum::<f64>() / 3.0;
        assert_close(&name("|g'|"), g.activation.map(|slope| slope.mean), mean);

        let dw =
            samples.iter().zip(&by_z).fold(DMatrix::zeros(z[0].len(), before[0].len()), |sum, (s, dz)| {
                sum + dz.transpose() * s.a[m - 1].transpose()
            });
        let db = by_z.iter().fold(RowDVector::zeros(z[0].len()), |sum, dz| sum + dz);
        let [w, b] = &linear.parameters[..] else { panic!("{:?}", linear.parameters) };
        assert_eq!((w.name.as_str(), w.len, b.name.as_str(), b.len), ("weight", dw.len(), "bias", db.len()));
        assert_close(&name("|W|"), w.norm, layers[m - 1].w.norm());
        assert_close(&name("|dR/dW|"), w.gradient_norm, dw.norm());
        assert_close(&name("|dR/db|"), b.gradient_norm, db.norm());
        assert_close(&name("|dR/dW| / |W|"), w.gradient_to_weight(), dw.norm() / layers[m - 1].w.norm());
        assert_eq!((b.norm, b.gradient_to_weight(), w.update_to_weight()), (0.0, None, None));
        above = below;
    }
    assert_close("|dR/dX| / |dR/dA|", flow.attenuation(), rms(&above) * 12f64.sqrt() / whole);
}

#[test]
fn every_figure_is_that_of_the_matrices_multiplied_out() {
    check_against_matrices::<Sigmoid>();
    check_against_matrices::<Tanh>();
    check_against_matrices::<Relu>();
    check_against_matrices::<LeakyRelu<1, 5>>();
}

/// The paths of a summary, which writes equal layers in an array as `[0..3]`, one by one.
fn one_by_one(paths: &[String]) -> Vec<String> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(path) = paths.get(at) {
        let Some((before, rest)) = path.split_once("[0..") else {
            all.push(path.clone());
            at += 1;
            continue;
        };
        let (len, _) = rest.split_once(']').unwrap();
        let array = format!("{before}[0..{len}]");
        let inside: Vec<&String> = paths[at..].iter().take_while(|path| path.starts_with(&array)).collect();
        for place in 0..len.parse().unwrap() {
            let element = format!("{before}{place}");
            all.extend(one_by_one(
                &inside.iter().map(|path| path.replacen(&array, &element, 1)).collect::<Vec<_>>(),
            ));
        }
        at += inside.len();
    }
    all
}

/// What must hold of every network whatsoever.
fn check<X: Tensor, Y: Tensor, N: Maps<X, Y>>(name: &str) {
    let network = N::init_with(Initializer::he_normal(), &mut rng(3));
    let samples = 6;
    let mut targets = inputs::<Y>(samples);
    Y::flat_mut(&mut targets).iter_mut().for_each(|y| *y *= Real::from_f64(-0.5)); // not what an identity gives
    let flow: Flow = network.flow(&MeanSquaredError, &inputs::<X>(samples), &targets).unwrap();

    // The layers are those of the summary, in order; the parameters those of the walk.
    let rows: Vec<String> = N::summary::<X>().rows.into_iter().map(|row| row.path).collect();
    let plain_skip = |layer: &LayerFlow| layer.layer == "Identity" && layer.path.ends_with("shortcut");
    let leaves = flow.leaves().filter(|layer| !plain_skip(layer) && layer.factor != Factor::Product);
    assert_eq!(leaves.map(|layer| layer.path.clone()).collect::<Vec<_>>(), one_by_one(&rows), "{name}");
    let mut expected = Vec::new();
    describe::<N>(&mut |parameter| {
        if !matches!(parameter.role, Role::Buffer { .. }) {
            expected.push((parameter.path.to_string(), parameter.len()));
        }
    });
    let found = flow
        .layers
        .iter()
        .flat_map(|layer| layer.parameters.iter().map(|p| (format!("{}.{}", layer.path, p.name), p.len)));
    let found: Vec<_> = found.map(|(path, len)| (path.trim_start_matches('.').to_string(), len)).collect();
    // A layer that is applied several times has its parameters at each place.
    if !name.starts_with("shared") {
        assert_eq!(found, expected, "{name}");
    }

    // A whole is what is between the input of its first layer and the output of its last: its gain is their product.
    assert_eq!((flow.layers[0].path.as_str(), flow.samples), ("", samples), "{name}");
    let mut children: BTreeMap<&str, Vec<&LayerFlow>> = BTreeMap::new();
    for layer in &flow.layers {
        assert!(
            // The half of a pair that is not used has no gradient.
            layer.is_finite() && layer.gain.is_some_and(|gain| gain > 0.0 && gain.is_finite())
                || ["first_of_a_pair", "second_of_a_pair"].contains(&name)
                    && layer.output_grad_rms == Some(0.0),
            "{name}: {layer:?}"
        );
        let segments = layer.path.split('.').filter(|segment| !segment.is_empty()).count();
        assert_eq!(layer.level, segments, "{name}");
        if segments > 0 {
            let parent = layer.path.rsplit_once('.').map_or("", |(parent, _)| parent);
            children.entry(parent).or_default().push(layer);
        }
    }
    for (parent, children) in &children {
        let parent = flow.layer(parent).unwrap();
        if parent.layer.contains("Attention<") || parent.layer.starts_with("OnFirst<") {
            // What is between the layers inside, or next to them, has a gain too: `ways.rs` compares it with PyTorch.
        } else if parent.factor == Factor::Product {
            let product: f64 = children.iter().map(|layer| layer.gain.unwrap()).product();
            assert_close(&format!("{name}, {}", parent.path), parent.gain, product);
            assert_eq!(children[0].input_rms, parent.input_rms, "{name}");
            assert_eq!(children.last().unwrap().output_rms, parent.output_rms, "{name}");
        } else if parent.factor == Factor::Other {
            // Halves of a pair, which do not meet: the squares of the two lengths add up.
            let length = |rms: Option<f64>, shape: &[usize]| {
                rms.unwrap().powi(2) * shape.iter().product::<usize>() as f64
            };
            let above = children.iter().map(|c| length(c.output_grad_rms, c.output_shape)).sum::<f64>();
            let below = children.iter().map(|c| length(c.input_grad_rms, c.input_shape)).sum::<f64>();
            assert_close(&format!("{name}, {}", parent.path), parent.gain, (below / above).sqrt());
            assert!(parent.paths.is_empty() && children.len() == 2, "{name}");
        } else {
            assert_eq!(parent.factor, Factor::Sum, "{name}");
            let names: Vec<_> = children.iter().map(|layer| layer.path.rsplit('.').next().unwrap()).collect();
            assert_eq!(parent.paths.iter().map(|way| way.name.as_str()).collect::<Vec<_>>(), names, "{name}");
            for (way, layer) in parent.paths.iter().zip(children) {
                assert_eq!(Some(way.input_grad_rms), layer.input_grad_rms, "{name}");
            }
        }
    }
    // The second half of the pair passes the layers of an `OnFirst`: its gain is not their product.
    if name != "on_first" {
        assert_close(&format!("{name}: the main_path"), flow.product_of_gains(), flow.attenuation().unwrap());
    }
}

/// Labels have no gradient: the flow of the layers behind is that of the one-hot vectors through the same matrix.
#[test]
fn an_input_without_gradient_is_no_fault() {
    type Rest = (Tanh, L<3, 2>);
    type Words = (Embedding<5, 3>, Rest);
    type OneHot = (Linear<5, 3, f64>, Rest);
    let mut one_hot = OneHot::init(&mut rng(1));
    one_hot.0.set_zero();
    let mut words = Words::zeros();
    words.1 = one_hot.1.clone();
    for class in 0..5 {
        let row = Vector([0.1, 0.2, 0.3].map(|w| w * (class as f64 - 1.5)));
        words.0.weight[class] = row.0;
        one_hot.0.weight[class] = row;
    }
    let labels: Vec<_> = [3, 1, 0, 4].map(|class| Label::<5>::new(class).unwrap()).into();
    let inputs: Vec<_> = labels
        .iter()
        .map(|label| {
            let mut x = Vector::<5, f64>::default();
            x[label.index()] = 1.0;
            x
        })
        .collect();
    let targets = [0.5, -0.5, 1.0, 0.0].map(|y| Vector([y, -y]));
    let flow = words.flow(&MeanSquaredError, &labels, &targets).unwrap();
    let expected = one_hot.flow(&MeanSquaredError, &inputs, &targets).unwrap();
    for (layer, expected) in flow.layers.iter().zip(&expected.layers) {
        assert_eq!(layer.output_grad_rms, expected.output_grad_rms, "{}", layer.path);
        assert!(layer.is_finite());
        if layer.path.starts_with('1') {
            assert_eq!(layer.gain, expected.gain, "{}", layer.path);
        } else {
            assert_eq!((layer.gain, layer.input_grad_rms, layer.input_rms), (None, None, 0.0));
        }
    }
    assert_eq!((flow.attenuation(), flow.product_of_gains()), (None, None));
    assert_eq!(flow.verdict().state, expected.verdict().state);
}

/// A test for each row of a list, in `f64`.
macro_rules! case {
    ($file:literal, $name:ident: $layer:ty, $input:ty) => {
        #[test]
        fn $name() {
            type T = f64;
            check::<$input, _, $layer>(stringify!($name));
        }
    };
}
every_network!(case);
every_combinator!(case);
