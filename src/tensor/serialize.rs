//! Serialization with `serde`: tensors as nested arrays, labels as their index, and pairs as tuples.

use core::fmt;

use chainrule_parameters::Scalar;
use serde::de::{DeserializeSeed, Error, IgnoredAny, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Image, Label, Padded, PaddedTokens, Pair, Sequence, Tensor, Token, Tokens, Vector};
use crate::kernel::Real;

/// The numbers of a tensor, or of a part of a tensor, with these sides.
struct Rows<'a, T> {
    sides: &'static [usize],
    numbers: &'a [T],
}

impl<T: Real> Serialize for Rows<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((&side, sides)) = self.sides.split_first() else {
            let number = self.numbers[0].to_f64();
            return match T::SCALAR {
                Scalar::F32 => serializer.serialize_f32(number as f32),
                Scalar::F64 => serializer.serialize_f64(number),
            };
        };
        let mut array = serializer.serialize_tuple(side)?;
        for numbers in self.numbers.chunks_exact(self.numbers.len() / side) {
            array.serialize_element(&Self { sides, numbers })?;
        }
        array.end()
    }
}

/// Deserializes the numbers of a tensor of this shape, or of a part with these sides, into place.
struct Read<'a, T> {
    shape: &'static [usize],
    sides: &'static [usize],
    to: &'a mut [T],
}

impl<'de, T: Real> DeserializeSeed<'de> for Read<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if let [side, ..] = self.sides {
            return deserializer.deserialize_tuple(*side, self);
        }
        self.to[0] = T::from_f64(match T::SCALAR {
            Scalar::F32 => f32::deserialize(deserializer)?.into(),
            Scalar::F64 => f64::deserialize(deserializer)?,
        });
        Ok(())
    }
}

impl<'de, T: Real> Visitor<'de> for Read<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of the sides {:?}, of a tensor of shape {:?}", self.sides, self.shape)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let Some((&side, sides)) = self.sides.split_first() else { return Ok(()) };
        let (shape, each) = (self.shape, self.to.len() / side);
        let mut found = 0;
        for to in self.to.chunks_exact_mut(each) {
            found += usize::from(array.next_element_seed(Read { shape, sides, to })?.is_some());
        }
        while array.next_element::<IgnoredAny>()?.is_some() {
            found += 1;
        }
        if found == side {
            return Ok(());
        }
        let text =
            format_args!("an array of a tensor of shape {shape:?} has {found} elements instead of {side}");
        Err(Error::custom(text))
    }
}

macro_rules! as_arrays {
    ($($name:ident[$($side:ident),+];)+) => {$(
        impl<$(const $side: usize,)+ T: Real> Serialize for $name<$($side,)+ T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let _ = Self::LEN; // an empty tensor does not compile
                Rows { sides: &[$($side),+], numbers: self.as_slice() }.serialize(serializer)
            }
        }

        impl<'de, $(const $side: usize,)+ T: Real> Deserialize<'de> for $name<$($side,)+ T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut tensor = Self::default();
                Self::deserialize_in_place(deserializer, &mut tensor)?;
                Ok(tensor)
            }

            fn deserialize_in_place<D: Deserializer<'de>>(
                deserializer: D,
                place: &mut Self,
            ) -> Result<(), D::Error> {
                let _ = Self::LEN;
                let shape = &[$($side),+];
                Read { shape, sides: shape, to: place.as_mut_slice() }.deserialize(deserializer)
            }
        }
    )+};
}

as_arrays! {
    Vector[N];
    Sequence[STEPS, FEATURES];
    Image[CHANNELS, HEIGHT, WIDTH];
}

impl<const CLASSES: usize> Serialize for Label<CLASSES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.index() as u32).serialize(serializer)
    }
}

impl<'de, const CLASSES: usize> Deserialize<'de> for Label<CLASSES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)? as usize).map_err(Error::custom)
    }
}

/// Serializes the steps as an array, without the padding.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Serialize for Padded<STEPS, FEATURES, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.steps().map(Vector))
    }
}

impl<'de, const STEPS: usize, const FEATURES: usize, T: Real> Deserialize<'de>
    for Padded<STEPS, FEATURES, T>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let steps = alloc::vec::Vec::<Vector<FEATURES, T>>::deserialize(deserializer)?;
        Self::new(bytemuck::cast_slice(&steps)).map_err(Error::custom)
    }
}

/// Serializes the indices as an array of length `STEPS`.
impl<const STEPS: usize, const VOCAB: usize> Serialize for Tokens<STEPS, VOCAB> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

impl<'de, const STEPS: usize, const VOCAB: usize> Deserialize<'de> for Tokens<STEPS, VOCAB> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tokens = alloc::vec::Vec::<Token<VOCAB>>::deserialize(deserializer)?;
        Self::from_slice(&tokens).map_err(Error::custom)
    }
}

/// Serializes the indices as an array, without the padding.
impl<const STEPS: usize, const VOCAB: usize> Serialize for PaddedTokens<STEPS, VOCAB> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.tokens())
    }
}

impl<'de, const STEPS: usize, const VOCAB: usize> Deserialize<'de> for PaddedTokens<STEPS, VOCAB> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tokens = alloc::vec::Vec::<Token<VOCAB>>::deserialize(deserializer)?;
        Self::new(&tokens).map_err(Error::custom)
    }
}

impl<A: Serialize + Copy, B: Serialize + Copy> Serialize for Pair<A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(a, b) = *self;
        (a, b).serialize(serializer)
    }
}

impl<'de, A: Deserialize<'de>, B: Deserialize<'de>> Deserialize<'de> for Pair<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (a, b) = Deserialize::deserialize(deserializer)?;
        Ok(Self(a, b))
    }
}
