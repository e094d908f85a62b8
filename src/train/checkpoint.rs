//! Saving and resuming a trainer.

use std::path::Path;

use super::Trainer;
use crate::checkpoint::{CheckpointError, State, StateFields, load_state, save_state};
use crate::layer::Parameters;

impl<N, L, O> Trainer<N, L, O> {
    /// Saves network, optimizer and random state to a file, from which [`resume`](Trainer::resume) continues bit for
    /// bit.
    ///
    /// # Errors
    /// As [`checkpoint::save_state`](crate::checkpoint::save_state): after an error the old file is unchanged.
    pub fn save_checkpoint(&mut self, path: impl AsRef<Path>) -> Result<(), CheckpointError>
    where
        N: Parameters,
        O: State,
    {
        save_state(self, path)
    }

    /// Restores the state at [`save_checkpoint`](Trainer::save_checkpoint): network, optimizer with its settings,
    /// random state.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 8>, Tanh, Dropout<10>, Linear<8, 1>);
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("xor.safetensors");
    /// # let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
    /// # let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
    /// let new = || Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.05), 1);
    /// let mut trainer = new();
    /// trainer.step(&inputs, &xor)?;
    /// trainer.save_checkpoint(&path)?;
    ///
    /// let mut resumed = new(); // perhaps in another process
    /// resumed.resume(&path)?;
    /// assert_eq!(resumed.step(&inputs, &xor)?, trainer.step(&inputs, &xor)?);
    /// assert_eq!(resumed.network.parameters(), trainer.network.parameters());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`checkpoint::load_state`](crate::checkpoint::load_state): after an error nothing has changed.
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<(), CheckpointError>
    where
        N: Parameters,
        O: State,
    {
        load_state(self, path)
    }
}

/// Without the loss, which the program sets again, and without gradient and workspace, which each step overwrites.
impl<N: Parameters, L, O: State> State for Trainer<N, L, O> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.network("network", &mut self.network);
        fields.state("optimizer", &mut self.optimizer);
        fields.state("rng", &mut self.rng);
        fields.count("steps", &mut self.steps);
        fields.state("schedule", &mut self.schedule);
        fields.optional_number("rate_at_start", &mut self.rate_at_start);
    }
}
