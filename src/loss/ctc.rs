use super::{Labels, Loss};
use crate::Error;
use crate::kernel::{Real, exp, maximum};
use crate::tensor::{Label, Sequence};

/// The connectionist temporal classification of a sequence: the labels of a target are read in the steps of the output,
/// in this order, but it is not known at which steps. It is for speech and handwriting.
///
/// Class 0 is the blank. A path has a class for each step; of equal classes side by side all but one are dropped, and
/// then the blanks. With p = softmax(a) at each step: R = -ln Σ Π p over all paths that leave the labels of the target,
/// divided by the number of these labels (or 1, if there are none). dR/da = (p - γ) / labels, where γ is the
/// probability of each class at each step, given the target. The forward-backward algorithm computes both, in
/// logarithms and `f64`.
///
/// The loss of a batch is the mean over its samples: PyTorch's `ctc_loss` of a `log_softmax`, with `blank=0` and
/// `reduction="mean"`.
///
/// # Shapes
/// Output `Sequence<STEPS, CLASSES>` of scores: use no softmax before it. Target [`Labels<CLASSES, MOST>`](Labels): at
/// most `MOST` labels, and none of them 0. A target that no path of `STEPS` steps leaves is an error: each label takes
/// a step, and one more where it equals the label before it.
///
/// # Source
/// Graves et al., "Connectionist temporal classification", ICML 2006, section 4.1. The forward variables are computed
/// again from every middle of the sequence instead of stored, so that their memory does not grow with it: Griewank,
/// "Achieving logarithmic growth of temporal and spatial complexity in reverse automatic differentiation" (1992).
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::loss::{Ctc, Labels};
///
/// // Two steps, equal scores: of the nine paths, "1 1", "0 1" and "1 0" leave "1".
/// let target = Labels::<3, 4>::new(&[Label::new(1)?])?;
/// let loss = Ctc.mean(&[Sequence([[0.0; 3]; 2])], &[target])?;
/// approx::assert_relative_eq!(loss, 3.0_f64.ln(), max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Ctc;

/// A number for each state of a step: the blank before each label and the label, in turns, and the blank behind them.
#[derive(Clone, Copy)]
struct States<const MOST: usize> {
    pairs: [[f64; 2]; MOST],
    last: f64,
}

impl<const MOST: usize> States<MOST> {
    /// Probabilities of 0.
    const NONE: Self = Self { pairs: [[f64::NEG_INFINITY; 2]; MOST], last: f64::NEG_INFINITY };

    fn get(&self, state: usize) -> f64 {
        self.pairs.as_flattened().get(state).copied().unwrap_or(self.last)
    }

    fn set(&mut self, state: usize, value: f64) {
        *self.pairs.as_flattened_mut().get_mut(state).unwrap_or(&mut self.last) = value;
    }
}

/// How many forward variables are stored at once.
const STORED: usize = 16;

/// One sample.
struct Sample<'a, const STEPS: usize, const CLASSES: usize, const MOST: usize, T> {
    scores: &'a [[T; CLASSES]; STEPS],
    labels: &'a [Label<CLASSES>],
    /// ln Σ exp of the scores of each step.
    norms: [f64; STEPS],
}

