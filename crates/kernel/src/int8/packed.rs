//! Plain data without alignment, which is the same in memory, in flash and in a file.

use bytemuck::Pod;

/// Data of bytes: of alignment 1 and without padding, so that any slice of bytes of the right length is a value, on
/// every processor.
///
/// # Safety
/// The type has the alignment 1. (By the contract of [`Pod`] it has no padding, and any bytes are a value.)
pub unsafe trait Packed: Pod + Send + Sync {}

// SAFETY: the alignment of a byte is 1, and so is that of an array of such data, and of nothing.
unsafe impl Packed for () {}
// SAFETY: as above.
unsafe impl Packed for i8 {}
// SAFETY: as above.
unsafe impl<P: Packed, const N: usize> Packed for [P; N] {}

/// Implements [`Packed`] for a struct with `repr(C)`, from the types of all its fields.
macro_rules! packed {
    ([$($Generic:ident),*] $Struct:ty: $($field:ty),+) => {
        // SAFETY: each field is `Packed`, as the compiler checks below. So all bytes zero are a value.
        unsafe impl<$($Generic: $crate::int8::Packed),*> bytemuck::Zeroable for $Struct {}
        // SAFETY: each field is `Packed`, so any bytes are a value of it. The alignments are 1, so that there is no
        // padding between the fields or behind them.
        unsafe impl<$($Generic: $crate::int8::Packed),*> bytemuck::Pod for $Struct {}
        // SAFETY: the alignment of a struct is the largest of its fields', and theirs are 1.
        unsafe impl<$($Generic: $crate::int8::Packed),*> $crate::int8::Packed for $Struct {}

        impl<$($Generic: $crate::int8::Packed),*> $Struct {
            #[allow(dead_code)]
            const FIELDS_ARE_PACKED: () = {
                const fn is_packed<P: $crate::int8::Packed>() {}
                $(is_packed::<$field>();)+
            };
        }
    };
}
pub(super) use packed;

/// A value, and then the others.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Nested<A, B> {
    /// The first value.
    pub first: A,
    /// The others.
    pub rest: B,
}

packed!([A, B] Nested<A, B>: A, B);

/// A 32-bit integer, or the bits of an `f32`, as four bytes, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Int32([[i8; 2]; 2]);

packed!([] Int32: [[i8; 2]; 2]);

impl Int32 {
    /// Stores an integer.
    pub const fn new(value: i32) -> Self {
        let [a, b, c, d] = value.to_le_bytes();
        Self([[a as i8, b as i8], [c as i8, d as i8]])
    }

    /// Returns the integer.
    #[inline(always)]
    pub const fn get(self) -> i32 {
        let [[a, b], [c, d]] = self.0;
        i32::from_le_bytes([a as u8, b as u8, c as u8, d as u8])
    }

    /// Stores the bits of a number.
    pub const fn of_f32(value: f32) -> Self {
        Self::new(value.to_bits() as i32)
    }

    /// Returns the number of these bits.
    #[inline(always)]
    pub const fn f32(self) -> f32 {
        f32::from_bits(self.get() as u32)
    }
}

/// Returns the value of these bytes, also in a constant.
///
/// # Panics
/// If there are more or fewer bytes than the type has.
#[track_caller]
pub const fn read<P: Packed>(bytes: &[u8]) -> P {
    assert!(bytes.len() == size_of::<P>(), "a value is read from as many bytes as it has");
    // SAFETY: there are as many bytes as the type has, whose alignment is 1, and any bytes are a value of it.
    unsafe { bytes.as_ptr().cast::<P>().read() }
}

#[cfg(test)]
mod tests {
    use super::{Int32, Nested, read};

    #[test]
    fn a_value_is_read_from_its_bytes_at_any_address() {
        type Value = Nested<Int32, Nested<[i8; 3], Int32>>;
        const BYTES: [u8; 12] = [0xff, 1, 2, 3, 0x84, 5, 6, 255, 0, 0, 0x80, 0xbf];
        const VALUE: Value = read(BYTES.split_at(1).1);
        assert_eq!(VALUE.first, Int32::new(i32::from_le_bytes([1, 2, 3, 0x84])));
        assert_eq!((VALUE.rest.first, VALUE.rest.rest.f32()), ([5, 6, -1], -1.0));
        assert_eq!(bytemuck::bytes_of(&VALUE), &BYTES[1..]);
        for value in [0, 1, -1, i32::MIN, i32::MAX, 0x1234_5678] {
            assert_eq!(Int32::new(value).get(), value);
        }
        assert_eq!(Int32::of_f32(-2.5e-20).f32(), -2.5e-20);
    }
}
