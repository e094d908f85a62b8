//! Saving and resuming a trainer.

use std::path::Path;

use super::Trainer;
use crate::checkpoint::{
    ChangedSetting, CheckpointError, State, StateFields, StateFile, load_state, save_state,
};
use crate::error::short_type_name;
use crate::layer::Parameters;
use crate::schedule::Rate;

impl<N, L, O> Trainer<N, L, O> {
    /// Saves the network, the optimizer and the random state to a file. [`resume`](Trainer::resume) continues from it
    /// bit for bit. The settings are saved too, so that `resume` can report those that have changed.
    ///
    /// The example of [`resume`](Trainer::resume) saves a checkpoint and loads it again.
    ///
    /// # Errors
    /// The same as [`checkpoint::save_state`](crate::checkpoint::save_state). After an error the old file is unchanged.
    /// [Across ranks](Trainer::across), the first rank saves, and an error is returned on all of them.
    #[doc(alias = "save model")]
    #[doc(alias = "torch.save")]
    #[doc(alias = "state_dict")]
    pub fn save_checkpoint(&mut self, path: impl AsRef<Path>) -> Result<(), CheckpointError>
    where
        N: Parameters,
        O: State,
    {
        let path = path.as_ref();
        self.on_first(|trainer| save_state(trainer, path))
    }

    /// Restores the state that [`save_checkpoint`](Trainer::save_checkpoint) saved: network, moments, random state.
    /// Returns the settings that have changed since then.
    ///
    /// **The rule.** What training changes is taken from the file; what the program sets is taken from the program. So
    /// the settings of the optimizer, the schedule, the clipping and the loss are those of this program. If they are
    /// the same as in the program that saved the file, the run continues bit for bit. A learning rate that was changed
    /// between steps is restored, unless this program creates its optimizer with another learning rate than that
    /// program. A schedule continues at the step of the file, even if it is another schedule.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 8>, Tanh, Dropout<10>, Linear<8, 1>);
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("xor.safetensors");
    /// # let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
    /// # let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
    /// let new = |rate| Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(rate), 1);
    /// let mut trainer = new(0.05);
    /// trainer.step(&inputs, &xor)?;
    /// trainer.save_checkpoint(&path)?;
    ///
    /// let mut resumed = new(0.05); // perhaps in another process
    /// assert!(resumed.resume(&path)?.is_empty());
    /// assert_eq!(resumed.step(&inputs, &xor)?, trainer.step(&inputs, &xor)?);
    /// assert_eq!(resumed.network.parameters(), trainer.network.parameters());
    ///
    /// let mut slower = new(0.01);
    /// let changed = slower.resume(&path)?;
    /// assert_eq!(
    ///     changed[0].to_string(),
    ///     "optimizer.learning_rate: 0.05 in the file, 0.01 in this program, which applies"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The same as [`checkpoint::load_state`](crate::checkpoint::load_state). After an error nothing has changed.
    /// [Across ranks](Trainer::across), the first rank reads the file for all of them.
    #[doc(alias = "load model")]
    #[doc(alias = "load_state_dict")]
    #[doc(alias = "restore")]
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<Vec<ChangedSetting>, CheckpointError>
    where
        N: Parameters,
        O: State,
    {
        let path = path.as_ref();
        let Some(ranks) = &mut self.ranks else { return load_state(self, path) };
        let bytes = ranks.on_first(|| StateFile::read(path).map(StateFile::into_bytes))?;
        let file = StateFile::of_bytes(path.into(), bytes);
        let checked = file.check(self, false);
        Ok(self.settle(checked)?.restore(self))
    }
}

/// Without the gradient and the workspace, which each step overwrites.
impl<N: Parameters, L, O: State> State for Trainer<N, L, O> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.network("network", &mut self.network);
        fields.state("optimizer", &mut self.optimizer);
        fields.state("rng", &mut self.rng);
        fields.count("steps", &mut self.steps);
        fields.state("schedule", &mut self.rate);
        if has_other_rate(fields.changed()) {
            self.rate.set = None;
        }
        fields.setting("loss", short_type_name::<L>());
        fields.setting("clip", self.clip);
        fields.setting("micro_batch", self.micro_batch.map_or("none".into(), |samples| samples.to_string()));
    }
}

impl State for Rate {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("", &mut self.schedule);
        fields.count("start", &mut self.start);
        fields.value("set", &mut self.set);
    }
}

/// Returns whether this program creates its optimizer with another learning rate than the program that saved the file.
pub(super) fn has_other_rate(changed: &[ChangedSetting]) -> bool {
    changed.iter().any(|setting| setting.name.ends_with("learning_rate"))
}
