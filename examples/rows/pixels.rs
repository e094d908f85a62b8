//! Three networks that read the digits pixel by pixel.

use std::error::Error;

use chainrule::flow::{Flow, picture};
use chainrule::metrics::accuracy;
use chainrule::prelude::*;

use crate::SEED;
use crate::images::Images;

/// The 64 pixels of a digit are 64 steps, row after row.
type Pixels<R, const UNITS: usize> = (Reshape<Sequence<64, 1>>, R, LastStep, Linear<UNITS, 10>);
/// 4,938 parameters.
type Plain = Pixels<Rnn<1, 64>, 64>;
type Identity = Pixels<Rnn<1, 64, Relu>, 64>;
/// 4,810 parameters: four gates of half as many units.
type Gated = Pixels<Lstm<1, 32>, 32>;

const EPOCHS: u64 = 20;
const BATCH: usize = 32;
/// The learning rates to choose from, by the validation set.
const RATES: [f64; 3] = [1e-3, 3e-3, 1e-2];
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

/// Trains and compares three networks.
pub(crate) fn compare([digits, test]: &[Images<8>; 2]) -> Result<(), Box<dyn Error>> {
    println!("\npixel by pixel: 64 steps of one number, {EPOCHS} epochs");
    let (train, validation) = digits.clone().split(0.8, &mut rng(SEED))?;
    let data = [&train, &validation, test];

    let mut random = rng(SEED);
    let plain = Plain::init(&mut random);
    let mut identity = Identity::init(&mut random);
    Initializer::identity().init_part(&mut *identity, "1.weight_hh", &mut random)?;
    let mut gated = Gated::init(&mut random);
    gated.1.set_forget_bias(1.0);

    println!("                           test      share of |dR/dh(64)| at step 1");
    println!("      parameters   rate  accuracy   new                    trained");
    let runs =
        [Run::new("RNN", plain, data)?, Run::new("IRNN", identity, data)?, Run::new("LSTM", gated, data)?];
    std::fs::create_dir_all(PICTURES)?;
    for (at, name) in ["new", "trained"].into_iter().enumerate() {
        picture::through_time(runs.iter().map(|run| (run.name, &run.flows[at])))?
            .save(format!("{PICTURES}/rows-{name}.png"))?;
    }
    println!("\npictures: target/pictures/rows-new.png and rows-trained.png");
    match &runs[2] {
        Run { percent, .. } if *percent < 90.0 => {
            Err(format!("the LSTM ends at {percent:.2} %, below the 90 % that this example promises").into())
        }
        _ => Ok(()),
    }
}

/// A trained network.
struct Run {
    name: &'static str,
    /// The test accuracy.
    percent: f64,
    /// The gradient flow before and after training.
    flows: [Flow; 2],
}

impl Run {
    /// Trains a network with each of the learning rates, and prints the row of the best one.
    fn new<N: Maps<Image<1, 8, 8>, Vector<10>>>(
        name: &'static str,
        net: Owned<N>,
        [train, validation, test]: [&Images<8>; 3],
    ) -> Result<Self, Box<dyn Error>> {
        let loss = CrossEntropy::default();
        let flow = |net: &N| net.flow(&loss, &train.inputs()[..256], &train.targets()[..256]);
        let percent = |net: &N, of: &Images<8>| -> Result<f64, chainrule::Error> {
            Ok(100.0 * accuracy(&net.predict_batch(of.inputs())?, of.targets())?)
        };
        let steps = EPOCHS * train.len().div_ceil(BATCH) as u64;
        let (mut best, mut best_percent, mut best_rate) = (net.clone(), 0.0, 0.0);
        for rate in RATES {
            let mut trainer = Trainer::new(net.clone(), loss, Adam::new(rate), SEED)
                .schedule(Schedule::cosine(steps))
                .clip_norm(1.0);
            trainer.fit(train, Fit::epochs(EPOCHS).batch_size(BATCH).validate(validation).keep_best())?;
            let percent = percent(&trainer.network, validation)?;
            if percent > best_percent {
                (best, best_percent, best_rate) = (trainer.network, percent, rate);
            }
        }
        let (percent, flows) = (percent(&best, test)?, [flow(&net)?, flow(&best)?]);
        let [new, trained] = flows.each_ref().map(|flow| share(flow).unwrap_or_default());
        println!("{name:4}  {:10}  {best_rate:5}  {percent:6.2} %   {new:21}  {trained}", N::COUNT);
        Ok(Self { name, percent, flows })
    }
}

/// Returns the share of the gradient of the last step that reaches the first step, as text.
fn share(flow: &Flow) -> Option<String> {
    let time = flow.layer("1")?.time.as_ref()?;
    let carried = time.carried_share().map(|share| format!(", cell {share:.1e}"));
    Some(format!("{:.1e}{}", time.share()?, carried.unwrap_or_default()))
}
