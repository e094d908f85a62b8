//! Layers that compare the halves of a pair: their cosine similarity, and their distance.

use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::{Named, Part};

use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{Along, Backward, Features, HasAxis, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::tensor::{Pair, Tensor};

/// The cosine similarity of the halves of a pair: the cosine of the angle between them, along the axis `A`.
///
/// Forward `y = Σ aₖ bₖ / (|a| |b|)` over the places k of the axis. A norm below 1e-8 is replaced by 1e-8. Backward
/// `da = dy (b / (|a| |b|) - y a / |a|²)`, and the same for b.
///
/// # Shapes
/// Input `Pair<X, X>`, output X without the axis, as in [`MeanOver`](crate::layer::MeanOver). The default axis is
/// [`Features`]: `Pair<Vector<N>, Vector<N>>` to `Vector<1>`, and `Pair<Sequence<STEPS, FEATURES>, ..>` to
/// `Vector<STEPS>`.
///
/// # Gradient flow
/// The norm of the Jacobian is at most 1 / |a|. The gradient of a is orthogonal to a, since the output does not depend
/// on the length of a.
///
/// # Source
/// Bromley, Guyon, LeCun, Säckinger, Shah, "Signature verification using a siamese time delay neural network", NIPS
/// 1993, section 3; PyTorch's `nn.CosineSimilarity`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let pair = Pair(Vector([3.0, 4.0]), Vector([4.0, 3.0]));
/// assert_eq!(<CosineSimilarity>::default().predict(&pair)?, Vector([0.96]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("cosine", "nn.CosineSimilarity"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "CosineSimilarity<{A}>")]
pub struct CosineSimilarity<A: Named + Copy + Send + Sync + 'static = Features> {
    #[parameter(skip)]
    axis: PhantomData<A>,
}

/// The distance between the halves of a pair, along their features: the `P`-norm of their difference.
///
/// Forward `y = (Σ |aₖ - bₖ + 1e-6|ᴾ)^(1/P)`; backward `daₖ = sign(uₖ) (|uₖ| / y)^(P - 1) dy` and `db = -da`, where u
/// is the difference, including the 1e-6. The small number makes the distance of equal halves differentiable.
///
/// # Shapes
/// Input `Pair<Vector<N>, Vector<N>>`, output `Vector<1>`; or `Pair<Sequence<STEPS, N>, ..>`, output `Vector<STEPS>`.
/// The default of `P` is 2. It must be at least 1.
///
/// # Gradient flow
/// For P = 2 the gradient of each half has length 1 at any distance, and is parallel to the difference.
///
/// # Source
/// Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006, eq. 1; PyTorch's
/// `nn.PairwiseDistance`.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
///
/// let pair = Pair(Vector([1.0, 5.0]), Vector([4.0, 1.0]));
/// assert_relative_eq!(<PairwiseDistance>::default().predict(&pair)?, Vector([5.0]), epsilon = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("euclidean distance", "L2 distance", "nn.PairwiseDistance"))]
#[derive(Clone, Copy, Parameters)]
pub struct PairwiseDistance<const P: u8 = 2>;

