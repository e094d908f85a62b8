//! Layers on tokens and positions, without the sizes of their input.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::sizeless::{becomes, without_sizes};
use super::{After, HasSizes};
use crate::kernel::Real;
use crate::layer::{At, Backward, Embedding, Layer, LearnedPositions, Mode, WorkspaceMut};
use crate::stack::Tied;
use crate::tensor::{Padded, PaddedTokens, Sample, Sequence, Token, Tokens};

/// A trained vector of `WIDTH` numbers for each token of the vocabulary of its input. It becomes an [`Embedding`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Tokens<16, 65>, (EmbeddingTo<32>, GruTo<64>, LastStep, LinearTo<65>)>;
/// let net: Owned<(Embedding<65, 32>, Gru<32, 64>, LastStep, Linear<64, 65>)> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct EmbeddingTo<const WIDTH: usize, T: Real = f32> {
    #[parameter(skip)]
    scalar: PhantomData<fn() -> T>,
}

/// A trained vector for each step of its input. It becomes a [`LearnedPositions`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Tokens<16, 65>, (EmbeddingTo<32>, AutoLearnedPositions)>;
/// let net: Owned<(Embedding<65, 32>, LearnedPositions<16, 32>)> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoLearnedPositions;

becomes! {
    [const VOCAB: usize, const WIDTH: usize, T: Real]
    EmbeddingTo<WIDTH, T>, behind Token<VOCAB>: Embedding<VOCAB, WIDTH, T>;

    [const STEPS: usize, const VOCAB: usize, const WIDTH: usize, T: Real]
    EmbeddingTo<WIDTH, T>, behind Tokens<STEPS, VOCAB>: Embedding<VOCAB, WIDTH, T>;

    [const STEPS: usize, const VOCAB: usize, const WIDTH: usize, T: Real]
    EmbeddingTo<WIDTH, T>, behind PaddedTokens<STEPS, VOCAB>: Embedding<VOCAB, WIDTH, T>;

    [const STEPS: usize, const WIDTH: usize, T: Real]
    AutoLearnedPositions, behind Sequence<STEPS, WIDTH, T>: LearnedPositions<STEPS, WIDTH, T>;

    [const STEPS: usize, const WIDTH: usize, T: Real]
    AutoLearnedPositions, behind Padded<STEPS, WIDTH, T>: LearnedPositions<STEPS, WIDTH, T>;
}

without_sizes!([const WIDTH: usize, T: Real] EmbeddingTo<WIDTH, T>);
without_sizes!([] AutoLearnedPositions);

impl<const PLACE: usize, const VOCAB: usize, const WIDTH: usize, X, B, T, E> After<PLACE, X>
    for Tied<VOCAB, WIDTH, B, T>
where
    T: Real,
    X: Sample,
    Embedding<VOCAB, WIDTH, T>: Layer<X, Output = E>,
    E: Sample + bytemuck::Pod,
    B: After<PLACE, E>,
    Tied<VOCAB, WIDTH, B::Layer, T>: Layer<X>,
{
    type Layer = Tied<VOCAB, WIDTH, B::Layer, T>;
}
