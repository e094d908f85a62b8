//! A transposed convolution is the transpose of the convolution with the same weights: <u, conv(x)> = <transposed(u),
//! x>.

use crate::common::{backward, forward};
use chainrule::prelude::*;

/// Whole numbers from -4 to 4: every sum of their products is exact, in any order, so both sides must be the same
/// number.
fn fill(numbers: &mut [f64], seed: usize) {
    for (at, number) in numbers.iter_mut().enumerate() {
        *number = (((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Both layers with one weight, on images where the window reaches the last pixel, so that one shape is the other's.
macro_rules! adjoint {
    ($in:literal to $out:literal, window $k:literal, stride $s:literal, padding $p:literal, $Image:ty => $Output:ty) => {
        adjoint!(
            Conv2d<$in, $out, $k, $s, $p, f64, NoBias>, TransposedConv2d<$out, $in, $k, $s, $p, f64, NoBias>,
            $Image => $Output
        )
    };
    ($Conv:ty, $Transposed:ty, $Image:ty => $Output:ty) => {{
        let mut conv = <$Conv>::zeros();
        fill(conv.weights_mut(), 1);
        // Not transposed, not reordered: [OUT, IN, K, K] of the one is [IN, OUT, K, K] of the other.
        let mut transposed = <$Transposed>::zeros();
        transposed.weights_mut().copy_from_slice(conv.weights());

        let (mut x, mut u) =
            (<$Image>::from_slice(&[0.0; <$Image>::LEN])?, <$Output>::from_slice(&[0.0; <$Output>::LEN])?);
        fill(x.as_mut_slice(), 2);
        fill(u.as_mut_slice(), 3);
        let y: $Output = conv.predict(&x)?;
        let z: $Image = transposed.predict(&u)?;
        let product = dot(u.as_slice(), y.as_slice());
        assert_ne!(product, 0.0, "0 = 0 would say nothing");
        assert_eq!(product, dot(z.as_slice(), x.as_slice()));

        // So the forward pass of one is the backward pass of the other.
        let mut workspace = Workspace::default();
        forward(&*conv, &[x], &mut workspace, &mut Mode::Evaluate);
        let (dx, _) = backward(&*conv, &[x], &[y], &[u], &mut workspace, None);
        assert_eq!(dx, [z]);
        forward(&*transposed, &[u], &mut workspace, &mut Mode::Evaluate);
        let (du, _) = backward(&*transposed, &[u], &[z], &[x], &mut workspace, None);
        assert_eq!(du, [y]);
    }};
}

#[test]
fn a_transposed_convolution_is_the_transpose_of_the_convolution_with_its_weights()
-> Result<(), chainrule::Error> {
    adjoint!(2 to 3, window 3, stride 1, padding 0, Image<2, 5, 6, f64> => Image<3, 3, 4, f64>);
    adjoint!(3 to 1, window 3, stride 1, padding 1, Image<3, 4, 5, f64> => Image<1, 4, 5, f64>);
    adjoint!(1 to 4, window 3, stride 2, padding 1, Image<1, 7, 5, f64> => Image<4, 4, 3, f64>);
    adjoint!(2 to 2, window 2, stride 3, padding 0, Image<2, 8, 5, f64> => Image<2, 3, 2, f64>);
    adjoint!(2 to 5, window 1, stride 1, padding 0, Image<2, 3, 4, f64> => Image<5, 3, 4, f64>);
    adjoint!(1 to 2, window 5, stride 1, padding 6, Image<1, 1, 2, f64> => Image<2, 9, 10, f64>);
    Ok(())
}

#[test]
fn so_it_is_of_sequences_and_with_settings() -> Result<(), chainrule::Error> {
    type None = NoBias;
    adjoint!(Conv1d<2, 3, 3, 1, 0, f64, None>, TransposedConv1d<3, 2, 3, 1, 0, f64, None>, Sequence<7, 2, f64> => Sequence<5, 3, f64>);
    adjoint!(Conv1d<3, 1, 4, 2, 1, f64, None>, TransposedConv1d<1, 3, 4, 2, 1, f64, None>, Sequence<8, 3, f64> => Sequence<4, 1, f64>);
    macro_rules! steps {
        ($in:literal to $out:literal, $S:ty, with $more:ty, $from:literal => $to:literal) => {
            adjoint!(
                Conv1dWith<$in, $out, $S, f64, NoBias>, TransposedConv1dWith<$out, $in, $more, f64, NoBias>,
                Sequence<$from, $in, f64> => Sequence<$to, $out, f64>
            )
        };
    }
    steps!(2 to 3, (Kernel<3>, Dilation<2>), with (Kernel<3>, Dilation<2>), 9 => 5);
    steps!(2 to 3, (Kernel<3>, Dilation<2>, Stride<3>, Padding<2>), with (Kernel<3>, Dilation<2>, Stride<3>, Padding<2>, OutputPadding<1>), 8 => 3);
    steps!(4 to 6, (Kernel<3>, Groups<2>, PaddingEnds<2, 0>), with (Kernel<3>, Groups<2>, PaddingEnds<2, 0>), 6 => 6);
    steps!(3 to 3, (Kernel<2>, Groups<3>, Stride<2>), with (Kernel<2>, Groups<3>, Stride<2>, OutputPadding<1>), 7 => 3);
    steps!(2 to 1, (Kernel<3>, Stride<2>, Same), with (Kernel<3>, Stride<2>, Same), 8 => 4);
    steps!(2 to 1, (Kernel<4>, Stride<2>, PaddingEnds<0, 2>), with (Kernel<4>, Stride<2>, Causal), 8 => 4);
    macro_rules! pixels {
        ($in:literal to $out:literal, $S:ty, with $more:ty, $h:literal $w:literal => $oh:literal $ow:literal) => {
            adjoint!(
                Conv2dWith<$in, $out, $S, f64, NoBias>, TransposedConv2dWith<$out, $in, $more, f64, NoBias>,
                Image<$in, $h, $w, f64> => Image<$out, $oh, $ow, f64>
            )
        };
    }
    pixels!(2 to 3, (Kernel<3, 2>, Stride<1, 2>), with (Kernel<3, 2>, Stride<1, 2>, OutputPadding<0, 1>), 5 7 => 3 3);
    pixels!(2 to 3, (Kernel<2>, Dilation<3, 2>, Stride<2, 4>), with (Kernel<2>, Dilation<3, 2>, Stride<2, 4>, OutputPadding<1, 3>), 7 10 => 2 2);
    pixels!(4 to 2, (Kernel<3>, Groups<2>, PaddingEnds<0, 2, 1, 3>), with (Kernel<3>, Groups<2>, PaddingEnds<0, 2, 1, 3>), 5 4 => 5 6);
    pixels!(3 to 6, (Kernel<2, 3>, Groups<3>, Stride<2>, SameLower), with (Kernel<2, 3>, Groups<3>, Stride<2>, SameLower), 6 8 => 3 4);
    Ok(())
}
