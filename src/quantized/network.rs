use core::fmt;
use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::vec;

use bytemuck::TransparentWrapper;
#[cfg(feature = "alloc")]
use bytemuck::Zeroable;
use chainrule_kernel::int8::Nested;
#[cfg(feature = "alloc")]
use chainrule_parameters::AsNetwork;
use chainrule_parameters::Parameters;

#[cfg(feature = "alloc")]
use super::{Interval, Ranges};
use super::{Memory, Quantization, Quantize, quantization::PackedQuantization};
use crate::Error;
#[cfg(feature = "alloc")]
use crate::layer::Workspace;
use crate::tensor::{Sample, Tensor};

/// The bytes of a [`Quantized`]: the scales of its input and its output, and its layers.
pub type Numbers<L> = Nested<[PackedQuantization; 2], L>;

/// The int8 form of the network `N` for inputs `X`. The [module](super) has an example.
///
/// It consists of [`FLASH`](Quantized::FLASH) bytes, which are the same on every processor. A prediction allocates
/// nothing: it works in [`RAM`](Quantized::RAM) bytes of the caller.
#[doc(alias = "quantization")]
#[doc(alias = "int8")]
#[doc(alias = "post-training quantization")]
#[doc(alias = "TensorFlow Lite")]
#[doc(alias = "TFLite")]
#[doc(alias = "microcontroller")]
pub type Quantized<N, X> = Int8Network<N, X, <N as Quantize<X>>::Int8>;

/// The struct behind the alias [`Quantized`], with layers of type `L`. (A struct with the bound of the alias would
/// cause an error wherever it is used.) See the example of [the module](crate::quantized).
#[derive(TransparentWrapper)]
#[repr(transparent)]
#[transparent(Numbers<L>)]
pub struct Int8Network<N, X, L> {
    pub(super) numbers: Numbers<L>,
    pub(super) network: PhantomData<fn(X) -> N>,
}

/// The number of samples of a calibration set that pass through the network at once.
#[cfg(feature = "alloc")]
const BATCH: usize = 32;

impl<N: Quantize<X>, X: Tensor<Scalar = f32>> Int8Network<N, X, N::Int8> {
    /// The number of bytes of the network. All of them can be in flash memory.
    pub const FLASH: usize = size_of::<Self>();

    /// The number of bytes of memory that a prediction needs, for any number of samples, in addition to its input and
    /// its output.
    pub const RAM: usize = N::BUFFERS.bytes();

    /// The number of multiply-adds with weights for each sample.
    pub const MULTIPLY_ADDS: u64 = N::PLAN.cost.multiply_adds;

    /// Quantizes a network. The samples should be typical inputs; a few hundred are enough. The example of the
    /// [module](super) calls it.
    ///
    /// # Errors
    /// [`Error::EmptyCalibration`] if there are no samples, [`Error::ConstantCalibration`] if all their numbers are the
    /// same, and [`Error::NonFiniteData`] for a NaN or an infinity among them. [`Error::NonFiniteOutput`] and
    /// [`Error::NonFiniteCalibration`] for a network whose weights or outputs are not finite.
    #[doc(alias = "representative dataset")]
    #[cfg(feature = "alloc")]
    pub fn calibrate(network: &impl AsNetwork<Network = N>, samples: &[X]) -> Result<Box<Self>, Error> {
        let network = network.as_network();
        check_inputs(samples)?;
        let first = X::flat(samples).first().ok_or(Error::EmptyCalibration)?;
        if X::flat(samples).iter().all(|x| x == first) {
            return Err(Error::ConstantCalibration { value: (*first).into() });
        }
        let (mut inputs, mut ranges) = (Interval::EMPTY, N::Ranges::EMPTY);
        inputs.see(X::flat(samples));
        let (mut workspace, mut outputs) =
            (Workspace::default(), vec![N::Output::zeroed(); BATCH.min(samples.len())]);
        for (batch, samples) in samples.chunks(BATCH).enumerate() {
            let outputs = &mut outputs[..samples.len()];
            network.observe(samples, outputs, workspace.prepare::<X, N>(samples.len()), &mut ranges);
            if let Some((sample, element, value)) = N::Output::first_non_finite(outputs) {
                return Err(Error::NonFiniteOutput { sample: batch * BATCH + sample, element, value });
            }
        }
        let mut numbers: Box<Numbers<N::Int8>> = bytemuck::zeroed_box();
        let input = Quantization::of(inputs);
        let output = network.quantize(input, &ranges, None, &mut numbers.rest)?;
        numbers.first = [input.into(), output.into()];
        Ok(bytemuck::TransparentWrapperAlloc::wrap_box(numbers))
    }

    /// Returns the scale and the zero point of the input.
    pub fn input(&self) -> Quantization {
        self.numbers.first[0].into()
    }

