//! The training data, and the loss.

use chainrule::data::Dataset;
use chainrule::prelude::*;

use crate::sound;

const WINDOW: usize = 2048;
/// The first steps of a window, which do not count: a network does not have the samples before them.
pub(crate) const WARM_UP: usize = 512;

pub(crate) type Window = Sequence<WINDOW, 1>;

/// The mean squared error of the steps after the warm-up, divided by the mean square of all targets (`power`).
pub(crate) struct ErrorToSignal {
    pub(crate) power: f64,
}

impl ErrorToSignal {
    /// Calls `f` for each step that counts, with its error.
    fn each(output: &Window, target: &Window, mut f: impl FnMut(usize, f64)) {
        (WARM_UP..WINDOW).for_each(|step| f(step, f64::from(output[(step, 0)] - target[(step, 0)])));
    }

    /// Returns the number by which a sum over these steps is divided.
    fn divisor(&self) -> f64 {
        self.power * (WINDOW - WARM_UP) as f64
    }
}

impl Loss<Window, Window> for ErrorToSignal {
    fn value(&self, output: &Window, target: &Window) -> f64 {
        let mut sum = 0.0;
        Self::each(output, target, |_, error| sum += error * error);
        sum / self.divisor()
    }

    fn gradient(&self, output: &Window, target: &Window, gradient: &mut Window) {
        gradient.as_mut_slice().fill(0.0);
        Self::each(output, target, |step, error| gradient[(step, 0)] = (2.0 * error / self.divisor()) as f32);
    }

    fn check(&self, _: &Window, _: usize) -> Result<(), chainrule::Error> {
        Ok(()) // this program makes the targets, and they are finite
    }
}

/// A sound, before and after the amplifier.
pub(crate) struct Take {
    pub(crate) input: Vec<f32>,
    pub(crate) target: Vec<f32>,
}

impl Take {
    pub(crate) fn new(samples: usize, seed: u64) -> Self {
        let input = sound::strings(samples, &mut rng(seed));
        let target = sound::amplify(&input);
        Self { input, target }
    }

    /// Cuts the sound into windows. They overlap by the warm-up.
    pub(crate) fn windows(&self) -> Result<Dataset<Window, Window>, Box<dyn std::error::Error>> {
        let starts = (0..=self.input.len() - WINDOW).step_by(WINDOW - WARM_UP);
        let cut = |sound: &[f32]| -> Result<Vec<Window>, chainrule::Error> {
            starts.clone().map(|start| Window::from_slice(&sound[start..][..WINDOW])).collect()
        };
        Ok(Dataset::new(cut(&self.input)?, cut(&self.target)?)?)
    }
}
