use super::Multiplier;
use super::packed::{Int32, packed};

/// The logarithm of 2, times 2^16.
const LN_2: u64 = 45_426;

/// Softmax of rows. The scale of the output is 1/256 and its zero point -128, as TensorFlow Lite has it.
///
/// The exponentials are a table, for all differences to the largest number of a row: integers, in units of 2^-30.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Softmax([[Int32; 16]; 16]);

packed!([] Softmax: [[Int32; 16]; 16]);

impl Softmax {
    /// Prepares it, for inputs of this scale.
    pub fn of(scale: f64) -> Self {
        let exp = |below: usize| libm::round((1 << 30) as f64 * libm::exp(-scale * below as f64)) as i32;
        Self(core::array::from_fn(|i| core::array::from_fn(|j| Int32::new(exp(16 * i + j)))))
    }

    /// Returns the exponential of x less the largest number.
    #[inline(always)]
    fn exp(&self, x: i8, largest: i8) -> u64 {
        let below = largest.abs_diff(x);
        // A table of other bytes can have any numbers.
        u64::from(self.0[usize::from(below >> 4)][usize::from(below & 15)].get().unsigned_abs())
    }

    #[inline(always)]
    fn sum(&self, x: &[i8], largest: i8) -> u64 {
        x.iter().map(|&x| self.exp(x, largest)).sum()
    }

    /// Computes a row: the shares of the exponentials, rounded half up.
    #[inline]
    pub fn row(&self, x: &[i8], y: &mut [i8]) {
        let Some(&largest) = x.iter().max() else { return };
        let sum = self.sum(x, largest).max(1);
        for (y, &x) in y.iter_mut().zip(x) {
            let share = ((self.exp(x, largest) << 8) + sum / 2) / sum; // of 256
            *y = (share as i64 - 128).min(127) as i8;
        }
    }
}

/// The logarithm of [`Softmax`]. The scale of the output is 1/16 and its zero point 127.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LogSoftmax {
    exponentials: Softmax,
    /// The scale of the input, in units of 2^-16.
    scale: Multiplier,
}

packed!([] LogSoftmax: Softmax, Multiplier);

impl LogSoftmax {
    /// Prepares it, for inputs of this scale.
    pub fn of(scale: f64) -> Self {
        Self { exponentials: Softmax::of(scale), scale: Multiplier::of(f64::from(1 << 16) * scale) }
    }

    /// Computes a row: the differences to the largest number, less the logarithm of the sum.
    #[inline]
    pub fn row(&self, x: &[i8], y: &mut [i8]) {
        let Some(&largest) = x.iter().max() else { return };
        let log = log_in_2_16(self.exponentials.sum(x, largest).max(1 << 30) >> 14) as i64;
        for (y, &x) in y.iter_mut().zip(x) {
            let below = i64::from(self.scale.apply(largest.abs_diff(x).into()));
            let steps = (below + log + (1 << 11)) >> 12; // of 1/16
            *y = (127 - steps).clamp(-128, 127) as i8;
        }
    }
}

/// Returns ln(x / 2^16) in units of 2^-16, for x of at least 2^16.
///
/// The logarithm to base 2 of a number between 1 and 2 has its binary digits from squares: where the square is 2 or
/// more, the digit is 1.
fn log_in_2_16(x: u64) -> u64 {
    let whole = x.ilog2();
    let mut number = if whole < 31 { x << (31 - whole) } else { x >> (whole - 31) }; // in units of 2^-31
    let mut log = u64::from(whole - 16);
    for _ in 0..20 {
        number = (number * number) >> 31;
        log <<= 1;
        if number >= 1 << 32 {
            number >>= 1;
            log |= 1;
        }
    }
    (log * LN_2) >> 20
}

#[cfg(test)]
mod tests {
    use super::{LogSoftmax, Softmax, log_in_2_16};

    /// Rows with all differences, and rows of equal numbers.
    #[test]
    fn each_number_is_rounded_once() {
        for (scale, x) in [(0.1, [-128, 127, 100, 99, 3]), (0.004, [-128, 127, -128, 0, 50]), (2.0, [7; 5])] {
            let exp = x.map(|x: i8| libm::exp(scale * f64::from(i32::from(x) - 127)));
            let sum: f64 = exp.iter().sum();
            let (mut shares, mut logs) = ([0; 5], [0; 5]);
            Softmax::of(scale).row(&x, &mut shares);
            LogSoftmax::of(scale).row(&x, &mut logs);
            for at in 0..5 {
                let share = (256.0 * exp[at] / sum - 128.0).min(127.0);
                assert!((f64::from(shares[at]) - share).abs() < 0.5 + 1e-4, "{} and {share}", shares[at]);
                let log = (16.0 * libm::log(exp[at] / sum) + 127.0).max(-128.0);
                assert!((f64::from(logs[at]) - log).abs() < 0.5 + 1e-2, "{} and {log}", logs[at]);
            }
        }
    }

    #[test]
    fn a_logarithm_of_integers_is_that_of_numbers() {
        for x in (1 << 16..1 << 24).step_by(77).chain([(1 << 40) + 12345, u64::MAX >> 14]) {
            let exact = libm::log(x as f64 / f64::from(1 << 16)) * f64::from(1 << 16);
            // The 20 digits are cut, and ln 2 is rounded.
            let error = log_in_2_16(x) as f64 - exact;
            assert!(error.abs() < 2.0 + 1e-5 * exact, "ln {x}: {error}");
        }
    }
}
