//! Shared by the image classifiers among the examples: data and training.

#[path = "digits.rs"]
mod digits;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use chainrule::data::{Dataset, idx};
use chainrule::metrics::{History, accuracy};
use chainrule::prelude::*;

pub(crate) type Done = Result<(), Box<dyn Error>>;

/// Calls `mnist` with the folder that is the program's argument, or `small` without an argument. Prints an error.
#[allow(dead_code)] // used by the examples without other arguments
pub(crate) fn run(mnist: fn(&Path) -> Done, small: fn() -> Done) -> ExitCode {
    let done = std::env::args_os().nth(1).map_or_else(small, |folder| mnist(folder.as_ref()));
    if let Err(error) = done {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Fails if the accuracy is below the one that an example promises, both in per cent.
#[allow(dead_code)] // not every example promises one
pub(crate) fn promise(percent: f64, promised: f64) -> Done {
    if percent < promised {
        return Err(format!("{percent:.2} % is below the {promised} % that this example promises").into());
    }
    Ok(())
}

/// Images with one channel, and their classes.
pub(crate) type Images<const SIDE: usize> = Dataset<Image<1, SIDE, SIDE>, Label<10>>;

/// Returns the digits of this crate: some writers for training, others for testing.
pub(crate) fn digits() -> Result<[Images<8>; 2], Box<dyn Error>> {
    let images = |(images, labels)| Dataset::new(images, labels);
    Ok([images(digits::as_images(digits::train()?))?, images(digits::as_images(digits::test()?))?])
}

/// Reads the training and the test images of MNIST, or of a set in its format such as Fashion-MNIST, from a folder with
/// its four IDX files, plain or compressed by gzip.
pub(crate) fn mnist(folder: &Path) -> Result<[Images<28>; 2], Box<dyn Error>> {
    let part = |part: &str| {
        let file = |kind: &str| {
            let plain = folder.join(format!("{part}-{kind}-ubyte"));
            if plain.exists() { plain } else { plain.with_extension("gz") }
        };
        let (images, labels) = idx::pair(file("images-idx3"), file("labels-idx1"))?;
        Dataset::new(images, labels)
    };
    Ok([part("train")?, part("t10k")?])
}

/// How to train.
pub(crate) struct Plan {
    pub(crate) epochs: u64,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
}

/// Trains with Adam and a cosine schedule, and prints the accuracy after each epoch. Returns the network, the history,
/// and the last accuracy in per cent.
pub(crate) fn learn<N, const SIDE: usize>(
    net: Owned<N>,
    [train, test]: &[Images<SIDE>; 2],
    plan: Plan,
    seed: u64,
) -> Result<(Owned<N>, History, f64), Box<dyn Error>>
where
    N: Maps<Image<1, SIDE, SIDE>, Vector<10>>,
{
    println!("{}", N::summary::<Image<1, SIDE, SIDE>>());
    println!("\n{} images to learn, {} to test", train.len(), test.len());
    let start = Instant::now();
    let steps = plan.epochs * train.len().div_ceil(plan.batch) as u64;
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(plan.rate), seed)
        .schedule(Schedule::cosine(steps));
    let mut percent = 0.0;
    let options = Fit::epochs(plan.epochs).batch_size(plan.batch).validate(test).metric("accuracy", accuracy);
    let history = trainer.fit(
        train,
        options.on_epoch(|epoch| {
            percent = 100.0 * epoch.metric("accuracy").unwrap_or_default();
            println!("epoch {}  mean loss {:.4}  test accuracy {percent:.2} %", epoch.number, epoch.loss);
            ControlFlow::Continue(())
        }),
    )?;
    eprintln!("{:.1} s", start.elapsed().as_secs_f64()); // on stderr, because stdout is the same for the same seed
    Ok((trainer.network, history, percent))
}
