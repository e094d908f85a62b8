//! Tier 1: random numbers from a seed.

/// Returns a generator of random numbers with this seed: the same numbers on every machine.
///
/// You can use any other generator of the [`rand`] crate instead.
pub fn rng(seed: u64) -> rand::rngs::ChaCha8Rng {
    rand::SeedableRng::seed_from_u64(seed)
}

/// Returns the generator of a training with this seed.
pub(crate) fn training_rng(seed: u64) -> rand::rngs::ChaCha8Rng {
    let mut rng = rng(seed);
    rng.set_stream(1); // not the stream of `rng(seed)`, perhaps that of the weights
    rng
}

/// Draws a number of the standard normal distribution, by the method of Box and Muller (1958). (`rand_distr` needs
/// `alloc`.)
pub(crate) fn normal(rng: &mut dyn rand::Rng) -> f64 {
    use rand::RngExt;
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    // 1 - radius is never 0.
    libm::sqrt(-2.0 * libm::log(1.0 - radius)) * libm::cos(2.0 * core::f64::consts::PI * angle)
}
