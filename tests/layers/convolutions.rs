//! Convolutions against the sums of their definition, and against each other.

use chainrule::prelude::*;

/// Whole numbers from -4 to 4: every sum of their products is exact, in any order.
fn fill(numbers: &mut [f64], seed: usize) {
    for (at, number) in numbers.iter_mut().enumerate() {
        *number = (((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0;
    }
}

#[test]
fn conv1d_is_the_sum_of_its_definition() -> Result<(), chainrule::Error> {
    macro_rules! check {
        ($in:literal to $out:literal, window $k:literal, stride $s:literal, padding $p:literal, $steps:literal => $out_steps:literal) => {{
            let mut conv = Conv1d::<$in, $out, $k, $s, $p, f64>::zeros();
            fill(conv.weights_mut(), 1);
            fill(&mut conv.bias.0, 2);
            let mut x = Sequence([[0.0; $in]; $steps]);
            fill(x.as_mut_slice(), 3);
            let y: Sequence<$out_steps, $out, f64> = conv.predict(&x)?;
            for t in 0..$out_steps {
                for o in 0..$out {
                    let mut sum = conv.bias.0[o];
                    for (k, weight) in conv.weight.iter().enumerate() {
                        let on_sequence = (t * $s + k).checked_sub($p).and_then(|step| x.0.get(step));
                        if let Some(x) = on_sequence {
                            sum += x.iter().zip(weight).map(|(x, weight)| x * weight[o]).sum::<f64>();
                        }
                    }
                    assert_eq!(y[(t, o)], sum, "step {t}, feature {o} of {conv:?}");
                }
            }
        }};
    }
    check!(1 to 1, window 1, stride 1, padding 0, 1 => 1);
    check!(2 to 3, window 3, stride 1, padding 0, 7 => 5);
    check!(2 to 3, window 3, stride 1, padding 1, 7 => 7);
    check!(3 to 2, window 2, stride 2, padding 0, 7 => 3);
    check!(3 to 5, window 5, stride 2, padding 2, 9 => 5);
    check!(2 to 1, window 2, stride 4, padding 1, 9 => 3); // steps past the window
    check!(1 to 2, window 2, stride 1, padding 4, 3 => 10); // windows on padding only
    check!(2 to 2, window 8, stride 3, padding 5, 4 => 3); // a window larger than the sequence
    check!(4 to 9, window 3, stride 1, padding 1, 40 => 40);
    Ok(())
}

/// On one row of pixels, a padded window of 3 x 3 sees them with its middle row alone.
#[test]
fn conv1d_is_conv2d_on_an_image_of_one_row() -> Result<(), chainrule::Error> {
    let mut conv1d = Conv1d::<2, 3, 3, 2, 1, f64>::init(&mut rng(1));
    fill(conv1d.weights_mut(), 1);
    let mut conv2d = Conv2d::<2, 3, 3, 2, 1, f64>::init(&mut rng(2));
    for (o, weight) in conv2d.weight.iter_mut().enumerate() {
        for (i, window) in weight.iter_mut().enumerate() {
            window[1] = core::array::from_fn(|k| conv1d.weight[k][i][o]); // PyTorch's [OUT, IN, K] from ours
        }
    }
    let mut sequence = Sequence([[0.0; 2]; 9]);
    fill(sequence.as_mut_slice(), 3);
    let row: Image<2, 1, 9, f64> = Image([0, 1].map(|i| [sequence.0.map(|step| step[i])]));
    let (steps, pixels) = (conv1d.predict(&sequence)?, conv2d.predict(&row)?);
    for t in 0..5 {
        for o in 0..3 {
            assert_eq!(steps[(t, o)], pixels[(o, 0, t)]);
        }
    }
    Ok(())
}

#[test]
fn a_depthwise_convolution_is_a_convolution_whose_channels_do_not_meet() -> Result<(), chainrule::Error> {
    let mut depthwise = DepthwiseConv2d::<3, 3, 2, 1, f64>::zeros();
    fill(depthwise.weights_mut(), 1);
    fill(&mut depthwise.bias.0, 2);
    let mut conv = Conv2d::<3, 3, 3, 2, 1, f64>::zeros();
    conv.bias = depthwise.bias;
    for c in 0..3 {
        conv.weight[c][c] = depthwise.weight[c];
    }
    let mut image = Image([[[0.0; 5]; 6]; 3]);
    fill(image.as_mut_slice(), 3);
    assert_eq!(depthwise.predict(&image)?, conv.predict(&image)?);
    Ok(())
}

#[test]
fn what_a_convolution_costs_is_what_its_loops_multiply() {
    type X = Image<4, 10, 12>;
    assert_eq!(<Conv2d<4, 6, 3> as Layer<X>>::PLAN.cost.multiply_adds, 6 * 8 * 10 * 4 * 9);
    assert_eq!(<DepthwiseConv2d<4, 3> as Layer<X>>::PLAN.cost.multiply_adds, 4 * 8 * 10 * 9);
    // Every pixel of the input is multiplied by a window of each channel of the output.
    assert_eq!(<TransposedConv2d<4, 6, 3, 2> as Layer<X>>::PLAN.cost.multiply_adds, 4 * 10 * 12 * 6 * 9);
    assert_eq!(<Conv1d<4, 6, 3, 2> as Layer<Sequence<11, 4>>>::PLAN.cost.multiply_adds, 5 * 6 * 3 * 4);
}
