//! Models that count which letter follows the last letter (bigrams) or the last two (trigrams).

use chainrule::prelude::*;

use crate::{END, VOCAB};

type Word = Vec<Token<VOCAB>>;

/// How often each letter follows each context of `N` letters.
struct Counts<const N: usize>(Vec<[f64; VOCAB]>);

impl<const N: usize> Counts<N> {
    fn of(names: &[Word]) -> Self {
        let mut counts = Self(vec![[0.0; VOCAB]; VOCAB.pow(N as u32)]);
        names.iter().for_each(|name| each::<N>(name, |context, next| counts.0[context][next] += 1.0));
        counts
    }

    /// Returns the mean of -ln p over all letters and ends, with p = (count + k) / (count of the context + 27 k).
    fn loss(&self, names: &[Word], k: f64) -> f64 {
        let (mut sum, mut letters) = (0.0, 0.0);
        for name in names {
            each::<N>(name, |context, next| {
                let counts = &self.0[context];
                sum -= ((counts[next] + k) / (counts.iter().sum::<f64>() + VOCAB as f64 * k)).ln();
                letters += 1.0;
            });
        }
        sum / letters
    }
}

/// Calls `see` for each letter of a name and its end, with the index of the `N` letters before it. Before the name
/// there are `N` ends.
fn each<const N: usize>(name: &Word, mut see: impl FnMut(usize, usize)) {
    let mut context = 0; // the token of an end is 0
    for next in name.iter().chain([&END]) {
        see(context, next.index());
        context = (context * VOCAB + next.index()) % VOCAB.pow(N as u32);
    }
}

/// Prints the row of a model of the last `N` letters, and returns its held-out loss. Its k is the best one for the last
/// tenth of the training names, with the counts of the others.
pub(crate) fn row<const N: usize>(name: &str, train: &[Word], held_out: &[Word]) -> f64 {
    let (some, rest) = train.split_at(train.len() / 10 * 9);
    let of_some = Counts::<N>::of(some);
    let ks = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0];
    let best = |a: f64, b: f64| if of_some.loss(rest, b) < of_some.loss(rest, a) { b } else { a };
    let k = ks.into_iter().reduce(best).unwrap_or(1.0);
    let counts = Counts::<N>::of(train);
    let loss = counts.loss(held_out, k);
    let numbers = VOCAB.pow(N as u32 + 1);
    println!("{name:12} {numbers:10}  {:10.3}  {loss:13.3}  (k = {k})", counts.loss(train, k));
    loss
}
