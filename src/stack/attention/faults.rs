//! Checks of the sizes of an attention layer, and the name of its type.

use chainrule_parameters::{Number, Part, Scalar, TypeName};

use super::AttentionSettings;
use crate::kernel::{Reach, Real};
use crate::layer::{Bias, Plan};

/// The sizes of an attention layer.
pub(super) struct Checks<M, T, const WIDTH: usize, const HEADS: usize, const KEY_VALUE: usize>(
    core::marker::PhantomData<(M, T)>,
);

impl<M: AttentionSettings, T: Real, const WIDTH: usize, const HEADS: usize, const KEY_VALUE: usize>
    Checks<M, T, WIDTH, HEADS, KEY_VALUE>
{
    const HEAD: usize = if HEADS == 0 || HEADS > WIDTH { 1 } else { WIDTH / HEADS };

    const HEADS_DIVIDE: &'static [Part] = &[
        Part::Text("has "),
        Part::Number(HEADS as u64),
        Part::Text(" heads, which do not divide its width of "),
        Part::Number(WIDTH as u64),
        Part::Text(": each head has WIDTH / HEADS of the features"),
    ];

    const GROUPS: &'static [Part] = &[
        Part::Text("has keys and values of "),
        Part::Number(KEY_VALUE as u64),
        Part::Text(" numbers, which must be a multiple of WIDTH / HEADS = "),
        Part::Number(Self::HEAD as u64),
        Part::Text("; the number of key heads must divide the "),
        Part::Number(HEADS as u64),
        Part::Text(" query heads"),
    ];

    const PAIRS: &'static [Part] = &[
        Part::Text("has rotary positions and heads of "),
        Part::Number(Self::HEAD as u64),
        Part::Text(" numbers: they are rotated in pairs, so WIDTH / HEADS must be even"),
    ];

    /// Adds the conditions on the sizes to a plan.
    pub(super) const fn require(plan: Plan) -> Plan {
        let key_heads = KEY_VALUE / Self::HEAD;
        let groups = key_heads > 0 && KEY_VALUE.is_multiple_of(Self::HEAD) && HEADS.is_multiple_of(key_heads);
        let window = !matches!(M::REACH, Reach::Before { window: 0 });
        plan.requires(window, &[Part::Text("has a sliding window of 0 steps: it must be at least 1")])
            .requires(M::ROTARY.is_none() || Self::HEAD.is_multiple_of(2), Self::PAIRS)
            .requires(groups, Self::GROUPS)
            .requires(HEADS > 0 && WIDTH.is_multiple_of(HEADS), Self::HEADS_DIVIDE)
    }

    /// The part of the layer's name after its features and heads. It is empty if all settings are the defaults.
    pub(super) const NAME: TypeName = {
        let usual = matches!((M::REACH, M::ROTARY), (Reach::All, None)) && !M::Bias::<WIDTH, T>::IS_NONE;
        let scalar = <T as Number>::SCALAR;
        TypeName {
            parts: match (KEY_VALUE == WIDTH, scalar) {
                (true, Scalar::F32) if usual => &[],
                (true, _) => &[Part::Text(", "), Part::Name(&M::NAME), Part::Scalar(scalar)],
                (false, Scalar::F32) => &[
                    Part::Text(", "),
                    Part::Name(&M::NAME),
                    Part::Text(", f32, "),
                    Part::Number(KEY_VALUE as u64),
                ],
                (false, Scalar::F64) => &[
                    Part::Text(", "),
                    Part::Name(&M::NAME),
                    Part::Text(", f64, "),
                    Part::Number(KEY_VALUE as u64),
                ],
            },
        }
    };
}
