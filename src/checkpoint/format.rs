//! The names, shapes and scalars of a file's tensors.

use std::path::Path;

use super::attention::{Blocks, name_attention};
use super::container::{Constants, Container, Note, serialize};
use super::describe::describe;
use super::entry::{Entry, ambiguous, collect, entries, fill, flattens, settings};
use super::layout::{Layout, below, check_names, join, to_pytorch};
use super::mismatch::{Problem, Wrong};
use super::recurrent::OneModule;
use super::{CheckpointError, Origin, check, file};
use crate::layer::{Owned, Parameters, View, ViewMut};
use chainrule_parameters::{AsNetwork, Named, Node};

/// The names and the layout of the tensors in a file: this crate's, or PyTorch's. Both can be renamed.
///
/// [`save`](super::save) and [`load`](super::load) use [`Format::chainrule`]. A format both saves and loads:
///
/// ```
/// use chainrule::checkpoint::Format;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<4, 8>, Tanh, Linear<8, 2>);
///
/// // As the `state_dict` of a module with `self.hidden = nn.Linear(4, 8)` and `self.head = nn.Linear(8, 2)`.
/// let pytorch = Format::pytorch().rename("0", "hidden").rename("2", "head");
/// let net = Net::init(&mut rng(1));
/// let bytes = pytorch.to_bytes(&net)?;
/// let again = pytorch.from_bytes::<Net>(&bytes)?;
/// assert_eq!(again.parameters(), net.parameters());
/// # Ok::<(), chainrule::checkpoint::CheckpointError>(())
/// ```
#[doc(alias = "state_dict")]
#[doc(alias = "load_state_dict")]
#[doc(alias = "PyTorch")]
#[doc(alias = "safetensors")]
#[derive(Clone, Debug)]
pub struct Format {
    layout: Layout,
    within: Option<String>,
    renames: Vec<(String, String)>,
    modules: Vec<OneModule>,
    blocks: Vec<Blocks>,
    orders: Vec<(String, bool)>,
    ignored: Vec<String>,
    convert: bool,
    without_metadata: bool,
    steps_first: Option<bool>,
    other_network: bool,
}

impl Format {
    /// This crate's format: tensors are named by their path (`2.branch.0.weight`), with their sides in memory order.
    pub fn chainrule() -> Self {
        Self::new(Layout::Chainrule)
    }

    /// The format of a `state_dict` of PyTorch.
    ///
    /// | here | in PyTorch |
    /// |---|---|
    /// | a `Sequence<STEPS, FEATURES>` | `[features, steps]`, the input of `nn.Conv1d`; for the other order see [`steps_first`](Format::steps_first) |
    /// | `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh` of an [`Lstm`](crate::layer::Lstm), `Gru` or `Rnn` | `weight_ih_l0` and so on, of `nn.LSTM(.., batch_first=True)`; its further layers and directions: [`recurrent_layers`](Format::recurrent_layers), [`bidirectional_layers`](Format::bidirectional_layers) |
    /// | `weight` of a [`Dense`](crate::layer::Dense), `[in, out]` | `weight`, `[out, in]`; a sequence is in the order above, feature by feature |
    /// | `query`, `key`, `value`, `output` of a [`SelfAttention`](crate::SelfAttention) or `CrossAttention` | `in_proj_weight`, `in_proj_bias` and `out_proj` of `nn.MultiheadAttention` |
    /// | `gain` and `bias` of a norm of a whole sequence, `[steps, features]` | `[features, steps]` |
    /// | `weight` of a [`Conv1d`](crate::layer::Conv1d), `[K, in, out]` | `weight`, `[out, in, K]` |
    /// | `weight` of a two-dimensional convolution | the same |
    /// | `bias` of a `Dense` whose output is a sequence or an image | one row, as in `nn.Linear`; a sequence feature by feature |
    /// | `gain` of a norm, `slope` of a [`PRelu`](crate::layer::PRelu) | `weight` |
    /// | `running_variance` | `running_var` |
    /// | nothing | `num_batches_tracked`: not read, not written, and not required by `load_state_dict` |
    ///
    /// If the memory of an attention layer has another width, PyTorch has `q_proj_weight`, `k_proj_weight` and
    /// `v_proj_weight`. With grouped queries, which `nn.MultiheadAttention` does not support, or if one of the four
    /// maps of the layer is [renamed](Format::rename), each map is an `nn.Linear`.
    /// [`transformer_layers`](Format::transformer_layers) names whole blocks.
    ///
    /// [`Flatten`](crate::layer::Flatten) also returns the numbers of a sequence feature by feature. So
    /// `(Conv1d, Flatten, Linear)` predicts the same as `nn.Conv1d`, `nn.Flatten` and `nn.Linear`.
    ///
    /// A `state_dict` does not contain the settings of its modules. Write the epsilon of a norm into its type, as in
    /// `BatchNorm<16, f32, Epsilon<1, 1000>>`. The defaults of the norms are the same as PyTorch's.
    ///
    /// Weights of two and three sides have their sides in the opposite order in PyTorch. If this is wrong for a layer
    /// that you write yourself, use [`reversed`](Format::reversed).
    pub fn pytorch() -> Self {
        Self::new(Layout::PyTorch)
    }

