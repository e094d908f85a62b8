//! Vectors for every processor: arrays of 16 bytes, which the compiler puts into registers.

use super::{Kernel, Level, Sealed, Vector, dot};

/// The level that every processor has.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Sealed for Portable {}

impl Level for Portable {
    type F32 = Array<f32, 4>;
    type F64 = Array<f64, 2>;
    // Every 64-bit ARM has them; an x86-64 does if the crate is compiled for one that does. `mul_add` is in `std`.
    const FUSED: bool = cfg!(all(
        feature = "std",
        not(chainrule_portable),
        any(target_arch = "aarch64", target_feature = "fma")
    ));
    const INT8_LANES: usize = 1;

    // Tests call it from many places: one copy is enough there.
    #[cfg_attr(not(test), inline(always))]
    #[cfg_attr(test, inline(never))]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn dot4(self, a: &[i8], [b, c, d, e]: [&[i8]; 4]) -> [i32; 4] {
        let len = a.len();
        [dot(a, &b[..len]), dot(a, &c[..len]), dot(a, &d[..len]), dot(a, &e[..len])]
    }
}

/// A vector of `LANES` numbers.
#[derive(Clone, Copy, Debug)]
pub struct Array<T, const LANES: usize>([T; LANES]);

macro_rules! array {
    ($scalar:ident, $lanes:literal) => {
        impl Sealed for Array<$scalar, $lanes> {}

        impl Vector<$scalar> for Array<$scalar, $lanes> {
            const LANES: usize = $lanes;
            const BLOCK: usize = $lanes;
            const MASKED: bool = false;

            #[inline(always)]
            unsafe fn zero() -> Self {
                Self([0.0; $lanes])
            }

            #[inline(always)]
            unsafe fn splat(x: $scalar) -> Self {
                Self([x; $lanes])
            }

            #[inline(always)]
            unsafe fn multiply_add(self, b: Self, c: Self) -> Self {
                let mut sum = c;
                for lane in 0..$lanes {
                    sum.0[lane] = super::Lanes::multiply_add::<Portable>(self.0[lane], b.0[lane], c.0[lane]);
                }
                sum
            }

            #[inline(always)]
            unsafe fn add(self, b: Self) -> Self {
                let mut sum = self;
                for lane in 0..$lanes {
                    sum.0[lane] += b.0[lane];
                }
                sum
            }

            #[inline(always)]
            unsafe fn read(from: *const $scalar) -> Self {
                // SAFETY: the caller promises `LANES` numbers at `from`; an unaligned read asks for no more.
                Self(unsafe { from.cast::<[$scalar; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn read_first(from: *const $scalar, count: usize) -> Self {
                let mut read = Self([0.0; $lanes]);
                for lane in 0..count {
                    // SAFETY: `lane` is below `count`, and the caller promises `count` numbers at `from`.
                    read.0[lane] = unsafe { *from.add(lane) };
                }
                read
            }

            #[inline(always)]
            unsafe fn write(self, to: *mut $scalar) {
                // SAFETY: the caller promises that `LANES` numbers can be written at `to`.
                unsafe { to.cast::<[$scalar; $lanes]>().write_unaligned(self.0) }
            }

            #[inline(always)]
            unsafe fn write_first(self, to: *mut $scalar, count: usize) {
                for lane in 0..count {
                    // SAFETY: `lane` is below `count`, and the caller promises that `count` numbers can be written at
                    // `to`.
                    unsafe { *to.add(lane) = self.0[lane] };
                }
            }

            #[inline(always)]
            unsafe fn any_outside(self, limit: Self) -> bool {
                let mut outside = false;
                for lane in 0..$lanes {
                    // A NaN is not in the range.
                    outside |= !(-limit.0[lane]..=limit.0[lane]).contains(&self.0[lane]);
                }
                outside
            }

            #[inline(always)]
            unsafe fn sum(self) -> $scalar {
                let mut sum = 0.0;
                for x in self.0 {
                    sum += x;
                }
                sum
            }

            #[inline(always)]
            unsafe fn transpose(from: *const $scalar, from_row: usize, to: *mut $scalar, to_row: usize) {
                for row in 0..$lanes {
                    for column in 0..$lanes {
                        // SAFETY: row and column are below `BLOCK`, and the caller promises a block at either pointer.
                        unsafe { *to.add(column * to_row + row) = *from.add(row * from_row + column) };
                    }
                }
            }
        }
    };
}
array!(f32, 4);
array!(f64, 2);
