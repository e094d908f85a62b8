// Tier 1.
//! Random numbers from a seed.

/// Returns a random number generator with this seed. It gives the same numbers on every machine.
///
/// You can use any other generator of the [`rand`] crate instead.
///
/// ```
/// use chainrule::prelude::*;
/// use rand::Rng;
/// assert_eq!(rng(7).next_u64(), rng(7).next_u64());
/// assert_ne!(rng(7).next_u64(), rng(8).next_u64());
/// ```
#[doc(alias("manual_seed", "random seed", "PRNGKey"))]
pub fn rng(seed: u64) -> rand::rngs::ChaCha8Rng {
    rand::SeedableRng::seed_from_u64(seed)
}

/// Returns the generator of a training with this seed.
pub(crate) fn training_rng(seed: u64) -> rand::rngs::ChaCha8Rng {
    let mut rng = rng(seed);
    rng.set_stream(1); // a different stream than that of `rng(seed)`, which may have drawn the weights
    rng
}

/// Draws a number from the standard normal distribution, by the method of Box and Muller (1958). (`rand_distr` needs
/// `alloc`.)
pub(crate) fn normal(rng: &mut dyn rand::Rng) -> f64 {
    use rand::RngExt;
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    // 1 - radius is never 0.
    libm::sqrt(-2.0 * libm::log(1.0 - radius)) * libm::cos(2.0 * core::f64::consts::PI * angle)
}
