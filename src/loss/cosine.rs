use super::Loss;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::Sequence;

/// The number that is added to the square of each length, as in PyTorch, so that a vector of length 0 has a cosine
/// of 0.
const EPSILON: f64 = 1e-12;

/// The cosine embedding loss of two vectors. Similar vectors should have the same direction, and other vectors a cosine
/// of at most the margin.
///
/// With c = u·v / √((u·u + ε) (v·v + ε)) and ε = 1e-12: R = 1 - c for a similar pair, else max(0, c - margin). The loss
/// of a batch is the mean over its samples.
///
/// # Shapes
/// Output `Sequence<2, N>`: u at the first step, v at the second. The target is a `bool`, whether the pair is similar
/// (PyTorch's 1 and -1).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = CosineEmbedding::default();
/// let pair = Sequence([[3.0, 0.0], [4.0, 3.0]]); // a cosine of 4/5
/// approx::assert_relative_eq!(loss.mean(&[pair], &[true])?, 0.2, max_relative = 1e-9);
/// approx::assert_relative_eq!(loss.mean(&[pair], &[false])?, 0.8, max_relative = 1e-9);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("CosineEmbeddingLoss", "nn.CosineEmbeddingLoss", "contrastive"))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CosineEmbedding {
    margin: f64,
}

impl CosineEmbedding {
    /// Creates a loss with this margin, from -1 to 1. The default is 0.
    pub const fn new(margin: f64) -> Self {
        Self { margin }
    }

    /// Returns u·v, and u·u + ε and v·v + ε.
    fn products<const N: usize, T: Real>([u, v]: &[[T; N]; 2]) -> [f64; 3] {
        let dot =
            |a: &[T; N], b: &[T; N]| a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a.to_f64() * b.to_f64());
        [dot(u, v), dot(u, u) + EPSILON, dot(v, v) + EPSILON]
    }
}

/// Returns the cosine from these products. (There are two square roots, so that the product of large squares does not
/// overflow.)
fn cosine([uv, uu, vv]: [f64; 3]) -> f64 {
    uv / (Real::sqrt(uu) * Real::sqrt(vv))
}

#[diagnostic::do_not_recommend] // the message says which target belongs to which output
impl<const N: usize, T: Real> Loss<Sequence<2, N, T>, bool> for CosineEmbedding {
    fn value(&self, output: &Sequence<2, N, T>, similar: &bool) -> f64 {
        let cosine = cosine(Self::products(&output.0));
        if *similar { 1.0 - cosine } else { (cosine - self.margin).max(0.0) }
    }

    fn gradient(&self, output: &Sequence<2, N, T>, similar: &bool, gradient: &mut Sequence<2, N, T>) {
        let ([u, v], products) = (&output.0, Self::products(&output.0));
        let ([_, uu, vv], cosine) = (products, cosine(products));
        let slope = match similar {
            true => -1.0,
            false => f64::from(cosine > self.margin),
        };
        // dc/du = v / (|u| |v|) - c u / |u|²
        let scale = slope / (Real::sqrt(uu) * Real::sqrt(vv));
        for at in 0..N {
            let (a, b) = (u[at].to_f64(), v[at].to_f64());
            gradient.0[0][at] = T::from_f64(scale * b - slope * cosine * a / uu);
            gradient.0[1][at] = T::from_f64(scale * a - slope * cosine * b / vv);
        }
    }

    fn check(&self, _: &bool, _: usize) -> Result<(), Error> {
        if (-1.0..=1.0).contains(&self.margin) {
            return Ok(());
        }
        let (name, expected) = ("the margin of a cosine embedding loss", "between -1 and 1");
        Err(Error::Setting { name, value: self.margin, expected })
    }
}