    fn new(layout: Layout) -> Self {
        Self {
            layout,
            within: None,
            renames: Vec::new(),
            modules: Vec::new(),
            blocks: Vec::new(),
            orders: Vec::new(),
            ignored: Vec::new(),
            convert: false,
            without_metadata: false,
            steps_first: None,
            other_network: false,
        }
    }

    /// Renames all tensors at or below the path `ours` of the network to `theirs` in the file. If several renamings
    /// match a tensor, the one with the longest path applies.
    ///
    /// `.rename("0", "encoder.first")` renames `0.weight` to `encoder.first.weight`. The example of [`Format`] calls
    /// it.
    pub fn rename(mut self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.renames.push((ours.into(), theirs.into()));
        self
    }

    /// Names all recurrent layers at and below the path `ours`, in their order, as the layers of a single module
    /// `theirs` of PyTorch: `weight_ih_l0`, `weight_ih_l1` and so on. An empty path is the whole network.
    ///
    /// ```
    /// use chainrule::checkpoint::Format;
    /// use chainrule::prelude::*;
    ///
    /// // self.lstm = nn.LSTM(3, 8, num_layers=2, dropout=0.2, batch_first=True); self.head = nn.Linear(8, 5)
    /// type Net = (Lstm<3, 8>, Dropout<20>, Lstm<8, 8>, LastStep, Linear<8, 5>);
    /// let format = Format::pytorch().recurrent_layers("", "lstm").rename("4", "head");
    /// let bytes = format.to_bytes(&Net::init(&mut rng(1)))?;
    /// let net = format.from_bytes::<Net>(&bytes)?;
    /// # assert!(String::from_utf8_lossy(&bytes).contains("\"lstm.weight_hh_l1\""));
    /// # let _ = net;
    /// # Ok::<(), chainrule::checkpoint::CheckpointError>(())
    /// ```
    pub fn recurrent_layers(self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.module(ours.into(), theirs.into(), false)
    }

    /// Does the same as [`recurrent_layers`](Format::recurrent_layers), but every second layer is the reverse direction
    /// of the one before it: a [`Bidirectional`](crate::stack::Bidirectional) contains both. The names are those of a
    /// module with `bidirectional=True`: `weight_ih_l0`, `weight_ih_l0_reverse` and so on.
    ///
    /// ```
    /// use chainrule::checkpoint::Format;
    /// use chainrule::prelude::*;
    ///
    /// // nn.GRU(3, 8, num_layers=2, bidirectional=True, batch_first=True)
    /// type Net = (Bidirectional<Gru<3, 8>>, Bidirectional<Gru<16, 8>>);
    /// let format = Format::pytorch().bidirectional_layers("", "");
    /// let bytes = format.to_bytes(&Net::init(&mut rng(1)))?;
    /// # assert!(String::from_utf8_lossy(&bytes).contains("\"bias_hh_l1_reverse\""));
    /// # Ok::<(), chainrule::checkpoint::CheckpointError>(())
    /// ```
    pub fn bidirectional_layers(self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.module(ours.into(), theirs.into(), true)
    }

    fn module(mut self, ours: String, theirs: String, both_directions: bool) -> Self {
        self.modules.push(OneModule { ours, theirs, both_directions });
        self
    }

    pub(super) fn with_blocks(mut self, blocks: Blocks) -> Self {
        self.blocks.push(blocks);
        self
    }

