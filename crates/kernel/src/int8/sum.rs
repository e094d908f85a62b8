use super::Multiplier;
use super::packed::packed;

/// The sum of two tensors, each with its own scale: `ADD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ScaledSum {
    inputs: [Multiplier; 2],
    output: Multiplier,
    input_zeros: [i8; 2],
    output_zero: i8,
}

packed!([] ScaledSum: [Multiplier; 2], Multiplier, [i8; 2], i8);

impl ScaledSum {
    /// By how many bits the inputs are shifted, so that their scaled forms have a fraction.
    const SHIFT: u32 = 20;

    /// Prepares a sum, from the scales and the zero points of both inputs and of the output.
    pub fn of(inputs: [(f64, i8); 2], (output, output_zero): (f64, i8)) -> Self {
        let twice_the_larger = 2.0 * inputs[0].0.max(inputs[1].0);
        Self {
            inputs: inputs.map(|(scale, _)| Multiplier::of(scale / twice_the_larger)),
            output: Multiplier::of(twice_the_larger / (f64::from(1 << Self::SHIFT) * output)),
            input_zeros: inputs.map(|(_, zero)| zero),
            output_zero,
        }
    }

    /// Computes `y = y + x`, number by number: `y` is the first input, and `x` the second.
    #[inline]
    pub fn add(&self, x: &[i8], y: &mut [i8]) {
        for (y, &x) in y.iter_mut().zip(x) {
            let sum = self.scaled(0, *y).saturating_add(self.scaled(1, x));
            let sum = self.output.apply(sum).saturating_add(i32::from(self.output_zero));
            *y = sum.clamp(-128, 127) as i8;
        }
    }

    #[inline(always)]
    fn scaled(&self, which: usize, x: i8) -> i32 {
        self.inputs[which].apply((i32::from(x) - i32::from(self.input_zeros[which])) << Self::SHIFT)
    }
}

/// A tensor in another scale: `QUANTIZE` from integers to integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Rescale {
    multiplier: Multiplier,
    from_zero: i8,
    to_zero: i8,
}

packed!([] Rescale: Multiplier, i8, i8);

impl Rescale {
    /// Prepares it, from the scales and the zero points before and after.
    pub fn of((from, from_zero): (f64, i8), (to, to_zero): (f64, i8)) -> Self {
        Self { multiplier: Multiplier::of(from / to), from_zero, to_zero }
    }

    /// Returns the integer in the other scale.
    #[inline(always)]
    pub fn apply(self, x: i8) -> i8 {
        let y = self.multiplier.apply(i32::from(x) - i32::from(self.from_zero));
        y.saturating_add(i32::from(self.to_zero)).clamp(-128, 127) as i8
    }
}
