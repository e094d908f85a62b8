//! Names, letter by letter: four language models of about 12,000 parameters, and two models that count letters.
//!
//! The smallest useful language model trains in seconds, and shows the parts of a large one: tokens, an embedding, a
//! network with a loss at each step, a held-out loss to compare with a simple model, and text that the network
//! generates.
//!
//! ```text
//! $ cargo run --release --example names            # one seed and 1 epoch, in seconds
//! $ cargo run --release --example names -- full    # three seeds and 15 epochs, in minutes
//!              parameters  train loss  held-out loss   rate
//! bigrams             729       2.515          2.528  (k = 0.2)
//! trigrams          19683       2.199          2.257  (k = 0.2)
//! MLP               11907       2.030  2.121 ± 0.002   0.01
//! GRU               12009       2.001  2.096 ± 0.004   0.01
//! LSTM              12112       2.012  2.098 ± 0.004   0.01
//! transformer       11899       2.044  2.108 ± 0.002   0.01
//!
//! GRU          carrie shye lang beels belt curmensak mcfour hearske scurmam smeist
//! ```
//! This is the full training (200 seconds of processor time). The names are the 20,000 most frequent surnames of the
//! United States (`examples/data/README.md`). A model gives each possible next letter, or the end of the name, a
//! probability p; its loss is the mean of -ln p over 2,000 names that it was not trained on. Guessing has ln 27 =
//! 3.296. ± is the largest deviation of a seed from the mean. Bigrams and trigrams add k to each count. k and the
//! learning rates are the best for the last tenth of the training names. The program fails if a network is not better
//! than the bigrams, or, after the full training, than the trigrams.
//!
//! # Source
//! Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model", JMLR 3 (2003): the MLP, as a causal
//! convolution. The task is from Karpathy's "makemore" (2022).

#[path = "names/counts.rs"]
mod counts;
#[path = "names/training.rs"]
mod training;

use std::error::Error;

use chainrule::prelude::*;
use chainrule::rand::seq::SliceRandom;
use chainrule::text::{Characters, Tokenizer};
use training::learn;

const NAMES: &str = include_str!("data/surnames.txt");
/// The line break, which is before and after each name, and the letters from a to z.
const VOCAB: usize = 27;
const END: Token<VOCAB> = Token::of::<0>();
/// The longest name has 13 letters.
const STEPS: usize = 14;

type Name = Tokens<STEPS, VOCAB>;
/// The next letters. `None`, after the end of the name, does not count.
type Next = [Option<Token<VOCAB>>; STEPS];

/// Bengio's MLP of the last 5 letters: a causal convolution.
type Mlp =
    (Embedding<VOCAB, 16>, Conv1dWith<16, 106, (Kernel<5>, Causal)>, Tanh, PerStep<Linear<106, VOCAB>>);
type OfGru = (Embedding<VOCAB, 16>, Gru<16, 50>, PerStep<Linear<50, VOCAB>>);
type OfLstm = (Embedding<VOCAB, 16>, Lstm<16, 43>, PerStep<Linear<43, VOCAB>>);
/// The window of 14 steps has the whole name. With a window, the network can run step by step.
type Attention = Residual<(LayerNorm<Vector<24>>, SelfAttention<24, 4, (SlidingWindow<STEPS>, Rotary)>)>;
type FeedForward = Residual<(LayerNorm<Vector<24>>, PerStep<Linear<24, 56>>, Gelu, PerStep<Linear<56, 24>>)>;
type Transformer =
    (Embedding<VOCAB, 24>, [(Attention, FeedForward); 2], LayerNorm<Vector<24>>, PerStep<Linear<24, VOCAB>>);

/// How long to train.
#[derive(Clone, Copy)]
struct Protocol {
    epochs: u64,
    seeds: u64,
    /// Whether the learning rates are chosen by a short training.
    full: bool,
}

/// The names to train on, and those held out.
struct Names {
    characters: Characters<VOCAB>,
    train: Vec<Vec<Token<VOCAB>>>,
    held_out: Vec<Vec<Token<VOCAB>>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let full = std::env::args().any(|argument| argument == "full");
    let (epochs, seeds) = if full { (15, 3) } else { (1, 1) };
    let protocol = Protocol { epochs, seeds, full };
    let characters = Characters::of(NAMES)?;
    let mut names: Vec<_> = NAMES.lines().map(|name| characters.encode(name)).collect::<Result<_, _>>()?;
    names.shuffle(&mut rng(0));
    let held_out = names.split_off(names.len() / 10 * 9);
    let names = Names { characters, train: names, held_out };
    println!("{} names to train on, {} held out; {epochs} epochs", names.train.len(), names.held_out.len());

    println!("\n             parameters  train loss  held-out loss   rate  seconds");
    let bigram = counts::row::<1>("bigrams", &names.train, &names.held_out);
    let trigram = counts::row::<2>("trigrams", &names.train, &names.held_out);
    let runs = [
        learn::<Mlp>("MLP", &names, protocol, 1e-2)?,
        learn::<OfGru>("GRU", &names, protocol, 1e-2)?,
        learn::<OfLstm>("LSTM", &names, protocol, 1e-2)?,
        learn::<Transformer>("transformer", &names, protocol, 1e-2)?,
    ];
    println!();
    runs.iter().for_each(|(name, _, samples)| println!("{name:12} {}", samples.join(" ")));

    let (bound, of) = if protocol.full { (trigram, "trigrams") } else { (bigram, "bigrams") };
    match runs.iter().find(|(_, loss, _)| *loss >= bound) {
        Some((name, loss, _)) => Err(format!("{name}: {loss:.3} is not below the {bound:.3} of {of}").into()),
        None => Ok(()),
    }
}
