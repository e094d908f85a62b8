//! Recurrent layers without the number of features of their input.

use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Parameters;

use super::sizeless::{becomes, without_sizes};
use super::{After, HasSizes};
use crate::kernel::Real;
use crate::layer::{
    Activation, At, Backward, Gru, InitialState, Layer, Lstm, Mode, Rnn, Tanh, WorkspaceMut, ZeroState,
};
use crate::tensor::{Sample, Sequence, Vector};

/// A recurrent layer with `HIDDEN` units and the activation `G`. It becomes an [`Rnn`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<20, 3>, (RnnTo<16>, RnnTo<8, Relu, LearnedState>, LastStep)>;
/// let net: Owned<(Rnn<3, 16>, Rnn<16, 8, Relu, f32, LearnedState>, LastStep)> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct RnnTo<const HIDDEN: usize, G: 'static = Tanh, S: 'static = ZeroState> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> (G, S)>,
}

/// A long short-term memory with `HIDDEN` units. It becomes an [`Lstm`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<20, 3>, (LstmTo<16>, Bidirectional<LstmTo<8>>, LastStep, LinearTo<5>)>;
/// let net: Owned<(Lstm<3, 16>, Bidirectional<Lstm<16, 8>>, LastStep, Linear<16, 5>)> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct LstmTo<const HIDDEN: usize, S: 'static = ZeroState> {
    #[parameter(skip)]
    state: PhantomData<fn() -> S>,
}

/// A gated recurrent unit with `HIDDEN` units. It becomes a [`Gru`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<20, 3>, (GruTo<16>, GruTo<8, LearnedState>, GlobalAvgPool, LinearTo<5>)>;
/// type Same = (Gru<3, 16>, Gru<16, 8, f32, LearnedState>, GlobalAvgPool, Linear<8, 5>);
/// let net: Owned<Same> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct GruTo<const HIDDEN: usize, S: 'static = ZeroState> {
    #[parameter(skip)]
    state: PhantomData<fn() -> S>,
}

becomes! {
    [const IN: usize, const HIDDEN: usize, const STEPS: usize, G: Activation + Parameters, T: Real,
     S: InitialState<Vector<HIDDEN, T>>]
    RnnTo<HIDDEN, G, S>, behind Sequence<STEPS, IN, T>: Rnn<IN, HIDDEN, G, T, S>;

    [const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    LstmTo<HIDDEN, S>, behind Sequence<STEPS, IN, T>: Lstm<IN, HIDDEN, T, S>;

    [const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    GruTo<HIDDEN, S>, behind Sequence<STEPS, IN, T>: Gru<IN, HIDDEN, T, S>;
}

without_sizes!([const HIDDEN: usize, G: 'static, S: 'static] RnnTo<HIDDEN, G, S>);
without_sizes!([const HIDDEN: usize, S: 'static] LstmTo<HIDDEN, S>);
without_sizes!([const HIDDEN: usize, S: 'static] GruTo<HIDDEN, S>);
