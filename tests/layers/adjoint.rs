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
    ($in:literal to $out:literal, window $k:literal, stride $s:literal, padding $p:literal, $Image:ty => $Output:ty) => {{
        let mut conv = Conv2d::<$in, $out, $k, $s, $p, f64, NoBias>::zeros();
        fill(conv.weights_mut(), 1);
        // Not transposed, not reordered: [OUT, IN, K, K] of the one is [IN, OUT, K, K] of the other.
        let mut transposed = TransposedConv2d::<$out, $in, $k, $s, $p, f64, NoBias>::zeros();
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
