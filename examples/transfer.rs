//! Transfer learning: layers that were trained to classify ten digits learn from thirty images which digits are even.
//!
//! With few samples of your own, start from layers that were trained on many others. This example loads only the first
//! layers of a file, freezes them in evaluation mode, and trains a new last layer.
//!
//! ```text
//! $ cargo run --release --example transfer
//! pretrained: 97.9 % of the test digits
//! even or odd, learned from 30 images (mean of 5 seeds):
//!   all layers new: 79.8 %
//!   pretrained layers, a new last one: 95.8 %
//! ```
//! In evaluation mode, the pretrained batch norms use the running mean and variance of the file.

#[path = "support/digits.rs"]
mod digits;

use chainrule::checkpoint::{self, Format};
use chainrule::prelude::*;

/// 8x8 pixels to 32 features.
type Features = (
    (Conv2d<1, 16, 3, 1, 1>, BatchNorm<16>, Relu, MaxPool2d<2>),
    (Dense<Image<16, 4, 4>, Vector<32>>, BatchNorm<32>, Relu),
);

/// Features, and a score for each of `CLASSES` classes. All layers are trained.
type Whole<const CLASSES: usize> = (Features, Linear<32, CLASSES>);

/// The same, with the features in evaluation mode. The paths of the parameters are the same as in `Whole`.
type Transfer<const CLASSES: usize> = (Evaluate<Features>, Linear<32, CLASSES>);

type Images<const CLASSES: usize> = (Vec<Image<1, 8, 8>>, Vec<Label<CLASSES>>);

const KNOWN: usize = 30;
const SEEDS: u64 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = (digits::as_images(digits::train()?), digits::as_images(digits::test()?));
    let pretrained = learn(Whole::<10>::init(&mut rng(0)), Adam::new(2e-3), &train, 3)?;
    println!("pretrained: {:.1} % of the test digits", percent(&*pretrained, &test)?);
    let file = checkpoint::to_bytes(&pretrained)?;

    let features = Format::chainrule().within("0").from_bytes::<Features>(&file)?; // at the path `0` of the file
    let few = (train.0[..KNOWN].to_vec(), parity(&train.1[..KNOWN])?);
    let test = (test.0, parity(&test.1)?);
    let mut sums = [0.0; 2];
    for seed in 0..SEEDS {
        let new = learn(Whole::<2>::init(&mut rng(seed)), Adam::new(2e-3), &few, 100)?;

        let mut net = Transfer::<2>::init(&mut rng(seed));
        net.0.layer = (*features).clone();
        let frozen = FreezeParameters::new(Adam::new(1e-2), ["0"]);
        let transferred = learn(net, frozen, &few, 100)?;
        if transferred.0.layer != *features {
            return Err("the pretrained layers have changed".into());
        }
        sums[0] += percent(&*new, &test)?;
        sums[1] += percent(&*transferred, &test)?;
    }
    let [new, transferred] = sums.map(|sum| sum / SEEDS as f64);
    println!("even or odd, learned from {KNOWN} images (mean of {SEEDS} seeds):");
    println!("  all layers new: {new:.1} %");
    println!("  pretrained layers, a new last one: {transferred:.1} %");
    if transferred > new + 5.0 { Ok(()) } else { Err("the pretrained layers do not help".into()) }
}

/// Returns 0 for even digits, and 1 for odd ones.
fn parity(labels: &[Label<10>]) -> Result<Vec<Label<2>>, chainrule::Error> {
    labels.iter().map(|label| Label::new(label.index() % 2)).collect()
}

fn learn<N, O, const CLASSES: usize>(
    net: Owned<N>,
    optimizer: O,
    (images, labels): &Images<CLASSES>,
    epochs: usize,
) -> Result<Owned<N>, chainrule::Error>
where
    N: Maps<Image<1, 8, 8>, Vector<CLASSES>>,
    O: Optimizer<N>,
{
    let mut trainer = Trainer::new(net, CrossEntropy::default(), optimizer, 1);
    for _ in 0..epochs {
        for (images, labels) in images.chunks(32).zip(labels.chunks(32)) {
            trainer.step(images, labels)?;
        }
    }
    Ok(trainer.network)
}

fn percent<N, const CLASSES: usize>(
    net: &N,
    (images, labels): &Images<CLASSES>,
) -> Result<f64, chainrule::Error>
where
    N: Maps<Image<1, 8, 8>, Vector<CLASSES>>,
{
    let outputs: Vec<Vector<CLASSES>> = net.predict_batch(images)?;
    let right = outputs.iter().zip(labels).filter(|(y, label)| Label::from_scores(y) == **label).count();
    Ok(100.0 * right as f64 / labels.len() as f64)
}
