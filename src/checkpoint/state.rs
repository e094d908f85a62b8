//! The contents of a checkpoint: networks and small values, by name.

use std::fmt::Display;

use chainrule_parameters::{AsNetwork, ViewMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::parts::Parts;

/// A type that can be saved in a checkpoint and restored from it: for example an optimizer, a random number generator,
/// a [`Trainer`](crate::Trainer), or the state of a training loop that you write yourself.
///
/// It lists its parts once. Saving, checking and restoring all use this list, so each part is borrowed mutably. Saving
/// changes nothing.
///
/// **The rule.** A state is restored from the file; a setting is taken from the program. What training changes is a
/// state: networks, moments, counters, generators. What the program sets is a [setting](StateFields::setting): a
/// momentum, a batch size, a schedule. If the file was saved with another setting, the program's setting applies, and
/// [`load_state`](super::load_state) lists both. A learning rate is both: if this program creates its optimizer with
/// the same rate as the saved program, the present rate is restored from the file. Otherwise the program's rate
/// applies.
///
/// ```
/// use chainrule::checkpoint::{self, State, StateFields};
/// use chainrule::prelude::*;
/// use chainrule::rand::rngs::ChaCha8Rng;
///
/// type Net = (Linear<2, 8>, Dropout<20>, Linear<8, 1>);
///
/// struct Run {
///     network: Owned<Net>,
///     adam: Adam<Net>,
///     rng: ChaCha8Rng,
///     epoch: usize,
/// }
///
/// impl State for Run {
///     fn fields(&mut self, fields: &mut StateFields<'_>) {
///         fields.network("network", &mut self.network);
///         fields.state("optimizer", &mut self.adam);
///         fields.state("rng", &mut self.rng);
///         fields.value("epoch", &mut self.epoch);
///     }
/// }
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("run.safetensors");
/// let mut run = Run { network: Net::init(&mut rng(1)), adam: Adam::new(0.01), rng: rng(2), epoch: 7 };
/// checkpoint::save_state(&mut run, &path)?;
/// run.epoch = 8;
/// checkpoint::load_state(&mut run, &path)?;
/// assert_eq!(run.epoch, 7);
/// # Ok::<(), checkpoint::CheckpointError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved in a checkpoint",
    label = "`State` is not implemented for `{Self}`",
    note = "implement `State`, and list the networks and values in `State::fields`; the optimizers of this crate, `ChaCha8Rng` and `Trainer` implement it"
)]
pub trait State {
    /// Lists the parts, always in the same order.
    fn fields(&mut self, fields: &mut StateFields<'_>);
}

/// The argument of [`State::fields`]. It saves, checks or restores each part. The example of [`State`] uses it.
pub struct StateFields<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) prefix: String,
}

impl std::fmt::Debug for StateFields<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StateFields({})", self.prefix)
    }
}

impl StateFields<'_> {
    /// Adds a network, or another value of a network's type: a gradient, or moments.
    pub fn network(&mut self, name: &str, network: &mut impl AsNetwork) {
        self.tensors(name, ViewMut::of(network.as_network_mut()));
    }

    /// Adds a small value, which is saved as JSON. Floating point numbers are restored bit for bit. A NaN or an
    /// infinity cannot be saved.
    pub fn value<V: Serialize + DeserializeOwned>(&mut self, name: &str, value: &mut V) {
        self.json(name, value);
    }

    /// Adds a setting, as text. Loading does not change it. If the file was saved with another setting,
    /// [`load_state`](super::load_state) lists both.
    pub fn setting(&mut self, name: &str, value: impl Display) {
        self.settings(name, value.to_string());
    }

    /// Adds the present learning rate of an optimizer, and the rate with which the program created it.
    pub(crate) fn rate(&mut self, now: &mut f64, first: f64) {
        let program = *now;
        self.json("learning_rate", now);
        if self.settings("learning_rate", first.to_string()) {
            *now = program;
        }
    }

    /// Adds a state that has parts itself. Their names are this name, a dot, and the name of the part.
    pub fn state(&mut self, name: &str, state: &mut dyn State) {
        let inner = super::layout::join(&self.prefix, name);
        let outer = std::mem::replace(&mut self.prefix, inner);
        state.fields(self);
        self.prefix = outer;
    }

    /// Adds a counter. This function is compiled once here, and not in every program that saves a counter.
    pub(crate) fn count(&mut self, name: &str, value: &mut u64) {
        self.json(name, value);
    }
}

/// A setting that differs between the file and the program. The program's setting applies. The example of
/// [`Trainer::resume`](crate::Trainer::resume) prints one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangedSetting {
    /// The name, such as `optimizer.momentum`.
    pub name: String,
    /// The setting of the program that saved the file.
    pub file: String,
    /// The setting of this program.
    pub program: String,
}

impl Display for ChangedSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Escaped, because a damaged file may contain any character.
        let (name, file) = (self.name.escape_debug(), self.file.escape_debug());
        write!(f, "{name}: {file} in the file, {} in this program, which applies", self.program)
    }
}

/// A small value, as a trait object.
pub(super) trait Json {
    /// Returns JSON from which the same value can be read again.
    fn write(&self) -> Result<Box<RawValue>, String>;

    /// Checks that this is valid JSON of such a value.
    fn check(&self, json: &RawValue) -> Result<(), String>;

    /// Sets the value from JSON that has been checked.
    fn read(&mut self, json: &RawValue);
}

impl<V: Serialize + DeserializeOwned> Json for V {
    fn write(&self) -> Result<Box<RawValue>, String> {
        let json = to_raw_value(self).map_err(|error| error.to_string())?;
        self.check(&json)?; // JSON writes a NaN as null, and such a checkpoint could never be resumed
        Ok(json)
    }

    fn check(&self, json: &RawValue) -> Result<(), String> {
        serde_json::from_str::<V>(json.get()).map(drop).map_err(|error| error.to_string())
    }

    fn read(&mut self, json: &RawValue) {
        if let Ok(value) = serde_json::from_str(json.get()) {
            *self = value;
        }
    }
}
