//! The methods of networks that measure their gradients.

use rand::Rng;

use super::curvature;
use super::hessian;
use super::jacobian;
use super::noise;
use super::{
    Curvature, CurvatureOptions, Flow, FlowHook, FlowOptions, GradientNoise, HessianProduct, JacobianParts,
    JacobianSpectra, JacobianSpectrum, NoiseOptions,
};
use crate::Error;
use crate::bounds::GradientOf;
use crate::expected::expected_flow;
use crate::layer::{Bare, Layer, Mode, Workspace};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network, show_forward};
use crate::tensor::{AsSample, Sample, Tensor};

/// Methods that measure the gradients of any network. The trait is part of the prelude. See the example of
/// [the module](crate::flow).
#[doc(alias = "vanishing gradient")]
#[doc(alias = "exploding gradient")]
pub trait GradientFlow: Network {
    /// Measures the gradient flow through this network on a batch: each layer's factor in the chain rule's product, and
    /// a [verdict](Flow::verdict). Layers run in training mode, with random numbers from a fixed seed. See the example
    /// of [the module](crate::flow).
    ///
    /// A forward pass that is not finite is not an error: the verdict names the layer that caused it.
    ///
    /// # Errors
    /// [`Error`] for invalid data.
    #[doc(alias = "gradient norm")]
    #[doc(alias = "vanishing gradient")]
    #[doc(alias = "exploding gradient")]
    fn flow<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<Flow, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        self.flow_with(loss, inputs, targets, FlowOptions::default())
    }

    /// Measures the [`flow`](GradientFlow::flow) with options.
    ///
    /// ```
    /// use chainrule::flow::FlowOptions;
    /// use chainrule::prelude::*;
    ///
    /// let inputs: Vec<Vector<4>> = (0..8).map(|at| Vector([at as f32, 0.0, 0.0, 0.0])).collect();
    /// let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
    /// let flow = Linear::<4, 4>::init(&mut rng(1)).flow_with(&MeanSquaredError, &inputs, &inputs, ranks)?;
    /// assert_eq!(flow.layers[0].rank.unwrap().feature, 1); // all inputs are on one line
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] for invalid data.
    fn flow_with<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        options: FlowOptions,
    ) -> Result<Flow, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let (network, inputs) = (Data::network::<Bare>(self), Data::samples(inputs));
        measure(network, loss, inputs, targets, options, &mut crate::random::rng(0))
    }

    /// Measures the noise of the gradient: how much the gradients of samples differ, in each layer, and which batch
    /// size that suggests.
    ///
    /// It costs two gradients of the batch, computed in at most 64 pieces, and needs the memory of a few networks.
    /// Layers run in training mode. The random numbers of a dropout follow from a fixed seed, and are a part of the
    /// noise, as they are in training. For a batch norm see [`batch_statistics`](GradientNoise::batch_statistics).
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let inputs: Vec<Vector<1>> = (0..50).map(|at| Vector([(at as f32 * 0.7).sin()])).collect();
    /// let targets: Vec<Vector<1>> = inputs.iter().map(|x| Vector([3.0 * x[0]])).collect();
    /// let noise = Linear::<1, 1>::zeros().gradient_noise(&MeanSquaredError, &inputs, &targets)?;
    /// println!("{noise}"); // a table, and what it means
    /// assert!(noise.network.noise_scale.unwrap() < 5.0); // tr(Σ)/|G|²: here a few samples show the gradient
    /// assert_eq!(noise.layers[0].parameters, 2); // one weight and one bias
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] for invalid data. [`Error::Setting`] for fewer than two samples, or fewer than sixteen with a batch
    /// norm. [`Error::NonFiniteGradient`].
    #[doc(alias = "gradient noise scale")]
    #[doc(alias = "critical batch size")]
    fn gradient_noise<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<GradientNoise, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        self.gradient_noise_with(loss, inputs, targets, NoiseOptions::default())
    }

    /// Measures the noise of the gradient, as [`gradient_noise`](GradientFlow::gradient_noise), with options.
    ///
    /// # Errors
    /// The errors of [`gradient_noise`](GradientFlow::gradient_noise).
    fn gradient_noise_with<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        options: NoiseOptions,
    ) -> Result<GradientNoise, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        noise::measure(Data::network::<Bare>(self), loss, Data::samples(inputs), targets, options)
    }

    /// Measures the curvature of the mean loss of a batch: the largest and the smallest eigenvalue of its Hessian, its
    /// trace, and the largest stable learning rate, 2/λ.
    ///
    /// It costs at most about 140 gradients of the batch: [`Curvature::passes`] is their number. It needs the memory of
    /// 30 vectors of `f64` with one number per parameter. Layers run in training mode with random numbers from a fixed
    /// seed, so that the loss is a single function. Hessian-vector products are differences of gradients: see
    /// [`hessian_vector`](GradientFlow::hessian_vector).
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// // The mean of (w x - y)² has the Hessian 2 x²: 18 for x = 3.
    /// let net = Linear::<1, 1, f64, NoBias>::zeros();
    /// let curvature = net.curvature(&MeanSquaredError, &[Vector([3.0])], &[Vector([1.0])])?;
    /// approx::assert_relative_eq!(curvature.largest.value, 18.0, max_relative = 1e-8);
    /// approx::assert_relative_eq!(curvature.trace.unwrap().value, 18.0, max_relative = 1e-6);
    /// println!("{curvature}");
    /// println!("{}", curvature.compare(0.2, 0.0)?); // 2/λ = 0.111; the learning rate 0.2 is 1.800 times that: ..
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] for invalid data. [`Error::NonFiniteGradient`]. [`Error::Setting`] for a network without parameters.
    #[doc(alias = "hessian")]
    #[doc(alias = "sharpness")]
    #[doc(alias = "lanczos")]
    #[doc(alias = "hessian eigenvalues")]
    fn curvature<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<Curvature, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        self.curvature_with(loss, inputs, targets, CurvatureOptions::default())
    }

    /// Measures the curvature, as [`curvature`](GradientFlow::curvature), with options. See the example of
    /// [`CurvatureOptions`].
    ///
    /// # Errors
    /// The errors of [`curvature`](GradientFlow::curvature).
    fn curvature_with<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        options: CurvatureOptions,
    ) -> Result<Curvature, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        curvature::measure(Data::network::<Bare>(self), loss, Data::samples(inputs), targets, options)
    }

    /// Computes the product of the Hessian of the mean loss of a batch with a direction, and the error of the product.
    /// See the example of [`HessianProduct`].
    ///
    /// It uses central differences of the gradient with two steps, which are chosen by trial. In `f64` the error is
    /// about 1e-9 of the product, and in `f32` about 1e-3. A ReLU has no second derivative at its kink. If the kink of
    /// a unit is between the two ends of a step, the unit adds its change of slope divided by the step. The product is
    /// then that of a loss smoothed over the step. In `f64` the steps are so short that this is rare. In `f32` it is
    /// not rare, and [`HessianProduct::error`] shows it.
    ///
    /// # Errors
    /// The errors of [`curvature`](GradientFlow::curvature), and [`Error::Setting`] for a direction that is not finite.
    #[doc(alias = "hvp")]
    #[doc(alias = "hessian-vector product")]
    fn hessian_vector<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        direction: &impl GradientOf<Self>,
    ) -> Result<HessianProduct<Self>, Error>
    where
        Data: InputOf<X, Self, Y>,
        Self: Sized,
    {
        let (network, direction) = (Data::network::<Bare>(self), direction.as_gradient());
        hessian::hessian_vector(network, loss, Data::samples(inputs), targets, direction)
    }

    /// Computes the singular values of the Jacobian dy/dx of this network at each of these inputs, in evaluation mode.
    /// They show whether the network has dynamical isometry.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net<A> = (Linear<64, 64>, [(A, Linear<64, 64>); 10]);
    ///
    /// let inputs = [Vector([0.3; 64]), Vector([-0.1; 64])];
    /// let orthogonal = Net::<Tanh>::init_with(Initializer::orthogonal(), &mut rng(1)).jacobian_spectrum(&inputs)?;
    /// let gaussian = Net::<Tanh>::init_with(Initializer::lecun_normal(), &mut rng(1)).jacobian_spectrum(&inputs)?;
    /// println!("{orthogonal}"); // the figures, and a histogram
    /// assert!(orthogonal.near_one.unwrap() > 0.8 && gaussian.near_one.unwrap() < 0.5);
    /// assert!(orthogonal.largest.least <= orthogonal.largest.greatest); // the largest singular value at two inputs
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Cost
    /// For each input it costs a training step with as many samples as the output has elements, which computes J row by
    /// row, and a singular value decomposition, 8/3 n³ operations for n x n. A Jacobian of more than 2²⁴ elements (4096
    /// x 4096) is not decomposed. Its mean square is then an estimate with a
    /// [standard error](JacobianSpectrum::standard_error), and its largest singular value a lower bound. This costs
    /// about 120 passes.
    ///
    /// # Errors
    /// The errors of [`predict`](Network::predict). [`Error::EmptyBatch`] without inputs. [`Error::NonFiniteJacobian`].
    #[doc(alias = "dynamical isometry")]
    #[doc(alias = "singular values")]
    #[doc(alias = "svd")]
    fn jacobian_spectrum<X: AsSample<Sample: Tensor>, Y: Tensor>(
        &self,
        inputs: &[X],
    ) -> Result<JacobianSpectrum, Error>
    where
        Data: InputOf<X, Self, Y, Sample = X::Sample>,
    {
        jacobian::measure_at(self, inputs, None)?.whole()
    }

    /// Computes the singular values of the Jacobians of parts of this network, as
    /// [`jacobian_spectrum`](GradientFlow::jacobian_spectrum) does for all of it. Parts are the single layers on the
    /// main path, the layers up to each depth, or ranges of layers.
    ///
    /// ```
    /// use chainrule::flow::JacobianParts;
    /// use chainrule::prelude::*;
    /// type Net = (Linear<16, 32>, [(Relu, Linear<32, 32>); 3], Linear<32, 4>);
    ///
    /// let net = Net::init_with(Initializer::he_normal(), &mut rng(1));
    /// let spectra = net.jacobian_spectra(&[Vector([0.5; 16])], JacobianParts::Spans(&[("1", "1"), ("0", "1.0.0")]))?;
    /// println!("{spectra}");
    /// assert_eq!((spectra.parts[0].inputs, spectra.parts[0].outputs), (32, 32));
    /// assert_eq!(spectra.parts[1].path, "0 to 1.0.0");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`jacobian_spectrum`](GradientFlow::jacobian_spectrum). [`Error::NotOnMainPath`] for a path
    /// without a layer on the main path. [`Error::Setting`] for a part of several layers whose Jacobian has more than
    /// 2²⁴ elements.
    fn jacobian_spectra<X: AsSample<Sample: Tensor>, Y: Tensor>(
        &self,
        inputs: &[X],
        parts: JacobianParts<'_>,
    ) -> Result<JacobianSpectra, Error>
    where
        Data: InputOf<X, Self, Y, Sample = X::Sample>,
    {
        jacobian::measure_at(self, inputs, Some(parts))?.finish()
    }
}

impl<N: Network> GradientFlow for N {}

/// Measures a forward and a backward pass. If the forward pass is not finite, it measures only the inputs and outputs
/// of the layers.
pub(crate) fn measure<N, X, Y, L, T>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    detail: FlowOptions,
    rng: &mut impl Rng,
) -> Result<Flow, Error>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    let (mut workspace, mut gradient) = (Workspace::default(), N::zeros());
    let mut hook = FlowHook::new::<N, X>(detail);
    let passed =
        network.loss_gradient_with_hook(loss, inputs, targets, &mut workspace, &mut gradient, rng, &mut hook);
    let loss = match passed {
        Ok(loss) => Some(loss),
        Err(Error::NonFiniteOutput { .. } | Error::NonFiniteLoss { .. }) => {
            hook.forward_only = true;
            show_forward(network, inputs, &mut Mode::Train(rng), &mut hook);
            None
        }
        Err(error) => return Err(error),
    };
    let expected = Some(expected_flow::<N, X>());
    Ok(Flow { loss, samples: inputs.len(), expected, layers: hook.into_layers() })
}
