//! The figures of the noise of a gradient, computed from a few sums over its pieces.

use alloc::vec::Vec;

use serde::Serialize;

use super::figures::{norm, ratio};

/// The noise of the gradient of a network, or of one layer: [`GradientNoise`](super::GradientNoise) has both. See the
/// example of [`GradientFlow::gradient_noise`](crate::flow::GradientFlow::gradient_noise).
///
/// In the formulas g(i) is the gradient of piece i of m, with b samples each. g is their mean, the gradient of the
/// batch, and n = m b. G is the gradient of all data, and Σ the covariance of the gradients of single samples. Sums are
/// over the pieces. A figure without a meaning, such as a ratio to a gradient of 0, is `None`.
#[doc(alias = "gradient noise scale")]
#[doc(alias = "signal to noise ratio")]
#[doc(alias = "norm test")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct NoiseFigures {
    /// |g|, the length of the batch's gradient.
    pub gradient_norm: f64,
    /// tr(Σ), the variance of a sample's gradient: b/(m - 1) Σ |g(i) - g|². The estimate is unbiased.
    pub variance: Option<f64>,
    /// An unbiased estimate of |G|²: |g|² - tr(Σ)/n. It can be negative. Then the batch is too small to distinguish the
    /// gradient from noise.
    pub signal: Option<f64>,
    /// The signal-to-noise ratio of a sample's gradient: the mean over all elements j of g(j)² / (v(j) + ε), where v(j)
    /// = b/m Σ (g(i, j) - g(j))² and ε is [`NoiseOptions::epsilon`](super::NoiseOptions::epsilon). For ε = 0, elements
    /// whose gradient is the same in each piece, such as those of dead units, are left out. Pure noise gives 1/n.
    ///
    /// # Source
    /// Liu, Jiang, Bai, Chen, Wang, "Understanding why neural networks generalize well through GSNR of parameters",
    /// ICLR 2020; its mean over elements: Schneider, Dangel, Hennig, "Cockpit", NeurIPS 2021.
    pub snr: Option<f64>,
    /// The smallest θ with which the batch passes the norm test: √(Σ |g(i) - g|² / (m (m - 1))) / |g|, the standard
    /// error of the batch's gradient in multiples of its length. Byrd's batches have at most 0.5 to 0.9.
    ///
    /// # Source
    /// Byrd, Chin, Nocedal, Wu, "Sample size selection in optimization methods for machine learning", 2012, equation
    /// 3.9.
    pub norm_test: Option<f64>,
    /// The same for the inner product test, which uses the part along g: √(Σ (g(i)·g / |g|² - 1)² / (m (m - 1))). The
    /// batches of the paper have at most 0.9.
    ///
    /// # Source
    /// Bollapragada, Byrd, Nocedal, "Adaptive sampling strategies for stochastic optimization", 2017, equation 2.6.
    pub inner_product_test: Option<f64>,
    /// The same for the orthogonality test, which uses the part orthogonal to g: √(norm² - inner product²) of the two
    /// tests. The batches of the paper have at most tan 80° = 5.7.
    ///
    /// # Source
    /// As the inner product test, equation 3.3.
    pub orthogonality_test: Option<f64>,
    /// The simple noise scale tr(Σ) / |G|²: the batch size at which noise and gradient have equal size. Smaller batches
    /// waste steps, and larger ones waste samples.
    ///
    /// It is the quotient of the two unbiased estimates above, which equal those of appendix A.1 for batches of b and n
    /// samples. `None` if |G|² cannot be distinguished from 0.
    ///
    /// # Source
    /// McCandlish, Kaplan, Amodei, "An empirical model of large-batch training", 2018, equation 2.9 and appendix A.1.
    pub noise_scale: Option<f64>,
    /// The standard error of the noise scale, by the jackknife over the pieces, which leaves out each piece once.
    /// `None` for fewer than 3 pieces, or if the noise scale has no meaning without one of them.
    ///
    /// # Source
    /// Efron, Stein, "The jackknife estimate of variance", 1981.
    pub noise_scale_error: Option<f64>,
    /// The mean cosine of the angle between a piece's gradient and g. Since g contains each piece, pure noise gives
    /// about 1/√m.
    pub alignment: Option<f64>,
}

/// Sums over the pieces, for the gradient of a layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// |g(i) - g|² and (g(i) - g)·g of each piece.
    pieces: Vec<[f64; 2]>,
    /// |g|², and |g|, since a square can overflow.
    square: f64,
    length: f64,
    /// The sum of the ratios of elements, and their number.
    ratios: f64,
    elements: usize,
}