comparable!([A: Named + Copy + Send + Sync + 'static] CosineSimilarity<A>);
comparable!([const P: u8] PairwiseDistance<P>);

/// A function of two lists of numbers.
trait Compares {
    /// Returns the function of these pairs of numbers.
    fn value(pairs: impl Iterator<Item = [f64; 2]> + Clone) -> f64;

    /// Returns the derivatives with respect to both numbers of each pair. `y` is the value.
    fn gradient(pairs: impl Iterator<Item = [f64; 2]> + Clone, y: f64) -> impl Iterator<Item = [f64; 2]>;
}

/// The cosine.
struct Cosine;

impl Cosine {
    /// Returns the form for the export to ONNX.
    const fn form(along: Along) -> Form {
        Form::Cosine { along, smallest: Self::EPSILON }
    }

    const EPSILON: f64 = 1e-8;

    /// Returns the sum of products, and the squares of both norms.
    fn sums(pairs: impl Iterator<Item = [f64; 2]>) -> [f64; 3] {
        pairs.fold([0.0; 3], |[product, a_square, b_square], [a, b]| {
            [product + a * b, a_square + a * a, b_square + b * b]
        })
    }

    fn norm(square: f64) -> f64 {
        let norm = Real::sqrt(square);
        if norm < Self::EPSILON { Self::EPSILON } else { norm }
    }
}

impl Compares for Cosine {
    fn value(pairs: impl Iterator<Item = [f64; 2]> + Clone) -> f64 {
        let [product, a_square, b_square] = Self::sums(pairs);
        product / (Self::norm(a_square) * Self::norm(b_square))
    }

    fn gradient(pairs: impl Iterator<Item = [f64; 2]> + Clone, y: f64) -> impl Iterator<Item = [f64; 2]> {
        let [_, a_square, b_square] = Self::sums(pairs.clone());
        let [a_norm, b_norm] = [a_square, b_square].map(Self::norm);
        // If a norm is replaced by the constant, its derivative is 0.
        let share = |norm: f64| if norm > Self::EPSILON { y / (norm * norm) } else { 0.0 };
        let (a_share, b_share) = (share(a_norm), share(b_norm));
        pairs.map(move |[a, b]| [b / (a_norm * b_norm) - a_share * a, a / (a_norm * b_norm) - b_share * b])
    }
}

/// The distance.
struct Distance<const P: u8>;

impl<const P: u8> Distance<P> {
    /// The number that is added to each difference.
    const ADDED: f64 = 1e-6;

    /// Returns the form for the export to ONNX.
    const fn form(along: Along) -> Form {
        Form::Distance { along, power: P, added: Self::ADDED }
    }

    fn differences(pairs: impl Iterator<Item = [f64; 2]> + Clone) -> impl Iterator<Item = f64> + Clone {
        pairs.map(|[a, b]| a - b + Self::ADDED)
    }
}

impl<const P: u8> Compares for Distance<P> {
    fn value(pairs: impl Iterator<Item = [f64; 2]> + Clone) -> f64 {
        let differences = Self::differences(pairs);
        let larger = |largest: f64, x: f64| if x.abs() > largest || x.is_nan() { x.abs() } else { largest };
        let largest = differences.clone().fold(0.0, larger);
        if !(largest > 0.0 && largest < f64::INFINITY) {
            return largest;
        }
        let sum: f64 = differences.map(|x| Real::powi(x.abs() / largest, P.into())).sum();
        largest * Real::powf(sum, 1.0 / f64::from(P))
    }

    fn gradient(pairs: impl Iterator<Item = [f64; 2]> + Clone, y: f64) -> impl Iterator<Item = [f64; 2]> {
        Self::differences(pairs).map(move |x| {
            if x == 0.0 || y == 0.0 {
                return [0.0; 2];
            }
            let slope = Real::copysign(Real::powi(x.abs() / y, i32::from(P) - 1), x);
            [slope, -slope]
        })
    }
}

/// Implements a layer that compares along an axis.
macro_rules! compares {
    ([$($generics:tt)*] $layer:ty, $Axis:ty, by $compares:ty $(, $($plan:tt)+)?) => {
        impl<$($generics)* X: HasAxis<$Axis>> Layer<Pair<X, X>> for $layer {
            type Output = X::Rest;
            const PLAN: Plan =
                Plan::leaf::<Pair<X, X>, Self>().form(<$compares>::form(<X as HasAxis<$Axis>>::ALONG))$($($plan)+)?;

            fn forward(
                &self,
                input: &[Pair<X, X>],
                output: &mut [X::Rest],
                _: WorkspaceMut<'_>,
                _: &mut Mode<'_>,
            ) {
                check_lengths(input.len(), output.len());
                for (y, &Pair(a, b)) in output.iter_mut().zip(input) {
                    let (a, b, y) = (a.as_slice(), b.as_slice(), y.as_mut_slice());
                    X::ALONG.each(|indices, place| {
                        let pairs = indices.map(|at| [a[at].to_f64(), b[at].to_f64()]);
                        y[place] = Real::from_f64(<$compares>::value(pairs));
                    });
                }
            }

            fn backward(&self, pass: Backward<'_, Pair<X, X>, Self>) {
                pass.check_lengths();
                let Backward { input, output, output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                for (sample, dx) in input_grad.iter_mut().enumerate() {
                    let Pair(a, b) = input[sample];
                    let (mut da, mut db) = (X::zeroed(), X::zeroed());
                    let (a, b) = (a.as_slice(), b.as_slice());
                    let (a_grad, b_grad) = (da.as_mut_slice(), db.as_mut_slice());
                    let (y, dy) = (output[sample].as_slice(), output_grad[sample].as_slice());
                    X::ALONG.each(|indices, place| {
                        let pairs = indices.clone().map(|at| [a[at].to_f64(), b[at].to_f64()]);
                        let gradient = <$compares>::gradient(pairs, y[place].to_f64());
                        for (at, [by_a, by_b]) in indices.zip(gradient) {
                            a_grad[at] = Real::from_f64(dy[place].to_f64() * by_a);
                            b_grad[at] = Real::from_f64(dy[place].to_f64() * by_b);
                        }
                    });
                    *dx = Pair(da, db);
                }
            }
        }
    };
}

compares!([A: Named + Copy + Send + Sync + 'static,] CosineSimilarity<A>, A, by Cosine);
compares!(
    [const P: u8,] PairwiseDistance<P>, Features, by Distance<P>,
    .requires(P > 0, &[Part::Text("has the power 0: the power of a norm must be at least 1")])
);
