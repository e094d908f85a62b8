use core::fmt;

use crate::{Parameters, Scalar};

/// The name of a type as its users write it, made of constants: `Linear<8, 6>`. (`core::any::type_name` is no
/// constant.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The parts of the name, printed one after the other.
    pub parts: &'static [Part],
}

/// A part of a [`TypeName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(&'static str),
    /// A side or another constant.
    Number(u64),
    /// A constant that can be negative.
    Signed(i64),
    /// Sides, with a comma between any two.
    Sides(&'static [usize]),
    /// The name of a type parameter.
    Name(&'static TypeName),
    /// `, f64`, or nothing for `f32`, the default.
    Scalar(Scalar),
    /// `, ` and the name of a type inside, or nothing if that is the default.
    Unless(&'static TypeName, &'static str),
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Number(number) => number.fmt(f)?,
                Part::Signed(number) => number.fmt(f)?,
                Part::Sides(sides) => {
                    for (at, side) in sides.iter().enumerate() {
                        write!(f, "{}{side}", if at > 0 { ", " } else { "" })?;
                    }
                }
                Part::Name(name) => name.fmt(f)?,
                Part::Scalar(Scalar::F32) => {}
                Part::Scalar(Scalar::F64) => f.write_str(", f64")?,
                Part::Unless(TypeName { parts: [Part::Text(name)] }, default) if name == default => {}
                Part::Unless(name, _) => write!(f, ", {name}")?,
            }
        }
        Ok(())
    }
}

/// Types with a [`TypeName`]: every layer, and every sample.
pub trait Named {
    /// The type as its users write it.
    const NAME: TypeName;
}

impl<N: Parameters> Named for N {
    const NAME: TypeName = <N as Parameters>::NAME;
}
