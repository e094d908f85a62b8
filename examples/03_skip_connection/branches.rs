//! The two terms for branches that are zero, small or deep, and for one that cancels the skip connection.

use std::error::Error;

use chainrule::flow::Flow;
use chainrule::prelude::*;

use crate::terms::Terms;
use crate::{Branch, GAIN, N, Pre, measure, new};

/// Compares the terms of these branches. Fails if they are not what the chain rule says.
pub(crate) fn compare() -> Result<(), Box<dyn Error>> {
    println!("\nbranch                          skip     branch   cosine   both, of |dR/dA(n)|");
    let show = |name: &str, flow: &Flow, k: usize| {
        let t = Terms::of(flow, "", GAIN, k)?;
        println!("{name:30} {:.4}   {:.1e}   {:+.3}   {:.4}", t.skip, t.branch, t.cosine, t.both);
        Ok::<_, Box<dyn Error>>(t)
    };
    let scaled = |factor: f32| {
        let mut net = new::<Pre<2>, 1>(0);
        let last = &mut net.1[0].branch[1].1;
        last.weights_mut().iter_mut().for_each(|w| *w *= factor);
        measure(&net)
    };
    let whole = show("two layers", &scaled(1.0)?, 2)?;
    let tenth = show("last W a tenth", &scaled(0.1)?, 2)?;
    let flow = scaled(0.0)?;
    let zero = show("last W zero", &flow, 2)?;
    let learns = flow.layer("1.0.branch.1.1").map_or(0.0, |last| last.parameters[0].gradient_norm);
    let deep = show("32 layers of sigmoid", &measure(&new::<Residual<Branch<32, Sigmoid>>, 1>(0))?, 32)?;
    let mut net = new::<Residual<Linear<N, N>>, 1>(0);
    (0..N).for_each(|at| net.1[0].branch.weight[at] = Vector(std::array::from_fn(|to| -f32::from(at == to))));
    let hostile = show("-x", &measure(&net)?, 0)?;
    println!(
        "\nWith a branch that is zero, or whose own gradient has vanished ({:.0e}), the skip still brings {:.4} \
         and {:.4} of the\ngradient. The zero branch still learns: |dR/dW| of its last W is {learns:.1e}. But a \
         sum can also cancel. The branch -x\nhas cosine {:.0} and leaves {:.0e}, so a skip connection alone is not \
         a guarantee.",
        deep.branch, zero.both, deep.both, hostile.cosine, hostile.both
    );
    // The small branch's Jacobian is a tenth. But the gradient comes from another direction, in which the gain of two
    // random W deviates by √(2 · 2 · 2/N) / 2 = 18 % of itself; three times that is a half. A sigmoid's g' is at most
    // 1/4, and the largest singular value of these W about 2 GAIN = 1, so 32 layers leave at most 4^-32 = 5e-20.
    let small = (tenth.branch / whole.branch / 0.1 - 1.0).abs() < 0.5;
    let safe =
        zero.branch == 0.0 && deep.branch < 1e-18 && [zero, deep].iter().all(|t| (t.both - 1.0).abs() < 1e-6);
    if small && safe && learns > 0.0 && hostile.both < 1e-6 {
        Ok(())
    } else {
        Err("the terms are not what the chain rule says".into())
    }
}
