use rand::Rng;

/// Whether a forward pass is for training or for use.
///
/// Layers that differ between the two ([`Dropout`](super::Dropout), [`BatchNorm`](super::BatchNorm)) look here; all others
/// ignore it.
pub enum Mode<'a> {
    /// Nothing is random, and no sample knows of the others in its batch: the same input gives the same output.
    Evaluate,
    /// Whatever is random draws from this generator, so that its seed fixes the whole run.
    Train(&'a mut dyn Rng),
}
