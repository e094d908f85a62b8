//! Regression on a real table: the strength of concrete, from its components and its age.
//!
//! It shows what a fair comparison with a simple model needs: random splits, standardization by the training rows only,
//! early stopping on a validation set, and least squares on the same rows.
//!
//! ```text
//! $ cargo run --release --features csv,gzip,nalgebra --example regression
//! 1030 rows of 8 inputs and a target, 1377 parameters
//!
//!         least squares      network            best
//! split   R²     error/MPa   R²     error/MPa   epoch
//!     1   0.460      12.17   0.863       6.13     104
//! ..
//! ```
//! The table (`examples/data/README.md`) is split five times into 80 % for training and 20 % for testing. The network
//! uses a part of the 80 % as its validation set; least squares uses all of it. R² is the share of the variance of
//! the test rows that is explained. The network is better because strength is not linear: it grows more slowly with
//! age, and water reduces the effect of cement. The program fails unless the network is better in all five splits.
//!
//! Many rows are the same mixture at several ages, so a mixture can be in both parts, for both models. A completely new
//! mixture would be harder.

use std::error::Error;

use chainrule::data::{Csv, Dataset, Loader, Standardize};
use chainrule::metrics::{mean_squared_error, r_squared};
use chainrule::prelude::*;
use nalgebra::{DMatrix, DVector};

type Net = (Linear<8, 32>, Tanh, Linear<32, 32>, Tanh, Linear<32, 1>);
type Table = Dataset<Vector<8>, Vector<1>>;

const SPLITS: u64 = 5;
const BATCH: usize = 32;
const RATE: f64 = 5e-3;
const MOST_EPOCHS: usize = 1000;
/// The patience of early stopping, in epochs.
const PATIENCE: usize = 100;

fn read() -> Result<Table, Box<dyn Error>> {
    let bytes = &include_bytes!("data/concrete-strength.csv.gz")[..];
    Ok(Csv::from_reader("concrete-strength.csv", bytes).numbers(["compressive_strength"])?.read()?)
}

/// Trains a network on `learn`. Returns its predictions for `test`, in MPa, and its best epoch.
fn network(learn: Table, test: &Table, seed: u64) -> Result<(Vec<Vector<1>>, usize), Box<dyn Error>> {
    let mut random = rng(seed);
    let (mut train, mut validation) = learn.split(0.85, &mut random)?;
    let inputs = Standardize::fit(train.inputs())?;
    let targets = Standardize::fit(train.targets())?;
    for part in [&mut train, &mut validation] {
        inputs.apply(part.inputs_mut());
        targets.apply(part.targets_mut());
    }

    let mut trainer = Trainer::new(Net::init(&mut random), MeanSquaredError, Adam::new(RATE), seed);
    let mut batches = Loader::new(&train, BATCH)?;
    let (mut best, mut best_error, mut best_epoch) = (trainer.network.clone(), f64::INFINITY, 0);
    for epoch in 1..=MOST_EPOCHS {
        while let Some((inputs, targets)) = batches.next(&mut random)? {
            trainer.step(inputs, targets)?;
        }
        let error = trainer.network.loss(&MeanSquaredError, validation.inputs(), validation.targets())?;
        if error < best_error {
            (best, best_error, best_epoch) = (trainer.network.clone(), error, epoch);
        } else if epoch - best_epoch == PATIENCE {
            break;
        }
    }

    let mut unseen = test.inputs().to_vec();
    inputs.apply(&mut unseen);
    let mut answers = best.predict_batch(&unseen)?;
    targets.invert(&mut answers);
    Ok((answers, best_epoch))
}

/// Fits a plane to `learn` by least squares. Returns its predictions for `test`.
fn least_squares(learn: &Table, test: &Table) -> Result<Vec<Vector<1>>, &'static str> {
    let design = |table: &Table| {
        DMatrix::from_fn(table.len(), 9, |row, column| match column {
            8 => 1.0,
            _ => f64::from(table.inputs()[row][column]),
        })
    };
    let strengths = DVector::from_iterator(learn.len(), learn.targets().iter().map(|y| f64::from(y[0])));
    // The threshold is far below the smallest singular value: the columns are 1, or have values up to 1,145.
    let coefficients = design(learn).svd(true, true).solve(&strengths, 1e-9)?;
    Ok((design(test) * coefficients).iter().map(|&y| Vector([y as f32])).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let table = read()?;
    println!("{} rows of 8 inputs and a target, {} parameters\n", table.len(), Net::COUNT);
    println!("        least squares      network            best");
    println!("split   R²     error/MPa   R²     error/MPa   epoch");
    let (mut wins, mut means) = (0, [0.0; 2]);
    for split in 0..SPLITS {
        let (learn, test) = table.clone().split(0.8, &mut rng(100 + split))?;
        let plane = least_squares(&learn, &test)?;
        let (answers, epoch) = network(learn, &test, split)?;
        let measure = |answers: &[Vector<1>]| -> Result<(f64, f64), chainrule::Error> {
            let error = mean_squared_error(answers, test.targets())?.sqrt();
            Ok((r_squared(answers, test.targets())?, error))
        };
        let [(r_plane, error_plane), (r_network, error_network)] = [measure(&plane)?, measure(&answers)?];
        println!(
            "{:5}   {r_plane:.3}  {error_plane:9.2}   {r_network:.3}  {error_network:9.2}   {epoch:5}",
            split + 1
        );
        wins += u64::from(r_network > r_plane);
        means = [means[0] + r_plane / SPLITS as f64, means[1] + r_network / SPLITS as f64];
    }
    println!(
        "\nThe network is better in {wins} of {SPLITS} splits. Its mean R² is {:.3}, and {:.3} for least squares: \
         it explains {:.0} %\nof the variance that least squares does not explain.",
        means[1],
        means[0],
        100.0 * (means[1] - means[0]) / (1.0 - means[0])
    );
    if wins < SPLITS {
        return Err("the network is not better than least squares in every split".into());
    }
    Ok(())
}
