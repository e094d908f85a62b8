//! What a diagnosis does not do: change the trainer, or fail.
