//! The contents of a checkpoint: networks and small values, by name.

use chainrule_parameters::{AsNetwork, ViewMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::parts::Parts;

/// A type that can be saved in a checkpoint and restored from it: an optimizer, a generator of random numbers, a
/// [`Trainer`](crate::Trainer), a training loop that you write yourself.
///
/// It lists its parts once. Saving, checking and restoring all use this list, so each part is borrowed mutably; saving
/// changes nothing. Settings that the program sets again (a loss, a data set) do not need to be listed.
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
    note = "list its networks and values in `State::fields`; the optimizers of this crate, `ChaCha8Rng` and `Trainer` do so"
)]
pub trait State {
    /// Names each part, always in the same order.
    fn fields(&mut self, fields: &mut StateFields<'_>);

    /// Returns the name of the type, for people who read the file.
    #[doc(hidden)]
    fn name(&self) -> String {
        crate::error::short_type_name::<Self>()
    }
}

/// Receives the list of [`State::fields`]: it saves, checks or restores each part.
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
    /// Adds a network, or a value of its type: a gradient, moments.
    pub fn network(&mut self, name: &str, network: &mut impl AsNetwork) {
        self.tensors(name, ViewMut::of(network.as_network_mut()));
    }

    /// Adds a small value, which is saved as JSON. Floats are restored bit for bit; a NaN or an infinity cannot be
    /// saved.
    pub fn value<V: Serialize + DeserializeOwned>(&mut self, name: &str, value: &mut V) {
        self.json(name, value);
    }

    /// Adds a state with parts: their names follow this name, after a dot.
    pub fn state(&mut self, name: &str, state: &mut dyn State) {
        let inner = super::layout::join(&self.prefix, name);
        let outer = std::mem::replace(&mut self.prefix, inner);
        state.fields(self);
        self.prefix = outer;
    }

    // The values of the optimizers: compiled here once, not in every program that saves one.

    pub(crate) fn number(&mut self, name: &str, value: &mut f64) {
        self.json(name, value);
    }

    pub(crate) fn optional_number(&mut self, name: &str, value: &mut Option<f64>) {
        self.json(name, value);
    }

    pub(crate) fn two_numbers(&mut self, name: &str, value: &mut [f64; 2]) {
        self.json(name, value);
    }

    pub(crate) fn count(&mut self, name: &str, value: &mut u64) {
        self.json(name, value);
    }

    pub(crate) fn flag(&mut self, name: &str, value: &mut bool) {
        self.json(name, value);
    }

    pub(crate) fn texts(&mut self, name: &str, value: &mut Vec<String>) {
        self.json(name, value);
    }
}

/// A small value, as a trait object.
pub(super) trait Json {
    /// Returns its JSON, from which the same value can be read again.
    fn write(&self) -> Result<Box<RawValue>, String>;

    /// Checks that this is JSON of such a value.
    fn check(&self, json: &RawValue) -> Result<(), String>;

    /// Sets the value from checked JSON.
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
