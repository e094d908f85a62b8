//! What a checkpoint is made of: networks and small values, by name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use chainrule_parameters::AsNetwork;

/// What can be saved in a checkpoint and go on from it: an optimiser, a generator of random numbers, a
/// [`Trainer`](crate::Trainer), a training loop of one's own.
///
/// It lists its parts once, and saving, checking and restoring all follow from the list. Settings that the program gives
/// anew (a loss, a data set) need no place in it.
///
/// ```
/// use chainrule::keep::{self, State, StateFields};
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
///     fn fields(fields: &mut impl StateFields<Self>) {
///         fields.network("network", |run| &run.network, |run| &mut run.network);
///         fields.state("optimizer", |run| &run.adam, |run| &mut run.adam);
///         fields.state("rng", |run| &run.rng, |run| &mut run.rng);
///         fields.value("epoch", |run| run.epoch, |run, epoch| run.epoch = epoch);
///     }
/// }
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("run.safetensors");
/// let mut run = Run { network: Net::init(&mut rng(1)), adam: Adam::new(0.01), rng: rng(2), epoch: 7 };
/// keep::save_checkpoint(&run, &path)?;
/// run.epoch = 8;
/// keep::load_checkpoint(&mut run, &path)?;
/// assert_eq!(run.epoch, 7);
/// # Ok::<(), keep::KeepError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a checkpoint",
    label = "`State` is not implemented for `{Self}`",
    note = "list its networks and values in `State::fields`; the optimisers of this crate, `ChaCha8Rng` and `Trainer` do so"
)]
pub trait State: Sized {
    /// Names each part, always in the same order.
    fn fields(fields: &mut impl StateFields<Self>);
}

/// Receives the list that [`State::fields`] gives, with the way to each part of an `S`.
pub trait StateFields<S> {
    /// A network, or what has its type: a gradient, moments.
    fn network<N: AsNetwork>(
        &mut self,
        name: &'static str,
        get: impl Fn(&S) -> &N,
        get_mut: impl Fn(&mut S) -> &mut N,
    );

    /// A small value: it is kept as JSON. Floats come back bit for bit; a NaN or an infinity cannot be saved.
    fn value<V: Serialize + DeserializeOwned>(
        &mut self,
        name: &'static str,
        get: impl Fn(&S) -> V,
        set: impl Fn(&mut S, V),
    );

    /// What is itself made of parts: their names follow this one's, after a dot.
    fn state<I: State>(
        &mut self,
        name: &'static str,
        get: impl Fn(&S) -> &I,
        get_mut: impl Fn(&mut S) -> &mut I,
    );
}