impl<'a, const STEPS: usize, const CLASSES: usize, const MOST: usize, T: Real>
    Sample<'a, STEPS, CLASSES, MOST, T>
{
    fn new(output: &'a Sequence<STEPS, CLASSES, T>, target: &'a Labels<CLASSES, MOST>) -> Self {
        // In `f64`, because a path is a product of a probability of each step.
        let norms = core::array::from_fn(|step| {
            let largest = maximum(&output.0[step]).to_f64();
            let sum = output.0[step].iter().fold(0.0, |sum, a| sum + exp(a.to_f64() - largest));
            largest + Real::ln(sum)
        });
        Self { scores: &output.0, labels: target.as_slice(), norms }
    }

    fn states(&self) -> usize {
        2 * self.labels.len() + 1
    }

    /// Returns the class of a state: 0, the blank, or a label.
    fn class(&self, state: usize) -> usize {
        if state.is_multiple_of(2) { 0 } else { self.labels[state / 2].index() }
    }

    fn log_probability(&self, step: usize, class: usize) -> f64 {
        self.scores[step][class].to_f64() - self.norms[step]
    }

    /// Returns whether a path may go from the label before this state's label to it, without the blank between them.
    fn skips(&self, state: usize) -> bool {
        state >= 2 && !state.is_multiple_of(2) && self.class(state) != self.class(state - 2)
    }

    /// Returns ln of the probability of all beginnings of paths that are in each state at step 0.
    fn first(&self) -> States<MOST> {
        let mut alpha = States::NONE;
        for state in 0..self.states().min(2) {
            alpha.set(state, self.log_probability(0, self.class(state)));
        }
        alpha
    }

    /// Returns the same at `step`, from that of the step before.
    fn forward(&self, step: usize, before: &States<MOST>) -> States<MOST> {
        let mut alpha = States::NONE;
        for state in 0..self.states() {
            let mut from = before.get(state);
            if state >= 1 {
                from = log_add(from, before.get(state - 1));
            }
            if self.skips(state) {
                from = log_add(from, before.get(state - 2));
            }
            alpha.set(state, from + self.log_probability(step, self.class(state)));
        }
        alpha
    }

    /// Returns ln of the probability of all ends of paths behind each state at `step - 1`, from that at `step`.
    fn backward(&self, step: usize, behind: &States<MOST>) -> States<MOST> {
        let mut beta = States::NONE;
        let through = |state| behind.get(state) + self.log_probability(step, self.class(state));
        for state in 0..self.states() {
            let mut to = through(state);
            if state + 1 < self.states() {
                to = log_add(to, through(state + 1));
            }
            if state + 2 < self.states() && self.skips(state + 2) {
                to = log_add(to, through(state + 2));
            }
            beta.set(state, to);
        }
        beta
    }

    /// Returns the states at which a path may end, which may be the same.
    fn ends(&self) -> [usize; 2] {
        [self.states() - 1, self.states().saturating_sub(2)]
    }

    /// Returns ln of the probability of the target, from the forward variables of the last step.
    fn log_likelihood(&self, last: &States<MOST>) -> f64 {
        let [end, other] = self.ends();
        if end == other { last.get(end) } else { log_add(last.get(end), last.get(other)) }
    }

    fn last(&self) -> States<MOST> {
        (1..STEPS).fold(self.first(), |alpha, step| self.forward(step, &alpha))
    }

    fn share(&self) -> f64 {
        1.0 / self.labels.len().max(1) as f64
    }

    /// Writes the gradient of the steps from `start` to before `end`, given the forward variables at `start` and the
    /// backward variables at `end - 1`. Replaces the latter by those at `start - 1`.
    fn gradient(
        &self,
        [start, end]: [usize; 2],
        alpha: &States<MOST>,
        beta: &mut States<MOST>,
        log_likelihood: f64,
        gradient: &mut [[T; CLASSES]; STEPS],
    ) {
        if end - start > STORED {
            let middle = start + (end - start) / 2;
            let at_middle = (start + 1..=middle).fold(*alpha, |alpha, step| self.forward(step, &alpha));
            self.gradient([middle, end], &at_middle, beta, log_likelihood, gradient);
            return self.gradient([start, middle], alpha, beta, log_likelihood, gradient);
        }
        let mut alphas = [*alpha; STORED];
        for step in start + 1..end {
            alphas[step - start] = self.forward(step, &alphas[step - start - 1]);
        }
        for step in (start..end).rev() {
            self.write(step, &alphas[step - start], beta, log_likelihood, &mut gradient[step]);
            if step > 0 {
                *beta = self.backward(step, beta);
            }
        }
    }

    /// Writes the gradient of one step.
    fn write(
        &self,
        step: usize,
        alpha: &States<MOST>,
        beta: &States<MOST>,
        log_likelihood: f64,
        gradient: &mut [T; CLASSES],
    ) {
        for (class, g) in gradient.iter_mut().enumerate() {
            *g = T::from_f64(self.share() * exp(self.log_probability(step, class)));
        }
        for state in 0..self.states() {
            let given = exp(alpha.get(state) + beta.get(state) - log_likelihood);
            gradient[self.class(state)] -= T::from_f64(self.share() * given);
        }
    }
}

/// Computes ln(exp(a) + exp(b)).
fn log_add(a: f64, b: f64) -> f64 {
    let (more, less) = if a > b { (a, b) } else { (b, a) };
    if less == f64::NEG_INFINITY { more } else { more + Real::ln_1p(exp(less - more)) }
}

#[diagnostic::do_not_recommend] // the message says which target goes with which output
impl<const STEPS: usize, const CLASSES: usize, const MOST: usize, T: Real>
    Loss<Sequence<STEPS, CLASSES, T>, Labels<CLASSES, MOST>> for Ctc
{
    fn value(&self, output: &Sequence<STEPS, CLASSES, T>, target: &Labels<CLASSES, MOST>) -> f64 {
        let sample = Sample::new(output, target);
        -sample.log_likelihood(&sample.last()) * sample.share()
    }

    fn gradient(
        &self,
        output: &Sequence<STEPS, CLASSES, T>,
        target: &Labels<CLASSES, MOST>,
        gradient: &mut Sequence<STEPS, CLASSES, T>,
    ) {
        let sample = Sample::new(output, target);
        let log_likelihood = sample.log_likelihood(&sample.last());
        let mut beta = States::NONE;
        sample.ends().into_iter().for_each(|end| beta.set(end, 0.0));
        sample.gradient([0, STEPS], &sample.first(), &mut beta, log_likelihood, &mut gradient.0);
    }

    fn check(&self, target: &Labels<CLASSES, MOST>, sample: usize) -> Result<(), Error> {
        let labels = target.as_slice();
        if let Some(element) = labels.iter().position(|label| label.index() == 0) {
            let expected = "classes above 0, because 0 is the blank";
            return Err(Error::TargetRange { sample, element, value: 0.0, expected });
        }
        let mut steps = 0;
        for (element, label) in labels.iter().enumerate() {
            let repeated = element > 0 && labels[element - 1] == *label;
            steps += 1 + usize::from(repeated);
            if steps > STEPS {
                let expected = "only as many labels as the output has steps for: one for each label, and one more \
                     where it equals the label before it";
                let value = label.index() as f64;
                return Err(Error::TargetRange { sample, element, value, expected });
            }
        }
        Ok(())
    }
}
