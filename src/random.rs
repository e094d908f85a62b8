//! Floor 1: random numbers from a seed.

/// Returns a generator of random numbers with this seed: the same numbers on every machine.
///
/// You can use any other generator of the [`rand`] crate instead.
pub fn rng(seed: u64) -> rand::rngs::ChaCha8Rng {
    rand::SeedableRng::seed_from_u64(seed)
}