    /// Reads and writes the whole network below this name in the file. Other tensors of the file are ignored.
    ///
    /// ```
    /// use chainrule::checkpoint::{self, Format};
    /// use chainrule::prelude::*;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("run.safetensors");
    /// let net = Linear::<2, 1>::init(&mut rng(1));
    /// let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1);
    /// trainer.save_checkpoint(&path)?; // with the optimizer's moments
    /// let net = Format::chainrule().within("network").load::<Linear<2, 1>>(&path)?;
    /// assert_eq!(net.parameters(), trainer.network.parameters());
    /// # Ok::<(), checkpoint::CheckpointError>(())
    /// ```
    pub fn within(self, name: impl Into<String>) -> Self {
        Self { within: Some(name.into()), ..self }
    }

    /// Declares that the PyTorch program has its sequences as `[steps, features]`, as
    /// [`Sequence`](crate::tensor::Sequence) and `nn.LSTM` with `batch_first`. The default is `[features, steps]`, as
    /// `nn.Conv1d`. The weights of a [`Dense`](crate::layer::Dense) whose input or output is a sequence are then in the
    /// order of steps in the file.
    ///
    /// A network with a [`Flatten`](crate::layer::Flatten) or a [`Reshape`](crate::layer::Reshape), which use the order
    /// of features, is then an error: write `Dense<Sequence<..>, Vector<..>>` for the linear layer.
    pub fn steps_first(self) -> Self {
        Self { steps_first: Some(true), ..self }
    }

    /// Declares that sequences have their features first in PyTorch, as after `nn.Conv1d`. This is the default. But
    /// after a recurrent layer PyTorch has the steps first, so a network with a recurrent layer must choose one of the
    /// two if the order matters.
    pub fn features_first(self) -> Self {
        Self { steps_first: Some(false), ..self }
    }

    /// Ignores the tensors and the settings of the file at and below this name: for example, `.ignore("0.momentum")`
    /// loads a norm with another momentum.
    pub fn ignore(mut self, theirs: impl Into<String>) -> Self {
        self.ignored.push(theirs.into());
        self
    }

    /// Sets whether the tensor of this path has its sides in the opposite order in the file (a matrix is then
    /// transposed).
    pub fn reversed(mut self, ours: impl Into<String>, reversed: bool) -> Self {
        self.orders.push((ours.into(), reversed));
        self
    }

    /// Loads tensors of `F64`, `F32`, `F16` and `BF16`, and converts each number to the nearest number of the network's
    /// scalar type.
    #[doc(alias = "dtype")]
    #[doc(alias = "float16")]
    #[doc(alias = "bfloat16")]
    pub fn convert(self) -> Self {
        Self { convert: true, ..self }
    }

    /// Accepts files without this crate's metadata: files that other programs have written with this crate's names and
    /// layout.
    pub fn without_metadata(self) -> Self {
        Self { without_metadata: true, ..self }
    }

    /// Accepts a file of another network if every tensor fits. By default, a file of `(Linear<2, 8>, Tanh)` does not
    /// load into `(Linear<2, 8>, Relu)`, which would compute something else with the same weights.
    ///
    /// Files without this crate's metadata do not contain the type of their network, so they do not need this
    /// permission.
    pub fn other_network(self) -> Self {
        Self { other_network: true, ..self }
    }

    /// Writes a network to a file, atomically: the file is always either the old one or the new one.
    ///
    /// # Errors
    /// The same as [`save`](super::save). Also [`CheckpointError::NoSuchPath`] and [`CheckpointError::SameName`] for a
    /// format that does not fit the network.
    #[doc(alias = "save model")]
    pub fn save(&self, network: &impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let path = path.as_ref();
        file::write(path, &self.write(View::of(network.as_network()), &path.into())?)
    }

    /// Loads a network from a file.
    ///
    /// # Errors
    /// The same as [`load`](super::load). Also [`CheckpointError::NoSuchPath`] and [`CheckpointError::SameName`] for a
    /// format that does not fit the network.
    #[doc(alias = "load model")]
    pub fn load<N: Parameters>(&self, path: impl AsRef<Path>) -> Result<Owned<N>, CheckpointError> {
        let (origin, bytes) = file::read(path.as_ref())?;
        self.read(&bytes, origin)
    }

    /// Loads the parameters of a file into a network.
    ///
    /// # Errors
    /// The same as [`load`](Format::load). After an error the network has not changed.
    pub fn load_into(
        &self,
        network: &mut impl AsNetwork,
        path: impl AsRef<Path>,
    ) -> Result<(), CheckpointError> {
        let (origin, bytes) = file::read(path.as_ref())?;
        self.fill(ViewMut::of(network.as_network_mut()), &bytes, origin)
    }