    /// Returns the scale and the zero point of the output.
    pub fn output(&self) -> Quantization {
        self.numbers.first[1].into()
    }

    /// Returns the int8 forms of the layers.
    pub fn layers(&self) -> &N::Int8 {
        &self.numbers.rest
    }

    /// Computes the output for one sample.
    ///
    /// # Errors
    /// [`Error::NonFiniteData`] for a NaN or an infinity in the input.
    #[cfg(feature = "alloc")]
    pub fn predict(&self, input: &X) -> Result<N::Output, Error> {
        let mut output = [N::Output::zeroed()];
        self.predict_into(core::slice::from_ref(input), &mut output, &mut vec![0; Self::RAM])?;
        let [output] = output;
        Ok(output)
    }

    /// Writes the outputs for a batch to `outputs`. It allocates nothing. `memory` must have at least
    /// [`RAM`](Quantized::RAM) bytes. The example of the [module](super) calls it.
    ///
    /// # Errors
    /// The same as [`predict`](Quantized::predict). Also [`Error::OutputLengths`] if `outputs` is not as long as
    /// `inputs`, and [`Error::QuantizedMemory`] if the memory is too small. In these cases `outputs` is unchanged.
    pub fn predict_into(
        &self,
        inputs: &[X],
        outputs: &mut [N::Output],
        memory: &mut [i8],
    ) -> Result<(), Error> {
        if inputs.len() != outputs.len() {
            return Err(Error::OutputLengths { inputs: inputs.len(), outputs: outputs.len() });
        }
        check_inputs(inputs)?;
        let mut memory = Self::memory(memory)?;
        let (input, output) = (self.input(), self.output());
        for (x, y) in inputs.iter().zip(outputs) {
            memory.first.iter_mut().zip(x.as_slice()).for_each(|(to, &x)| *to = input.quantize(x));
            N::run(self.layers(), memory.reborrow());
            let result = memory.reborrow().after(&N::BUFFERS).first;
            y.as_mut_slice().iter_mut().zip(&*result).for_each(|(y, &q)| *y = output.dequantize(q));
        }
        Ok(())
    }

    /// Computes the integers of the output from the integers of the input, without floating point.
    /// [`input`](Quantized::input) and [`output`](Quantized::output) convert between integers and real numbers.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// use chainrule::quantized::Quantized;
    ///
    /// type Int8 = Quantized<(Linear<2, 3>, Relu), Vector<2>>;
    /// let net = <(Linear<2, 3>, Relu)>::init(&mut rng(1));
    /// let quantized: Box<Int8> = Quantized::calibrate(&net, &[Vector([-1.0, 0.5]), Vector([1.0, 1.0])])?;
    ///
    /// let x = [0.25, -0.75];
    /// let (mut output, mut memory) = ([0; 3], [0; Int8::RAM]);
    /// quantized.predict_int8(&x.map(|x| quantized.input().quantize(x)), &mut output, &mut memory)?;
    /// assert_eq!(output.map(|y| quantized.output().dequantize(y)), quantized.predict(&Vector(x))?.0);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::QuantizedMemory`] if the memory is too small.
    pub fn predict_int8(
        &self,
        input: &X::Of<i8>,
        output: &mut <N::Output as Tensor>::Of<i8>,
        memory: &mut [i8],
    ) -> Result<(), Error> {
        let mut memory = Self::memory(memory)?;
        memory.first[..X::LEN].copy_from_slice(bytemuck::cast_slice(core::slice::from_ref(input)));
        N::run(self.layers(), memory.reborrow());
        let result = &memory.after(&N::BUFFERS).first[..N::Output::LEN];
        bytemuck::cast_slice_mut(core::slice::from_mut(output)).copy_from_slice(result);
        Ok(())
    }

    fn memory(memory: &mut [i8]) -> Result<Memory<'_>, Error> {
        if memory.len() < Self::RAM {
            return Err(Error::QuantizedMemory { needed: Self::RAM, found: memory.len() });
        }
        Ok(Memory::split(memory, &N::BUFFERS))
    }
}

fn check_inputs<X: Sample>(inputs: &[X]) -> Result<(), Error> {
    match X::first_non_finite(inputs) {
        None => Ok(()),
        Some((sample, element, value)) => Err(Error::NonFiniteData { what: "input", sample, element, value }),
    }
}

// Not derived, because derived implementations would have the same bounds on `N` and `X`.
impl<N, X, L: Copy> Clone for Int8Network<N, X, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N, X, L: Copy> Copy for Int8Network<N, X, L> {}

impl<N: Parameters, X: Sample, L> fmt::Debug for Int8Network<N, X, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantized<{}, {}>({} bytes)", <N as Parameters>::NAME, X::NAME, size_of::<Self>())
    }
}
