//! All mismatches between a file and a network, as one error.

use std::fmt;

use super::Origin;

/// All mismatches between a file and a network: every tensor and value that does not fit.
///
/// It prints one mismatch per line, in the order of their names, and at most [`Mismatch::SHOWN`] of them.
///
/// ```
/// use chainrule::checkpoint::{self, CheckpointError};
/// use chainrule::prelude::*;
///
/// let bytes = checkpoint::to_bytes(&Linear::<2, 1>::init(&mut rng(1)))?;
/// let Err(CheckpointError::Mismatch(mismatch)) = checkpoint::from_bytes::<Linear<3, 1>>(&bytes) else { panic!() };
/// assert_eq!(mismatch.problems[0].to_string(), "weight: [2, 1] in the file, [3, 1] in the network");
/// assert!(matches!(mismatch.problems[0].wrong, checkpoint::Wrong::Shape { .. }));
/// assert_eq!(mismatch.origin, checkpoint::Origin::Bytes);
/// # Ok::<(), CheckpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The file.
    pub origin: Origin,
    /// The type of the network that should be loaded.
    pub network: String,
    /// The type of the network that was saved, if the file contains it.
    pub saved_from: Option<String>,
    /// The mismatches, in the order of the names.
    pub problems: Vec<Problem>,
    /// A possible cure.
    pub cure: &'static str,
}

/// A tensor or a value that does not fit: an element of [`Mismatch::problems`].
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The name in the file, such as `2.branch.0.weight`.
    pub name: String,
    /// The mismatch.
    pub wrong: Wrong,
}

/// The reason why a tensor or a value does not fit. See the example of [`Mismatch`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Wrong {
    /// The network has this tensor, but the file does not.
    Missing {
        /// Its sides.
        network: Vec<usize>,
    },
    /// The file has this tensor, but the network does not.
    Unexpected {
        /// Its sides.
        file: Vec<usize>,
    },
    /// The sides differ.
    Shape {
        /// The sides of the tensor in the file.
        file: Vec<usize>,
        /// The sides that it should have in the file.
        network: Vec<usize>,
    },
    /// The scalars differ.
    Scalar {
        /// The scalar in the file, such as `F64` or `BF16`.
        file: String,
        /// The scalar of the network.
        network: &'static str,
    },
    /// The file was written by a layer with another setting, such as a norm's epsilon.
    Setting {
        /// The setting in the file.
        file: f64,
        /// The setting of the network.
        network: f64,
    },
    /// The checkpoint does not have this value.
    MissingValue,
    /// The checkpoint has this value, but the program does not use it.
    UnexpectedValue,
    /// The value in the checkpoint is invalid.
    Value {
        /// The reason.
        reason: String,
    },
}

impl Mismatch {
    /// The largest number of problems that are printed. Only the number of the others is printed.
    pub const SHOWN: usize = 20;

    /// The largest number of characters of a type's name that are printed.
    const TYPE_SHOWN: usize = 300;
}

impl Problem {
    pub(super) fn new(name: &str, wrong: Wrong) -> Self {
        Self { name: name.into(), wrong }
    }
}

/// Sorts by the segments of the path, with indices as numbers: `2.weight` is before `10.weight`.
pub(super) fn sort(problems: &mut [Problem]) {
    problems.sort_by_cached_key(|problem| {
        let step = |step: &str| (step.parse::<u64>().is_err(), step.parse::<u64>().ok(), step.to_owned());
        problem.name.split('.').map(step).collect::<Vec<_>>()
    });
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Escaped, because a name in a damaged file may contain any character.
        let name = self.name.escape_debug();
        match &self.wrong {
            Wrong::Missing { network } => {
                write!(f, "{name}: missing in the file, {network:?} in the network")
            }
            Wrong::Unexpected { file } => write!(f, "{name}: {file:?} in the file, missing in the network"),
            Wrong::Shape { file, network } => {
                write!(f, "{name}: {file:?} in the file, {network:?} in the network")
            }
            Wrong::Scalar { file, network } => {
                write!(f, "{name}: {file} in the file, {network} in the network")
            }
            Wrong::Setting { file, network } => {
                write!(f, "{name}: {file} in the file, {network} in the network")
            }
            Wrong::MissingValue => write!(f, "{name}: this value is missing in the file"),
            Wrong::UnexpectedValue => write!(f, "{name}: this value is only in the file"),
            Wrong::Value { reason } => write!(f, "{name}: this value is invalid: {reason}"),
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
