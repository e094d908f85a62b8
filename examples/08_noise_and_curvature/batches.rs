//! Random batches, and the number of steps that a training takes to a given loss.

use std::error::Error;

use chainrule::prelude::*;
use chainrule::rand::RngExt;

use crate::digits::Digit;

/// The learning rates. Each batch size takes the best one.
const RATES: [f64; 6] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.2];
/// The largest number of steps.
const MOST: usize = 2000;

/// Draws a batch of random samples.
pub(crate) fn draw(
    digits: &[Digit],
    size: usize,
    random: &mut impl RngExt,
) -> (Vec<Vector<64>>, Vec<Label<10>>) {
    (0..size).map(|_| digits[random.random_range(0..digits.len())]).unzip()
}

/// Returns the number of steps after which the loss on the first 512 digits is below `target`, with the best learning
/// rate.
pub(crate) fn steps_to<N>(
    digits: &[Digit],
    size: usize,
    seed: u64,
    target: f64,
) -> Result<usize, Box<dyn Error>>
where
    N: Maps<Vector<64>, Vector<10>> + Init,
{
    let (images, labels): (Vec<_>, Vec<_>) = digits[..512].iter().copied().unzip();
    let mut best = MOST;
    for rate in RATES {
        let mut trainer =
            Trainer::new(N::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(rate), seed);
        let random = &mut rng(seed);
        for step in 1..best {
            let (images_of, labels_of) = draw(digits, size, random);
            trainer.step(&images_of, &labels_of)?;
            if trainer.network.loss(&trainer.loss, &images, &labels)? < target {
                best = step;
                break;
            }
        }
    }
    Ok(best)
}

/// Returns the smallest and the largest value.
pub(crate) fn range(values: &[f64]) -> [f64; 2] {
    values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], &x| [least.min(x), most.max(x)])
}
