//! The samples, and the two models that learn from them.

use std::error::Error;
use std::f32::consts::TAU;
use std::ops::Range;

use chainrule::data::{Dataset, Standardize};
use chainrule::optimizer::Lbfgs;
use chainrule::prelude::*;

use crate::{DAY, Rentals, Table, WEEK};

/// The numbers of an hour.
const KNOWN: usize = 6;

pub(crate) type Recurrent = (Gru<KNOWN, 32>, LastStep, Linear<32, 1>);
type Autoregression<const STEPS: usize> = Dense<Sequence<STEPS, KNOWN>, Vector<1>>;
type Windows<const STEPS: usize> = Dataset<Sequence<STEPS, KNOWN>, Vector<1>>;

const EPOCHS: u64 = 10;
const PATIENCE: u64 = 5;
const BATCH: usize = 32;
const RATE: f64 = 5e-3;
const VALIDATION: usize = 31 * DAY;

/// The samples of one test.
pub(crate) struct Samples<const STEPS: usize> {
    training: Windows<STEPS>,
    validation: Windows<STEPS>,
    test: Windows<STEPS>,
    /// The scale of the targets, which are square roots of rentals.
    scale: Standardize<Vector<1>>,
}

impl<const STEPS: usize> Samples<STEPS> {
    /// Cuts the table into windows with targets `ahead` hours after them. `tested` are the hours of the test.
    pub(crate) fn new(table: &Table, ahead: usize, tested: Range<usize>) -> Result<Self, Box<dyn Error>> {
        let root = |hour: usize| table.targets()[hour][0].sqrt();
        // The row for the forecast of an hour. The first hour has one a week before it.
        let row = |hour: usize| {
            let (now, [time, working, _]) = (hour - ahead, table.inputs()[hour].0);
            let temperature = table.inputs()[now][2];
            let angle = TAU * time / 24.0;
            Vector([root(now), temperature, working, angle.sin(), angle.cos(), root(hour - WEEK)])
        };
        let mut rows: Vec<_> = (WEEK..tested.end).map(row).collect();
        let mut targets: Vec<_> = (WEEK..tested.end).map(|hour| Vector([root(hour)])).collect();
        let training = tested.start - VALIDATION - WEEK;
        Standardize::fit(&rows[..training])?.apply(&mut rows);
        let scale = Standardize::fit(&targets[..training])?;
        scale.apply(&mut targets);

        // A window has the target of its last row, and the first window ends at row STEPS - 1.
        let windows = Dataset::windows(&rows, &targets, 0)?;
        let (training, rest) = windows.split_at(training - (STEPS - 1))?;
        let (validation, test) = rest.split_at(VALIDATION)?;
        Ok(Self { training, validation, test, scale })
    }

    /// Returns the rentals that a network forecasts for the test.
    fn forecast<N>(&self, net: &N) -> Result<Rentals, chainrule::Error>
    where
        N: Maps<Sequence<STEPS, KNOWN>, Vector<1>>,
    {
        let mut roots = net.predict_batch(self.test.inputs())?;
        self.scale.invert(&mut roots);
        Ok(roots.iter().map(|root| Vector([root[0].max(0.0).powi(2)])).collect())
    }
}

/// Trains a GRU, and returns its forecasts for the test.
pub(crate) fn recurrent(samples: &Samples<DAY>, seed: u64) -> Result<Rentals, Box<dyn Error>> {
    let Samples { training, validation, .. } = samples;
    let steps = EPOCHS * training.len().div_ceil(BATCH) as u64;
    let mut trainer = Trainer::new(Recurrent::init(&mut rng(seed)), MeanSquaredError, Adam::new(RATE), seed)
        .schedule(Schedule::cosine(steps))
        .clip_norm(1.0);
    // At the end the network has the weights of the best epoch.
    trainer.fit(training, Fit::epochs(EPOCHS).batch_size(BATCH).validate(validation).stop_early(PATIENCE))?;
    Ok(samples.forecast(&*trainer.network)?)
}

/// Fits a linear autoregression by least squares, and returns its forecasts for the test.
pub(crate) fn least_squares<const STEPS: usize>(samples: Samples<STEPS>) -> Result<Rentals, Box<dyn Error>> {
    let past = samples.training.clone().concat(samples.validation.clone());
    let (mut net, mut workspace) = (Autoregression::<STEPS>::zeros(), Workspace::default());
    Lbfgs::new().max_iterations(300).minimize(&mut net, |net, gradient| {
        let (inputs, targets) = (past.inputs(), past.targets());
        net.loss_gradient(&MeanSquaredError, inputs, targets, &mut workspace, gradient, &mut rng(0))
    })?;
    Ok(samples.forecast(&*net)?)
}
