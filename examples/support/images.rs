//! What the image classifiers among the examples share: where images come from, and the loop that learns them.

#[path = "digits.rs"]
mod digits;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use chainrule::data::idx;
use chainrule::prelude::*;
use chainrule::rand::Rng;
use chainrule::rand::seq::SliceRandom;
use indicatif::{ProgressBar, ProgressStyle};

/// Images of one channel, and the class of each.
pub(crate) struct Set<const SIDE: usize> {
    pub(crate) images: Vec<Image<1, SIDE, SIDE>>,
    pub(crate) labels: Vec<Label<10>>,
}

impl Set<8> {
    /// The digits that come with this crate, to learn from.
    pub(crate) fn digits_to_learn() -> Result<Self, String> {
        let (images, labels) = digits::as_images(digits::train()?);
        Ok(Self { images, labels })
    }

    /// Digits of other writers, to test with.
    pub(crate) fn digits_to_test() -> Result<Self, String> {
        let (images, labels) = digits::as_images(digits::test()?);
        Ok(Self { images, labels })
    }
}

impl<const SIDE: usize> Set<SIDE> {
    /// The part `train` or `t10k` of MNIST, or of a set in its format, from the folder with its four files, each as it
    /// is or compressed by gzip.
    pub(crate) fn idx(folder: &Path, part: &str) -> Result<Self, Box<dyn Error>> {
        let file = |kind: &str| {
            let plain = folder.join(format!("{part}-{kind}-ubyte"));
            if plain.exists() { plain } else { plain.with_extension("gz") }
        };
        let (images, labels) = idx::pair(file("images-idx3"), file("labels-idx1"))?;
        Ok(Self { images, labels })
    }

    /// The same images in another order.
    fn shuffle(&mut self, random: &mut impl Rng) {
        let mut order: Vec<usize> = (0..self.images.len()).collect();
        order.shuffle(random);
        self.images = order.iter().map(|&at| self.images[at]).collect();
        self.labels = order.iter().map(|&at| self.labels[at]).collect();
    }
}

/// How long and how fast to learn.
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
}

/// Trains with Adam at a rate that falls to zero along a straight line, and prints an accuracy an epoch. Gives the last one,
/// in per cent.
pub(crate) fn learn<N, const SIDE: usize>(
    net: N,
    mut train: Set<SIDE>,
    test: &Set<SIDE>,
    plan: Plan,
    seed: u64,
) -> Result<f64, Box<dyn Error>>
where
    N: Layer<Image<1, SIDE, SIDE>, Output = Vector<10>>,
{
    println!("{}", N::summary::<Image<1, SIDE, SIDE>>());
    println!("\n{} images to learn, {} to test", train.images.len(), test.images.len());
    let start = Instant::now();
    let mut random = rng(seed);
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(plan.rate), seed);
    let steps = plan.epochs * train.images.len().div_ceil(plan.batch);
    let bar = ProgressBar::new(steps as u64); // silent where there is no terminal
    bar.set_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} steps, loss {msg}, {eta} left")?);
    let mut percent = 0.0;
    for epoch in 1..=plan.epochs {
        train.shuffle(&mut random);
        let mut sum = 0.0;
        for (images, labels) in train.images.chunks(plan.batch).zip(train.labels.chunks(plan.batch)) {
            trainer.optimizer.learning_rate = plan.rate * (1.0 - bar.position() as f64 / steps as f64);
            let loss = trainer.step(images, labels)?;
            sum += loss * images.len() as f64;
            bar.set_message(format!("{loss:.3}"));
            bar.inc(1);
        }
        let (loss, right) = (sum / train.images.len() as f64, accuracy(&trainer.network, test)?);
        percent = 100.0 * right;
        bar.suspend(|| println!("epoch {epoch}  mean loss {loss:.4}  test accuracy {percent:.2} %"));
    }
    bar.finish_and_clear();
    eprintln!("{:.1} s", start.elapsed().as_secs_f64()); // what is on stdout is the same for the same seed
    Ok(percent)
}

/// The share of images whose largest score is that of their class.
fn accuracy<N, const SIDE: usize>(net: &N, set: &Set<SIDE>) -> Result<f64, chainrule::Error>
where
    N: Layer<Image<1, SIDE, SIDE>, Output = Vector<10>>,
{
    let mut right = 0;
    for (images, labels) in set.images.chunks(256).zip(set.labels.chunks(256)) {
        let scores = net.predict_batch(images)?;
        right +=
            scores.iter().zip(labels).filter(|(scores, label)| Label::from_scores(scores) == **label).count();
    }
    Ok(right as f64 / set.images.len() as f64)
}