impl Sums {
    /// Starts the next piece.
    pub(super) fn start_piece(&mut self) {
        self.pieces.push([0.0; 2]);
    }

    /// Adds a parameter of the current piece.
    pub(super) fn add(&mut self, distance: f64, along: f64) {
        if let Some([distances, alongs]) = self.pieces.last_mut() {
            *distances += distance;
            *alongs += along;
        }
    }

    /// Adds the elements of a parameter: the mean of each, and its variance over the pieces.
    pub(super) fn add_elements(
        &mut self,
        mean: &[f64],
        variances: impl Iterator<Item = f64>,
        size: usize,
        rounding: f64,
        epsilon: f64,
    ) {
        self.length = self.length.hypot(norm(mean));
        for (mean, variance) in mean.iter().zip(variances) {
            let square = mean * mean;
            self.square += square;
            // Numbers that differ only by a few roundings count as equal.
            let equal = variance <= (4.0 * rounding).powi(2) * (square + variance);
            if epsilon > 0.0 || !equal {
                self.ratios += square / (size as f64 * variance + epsilon);
                self.elements += 1;
            }
        }
    }

    /// Adds the sums of another layer.
    pub(super) fn add_layer(&mut self, other: &Self) {
        self.pieces.resize(other.pieces.len(), [0.0; 2]);
        for ([distances, alongs], [distance, along]) in self.pieces.iter_mut().zip(&other.pieces) {
            *distances += distance;
            *alongs += along;
        }
        self.square += other.square;
        self.length = self.length.hypot(other.length);
        self.ratios += other.ratios;
        self.elements += other.elements;
    }

    /// Computes the figures, for pieces of this size.
    pub(super) fn figures(&self, size: usize) -> NoiseFigures {
        let (m, b) = (self.pieces.len() as f64, size as f64);
        let (square, distances) = (self.square, self.pieces.iter().map(|[distance, _]| distance).sum());
        let root = |squares: f64, whole: f64| ratio(squares.max(0.0), m * (m - 1.0) * whole).map(f64::sqrt);
        let along: f64 = self.pieces.iter().map(|[_, along]| along * along).sum();
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let [variance, signal] = unbiased(distances, square, m, b);
        NoiseFigures {
            gradient_norm: self.length,
            variance: finite(variance),
            signal: finite(signal),
            snr: ratio(self.ratios, self.elements as f64),
            norm_test: root(distances, square),
            inner_product_test: root(along, square * square),
            orthogonality_test: root(distances - along / square, square),
            noise_scale: scale([variance, signal]),
            noise_scale_error: self.jackknife(distances, m, b),
            alignment: self.alignment(),
        }
    }

    fn alignment(&self) -> Option<f64> {
        let cosines = self.pieces.iter().filter_map(|[distance, along]| {
            let piece = distance + 2.0 * along + self.square;
            ratio(self.square + along, (piece * self.square).sqrt())
        });
        let (sum, count) = cosines.fold((0.0, 0.0), |(sum, count), cosine| (sum + cosine, count + 1.0));
        ratio(sum, count)
    }

    /// Computes the standard error of the noise scale, from its values without each of the pieces.
    fn jackknife(&self, distances: f64, m: f64, b: f64) -> Option<f64> {
        if m < 3.0 {
            return None;
        }
        let scales: Option<Vec<f64>> = self
            .pieces
            .iter()
            .map(|[distance, along]| {
                let others = m - 1.0;
                // The mean without this piece is g - (g(i) - g) / (m - 1).
                let square = self.square - 2.0 * along / others + distance / (others * others);
                scale(unbiased(distances - distance * m / others, square, others, b))
            })
            .collect();
        let scales = scales?;
        let mean = scales.iter().sum::<f64>() / m;
        let squares: f64 = scales.iter().map(|scale| (scale - mean).powi(2)).sum();
        Some(((m - 1.0) / m * squares).sqrt())
    }
}

/// Returns the estimates of tr(Σ) and of |G|², from Σ |g(i) - g|² and |g|².
fn unbiased(distances: f64, square: f64, m: f64, b: f64) -> [f64; 2] {
    let variance = b * distances / (m - 1.0);
    [variance, square - variance / (m * b)]
}

fn scale([variance, signal]: [f64; 2]) -> Option<f64> {
    ratio(variance, signal).filter(|_| signal > 0.0)
}
