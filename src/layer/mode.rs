use rand::Rng;

/// Training mode or evaluation mode of a forward pass.
///
/// Layers that differ between the two ([`Dropout`](super::Dropout), [`BatchNorm`](super::BatchNorm)) use it; all others
/// ignore it.
pub enum Mode<'a> {
    /// Evaluation mode: nothing is random, and the output of a sample does not depend on the others in its batch.
    Evaluate,
    /// Training mode: layers draw random numbers from this generator, so that its seed determines the whole run.
    Train(&'a mut dyn Rng),
}
