//! Vectors without instructions of their own: arrays of 16 bytes, which the compiler puts into registers where there are some.

use super::{Level, Vector};

#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Level for Portable {
    type F32 = Array<f32, 4>;
    type F64 = Array<f64, 2>;
    // Every 64-bit ARM has them; an x86-64 does if the crate is compiled for one that does.
    const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
}

/// So many numbers side by side.
#[derive(Clone, Copy)]
pub(crate) struct Array<T, const LANES: usize>([T; LANES]);

macro_rules! array {
    ($scalar:ident, $lanes:literal) => {
        #[allow(unsafe_code)]
        impl Vector<$scalar> for Array<$scalar, $lanes> {
            const LANES: usize = $lanes;

            #[inline(always)]
            fn zero() -> Self {
                Self([0.0; $lanes])
            }

            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                Self([x; $lanes])
            }

            #[inline(always)]
            fn multiply_add(self, b: Self, c: Self) -> Self {
                let mut sum = c;
                for lane in 0..$lanes {
                    sum.0[lane] = super::Lanes::multiply_add::<Portable>(self.0[lane], b.0[lane], c.0[lane]);
                }
                sum
            }

            #[inline(always)]
            fn add(self, b: Self) -> Self {
                let mut sum = self;
                for lane in 0..$lanes {
                    sum.0[lane] += b.0[lane];
                }
                sum
            }

            #[inline(always)]
            unsafe fn read(from: *const $scalar) -> Self {
                // SAFETY: the caller has so many numbers there.
                Self(unsafe { from.cast::<[$scalar; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn read_first(from: *const $scalar, count: usize) -> Self {
                let mut read = Self::splat(0.0);
                for lane in 0..count {
                    // SAFETY: the caller has so many numbers there.
                    read.0[lane] = unsafe { *from.add(lane) };
                }
                read
            }

            #[inline(always)]
            unsafe fn write(self, to: *mut $scalar) {
                // SAFETY: the caller has room for so many numbers there.
                unsafe { to.cast::<[$scalar; $lanes]>().write_unaligned(self.0) }
            }

            #[inline(always)]
            unsafe fn write_first(self, to: *mut $scalar, count: usize) {
                for lane in 0..count {
                    // SAFETY: the caller has room for so many numbers there.
                    unsafe { *to.add(lane) = self.0[lane] };
                }
            }

            #[inline(always)]
            fn sum(self) -> $scalar {
                let mut sum = 0.0;
                for x in self.0 {
                    sum += x;
                }
                sum
            }

            const BLOCK: usize = $lanes;

            #[inline(always)]
            unsafe fn transpose(from: *const $scalar, from_row: usize, to: *mut $scalar, to_row: usize) {
                for row in 0..$lanes {
                    for column in 0..$lanes {
                        // SAFETY: the caller has a block at either place.
                        unsafe { *to.add(column * to_row + row) = *from.add(row * from_row + column) };
                    }
                }
            }
        }
    };
}
array!(f32, 4);
array!(f64, 2);
