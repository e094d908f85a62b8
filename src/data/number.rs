//! The formats of numbers in files.

/// The format of a number.
#[derive(Clone, Copy)]
pub(super) struct Number {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Floating,
    /// bfloat16: the upper half of an `f32`.
    #[cfg(feature = "npy")]
    Brain,
    Signed,
    Unsigned,
}

impl Number {
    /// Parses a type such as `<f4`: little-endian, floating point, four bytes. `V2` is the type that NumPy writes for
    /// the bfloat16 of ml_dtypes.
    #[cfg(feature = "npy")]
    pub(super) fn numpy(descr: &str) -> Option<Self> {
        let big_endian = match *descr.as_bytes().first()? {
            b'<' | b'|' => false,
            b'>' => true,
            b'=' => cfg!(target_endian = "big"),
            _ => return None,
        };
        let (kind, size) = match descr.get(1..)? {
            "f2" => (Kind::Floating, 2),
            "f4" => (Kind::Floating, 4),
            "f8" => (Kind::Floating, 8),
            "V2" => (Kind::Brain, 2),
            "i1" => (Kind::Signed, 1),
            "i2" => (Kind::Signed, 2),
            "i4" => (Kind::Signed, 4),
            "i8" => (Kind::Signed, 8),
            "u1" | "b1" => (Kind::Unsigned, 1),
            "u2" => (Kind::Unsigned, 2),
            "u4" => (Kind::Unsigned, 4),
            "u8" => (Kind::Unsigned, 8),
            _ => return None,
        };
        Some(Self { kind, size, big_endian })
    }

    /// An unsigned byte.
    #[cfg(feature = "idx")]
    pub(super) const BYTE: Self = Self { kind: Kind::Unsigned, size: 1, big_endian: true };

    /// Returns the type of this code in an IDX file.
    #[cfg(feature = "idx")]
    pub(super) fn idx(code: u8) -> Option<Self> {
        let (kind, size) = match code {
            0x08 => (Kind::Unsigned, 1),
            0x09 => (Kind::Signed, 1),
            0x0b => (Kind::Signed, 2),
            0x0c => (Kind::Signed, 4),
            0x0d => (Kind::Floating, 4),
            0x0e => (Kind::Floating, 8),
            _ => return None,
        };
        Some(Self { kind, size, big_endian: true })
    }

    /// Returns the number of bytes of a number.
    pub(super) fn size(self) -> usize {
        self.size
    }

    pub(super) fn is_floating(self) -> bool {
        !matches!(self.kind, Kind::Signed | Kind::Unsigned)
    }

    /// Decodes a number from its bytes, at most 8.
    pub(super) fn decode(self, bytes: &[u8]) -> f64 {
        let mut buffer = [0; 8];
        buffer[..self.size].copy_from_slice(bytes);
        if self.big_endian {
            buffer[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(buffer);
        match (self.kind, self.size) {
            (Kind::Floating, 2) => half(bits as u16),
            (Kind::Floating, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Floating, _) => f64::from_bits(bits),
            #[cfg(feature = "npy")]
            (Kind::Brain, _) => f64::from(f32::from_bits((bits as u32) << 16)),
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, _) => {
                let above = 64 - 8 * self.size; // shifted to the sign bit and back, to extend the sign
                ((bits << above) as i64 >> above) as f64
            }
        }
    }
}

/// Decodes a binary16 of IEEE 754: sign, 5 bits of exponent, 10 bits of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}
