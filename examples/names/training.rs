//! Trains a network on names, and generates new ones.

use std::error::Error;
use std::time::Instant;

use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::stream::Stream;
use chainrule::text::{Sampler, Tokenizer, generate};

use crate::{END, Name, Names, Next, Protocol, STEPS, VOCAB};

const BATCH: usize = 64;
/// The learning rates to choose from.
const RATES: [f64; 3] = [1e-3, 3e-3, 1e-2];

type Run<N> = Trainer<N, CrossEntropy, Adam<N>>;

/// Returns a name after an [`END`], and the next letter at each step.
fn sample(name: &[Token<VOCAB>]) -> (Name, Next) {
    let (mut input, mut next) = (Tokens([END; STEPS]), [None; STEPS]);
    input.0[1..=name.len()].copy_from_slice(name);
    for (target, &letter) in next.iter_mut().zip(name.iter().chain([&END])) {
        *target = Some(letter);
    }
    (input, next)
}

/// Returns the samples of some names.
fn samples(names: &[Vec<Token<VOCAB>>]) -> Result<Dataset<Name, Next>, chainrule::data::DataError> {
    Dataset::from_pairs(names.iter().map(|name| sample(name)))
}

/// Trains a network.
fn train<N>(data: &Dataset<Name, Next>, epochs: u64, rate: f64, seed: u64) -> Result<Run<N>, Box<dyn Error>>
where
    N: Maps<Name, Sequence<STEPS, VOCAB>>,
{
    let steps = epochs * data.len().div_ceil(BATCH) as u64;
    let mut trainer = Trainer::new(N::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(rate), seed)
        .schedule(Schedule::cosine(steps).warm_up(100))
        .clip_norm(1.0);
    trainer.fit(data, Fit::epochs(epochs).batch_size(BATCH).quiet())?;
    Ok(trainer)
}

/// Returns the learning rate with the smallest loss on the last tenth of the training names after a short training.
fn best_rate<N>(names: &[Vec<Token<VOCAB>>]) -> Result<f64, Box<dyn Error>>
where
    N: Maps<Name, Sequence<STEPS, VOCAB>>,
{
    let (some, rest) = names.split_at(names.len() / 10 * 9);
    let (some, rest) = (samples(some)?, samples(rest)?);
    let (mut best, mut least) = (RATES[0], f64::INFINITY);
    for rate in RATES {
        let loss = train::<N>(&some, 5, rate, 1)?.evaluate(&rest)?;
        if loss < least {
            (best, least) = (rate, loss);
        }
    }
    Ok(best)
}

/// Trains a network from each seed, and prints its row. Returns its mean held-out loss, and names that it generates.
pub(crate) fn learn<N>(
    name: &'static str,
    names: &Names,
    Protocol { epochs, seeds, full }: Protocol,
    rate: f64,
) -> Result<(&'static str, f64, Vec<String>), Box<dyn Error>>
where
    N: Maps<Name, Sequence<STEPS, VOCAB>> + Stream<Token<VOCAB>, Output = Vector<VOCAB>>,
{
    let rate = if full { best_rate::<N>(&names.train)? } else { rate };
    let (data, held_out) = (samples(&names.train)?, samples(&names.held_out)?);
    let (mut losses, mut of_train, mut made) = (vec![], 0.0, vec![]);
    let start = Instant::now();
    for seed in 1..=seeds {
        let trainer = train::<N>(&data, epochs, rate, seed)?;
        losses.push(trainer.evaluate(&held_out)?);
        of_train += trainer.evaluate(&data)? / seeds as f64;
        if seed == 1 {
            let mut sampler = Sampler::new(7);
            for _ in 0..10 {
                let letters = generate(&trainer.network, &[END], &mut sampler)?.until(END).take(STEPS);
                made.push(names.characters.decode(&letters.collect::<Result<Vec<_>, _>>()?)?);
            }
        }
    }
    let loss = losses.iter().sum::<f64>() / losses.len() as f64;
    let deviation = losses.iter().map(|each| (each - loss).abs()).fold(0.0, f64::max);
    let seconds = start.elapsed().as_secs_f64() / seeds as f64;
    let several = if deviation > 0.0 { format!(" ± {deviation:.3}") } else { String::new() };
    let held_out = format!("{loss:.3}{several}");
    println!("{name:12} {:10}  {of_train:10.3}  {held_out:>13}  {rate:5}  {seconds:7.1}", N::COUNT);
    Ok((name, loss, made))
}
