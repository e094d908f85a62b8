//! Histograms of activations and gradients: every number counted once, in the bin that it lies in.

use chainrule::flow::Histogram;
use chainrule::prelude::*;

fn of(numbers: &[f64], bins: usize) -> Histogram {
    let histogram = Histogram::of(numbers, bins);
    let counted: usize = histogram.counts.iter().sum();
    assert_eq!(counted + histogram.left_out, numbers.len(), "{numbers:?}");
    let edges: Vec<f64> = histogram.edges().collect();
    assert_eq!(edges.len(), histogram.counts.len() + 1);
    assert!(edges.iter().all(|edge| edge.is_finite()), "{numbers:?}: {edges:?}");
    assert!(edges.is_sorted() && edges[0] < edges[edges.len() - 1], "{numbers:?}: {edges:?}");
    histogram
}

#[test]
fn each_number_is_counted_in_its_bin() {
    // Edges 0, 1, 2, 3, 4: a bin has its lower edge, and the last bin its upper one too.
    let histogram = of(&[0.0, 0.5, 1.0, 2.5, 2.75, 3.0, 4.0], 4);
    assert_eq!(histogram, Histogram { start: 0.0, end: 4.0, counts: vec![2, 1, 2, 2], left_out: 0 });
    assert_eq!(histogram.edges().collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(of(&[-1.0, 1.0, 0.0, 0.999], 2).counts, [1, 3]);
}

#[test]
fn what_is_not_finite_is_left_out_and_counted_apart() {
    let histogram = of(&[f64::NAN, 1.0, f64::INFINITY, 2.0, f64::NEG_INFINITY], 2);
    assert_eq!(histogram, Histogram { start: 1.0, end: 2.0, counts: vec![1, 1], left_out: 3 });
    assert_eq!(of(&[f64::NAN; 3], 5).left_out, 3);
    assert_eq!(of(&[], 5).counts, [0; 5]);
}

#[test]
fn equal_numbers_fall_into_one_bin_in_the_middle() {
    for number in [0.0, -0.0, 3.0, -7.5, 1e-300, -1e300, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324] {
        let histogram = of(&[number; 9], 3);
        assert!(
            histogram.start < number && number < histogram.end || number.abs() >= f64::MAX,
            "{histogram:?}"
        );
        assert_eq!(histogram.counts.iter().max(), Some(&9), "{histogram:?}");
    }
    // A width that can be read: a layer of zeros does not make it 1e-308.
    assert_eq!((of(&[0.0; 9], 3).start, of(&[0.0; 9], 3).end), (-0.5, 0.5));
    assert_eq!((of(&[4.0; 9], 3).start, of(&[4.0; 9], 3).end), (2.0, 6.0));
}

#[test]
fn the_whole_range_of_f64_has_bins_too() {
    assert_eq!(of(&[f64::MIN, 0.0, f64::MAX], 2).counts, [1, 2]);
    assert_eq!(of(&[0.0, 5e-324], 2).counts.iter().sum::<usize>(), 2);
    assert_eq!(of(&[1.0, 1.0 + f64::EPSILON], 40).counts.iter().sum::<usize>(), 2);
    // No bins at all are one.
    assert_eq!(of(&[1.0, 2.0], 0).counts, [2]);
}

#[test]
fn a_gradient_of_zero_has_no_logarithm_and_is_left_out() {
    // ReLU: of the linear layer's dR/dZ, half are 0. Its outputs are counted as they are, zeros too.
    let mut net = <(Linear<2, 2>, Relu)>::zeros();
    *net.0.weight = [[1.0, 0.0], [0.0, 1.0]].map(Vector);
    let inputs = [Vector([1.0, -1.0]), Vector([2.0, -3.0])];
    let flow = net.flow(&MeanSquaredError, &inputs, &[Vector([11.0, 1.0]), Vector([3.0, 1.0])]).unwrap();
    let [linear, relu] = ["0", "1"].map(|path| flow.layer(path).unwrap());

    // dR/dA = (A - Y) / 2: -5, -0.5; -0.5, -0.5. dR/dZ: -5, 0; -0.5, 0.
    let grads = linear.output_grads.as_ref().unwrap();
    assert_eq!((grads.left_out, grads.counts.iter().sum::<usize>()), (2, 2));
    assert!((grads.start - 0.5f64.log10()).abs() < 1e-7 && (grads.end - 5f64.log10()).abs() < 1e-7);
    assert_eq!((grads.counts[0], grads.counts[39]), (1, 1));
    let above = relu.output_grads.as_ref().unwrap();
    assert_eq!((above.left_out, above.counts[0], above.counts[39]), (0, 3, 1));
    let outputs = relu.outputs.as_ref().unwrap();
    assert_eq!((outputs.start, outputs.end, outputs.left_out, outputs.counts[0]), (0.0, 2.0, 0, 2));
    // Of stacks, which give what their last layer gives, there are none.
    assert_eq!(flow.layers[0].outputs, None);
}
