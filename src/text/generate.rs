use bytemuck::zeroed_vec;
use chainrule_parameters::AsNetwork;

use super::Sampler;
use crate::Error;
use crate::kernel::Real;
use crate::layer::{Layer, Workspace};
use crate::network::Network;
use crate::stream::{Stream, StreamState};
use crate::tensor::{PaddedTokens, Sequence, Token, Tokens, Vector};

/// Generates text with a network that is a [stream](crate::stream). Returns an iterator over the tokens after the
/// prompt. Each token takes one step of the network.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::text::{Bytes, Sampler, Tokenizer, generate};
///
/// type Net = (Embedding<256, 8>, Gru<8, 16>, Linear<16, 256>);
/// let net = Net::init(&mut rng(1)); // it has not been trained
/// let mut sampler = Sampler::new(2).temperature(0.8).top_p(0.95);
/// let text = generate(&net, &Bytes.encode("Once upon")?, &mut sampler)?.take(20).collect::<Result<Vec<_>, _>>()?;
/// println!("{}", Bytes.decode(&text)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The iterator has no end: use `take`, or stop at a token with [`until`](Generated::until). Nothing is allocated after
/// the first token.
///
/// # Errors
/// [`Error::Setting`] for an empty prompt: start with a token that starts a text. If the network or the [`Sampler`]
/// fails, the item of the iterator is an error, and the iterator ends.
#[doc(alias = "model.generate")]
#[doc(alias = "autoregressive")]
#[doc(alias = "text generation")]
#[allow(clippy::type_complexity)]
pub fn generate<'a, A, N, T: Real, const VOCAB: usize>(
    network: &'a A,
    prompt: &[Token<VOCAB>],
    sampler: &'a mut Sampler,
) -> Result<
    Generated<
        'a,
        VOCAB,
        T,
        impl FnMut(Token<VOCAB>, &mut Vector<VOCAB, T>) -> Result<(), Error> + use<'a, A, N, T, VOCAB>,
    >,
    Error,
>
where
    A: AsNetwork<Network = N>,
    N: Stream<Token<VOCAB>, Output = Vector<VOCAB, T>>,
{
    let (network, mut state) = (network.as_network(), StreamState::new(network));
    generate_by(prompt, sampler, move |token, logits: &mut Vector<VOCAB, T>| {
        *logits = network.step(&token, &mut state)?;
        Ok(())
    })
}

/// Generates text like [`generate`], but with a network that processes a whole window. Its output at a step must not
/// depend on later steps: for example a causal transformer. The prompt has at most one token for each step of the
/// window. When the window is full, it moves by one token.
///
/// Each token takes a pass over the whole window.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::text::{Sampler, generate_windowed};
///
/// type Net = (Embedding<10, 8>, Conv1dWith<8, 10, (Kernel<3>, Causal)>);
/// let net = Net::init(&mut rng(1));
/// let prompt = PaddedTokens::<16, 10>::from_indices(&[3, 1])?;
/// let mut sampler = Sampler::new(2);
/// let tokens = generate_windowed(&net, prompt, &mut sampler)?.take(100).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(tokens.len(), 100);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// The same as [`generate`].
#[doc(alias = "GPT")]
#[allow(clippy::type_complexity)]
pub fn generate_windowed<'a, A, N, T: Real, const STEPS: usize, const VOCAB: usize>(
    network: &'a A,
    prompt: PaddedTokens<STEPS, VOCAB>,
    sampler: &'a mut Sampler,
) -> Result<
    Generated<
        'a,
        VOCAB,
        T,
        impl FnMut(Token<VOCAB>, &mut Vector<VOCAB, T>) -> Result<(), Error> + use<'a, A, N, T, STEPS, VOCAB>,
    >,
    Error,
