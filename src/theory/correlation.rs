use core::f64::consts::PI;

/// The correlation of two inputs in a random, infinitely wide ReLU network, and of their gradients.
///
/// Create one with [`Pair::new`] and apply the layers in order, first to last. Then read the correlation of the two
/// gradients with respect to the input of the network.
///
/// # Derivation
/// Let z and z' be jointly normal with equal variance q and correlation ρ. Then (Cho & Saul 2009, n = 0 and 1)
///
/// > 2 E\[\[z > 0\] \[z' > 0\]\] = k₀(ρ) = 1 - acos(ρ)/π
/// > 2 E\[relu(z) relu(z')\] = q k₁(ρ),  k₁(ρ) = (√(1 - ρ²) + ρ (π - acos ρ)) / π
///
/// *Forward.* W ~ N(0, 2/fan-in) maps two activations with mean product c to two z with covariance 2c. So ρ' = k₁(ρ),
/// and q does not change.
///
/// *Backward.* dR/dz = \[z > 0\] Wᵀ dR/dz⁺, where z⁺ is the z of the next layer. If W is independent of \[z > 0\] and
/// of dR/dz⁺, E\[dR/dz dR/dz'\] = E\[\[z > 0\] \[z' > 0\]\] · 2 · E\[dR/dz⁺ dR/dz⁺'\]: each layer multiplies the
/// correlation of the gradients by k₀(ρ), with the ρ of its z. The W of the next layer is independent of \[z > 0\]. It
/// is not independent of dR/dz⁺, which depends on the active units of the next layers, and these depend on W. This
/// gradient independence is an assumption at finite width. It is exact in the limit, if the weights of the last layer
/// are independent and used nowhere else (Yang 2020, the "simple GIA check"). All layers here assume it. Measured
/// correlations are larger by a term of the order of layers/width.
///
/// *Start.* Both gradients start from the same vector, as if R were linear in the network's output: correlation 1.
///
/// In a plain stack ρ → 1 as 1 - ρ ≈ 9π²/2L², so k₀ ≈ 1 - 3/L, and the correlation of the gradients falls as a power,
/// L⁻³. Balduzzi et al. are often quoted for exponentials: 2⁻ᴸ for plain networks and (3/4)ᴸ for residual networks.
/// These assume that \[z > 0\] and \[z' > 0\] are independent, k₀ = 1/2, at every depth. That is correct for the first
/// layer and ρ = 0, but not for the following layers.
///
/// # Source
/// Cho & Saul, "Kernel methods for deep learning", NIPS 2009, eq. 3 to 6. Balduzzi, Frean, Leary, Lewis, Ma,
/// McWilliams, "The shattered gradients problem", ICML 2017, section 3. Yang, "Tensor programs II", 2020.
///
/// # Examples
/// ```
/// use chainrule::theory::Pair;
/// // Two inputs at a right angle, 20 layers of He-initialized ReLU, plain and in residual blocks.
/// let plain = Pair::new(0.0).plain(20);
/// let residual = Pair::new(0.0).residual(1.0, 20);
/// assert!(plain.gradients() < 0.01 && residual.gradients() > 0.02);
/// // Much more than the 1e-6 of 1/2²⁰, and the forward correlation approaches 1.
/// assert!(plain.gradients() > 1e-4 && plain.values() > 0.9);
/// ```
#[doc(alias = "shattered gradients")]
#[doc(alias = "arc-cosine kernel")]
#[doc(alias = "nngp")]
#[doc(alias = "ntk")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Mean square, mean and mean product of the two streams. Only their ratios matter.
    square: f64,
    mean: f64,
    product: f64,
    gradients: f64,
}

impl Pair {
    /// Creates two inputs of equal length whose angle has this cosine, clamped to -1 .. 1. A NaN stays a NaN.
    pub fn new(cosine: f64) -> Self {
        Self { square: 1.0, mean: 0.0, product: cosine.clamp(-1.0, 1.0), gradients: 1.0 }
    }

    /// Returns the cosine of the angle between the two activations after the layers so far.
    pub fn values(&self) -> f64 {
        (self.product / self.square).clamp(-1.0, 1.0)
    }

