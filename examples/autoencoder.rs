//! An autoencoder: compresses 64 pixels to 8 numbers and back, compared with the best linear map through 8 numbers.
//!
//! Compression, denoising and anomaly detection use such networks. The comparison with principal component analysis
//! (PCA) shows what the nonlinear layers add.
//!
//! ```text
//! $ cargo run --release --features nalgebra,plot --example autoencoder
//! mean squared error a pixel         3823 digits in training  1797 others
//! the mean digit                                     0.07349      0.07352
//! 8 principal components                             0.02385      0.02513
//! autoencoder, a code of 8                           0.00896      0.01229
//! ..
//! ```
//! The errors are mean squared errors of a pixel (0 is paper, 1 is ink), on digits of other writers than in training.
//! `target/pictures/autoencoder.png` shows a digit of each class as it was written, as the network reconstructs it,
//! and as 8 principal components do: the network's strokes are sharper. The program fails if the network's error is
//! not the smaller one.
//!
//! # Source
//! Hinton, Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313 (2006).

#[path = "support/digits.rs"]
mod digits;

use chainrule::data::{Dataset, Loader};
use chainrule::metrics::mean_squared_error;
use chainrule::plot::Pixels;
use chainrule::prelude::*;
use nalgebra::{DMatrix, RowDVector};

/// The size of the code between encoder and decoder.
const CODE: usize = 8;
type Encoder = (Linear<64, 128>, Relu, Linear<128, CODE>);
type Decoder = (Linear<CODE, 128>, Relu, Linear<128, 64>, Sigmoid);
type Net = (Encoder, Decoder);

const SEED: u64 = 0;
const EPOCHS: usize = 60;
const BATCH: usize = 32;
const RATE: f64 = 2e-3;
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

/// The mean digit, and the principal components, the most important first.
struct Pca {
    mean: RowDVector<f64>,
    directions: DMatrix<f64>,
}

impl Pca {
    fn fit(digits: &[Vector<64>]) -> Result<Self, &'static str> {
        let mut rows = matrix(digits);
        let mean = rows.row_mean();
        rows.row_iter_mut().for_each(|mut row| row -= &mean);
        let directions = rows.svd(false, true).v_t.ok_or("the singular values do not converge")?;
        Ok(Self { mean, directions })
    }

    /// Reconstructs the digits from this number of components.
    fn reconstruct(&self, digits: &[Vector<64>], components: usize) -> Vec<Vector<64>> {
        let mut rows = matrix(digits);
        rows.row_iter_mut().for_each(|mut row| row -= &self.mean);
        let directions = self.directions.rows(0, components);
        let mut rows = rows * directions.transpose() * directions;
        rows.row_iter_mut().for_each(|mut row| row += &self.mean);
        rows.row_iter().map(|row| Vector(std::array::from_fn(|pixel| row[pixel] as f32))).collect()
    }
}

/// Returns the digits as the rows of a matrix.
fn matrix(digits: &[Vector<64>]) -> DMatrix<f64> {
    DMatrix::from_row_iterator(digits.len(), 64, digits.iter().flat_map(|digit| digit.0).map(f64::from))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, _): (Vec<_>, Vec<_>) = digits::train()?.into_iter().unzip();
    let (test, labels): (Vec<_>, Vec<_>) = digits::test()?.into_iter().unzip();

    let pairs = Dataset::new(train.clone(), train.clone())?;
    let (mut batches, mut random) = (Loader::new(&pairs, BATCH)?, rng(SEED));
    let net = Net::init_with(Initializer::he_normal(), &mut random);
    let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(RATE), SEED);
    for epoch in 0..EPOCHS {
        trainer.optimizer.learning_rate = RATE * (1.0 - epoch as f64 / EPOCHS as f64);
        while let Some((inputs, targets)) = batches.next(&mut random)? {
            trainer.step(inputs, targets)?;
        }
    }

    let pca = Pca::fit(&train)?;
    let network_test: Vec<Vector<64>> = trainer.network.predict_batch(&test)?;
    let network_train: Vec<Vector<64>> = trainer.network.predict_batch(&train)?;
    let linear = |components| mean_squared_error(&pca.reconstruct(&test, components), &test);
    let [ours, theirs] = [mean_squared_error(&network_test, &test)?, linear(CODE)?];
    println!("mean squared error a pixel         {} digits in training  {} others", train.len(), test.len());
    for (name, train, test) in [
        ("the mean digit".into(), mean_squared_error(&pca.reconstruct(&train, 0), &train)?, linear(0)?),
        (
            format!("{CODE} principal components"),
            mean_squared_error(&pca.reconstruct(&train, CODE), &train)?,
            theirs,
        ),
        (format!("autoencoder, a code of {CODE}"), mean_squared_error(&network_train, &train)?, ours),
    ] {
        println!("{name:32} {train:25.5}  {test:11.5}");
    }

    let shown = Label::<10>::all().filter_map(|class| labels.iter().position(|&label| label == class));
    let shown: Vec<usize> = shown.collect();
    let pick = |digits: &[Vector<64>]| -> Vec<[f32; 64]> { shown.iter().map(|&at| digits[at].0).collect() };
    std::fs::create_dir_all(PICTURES)?;
    let picture = Pixels::new(format!("Digits through {CODE} numbers and back"), 8, 8)
        .row("digit", pick(&test))
        .row(format!("autoencoder ({ours:.4})"), pick(&network_test))
        .row(format!("PCA ({theirs:.4})"), pick(&pca.reconstruct(&test, CODE)))
        .note("The first digit of each class in the test set; in brackets the mean squared error over all of it.");
    picture.picture()?.save(format!("{PICTURES}/autoencoder.png"))?;

    let mut needed = CODE;
    while needed < 64 && linear(needed)? > ours {
        needed += 1;
    }
    println!(
        "\nOn the test digits the network's error is {:.0} % less than the error of {CODE} principal components, \
         and about the same\nas of {needed}.\npicture: target/pictures/autoencoder.png",
        100.0 * (1.0 - ours / theirs)
    );
    if ours >= theirs {
        return Err("the network is not better than principal components".into());
    }
    Ok(())
}
