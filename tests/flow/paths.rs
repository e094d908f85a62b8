//! The paths through a sum: the two terms of a skip connection separately, and the angle between them.

use chainrule::flow::{Flow, LayerFlow};
use chainrule::layer::Owned;
use chainrule::prelude::*;
use nalgebra::{DMatrix, DVector};

type L<const I: usize, const O: usize> = Linear<I, O, f64>;
type V<const N: usize> = Vector<N, f64>;

/// W, a row for each output.
fn matrix<const I: usize, const O: usize>(layer: &L<I, O>) -> DMatrix<f64> {
    DMatrix::from_column_slice(O, I, layer.weights())
}

/// Relative rounding of sums of at most four terms: some ten roundings of 1.1e-16, and ten times that for what cancels.
#[track_caller]
fn assert_close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-14 * expected.abs(), "{actual}, and by hand {expected}");
}

fn rms(vectors: &[DVector<f64>]) -> f64 {
    let count: usize = vectors.iter().map(|v| v.len()).sum();
    (vectors.iter().map(|v| v.norm_squared()).sum::<f64>() / count as f64).sqrt()
}

const XS: [V<3>; 2] = [Vector([0.9, -0.4, 0.2]), Vector([-1.1, 0.7, 0.5])];
const YS: [V<3>; 2] = [Vector([0.3, -0.1, 0.0]), Vector([2.0, 1.0, -1.0])];

/// dR/dA of each sample: 2 (A - Y) / 6.
fn by_output(outputs: &[DVector<f64>]) -> Vec<DVector<f64>> {
    outputs.iter().zip(YS).map(|(a, y)| (a - DVector::from_row_slice(&y.0)) / 3.0).collect()
}

fn flow<N: Maps<V<3>, V<3>>>(network: &Owned<N>) -> Flow {
    network.flow(&MeanSquaredError, &XS, &YS).unwrap()
}

fn way(layer: &LayerFlow, name: &str) -> f64 {
    layer.paths.iter().find(|way| way.name == name).unwrap().input_grad_rms
}

fn columns() -> [DVector<f64>; 2] {
    XS.map(|x| DVector::from_row_slice(&x.0))
}

#[test]
fn through_a_residual_block_lead_the_two_terms_of_the_notes() {
    let block = Residual::<(Tanh, L<3, 3>)>::init(&mut rng(6));
    let w = matrix(&block.branch.1);
    let outputs = columns().map(|x| &w * x.map(f64::tanh) + x);
    let dy = by_output(&outputs);
    // Through the layers, J' dy = g'(x) Wᵀ dy; through the skip, dy itself.
    let through: Vec<_> = columns()
        .iter()
        .zip(&dy)
        .map(|(x, dy)| (w.transpose() * dy).component_mul(&x.map(|x| x.cosh().powi(-2))))
        .collect();
    let sum: Vec<_> = through.iter().zip(&dy).map(|(a, b)| a + b).collect();

    let flow = flow(&block);
    let root = &flow.layers[0];
    assert_eq!(root.paths.iter().map(|way| way.name.as_str()).collect::<Vec<_>>(), ["branch", "shortcut"]);
    assert_close(way(root, "branch"), rms(&through));
    assert_close(way(root, "shortcut"), rms(&dy));
    assert_eq!(Some(way(root, "shortcut")), root.output_grad_rms, "the skip passes dy as it is");
    assert_close(root.input_grad_rms.unwrap(), rms(&sum));
    let dot: f64 = through.iter().zip(&dy).map(|(a, b)| a.dot(b)).sum();
    assert_close(root.cosine.unwrap(), dot / (6.0 * rms(&through) * rms(&dy)));
    // |a + b|² = |a|² + |b|² + 2 |a| |b| cos.
    let (a, b) = (way(root, "branch"), way(root, "shortcut"));
    assert_close(root.input_grad_rms.unwrap().powi(2), a * a + b * b + 2.0 * a * b * root.cosine.unwrap());
}

#[test]
fn a_shortcut_that_is_a_layer_brings_its_own_product() {
    let block = Residual::<L<3, 3>, L<3, 3>>::init(&mut rng(7));
    let (w, s) = (matrix(&block.branch), matrix(&block.shortcut));
    let dy = by_output(&columns().map(|x| (&w + &s) * x));
    let root = &flow(&block).layers[0];
    assert_close(way(root, "branch"), rms(&dy.iter().map(|dy| w.transpose() * dy).collect::<Vec<_>>()));
    assert_close(way(root, "shortcut"), rms(&dy.iter().map(|dy| s.transpose() * dy).collect::<Vec<_>>()));
}

#[test]
fn ways_that_agree_cancel_or_bring_nothing_have_their_cosines() {
    let mut block = Residual::<L<3, 3>>::zeros();
    for (factor, cosine) in [(2.0, Some(1.0)), (-0.5, Some(-1.0)), (1e-200, Some(1.0)), (0.0, None)] {
        for at in 0..3 {
            block.branch.weight[at][at] = factor;
        }
        let root = &flow(&block).layers[0];
        assert_eq!(root.cosine.map(|cosine| (cosine * 1e12).round() / 1e12), cosine, "factor {factor}");
        assert!((root.gain.unwrap() - (1.0 + factor)).abs() < 1e-14);
        assert_close(way(root, "branch"), factor.abs() * way(root, "shortcut"));
    }
}

#[test]
fn each_branch_of_a_concatenation_brings_what_its_part_of_the_gradient_becomes() {
    let net = Concat::<(L<3, 1>, Identity, L<3, 2>)>::init(&mut rng(8));
    let (first, last) = (matrix(&net.branches.0), matrix(&net.branches.2));
    let target = V::<6>::default();
    let flow = net.flow(&MeanSquaredError, &XS, &[target, target]).unwrap();
    // dR/dA = 2 A / 12.
    let a = columns().map(|x| &first * x / 6.0).to_vec();
    let b = columns().map(|x| x / 6.0).to_vec();
    let c = columns().map(|x| &last * x / 6.0).to_vec();
    let back =
        |w: &DMatrix<f64>, dy: &[DVector<f64>]| dy.iter().map(|dy| w.transpose() * dy).collect::<Vec<_>>();
    let (a, c) = (back(&first, &a), back(&last, &c));
    let root = &flow.layers[0];
    assert_eq!(root.paths.len(), 3);
    assert_close(way(root, "0"), rms(&a));
    assert_close(way(root, "1"), rms(&b));
    assert_close(way(root, "2"), rms(&c));
    assert_eq!(root.cosine, None); // three paths have no single angle
    let sum: Vec<_> = (0..2).map(|at| &a[at] + &b[at] + &c[at]).collect();
    assert_close(root.input_grad_rms.unwrap(), rms(&sum));
}

#[test]
fn where_the_forward_pass_is_not_finite_no_way_brings_anything() {
    let mut net = <(L<3, 3>, Residual<L<3, 3>>)>::init(&mut rng(9));
    net.0.weight[1][1] = f64::NAN;
    let flow = flow(&net);
    assert_eq!(flow.loss, None);
    for layer in &flow.layers {
        let gradients = [layer.output_grad_rms, layer.input_grad_rms, layer.gain, layer.cosine];
        assert_eq!((gradients, layer.paths.len()), ([None; 4], 0), "{layer:?}");
        assert!(layer.parameters.iter().all(|parameter| parameter.gradient_norm.is_nan()), "{layer:?}");
    }
    assert!(!flow.to_csv().to_lowercase().contains("inf"));
    assert_eq!(flow.layers.iter().filter(|layer| layer.is_finite()).count(), 0);
}
