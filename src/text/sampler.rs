use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::Error;
use crate::kernel::Real;
use crate::random::rng;
use crate::tensor::{Token, Vector};

/// Draws the next token from the scores (logits) of a network, with a seed.
///
/// p = softmax(logits / temperature). Then these filters leave out tokens, in this order. After each, the remaining
/// probabilities are scaled to a sum of 1.
///
/// * [`top_k`](Self::top_k) keeps the `k` most likely tokens.
/// * [`top_p`](Self::top_p) keeps the fewest tokens, the most likely first, whose probabilities sum to at least `p`.
/// * [`min_p`](Self::min_p) leaves out tokens whose probability is less than this share of the largest one.
///
/// Among equal probabilities, the token of the smaller index counts as more likely. At a temperature of 0, the result
/// is the token with the largest score.
///
/// A token with a score of -∞ is never drawn, so a program can exclude tokens.
///
/// The same seed gives the same tokens on every machine. Nothing is allocated after the first token.
///
/// # Source
/// Top-k: Fan, Lewis, Dauphin, "Hierarchical neural story generation", ACL 2018. Top-p: Holtzman, Buys, Du, Forbes,
/// Choi, "The curious case of neural text degeneration", ICLR 2020, section 3.1. Min-p: Nguyen and others, "Turning up
/// the heat", ICLR 2025.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::text::Sampler;
///
/// let logits = Vector([0.0, 2.0, 1.0, -5.0]);
/// assert_eq!(Sampler::new(1).temperature(0.0).sample(&logits)?, Token::of::<1>());
///
/// let mut sampler = Sampler::new(1).temperature(0.8).top_k(2);
/// for _ in 0..100 {
///     assert!([1, 2].contains(&sampler.sample(&logits)?.index()));
/// }
/// assert!(Sampler::new(1).top_p(1.5).sample(&logits).is_err()); // no probability
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "top-k sampling")]
#[doc(alias = "top-p sampling")]
#[doc(alias = "nucleus sampling")]
#[doc(alias = "multinomial")]
#[derive(Debug)]
pub struct Sampler {
    temperature: f64,
    top_k: Option<usize>,
    top_p: f64,
    min_p: f64,
    random: ChaCha8Rng,
    /// The probability of each token, up to a common factor.
    weights: Vec<f64>,
    /// The tokens that can be drawn. With a filter, they are sorted, the most likely first.
    order: Vec<u32>,
}

impl Sampler {
    /// Creates a sampler with this seed, a temperature of 1, and no filters.
    pub fn new(seed: u64) -> Self {
        let (weights, order) = (vec![], vec![]);
        Self { temperature: 1.0, top_k: None, top_p: 1.0, min_p: 0.0, random: rng(seed), weights, order }
    }

    /// Sets the temperature, at least 0. Below 1, likely tokens become more likely. With 0, the most likely token is
    /// always taken.
    #[doc(alias = "greedy")]
    pub fn temperature(self, temperature: f64) -> Self {
        Self { temperature, ..self }
    }

    /// Leaves out all tokens except the `k` most likely ones; `k` is at least 1.
    pub fn top_k(self, k: usize) -> Self {
        Self { top_k: Some(k), ..self }
    }

    /// Keeps the fewest tokens, the most likely first, whose probabilities sum to at least `p`, which is above 0 and at
    /// most 1.
    #[doc(alias = "nucleus sampling")]
    pub fn top_p(self, p: f64) -> Self {
        Self { top_p: p, ..self }
    }

    /// Leaves out the tokens whose probability is below `p` times the largest one; `p` is from 0 to 1.
    pub fn min_p(self, p: f64) -> Self {
        Self { min_p: p, ..self }
    }

    /// Draws a token.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range, [`Error::NonFiniteLogit`] for a score that is NaN or +∞, or if
    /// all scores are -∞. After an error, no random number has been drawn.
    pub fn sample<const VOCAB: usize, T: Real>(
        &mut self,
        logits: &Vector<VOCAB, T>,
    ) -> Result<Token<VOCAB>, Error> {
        self.draw(&logits.0).and_then(Token::new)
    }

    /// Draws the index of one of these scores.
    pub(super) fn draw<T: Real>(&mut self, logits: &[T]) -> Result<usize, Error> {
        self.weights.clear();
        self.weights.extend(logits.iter().map(|logit| logit.to_f64()));
        self.draw_weighted()
    }

    /// Draws an index. The weights are the scores at first, and become the probabilities.
    fn draw_weighted(&mut self) -> Result<usize, Error> {
        self.check()?;
        let Self { weights, order, random, .. } = self;
        // A score of -∞ is a probability of 0. At least one score must be larger.
        let all_banned = weights.iter().all(|&logit| logit == f64::NEG_INFINITY);
        let wrong = |logit: f64| all_banned || logit.is_nan() || logit == f64::INFINITY;
        if let Some((index, &value)) = weights.iter().enumerate().find(|(_, logit)| wrong(**logit)) {
            return Err(Error::NonFiniteLogit { index, value });
        }
        let likelier = |best: usize, at: usize| if weights[at] > weights[best] { at } else { best };
        let best = (0..weights.len()).reduce(likelier).unwrap_or(0);
        if self.temperature == 0.0 {
            return Ok(best);
        }
        let largest = weights.get(best).copied().unwrap_or(0.0);
        // The exponent is at most 0, so that nothing overflows. -∞ / temperature is allowed.
        weights.iter_mut().for_each(|w| *w = Real::exp((*w - largest) / self.temperature));
        order.clear();
        order.extend(0..weights.len() as u32);
        let weight = |&token: &u32| weights[token as usize];
        if self.top_k.is_some() || self.top_p < 1.0 {
            order.sort_unstable_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.cmp(b)));
            order.truncate(self.top_k.unwrap_or(usize::MAX));
        }
        if self.top_p < 1.0 {
            let needed = self.top_p * order.iter().map(weight).sum::<f64>();
            let mut sum = 0.0;
            let enough = |token| {
                sum += weight(token);
                sum >= needed
            };
            let last = order.iter().position(enough);
            order.truncate(last.map_or(order.len(), |last| last + 1));
        }
        order.retain(|token| weight(token) >= self.min_p); // the largest weight is 1
        let at = random.random::<f64>() * order.iter().map(weight).sum::<f64>();
        let mut sum = 0.0;
        let mut after = order.iter().filter(|token| weight(token) > 0.0);
        let drawn = after.find(|token| {
            sum += weight(token);
            at < sum
        });
        Ok(drawn.map_or(best, |&token| token as usize)) // where rounding makes the sum smaller
    }

    fn check(&self) -> Result<(), Error> {
        let Self { temperature, top_k, top_p, min_p, .. } = *self;
        let setting = |name, value, expected| Err(Error::Setting { name, value, expected });
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return setting("the temperature", temperature, "finite and at least 0");
        }
        if top_k == Some(0) {
            return setting("k of `top_k`", 0.0, "at least 1");
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return setting("p of `top_p`", top_p, "above 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&min_p) {
            return setting("p of `min_p`", min_p, "from 0 to 1");
        }
        Ok(())
    }
}
