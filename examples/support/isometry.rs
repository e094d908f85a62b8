//! The singular values of the Jacobian of deep networks, measured and predicted.

use std::error::Error;

use chainrule::flow::JacobianSpectrum;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

pub(crate) const N: usize = 200;
/// The number of layers after the first.
pub(crate) const L: usize = 12;
pub(crate) const NETS: u64 = 5;

pub(crate) type Deep<A> = (Linear<N, N>, [(A, Linear<N, N>); L]);

pub(crate) fn net<A: Maps<Vector<N>, Vector<N>>>(scheme: Initializer, seed: u64) -> Owned<Deep<A>> {
    Deep::<A>::init_with(scheme, &mut rng(seed))
}

/// Returns a random input of this mean square.
pub(crate) fn input(mean_square: f64, seed: u64) -> Vector<N> {
    let (random, side) = (&mut rng(seed + 100), (3.0 * mean_square).sqrt() as f32);
    Vector([(); N].map(|()| random.random_range(-side..side)))
}

/// Prints a row of the table: measured, and expected from the mean square of the input, σw² and the means of g'² and
/// g'⁴. `gaussian` is -s₁ of the paper: 1 for Gaussian weights and 0 for orthogonal ones.
pub(crate) fn row<A: Maps<Vector<N>, Vector<N>>>(
    name: &str,
    scheme: Initializer,
    [input_square, weights, mu, mu_2]: [f64; 4],
    gaussian: f64,
) -> Result<JacobianSpectrum, Box<dyn Error>> {
    let of_net = |seed| net::<A>(scheme, seed).jacobian_spectrum(&[input(input_square, seed)]);
    let spectra: Vec<JacobianSpectrum> = (0..NETS).map(of_net).collect::<Result<_, _>>()?;
    let figures = |figure: fn(&JacobianSpectrum) -> f64| spectra.iter().map(figure).collect::<Vec<_>>();
    let range = |xs: &[f64]| {
        let (low, high) =
            xs.iter().fold((f64::MAX, 0.0), |(low, high), &x| (f64::min(low, x), f64::max(high, x)));
        format!("{} to {}", cell(low), cell(high))
    };
    let squares = figures(|spectrum| spectrum.mean_square.mean);
    let variances = figures(|spectrum| spectrum.square_variance.map_or(f64::NAN, |variance| variance.mean));
    let square = weights.powi(L as i32 + 1) * mu.powi(L as i32);
    let variance = L as f64 * (mu_2 / mu.powi(2) - 1.0) + (L + 1) as f64 * gaussian;
    let largest = figures(|spectrum| spectrum.largest.mean).into_iter().fold(0.0, f64::max);
    println!(
        "{name:<22} {:<18} {:<8} {:<20} {variance:>6.2} {largest:>8.2}",
        range(&squares),
        cell(square),
        range(&variances)
    );
    let mean = |xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64;
    // The logarithm of the mean square of a network deviates by about √(2 L/N) = 0.35 if the variance is 12, the mean
    // of five by 0.16; three times that is 0.5. The variance has corrections of the order of L²/N too.
    let (off, spread) = ((mean(&squares) / square).ln().abs(), (mean(&variances) - variance).abs());
    if off > 0.5 || spread > 0.1 + 0.5 * variance {
        return Err(format!("{name}: theory expects {square} and {variance}").into());
    }
    Ok(spectra.into_iter().next().ok_or("no network")?)
}

fn cell(x: f64) -> String {
    if x == 0.0 || x >= 0.01 { format!("{x:.3}") } else { format!("{x:.1e}") }
}
