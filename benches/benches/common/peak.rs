//! The peak of one core: what the products of a network are compared with.

use std::hint::black_box;

use chainrule_kernel::simd::{Kernel, Lanes, Level, Vector, dispatch};
/// Multiply-adds in registers, each of which waits only for the one before it in its chain.
struct Peak;

const CHAINS: usize = 12;
const ROUNDS: usize = 10_000;

impl Kernel for Peak {
    /// The sum over the chains, so that they are computed, and how many numbers a vector has.
    type Output = (f32, usize);

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> (f32, usize) {
        type V<L> = <f32 as Lanes>::Vector<L>;
        // SAFETY: a level was passed: the processor has its instructions.
        unsafe {
            let (factor, term) = (V::<L>::splat(black_box(0.999)), V::<L>::splat(black_box(0.001)));
            let mut chains = [V::<L>::splat(1.0); CHAINS];
            for _ in 0..ROUNDS {
                for chain in &mut chains {
                    *chain = chain.multiply_add(factor, term);
                }
            }
            let mut sum = V::<L>::zero();
            for chain in chains {
                sum = chain.multiply_add(factor, sum);
            }
            (sum.sum(), V::<L>::LANES)
        }
    }
}

/// Runs the multiply-adds once. Returns how many floating-point operations they were, and how many numbers a vector
/// has.
pub(crate) fn run() -> (f64, usize) {
    let (_, lanes) = black_box(dispatch(Peak));
    ((2 * CHAINS * ROUNDS * lanes) as f64, lanes)
}