    /// Returns the bytes of a file.
    ///
    /// # Errors
    /// The same as [`save`](Format::save).
    pub fn to_bytes(&self, network: &impl AsNetwork) -> Result<Vec<u8>, CheckpointError> {
        self.write(View::of(network.as_network()), &Origin::Bytes)
    }

    /// Loads a network from the bytes of a file.
    ///
    /// # Errors
    /// The same as [`load`](Format::load).
    pub fn from_bytes<N: Parameters>(&self, bytes: &[u8]) -> Result<Owned<N>, CheckpointError> {
        self.read(bytes, Origin::Bytes)
    }

    fn write(&self, network: View<'_>, origin: &Origin) -> Result<Vec<u8>, CheckpointError> {
        let tensors = collect(origin, network, &self.entries(network.description())?)?;
        let mut note = Note::new(
            self.layout.name(),
            describe(network.name(), network.description()),
            self.settings(network.description()),
        );
        if let Some(within) = &self.within {
            note.networks.insert(within.clone(), note.network.clone());
        }
        serialize(origin, &tensors, &note)
    }

    fn read<N: Parameters>(&self, bytes: &[u8], origin: Origin) -> Result<Owned<N>, CheckpointError> {
        let (entries, file) =
            self.check(&N::DESCRIPTION, describe(&<N as Named>::NAME, &N::DESCRIPTION), bytes, origin)?;
        let mut network = Owned::zeros(); // only after the file has been checked
        fill(ViewMut::of(&mut *network), &entries, &file);
        Ok(network)
    }

    fn fill(&self, network: ViewMut<'_>, bytes: &[u8], origin: Origin) -> Result<(), CheckpointError> {
        let (entries, file) = self.check(
            network.description(),
            describe(network.name(), network.description()),
            bytes,
            origin,
        )?;
        fill(network, &entries, &file);
        Ok(())
    }

