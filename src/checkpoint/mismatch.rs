//! All mismatches between a file and a network, as one error.

use std::fmt;

use super::Origin;

/// All mismatches between a file and a network: every tensor and value that does not fit.
///
/// Prints one mismatch a line, in the order of their names, at most [`Mismatch::SHOWN`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The file.
    pub origin: Origin,
    /// The type of the network that should be loaded.
    pub network: String,
    /// The type of the network that was saved, if the file has it.
    pub saved_from: Option<String>,
    /// What does not fit, in the order of the names.
    pub problems: Vec<Problem>,
    /// What to do.
    pub cure: &'static str,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The name in the file, such as `2.branch.0.weight`.
    pub name: String,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// How a tensor or a value does not fit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Wrong {
    /// The network has this tensor, and the file does not.
    Missing {
        /// Its sides.
        network: Vec<usize>,
    },
    /// The file has this tensor, and the network does not.
    Unexpected {
        /// Its sides.
        file: Vec<usize>,
    },
    /// The sides differ.
    Shape {
        /// The tensor's sides in the file.
        file: Vec<usize>,
        /// The sides it should have in the file.
        network: Vec<usize>,
    },
    /// The scalars differ.
    Scalar {
        /// The scalar in the file, such as `F64` or `BF16`.
        file: String,
        /// The network's.
        network: &'static str,
    },
    /// The file was written by a layer with another setting, such as a norm's epsilon.
    Setting {
        /// The setting in the file.
        file: f64,
        /// The network's.
        network: f64,
    },
    /// The checkpoint lacks this value.
    MissingValue,
    /// The checkpoint has this value, and nothing asks for it.
    UnexpectedValue,
    /// The checkpoint has this value, and it is not what it should be.
    Value {
        /// What is wrong with it.
        reason: String,
    },
}

impl Mismatch {
    /// How many problems are printed; the others are counted.
    pub const SHOWN: usize = 20;

    /// How many characters of a type's name are printed.
    const TYPE_SHOWN: usize = 300;
}

impl Problem {
    pub(super) fn new(name: &str, wrong: Wrong) -> Self {
        Self { name: name.into(), wrong }
    }
}

/// Sorts by the segments of the path, indices as numbers: `2.weight` before `10.weight`.
pub(super) fn sort(problems: &mut [Problem]) {
    problems.sort_by_cached_key(|problem| {
        let step = |step: &str| (step.parse::<u64>().is_err(), step.parse::<u64>().ok(), step.to_owned());
        problem.name.split('.').map(step).collect::<Vec<_>>()
    });
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Escaped, because a name from a broken file may contain any character.
        let name = self.name.escape_debug();
        match &self.wrong {
            Wrong::Missing { network } => write!(f, "{name}: missing, the network has {network:?}"),
            Wrong::Unexpected { file } => write!(f, "{name}: in the file alone, with {file:?}"),
            Wrong::Shape { file, network } => {
                write!(f, "{name}: {file:?} in the file, {network:?} by the network")
            }
            Wrong::Scalar { file, network } => {
                write!(f, "{name}: {file} in the file, {network} in the network")
            }
            Wrong::Setting { file, network } => {
                write!(f, "{name}: {file} in the file, {network} in the network")
            }
            Wrong::MissingValue => write!(f, "{name}: a missing value"),
            Wrong::UnexpectedValue => write!(f, "{name}: a value in the file alone"),
            Wrong::Value { reason } => write!(f, "{name}: a value of another kind: {reason}"),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = |text: &str| match text.char_indices().nth(Self::TYPE_SHOWN) {
            Some((at, _)) => format!("{}..", &text[..at]),
            None => text.to_owned(),
        };
        writeln!(f, "{}: does not fit", self.origin)?;
        writeln!(f, "  into       {}", head(&self.network))?;
        if let Some(saved_from) = &self.saved_from {
            writeln!(f, "  saved from {}", head(saved_from))?;
        }
        for problem in self.problems.iter().take(Self::SHOWN) {
            writeln!(f, "  {problem}")?;
        }
        if let more @ 1.. = self.problems.len().saturating_sub(Self::SHOWN) {
            writeln!(f, "  .. and {more} more")?;
        }
        write!(f, "{}", self.cure)
    }
}

impl std::error::Error for Mismatch {}
