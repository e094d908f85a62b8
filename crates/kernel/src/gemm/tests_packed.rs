//! Large products have the bits of small ones.

use super::tests::{fractions, transpose};
use super::*;

#[test]
fn a_large_product_has_the_bits_of_a_small_one() {
    // The rows of a large product, one by one, with more columns than a block has, and in the parts of a deep sum.
    for [rows, inner, columns] in [[97, 300, 137], [30, 900, 640]] {
        assert!(rows * inner * columns >= if rows > 2 * FEW_ROWS { MEDIUM } else { LARGE });
        let (a, b) = (fractions::<f32>(rows * inner, 1), fractions::<f32>(inner * columns, 2));
        let (a_turned, b_turned) = (transpose(&a, inner), transpose(&b, columns));
        let before = fractions::<f32>(rows * columns, 3);
        let mut expected = before.clone();
        for (row, c) in expected.chunks_exact_mut(columns).enumerate() {
            let a = Strided::rows(&a[row * inner..], inner);
            gemm(a, Strided::rows(&b, columns), Initial::Output, c, inner, columns);
        }
        for a in [Strided::rows(&a, inner), Strided::transposed(&a_turned, rows)] {
            for b in [Strided::rows(&b, columns), Strided::transposed(&b_turned, inner)] {
                let mut c = before.clone();
                gemm(a, b, Initial::Output, &mut c, inner, columns);
                assert!(c == expected, "{rows} x {inner} x {columns}");
            }
        }
    }
}
