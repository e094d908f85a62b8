//! The correlation of two inputs, and of their two gradients.

use chainrule::layer::NoBias;
use chainrule::prelude::*;
use chainrule::rand::rngs::ChaCha8Rng;
use chainrule::theory::Pair;

use crate::measure::normal_batch;
use crate::table::{Table, Tolerance};

const N: usize = 256;
const LAYERS: usize = 5;
const NETS: usize = 120;
type W = Linear<N, N, f32, NoBias>;

/// ReLU with He's initialization. Both inputs of a pair have the same gradient at the output.
pub(crate) fn correlations(table: &mut Table) -> Result<(), chainrule::Error> {
    for cosine in [0.0, 0.8] {
        let start = Pair::new(cosine);
        row::<[(W, Relu); LAYERS]>(table, "relu(W x)", cosine, start.plain(LAYERS))?;
        row::<[Residual<(Relu, W)>; LAYERS]>(table, "x + W relu(x)", cosine, start.residual(1.0, LAYERS))?;
        let after = start.residual_after_relu(1.0, LAYERS);
        row::<[Residual<(W, Relu)>; LAYERS]>(table, "x + relu(W x)", cosine, after)?;
    }
    Ok(())
}

fn row<Net>(table: &mut Table, layer: &str, cosine: f64, expected: Pair) -> Result<(), chainrule::Error>
where
    Net: Maps<Vector<N>, Vector<N>>,
{
    let random = &mut rng(8);
    // For each network, the sums over its pairs of g·g' and of (|g|² + |g'|²) / 2.
    let sums: Vec<[f64; 2]> = (0..NETS)
        .map(|_| {
            let network = Net::init_with(Initializer::he_normal(), random);
            let inputs = pairs(cosine, random);
            let output_grad: Vec<_> =
                normal_batch(inputs.len() / 2, random).into_iter().flat_map(|u| [u, u]).collect();
            let (grads, _) = network.vjp(&inputs, &output_grad)?;
            Ok(grads.chunks_exact(2).fold([0.0; 2], |[product, square], pair| {
                let (a, b) = (&pair[0], &pair[1]);
                [product + dot(a, b), square + 0.5 * (dot(a, a) + dot(b, b))]
            }))
        })
        .collect::<Result<_, chainrule::Error>>()?;
    let [product, square] = [0, 1].map(|at| sums.iter().map(|sum| sum[at]).sum::<f64>());
    let measured = product / square;
    let error = sums.iter().map(|[p, s]| (p - measured * s).powi(2)).sum::<f64>().sqrt() / square;
    // Four standard errors, from how the networks differ. At a width of n, the gradients are independent of the
    // weights up to an error of the order of depth / n.
    let tolerance = (4.0 * error + LAYERS as f64 / N as f64) / expected.gradients();
    let how = format!("{layer}, {LAYERS} times, n = {N}, at {cosine}, {NETS} nets");
    table.row("gradients' correlation", &how, expected.gradients(), measured, Tolerance::within(tolerance));
    Ok(())
}

/// Returns eight pairs x, x' of equal length. The angle between them has exactly this cosine.
fn pairs(cosine: f64, random: &mut ChaCha8Rng) -> Vec<Vector<N>> {
    let normal: Vec<Vector<N>> = normal_batch(16, random);
    let pair = |[x, y]: [Vector<N>; 2]| {
        // y without its part along x, as long as x.
        let along = dot(&x, &y) / dot(&x, &x);
        let across = (dot(&y, &y) - along * dot(&x, &y)).sqrt() / dot(&x, &x).sqrt();
        let other = |i: usize| {
            let y = (f64::from(y.0[i]) - along * f64::from(x.0[i])) / across;
            (cosine * f64::from(x.0[i]) + (1.0 - cosine * cosine).sqrt() * y) as f32
        };
        [x, Vector(std::array::from_fn(other))]
    };
    normal.chunks_exact(2).flat_map(|two| pair([two[0], two[1]])).collect()
}

fn dot(a: &Vector<N>, b: &Vector<N>) -> f64 {
    a.0.iter().zip(&b.0).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
