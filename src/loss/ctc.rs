use super::{Labels, Loss};
use crate::Error;
use crate::kernel::{Real, exp, maximum};
use crate::tensor::{Label, Sequence};

/// The connectionist temporal classification (CTC) loss of a sequence. The labels of the target occur in the steps of
/// the output, in this order, but the steps are not known. It is used for speech and handwriting.
///
/// Class 0 is the blank. A path has one class for each step. To read the labels of a path, drop repeated adjacent
/// classes and then the blanks. With p = softmax(a) at each step: R = -ln Σ Π p over all paths with the labels of the
/// target, divided by the number of labels (or by 1, if there are none). dR/da = (p - γ) / labels, where γ is the
/// probability of each class at each step, given the target. The forward-backward algorithm computes both, with
/// logarithms in `f64`.
///
/// The loss of a batch is the mean over its samples. It is PyTorch's `ctc_loss` of a `log_softmax`, with `blank=0` and
/// `reduction="mean"`.
///
/// # Shapes
/// Output `Sequence<STEPS, CLASSES>` of scores. Do not use a softmax before it. Target [`Labels<CLASSES,
/// MOST>`](Labels): at most `MOST` labels, and none of them 0. Each label needs one step, and one more if it equals the
/// label before it. A target that needs more than `STEPS` steps is an error.
///
/// # Source
/// Graves et al., "Connectionist temporal classification", ICML 2006, section 4.1. Most forward variables are not
/// stored but computed again, from the middle of ever shorter parts of the sequence, so that their memory does not grow
/// with its length: Griewank, "Achieving logarithmic growth of temporal and spatial complexity in reverse automatic
/// differentiation" (1992).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::loss::{Ctc, Labels};
///
/// // Two steps, equal scores: three of the nine paths, "1 1", "0 1" and "1 0", have the labels "1".
/// let target = Labels::<3, 4>::new(&[Label::new(1)?])?;
/// let loss = Ctc.mean(&[Sequence([[0.0; 3]; 2])], &[target])?;
/// approx::assert_relative_eq!(loss, 3.0_f64.ln(), max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("CTCLoss", "nn.CTCLoss", "speech recognition", "connectionist temporal classification"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Ctc;

/// A number for each state of a step. The states are, for each label, the blank before it and the label itself, and
/// then the blank after the last label.
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

/// The number of forward variables that are stored at the same time.
const STORED: usize = 16;

/// One sample: its scores and its target.
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
        // In `f64`, because the probability of a path is a product over all steps.
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

    /// Returns whether a path may go from the previous label to the label of this state without the blank between them.
    fn skips(&self, state: usize) -> bool {
        state >= 2 && !state.is_multiple_of(2) && self.class(state) != self.class(state - 2)
    }

    /// Returns the logarithm of the probability of each state at step 0.
    fn first(&self) -> States<MOST> {
        let mut alpha = States::NONE;
        for state in 0..self.states().min(2) {
            alpha.set(state, self.log_probability(0, self.class(state)));
        }
        alpha
    }

    /// Returns the forward variables at `step`, from those of the step before: for each state, the logarithm of the
    /// probability of all beginnings of paths that end in it.
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

    /// Returns the backward variables at `step - 1`, from those at `step`: for each state, the logarithm of the
    /// probability of all ends of paths after it.
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

    /// Returns the two states in which a path may end. They may be the same.
    fn ends(&self) -> [usize; 2] {
        [self.states() - 1, self.states().saturating_sub(2)]
    }

    /// Returns the logarithm of the probability of the target, from the forward variables of the last step.
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
    /// backward variables at `end - 1`. Replaces the backward variables by those at `start - 1`.
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

#[diagnostic::do_not_recommend] // the message says which target belongs to which output
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
