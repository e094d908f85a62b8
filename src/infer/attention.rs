//! Attention layers without the width of their input.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::sizeless::{becomes, without_sizes};
use super::{After, HasSizes};
use crate::kernel::Real;
use crate::layer::{At, Backward, Layer, Mode, WorkspaceMut};
use crate::stack::{AttentionSettings, CrossAttention, NoMask, SelfAttention};
use crate::tensor::{Padded, Pair, Sample, Sequence};

/// Attention with `HEADS` heads; the width is that of the input. It becomes a [`SelfAttention`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<20, 16>, (AutoSelfAttention<4, Causal>, LastStep, LinearTo<5>)>;
/// let net: Owned<(SelfAttention<16, 4, Causal>, LastStep, Linear<16, 5>)> = Net::init(&mut rng(0));
/// ```
#[doc(alias("lazy", "nn.MultiheadAttention"))]
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoSelfAttention<const HEADS: usize, M: 'static = NoMask> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> M>,
}

/// Attention with `HEADS` heads to the second half of a pair; the widths are those of the input. It becomes a
/// [`CrossAttention`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Pair<Sequence<5, 8>, Sequence<9, 6>>, AutoCrossAttention<2>>;
/// let net: Owned<CrossAttention<8, 2, NoMask, f32, 6>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoCrossAttention<const HEADS: usize, M: 'static = NoMask> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> M>,
}

becomes! {
    [X: Sample, const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const KEY_VALUE: usize]
    SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>, behind X: SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>;

    [X: Sample, const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const MEMORY: usize,
     const KEY_VALUE: usize]
    CrossAttention<WIDTH, HEADS, M, T, MEMORY, KEY_VALUE>, behind X:
    CrossAttention<WIDTH, HEADS, M, T, MEMORY, KEY_VALUE>;

    [const HEADS: usize, const STEPS: usize, const WIDTH: usize, T: Real, M: AttentionSettings]
    AutoSelfAttention<HEADS, M>, behind Sequence<STEPS, WIDTH, T>: SelfAttention<WIDTH, HEADS, M, T, WIDTH>;

    [const HEADS: usize, const STEPS: usize, const WIDTH: usize, T: Real, M: AttentionSettings]
    AutoSelfAttention<HEADS, M>, behind Padded<STEPS, WIDTH, T>: SelfAttention<WIDTH, HEADS, M, T, WIDTH>;

    [const HEADS: usize, const STEPS: usize, const WIDTH: usize, const KEYS: usize, const MEMORY: usize, T: Real,
     M: AttentionSettings]
    AutoCrossAttention<HEADS, M>, behind Pair<Sequence<STEPS, WIDTH, T>, Sequence<KEYS, MEMORY, T>>:
    CrossAttention<WIDTH, HEADS, M, T, MEMORY, WIDTH>;

    [const HEADS: usize, const STEPS: usize, const WIDTH: usize, const KEYS: usize, const MEMORY: usize, T: Real,
     M: AttentionSettings]
    AutoCrossAttention<HEADS, M>, behind Pair<Sequence<STEPS, WIDTH, T>, Padded<KEYS, MEMORY, T>>:
    CrossAttention<WIDTH, HEADS, M, T, MEMORY, WIDTH>;
}

without_sizes!([const HEADS: usize, M: 'static] AutoSelfAttention<HEADS, M>);
without_sizes!([const HEADS: usize, M: 'static] AutoCrossAttention<HEADS, M>);