>
where
    A: AsNetwork<Network = N>,
    N: Layer<Tokens<STEPS, VOCAB>, Output = Sequence<STEPS, VOCAB, T>>,
{
    let network = network.as_network();
    let (mut window, mut outputs) =
        (zeroed_vec::<Tokens<STEPS, VOCAB>>(1), zeroed_vec::<Sequence<STEPS, VOCAB, T>>(1));
    let (mut length, mut workspace) = (0, Workspace::default());
    let prompt: Vec<_> = prompt.tokens().collect();
    // The tokens of the prompt need no pass, except the last one.
    let mut without_pass = prompt.len().saturating_sub(1);
    generate_by(&prompt, sampler, move |token, logits| {
        if length == STEPS {
            window[0].0.rotate_left(1);
            length -= 1;
        }
        window[0].0[length] = token;
        length += 1;
        if without_pass > 0 {
            without_pass -= 1;
            return Ok(());
        }
        network.predict_into(&window, &mut outputs, &mut workspace)?;
        logits.0 = outputs[0].0[length - 1];
        Ok(())
    })
}

/// Generates text like [`generate`], but with any function that computes the scores of the next token: `next` gets each
/// token, including the prompt, and writes the scores of the token after it.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::text::{Sampler, generate_by};
///
/// // The next token is the last one plus 1, modulo 5.
/// let count = |last: Token<5>, logits: &mut Vector<5>| {
///     *logits = Token::new((last.index() + 1) % 5)?.one_hot();
///     Ok(())
/// };
/// let mut sampler = Sampler::new(1).temperature(0.0);
/// let tokens = generate_by(&[Token::of::<2>()], &mut sampler, count)?.until(Token::of::<1>());
/// assert_eq!(tokens.collect::<Result<Vec<_>, _>>()?, [Token::of::<3>(), Token::of::<4>(), Token::of::<0>()]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// The same as [`generate`].
pub fn generate_by<'a, F, T: Real, const VOCAB: usize>(
    prompt: &[Token<VOCAB>],
    sampler: &'a mut Sampler,
    mut next: F,
) -> Result<Generated<'a, VOCAB, T, F>, Error>
where
    F: FnMut(Token<VOCAB>, &mut Vector<VOCAB, T>) -> Result<(), Error>,
{
    let Some((&last, before)) = prompt.split_last() else {
        let (name, expected) = ("the length of a prompt", "at least 1");
        return Err(Error::Setting { name, value: 0.0, expected });
    };
    let mut logits = zeroed_vec(1);
    before.iter().try_for_each(|&token| next(token, &mut logits[0]))?;
    Ok(Generated { sampler, next, logits, last: Some(last), stop: None })
}

/// The tokens that a network generates. [`generate`], [`generate_windowed`] and [`generate_by`] return it; the example
/// of [`generate_by`] calls [`until`](Self::until).
pub struct Generated<'a, const VOCAB: usize, T: Real, F> {
    sampler: &'a mut Sampler,
    next: F,
    /// A single vector, on the heap.
    logits: Vec<Vector<VOCAB, T>>,
    /// The token from which the next one is generated; `None` after the end.
    last: Option<Token<VOCAB>>,
    stop: Option<Token<VOCAB>>,
}

impl<const VOCAB: usize, T: Real, F> Generated<'_, VOCAB, T, F> {
    /// Ends before this token.
    #[doc(alias = "eos_token")]
    #[doc(alias = "stop token")]
    pub fn until(self, stop: Token<VOCAB>) -> Self {
        Self { stop: Some(stop), ..self }
    }
}

impl<const VOCAB: usize, T: Real, F> Iterator for Generated<'_, VOCAB, T, F>
where
    F: FnMut(Token<VOCAB>, &mut Vector<VOCAB, T>) -> Result<(), Error>,
{
    type Item = Result<Token<VOCAB>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let last = self.last.take()?;
        let logits = &mut self.logits[0];
        let drawn = (self.next)(last, logits).and_then(|()| self.sampler.sample(logits));
        self.last = drawn.as_ref().ok().copied().filter(|&token| self.stop != Some(token));
        match (self.last, drawn) {
            (None, Ok(_)) => None, // the stop token
            (_, drawn) => Some(drawn),
        }
    }
}