    /// Returns the cosine of the angle between the two gradients with respect to the network's input, for the layers so
    /// far.
    pub fn gradients(&self) -> f64 {
        self.gradients
    }

    /// Applies `layers` layers relu(W x), where W has the variance 2/n.
    ///
    /// ρ' = k₁(ρ); the correlation of the gradients is multiplied by k₀(ρ).
    #[must_use]
    pub fn plain(self, layers: usize) -> Self {
        (0..layers).fold(self, |pair, _| {
            let rho = pair.values();
            let [square, product] = [1.0, arc_cosine_1(rho)];
            Self { square, mean: 0.0, product, gradients: pair.gradients * arc_cosine_0(rho) }
        })
    }

    /// Applies `blocks` blocks x + a V relu(W x), where W has the variance 2/n and V 1/n; or, equivalently, x + a W
    /// relu(x).
    ///
    /// The branch has mean 0, so its products add to those of the stream without mixed terms: ρ' = (ρ + a² k₁(ρ)) / (1
    /// + a²). The correlation of the gradients is multiplied by (1 + a² k₀(ρ)) / (1 + a²).
    #[must_use]
    pub fn residual(self, a: f64, blocks: usize) -> Self {
        (0..blocks).fold(self, |pair, _| {
            let rho = pair.values();
            let mixed = |branch: f64, skip: f64| (skip + a * a * branch) / (1.0 + a * a);
            let [square, product] = [1.0, mixed(arc_cosine_1(rho), rho)];
            Self { square, mean: 0.0, product, gradients: pair.gradients * mixed(arc_cosine_0(rho), 1.0) }
        })
    }

    /// Applies `blocks` blocks x + a relu(W x), where W has the variance 2/n: the branch ends in its ReLU.
    ///
    /// Let s be the mean square of x. The branch has the mean a √(s/π), so the mean m of the stream grows from block to
    /// block: s' = s (1 + a²) + 2 a m √(s/π) and m' = m + a √(s/π). The mean product p = ρ s changes in the same way,
    /// with a² k₁(ρ) s in place of a² s. W has mean 0, so this does not affect the gradients: their correlation is
    /// multiplied by (1 + a² k₀(ρ)) / (1 + a²).
    #[must_use]
    pub fn residual_after_relu(self, a: f64, blocks: usize) -> Self {
        (0..blocks).fold(self, |pair, _| {
            let Self { square, mean, product, gradients } = pair;
            let rho = pair.values();
            let branch_mean = a * (square / PI).sqrt();
            let crossed = 2.0 * mean * branch_mean;
            // Scaled to a mean square of 1, so that a thousand blocks do not overflow.
            let next = square * (1.0 + a * a) + crossed;
            Self {
                square: 1.0,
                mean: (mean + branch_mean) / next.sqrt(),
                product: (product + a * a * square * arc_cosine_1(rho) + crossed) / next,
                gradients: gradients * (1.0 + a * a * arc_cosine_0(rho)) / (1.0 + a * a),
            }
        })
    }
}

/// Computes k₀(ρ) = 1 - acos(ρ)/π: twice the probability that two standard normal numbers of correlation ρ are both
/// positive.
///
/// ```
/// use chainrule::theory::arc_cosine_0;
/// assert_eq!([-1.0, 0.0, 1.0].map(arc_cosine_0), [0.0, 0.5, 1.0]);
/// ```
#[doc(alias = "arc-cosine kernel")]
pub fn arc_cosine_0(rho: f64) -> f64 {
    1.0 - rho.clamp(-1.0, 1.0).acos() / PI
}

/// Computes k₁(ρ) = (√(1 - ρ²) + ρ (π - acos ρ)) / π: 2 E\[relu(z) relu(z')\] for standard normal z, z' of correlation
/// ρ.
///
/// ```
/// use chainrule::theory::arc_cosine_1;
/// assert_eq!([-1.0, 0.0, 1.0].map(arc_cosine_1), [0.0, 1.0 / std::f64::consts::PI, 1.0]);
/// ```
#[doc(alias = "arc-cosine kernel")]
pub fn arc_cosine_1(rho: f64) -> f64 {
    let rho = rho.clamp(-1.0, 1.0);
    (((1.0 - rho) * (1.0 + rho)).sqrt() + rho * (PI - rho.acos())) / PI
}
