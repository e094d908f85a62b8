//! Networks to and from PyTorch: loads two networks that PyTorch trained, trains them further, and saves them for
//! PyTorch.
//!
//! A model does not have to stay in one framework. This example compares the outputs with PyTorch's, in both
//! directions.
//!
//! ```text
//! $ cargo run --release --example pytorch -- FOLDER
//! mlp: 100 outputs, the worst off by 3.6e-7; 94.66 % of the test digits, 94.71 % after an epoch here
//! conv: 100 outputs, the worst off by 3.3e-7; 91.93 % of the test digits, 93.16 % after an epoch here
//! $ python examples/data/pytorch.py check FOLDER    # loads these files with PyTorch's own load_state_dict
//! mlp: 100 outputs, the worst off by 2.6e-07
//! conv: 100 outputs, the worst off by 4.7e-07
//! ```
//! Without a folder, nothing is written. `examples/data/pytorch.py` shows how PyTorch's files were written.

#[path = "support/digits.rs"]
mod digits;

use std::collections::BTreeMap;
use std::path::Path;

use chainrule::checkpoint::Format;
use chainrule::prelude::*;
use digits::as_images;

type Error = Box<dyn std::error::Error>;

/// `self.hidden = nn.Linear(64, 32)`, tanh, `self.head = nn.Linear(32, 10)`, softmax.
type Mlp = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>, Softmax);

/// A `nn.Sequential` called `features`, and a head.
type Conv = (
    (Conv2d<1, 8, 3, 1, 1>, BatchNorm<8>, PRelu, MaxPool2d<2>, Conv2d<8, 8, 3, 1, 0, f32, NoBias>, Relu),
    Flatten,
    Linear<32, 10>,
    Softmax,
);

/// Outputs for the first test digits, by network.
type Outputs = BTreeMap<String, Vec<[f32; 10]>>;

type Digits = (Vec<Image<1, 8, 8>>, Vec<Label<10>>);

fn main() -> Result<(), Error> {
    let folder = std::env::args_os().nth(1);
    let theirs: Outputs = serde_json::from_str(include_str!("data/pytorch.json"))?;
    let digits = [as_images(digits::train()?), as_images(digits::test()?)];

    let mlp: &[u8] = include_bytes!("data/pytorch-mlp.safetensors");
    let mlp_names = Format::pytorch().rename("0", "hidden").rename("2", "head");
    let conv: &[u8] = include_bytes!("data/pytorch-conv.safetensors");
    let conv_names = Format::pytorch().rename("0", "features").rename("2", "head");

    let mut ours = Outputs::new();
    let folder = folder.as_deref().map(Path::new);
    there_and_back::<Mlp>("mlp", mlp, &mlp_names, &digits, &theirs, &mut ours, folder)?;
    there_and_back::<Conv>("conv", conv, &conv_names, &digits, &theirs, &mut ours, folder)?;
    if let Some(folder) = folder {
        std::fs::write(folder.join("outputs.json"), serde_json::to_string(&ours)?)?;
    }
    Ok(())
}

/// Loads PyTorch's file, compares the outputs, trains for an epoch, and saves for PyTorch.
fn there_and_back<N>(
    name: &str,
    file: &[u8],
    names: &Format,
    [train, test]: &[Digits; 2],
    theirs: &Outputs,
    ours: &mut Outputs,
    folder: Option<&Path>,
) -> Result<(), Error>
where
    N: Maps<Image<1, 8, 8>, Vector<10>>,
{
    let net = names.from_bytes::<N>(file)?;
    let theirs = theirs.get(name).ok_or("pytorch.json lacks a network")?;
    let found: Vec<Vector<10>> = net.predict_batch(&test.0[..theirs.len()])?;
    let differences = found.iter().flat_map(|y| y.0).zip(theirs.as_flattened()).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0.0, f32::max);
    let before = percent(&*net, test)?;

    // The outputs are probabilities, because the networks end in a softmax. The squared error can train them.
    let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(2e-3), 1);
    for (images, labels) in train.0.chunks(32).zip(train.1.chunks(32)) {
        let targets: Vec<Vector<10>> = labels.iter().map(one_hot).collect();
        trainer.step(images, &targets)?;
    }
    let (net, count) = (trainer.network, theirs.len());
    let after = percent(&*net, test)?;
    let digits = format!("{before:.2} % of the test digits, {after:.2} % after an epoch here");
    println!("{name}: {count} outputs, the worst off by {worst:.1e}; {digits}");
    if let Some(folder) = folder {
        names.save(&net, folder.join(name).with_extension("safetensors"))?;
        let outputs: Vec<Vector<10>> = net.predict_batch(&test.0[..count])?;
        ours.insert(name.into(), outputs.iter().map(|y| y.0).collect());
    }
    // PyTorch's outputs are in float64. 1e-6 is about sixteen roundings of an f32 near 1, the largest probability.
    if worst <= 1e-6 { Ok(()) } else { Err(format!("{name}: the outputs differ from PyTorch's").into()) }
}

fn one_hot(label: &Label<10>) -> Vector<10> {
    let mut target = Vector::default();
    target[label.index()] = 1.0;
    target
}

fn percent<N>(net: &N, (images, labels): &Digits) -> Result<f64, Error>
where
    N: Maps<Image<1, 8, 8>, Vector<10>>,
{
    let outputs: Vec<Vector<10>> = net.predict_batch(images)?;
    let right = outputs.iter().zip(labels).filter(|(y, label)| Label::from_scores(y) == **label).count();
    Ok(100.0 * right as f64 / labels.len() as f64)
}
