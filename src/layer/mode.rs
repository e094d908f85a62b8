use rand::Rng;

/// Training mode or evaluation mode of a forward pass.
///
/// Layers that differ between the two modes ([`Dropout`](super::Dropout), [`BatchNorm`](super::BatchNorm)) use it. All
/// others ignore it. [`Network::predict`](crate::Network::predict) uses evaluation mode. The example of
/// [`Dropout`](super::Dropout) uses both.
#[doc(alias("train()", "eval()"))]
pub enum Mode<'a> {
    /// Evaluation mode: there are no random numbers, and the output of a sample does not depend on the rest of the
    /// batch.
    Evaluate,
    /// Training mode: layers draw random numbers from this generator. Its seed therefore determines the whole run.
    Train(&'a mut dyn Rng),
}
