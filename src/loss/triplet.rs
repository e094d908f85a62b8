use super::Loss;
use super::checks::check_positive;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::Sequence;

/// The number that is added to each difference, as in PyTorch, so that a distance of 0 has a derivative.
const EPSILON: f64 = 1e-6;

/// The triplet loss of three samples: an anchor, a positive sample of the same kind, and a negative sample of another
/// kind. The anchor should be closer to the positive sample, by the margin.
///
/// R = max(0, margin + d(anchor, positive) - d(anchor, negative)), with the distance d(u, v) = |u - v + ε|, where ε =
/// 1e-6 is added to each difference. The loss of a batch is the mean over its samples.
///
/// # Shapes
/// Output `Sequence<3, N>`: the steps are the anchor, the positive and the negative sample. The target is `()`, because
/// nothing else is compared.
///
/// # Source
/// Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks", BMVC
/// 2016, eq. 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let triplet = Sequence([[0.0, 0.0], [3.0, 4.0], [0.0, 5.5]]); // distances 5 and 5.5
/// let loss = TripletMargin::new(1.0).mean(&[triplet], &[()])?;
/// approx::assert_relative_eq!(loss, 0.5, max_relative = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("TripletMarginLoss", "nn.TripletMarginLoss", "metric learning", "siamese"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TripletMargin {
    margin: f64,
}

impl TripletMargin {
    /// Creates a loss with this margin, above 0.
    pub const fn new(margin: f64) -> Self {
        Self { margin }
    }

    /// Returns the distances of the anchor from both samples, and by how much the margin is not met.
    fn distances<const N: usize, T: Real>(&self, [anchor, positive, negative]: &[[T; N]; 3]) -> [f64; 3] {
        let distance = |v: &[T; N]| {
            let squares = anchor.iter().zip(v).fold(0.0, |sum, (a, v)| sum + square(difference(*a, *v)));
            Real::sqrt(squares)
        };
        let [near, far] = [distance(positive), distance(negative)];
        [near, far, self.margin + near - far]
    }
}

fn difference<T: Real>(u: T, v: T) -> f64 {
    u.to_f64() - v.to_f64() + EPSILON
}

fn square(x: f64) -> f64 {
    x * x
}

impl Default for TripletMargin {
    fn default() -> Self {
        Self::new(1.0)
    }
}

#[diagnostic::do_not_recommend] // the message says which target belongs to which output
impl<const N: usize, T: Real> Loss<Sequence<3, N, T>, ()> for TripletMargin {
    fn value(&self, output: &Sequence<3, N, T>, (): &()) -> f64 {
        let [_, _, above] = self.distances(&output.0);
        above.max(0.0)
    }

    fn gradient(&self, output: &Sequence<3, N, T>, (): &(), gradient: &mut Sequence<3, N, T>) {
        let ([anchor, positive, negative], [near, far, above]) = (&output.0, self.distances(&output.0));
        // A distance of exactly 0 has a derivative of 0, as in PyTorch.
        let direction = |d: f64, length: f64| if above > 0.0 && length > 0.0 { d / length } else { 0.0 };
        for at in 0..N {
            let to_near = direction(difference(anchor[at], positive[at]), near);
            let to_far = direction(difference(anchor[at], negative[at]), far);
            gradient.0[0][at] = T::from_f64(to_near - to_far);
            gradient.0[1][at] = T::from_f64(-to_near);
            gradient.0[2][at] = T::from_f64(to_far);
        }
    }

    fn check(&self, (): &(), _: usize) -> Result<(), Error> {
        check_positive("the margin of a triplet loss", self.margin)
    }
}