    /// Checks that a file fits a network, tensor by tensor and number by number.
    fn check<'a>(
        &self,
        network: &Node,
        name: String,
        bytes: &'a [u8],
        origin: Origin,
    ) -> Result<(Vec<Entry>, Container<'a>), CheckpointError> {
        let entries = self.entries(network)?;
        let file = Container::parse(origin, bytes)?;
        self.check_layout(&file)?;
        let ignored = |name: &str| self.ignores(name, &entries);
        let mut problems = check::compare(&entries, &file, self.convert, ignored);
        problems.extend(check::compare_settings(&self.settings(network), &file, ignored));
        let cure = cure(&file, &problems);
        check::conclude(name.clone(), &file, problems, cure)?;
        check::check_numbers(&entries, &file)?;
        // If a part is left out, the network is different on purpose.
        if !self.other_network && self.ignored.is_empty() {
            let cure = "load it into the type from which it was saved, or allow another type with `Format::other_network`";
            check::check_network(
                &file,
                self.within.as_deref().unwrap_or_default(),
                &name,
                self.convert,
                cure,
            )?;
        }
        Ok((entries, file))
    }

    /// Checks the layout that is declared in the file. Without this check, a square matrix of the wrong layout would be
    /// transposed without an error.
    fn check_layout(&self, file: &Container<'_>) -> Result<(), CheckpointError> {
        let said = file.note.as_ref().map(|note| &note.layout[..]);
        let (found, cure) = match (said, self.layout) {
            (Some("chainrule"), Layout::Chainrule) | (Some("pytorch") | None, Layout::PyTorch) => {
                return Ok(());
            }
            (None, Layout::Chainrule) if self.without_metadata => return Ok(()),
            (None, Layout::Chainrule) => (
                "it was not written by chainrule, so the layout of its weights is not known",
                "load a file of PyTorch with `Format::pytorch()`, and a file in chainrule's layout with \
                 `Format::chainrule().without_metadata()`",
            ),
            (Some("pytorch"), Layout::Chainrule) => {
                ("it was written in PyTorch's layout", "load it with `Format::pytorch()`")
            }
            (Some("chainrule"), Layout::PyTorch) => {
                ("it was written in chainrule's own layout", "load it with `Format::chainrule()`")
            }
            (Some(_), _) => ("its layout is not supported by this version of chainrule", "update chainrule"),
        };
        Err(CheckpointError::Layout { origin: file.origin.clone(), found, cure })
    }

    /// Returns whether to ignore a tensor of the file that does not belong to an entry.
    fn ignores(&self, name: &str, entries: &[Entry]) -> bool {
        let counter = || {
            let norm = name.strip_suffix("num_batches_tracked")?;
            entries.iter().find(|entry| entry.name.strip_suffix("running_mean") == Some(norm))
        };
        self.ignored.iter().any(|ignored| below(name, ignored).is_some())
            || self.within.as_ref().is_some_and(|within| below(name, within).is_none())
            || self.layout == Layout::PyTorch && counter().is_some()
    }

    /// Returns the tensors of a network, with their names and shapes in this format.
    fn entries(&self, network: &Node) -> Result<Vec<Entry>, CheckpointError> {
        let mut entries = entries(network);
        let named = self.renames.iter().map(|(path, _)| path).chain(self.orders.iter().map(|(path, _)| path));
        for path in named {
            if !entries.iter().any(|entry| below(&entry.path, path).is_some()) {
                return Err(CheckpointError::NoSuchPath { path: path.clone() });
            }
        }
        if let (Some(true), Some(path)) = (self.steps_first, flattens(network)) {
            return Err(CheckpointError::StepsFirst { path });
        }
        if self.layout == Layout::PyTorch {
            if let (None, Some(path)) = (self.steps_first, ambiguous(network, &entries)) {
                return Err(CheckpointError::StepsOrFeaturesFirst { path });
            }
            to_pytorch(&mut entries, self.steps_first == Some(true));
            name_attention(&mut entries, &self.renames);
        }
        let mut renames = Vec::new();
        for module in &self.modules {
            renames.extend(module.names(&entries)?);
        }
        for blocks in &self.blocks {
            renames.extend(blocks.names(&entries)?);
        }
        renames.extend_from_slice(&self.renames);
        for entry in &mut entries {
            entry.name = self.renamed(&renames, &entry.path, &entry.name);
            if let Some(&(_, reversed)) = self.orders.iter().rfind(|(path, _)| *path == entry.path)
                && reversed != entry.reversed
                && entry.part.is_none()
            {
                entry.reversed = reversed;
                entry.shape.reverse();
            }
        }
        check_names(&entries)?;
        Ok(entries)
    }

    /// Returns the settings of a network, with their names in this format.
    fn settings(&self, network: &Node) -> Constants {
        let mut all = Constants::new();
        settings(network, &mut |path, value| {
            all.insert(self.renamed(&self.renames, &path, &path), value);
        });
        all
    }

    /// Returns the name in the file of the tensor or setting at `path`. Without renamings it would be `name`.
    fn renamed(&self, renames: &[(String, String)], path: &str, name: &str) -> String {
        let rename = |(ours, theirs): &(String, String)| {
            below(path, ours)?;
            // For a tensor, `theirs` is the whole name. For a layer, it is a prefix.
            let rest = if path == ours { "" } else { below(name, ours)? };
            Some((ours.len(), join(theirs, rest)))
        };
        let renamed = renames.iter().filter_map(rename).max_by_key(|(length, _)| *length);
        let name = renamed.map_or_else(|| name.to_owned(), |(_, name)| name);
        self.within.as_ref().map_or_else(|| name.clone(), |within| join(within, &name))
    }
}

/// Returns a cure for tensors and settings that do not fit.
fn cure(file: &Container<'_>, problems: &[Problem]) -> &'static str {
    let checkpoint = file.note.as_ref().is_some_and(|note| note.values.is_some());
    if problems.iter().all(|problem| matches!(problem.wrong, Wrong::Scalar { .. })) {
        "convert the scalars with `Format::convert`, or load it into a network with the scalar of the file"
    } else if problems.iter().all(|problem| matches!(problem.wrong, Wrong::Setting { .. })) {
        "write the setting of the file into the type, as in `BatchNorm<16, f32, Epsilon<1, 1000>>`; or ignore it \
         with `Format::ignore`"
    } else if checkpoint && problems.iter().any(|problem| problem.name.starts_with("network.")) {
        "it is a checkpoint: `Format::chainrule().within(\"network\")` loads its network, and `load_state` loads all \
         of it"
    } else {
        "load it into the type from which it was saved, or set the names of its tensors with a `Format`"
    }
}
