//! Trains a convolutional network on small digits, and writes an ONNX file that onnxruntime runs.
//!
//! Train here, and deploy wherever ONNX runs: browsers, phones, servers, other languages.
//!
//! ```text
//! $ cargo run --release --features onnx --example onnx -- model.onnx
//! 96.77 % of the test digits; the file has 9 kB
//!
//! Run it with these lines of Python (pip install numpy onnxruntime):
//! ..
//! ```
//! Without a name, the file is `model.onnx` in the system's folder for temporary files.

#[path = "support/digits.rs"]
mod digits;

use std::path::PathBuf;

use chainrule::data::Dataset;
use chainrule::metrics::accuracy;
use chainrule::prelude::*;
use chainrule::{network, onnx};
use digits::as_images;

network! {
    /// The values in the file have the names of these fields.
    struct Digits: Image<1, 8, 8> => Vector<10> {
        stem: (Conv2d<1, 8, 3, 1, 1>, BatchNorm<8>, Relu),
        block: Residual<(Conv2d<8, 8, 3, 1, 1>, BatchNorm<8>, Relu)>,
        pool: MaxPool2d<2>,
        head: (Flatten, Dropout<20>, Linear<128, 10>),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path =
        std::env::args_os().nth(1).map_or_else(|| std::env::temp_dir().join("model.onnx"), PathBuf::from);
    let [train, test] = [digits::train()?, digits::test()?].map(|digits| {
        let (images, labels) = as_images(digits);
        Dataset::new(images, labels)
    });
    let (train, test) = (train?, test?);

    let mut trainer = Trainer::new(Digits::init(&mut rng(1)), CrossEntropy::default(), Adam::new(3e-3), 1);
    trainer.fit(&train, Fit::epochs(4).batch_size(32))?;
    let net = trainer.network;
    let scores: Vec<Vector<10>> = net.predict_batch(test.inputs())?;
    let percent = 100.0 * accuracy(&scores, test.targets())?;

    // The file has the network in evaluation mode: no dropout, and norms with their running statistics.
    onnx::save::<Image<1, 8, 8>, _>(&net, &path)?;
    let bytes = std::fs::metadata(&path)?.len();
    println!("{percent:.2} % of the test digits; the file has {} kB", bytes / 1000);
    println!("\nRun it with these lines of Python (pip install numpy onnxruntime):\n");
    println!("import numpy, onnxruntime");
    println!("session = onnxruntime.InferenceSession({:?})", path.display().to_string());
    println!(
        "print(session.run(None, {{\"input\": numpy.zeros([5, 1, 8, 8], numpy.float32)}})[0].argmax(1))  # any batch"
    );
    if percent < 95.0 {
        return Err(format!("{percent:.2} % is below the 95 % that this example promises").into());
    }
    Ok(())
}
