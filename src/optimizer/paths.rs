//! Selection of parts of a network by their paths.

use alloc::string::String;
use core::fmt::{self, Write};

use crate::Error;
use crate::layer::{Parameter, unknown_path};
use chainrule_parameters::{Node, describe};

/// Returns whether a parameter is at this path or below it. It allocates nothing.
pub(super) fn leads_to(path: &str, parameter: &Parameter<'_>) -> bool {
    let mut rest = Rest { path, below: false };
    let same = write!(rest, "{}", parameter.path).is_ok();
    rest.path.is_empty() && (same || rest.below)
}

/// The part of a path that a longer path has not matched yet. The longer path is compared while it is printed.
struct Rest<'a> {
    path: &'a str,
    /// Whether the longer path continues with a dot.
    below: bool,
}

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, printed: &str) -> fmt::Result {
        let len = self.path.len().min(printed.len());
        let (same, more) = printed.as_bytes().split_at(len);
        self.path = self
            .path
            .as_bytes()
            .starts_with(same)
            .then(|| self.path.get(len..))
            .flatten()
            .ok_or(fmt::Error)?;
        match more {
            [] => Ok(()),
            [first, ..] => {
                self.below = *first == b'.';
                Err(fmt::Error) // stops the printing
            }
        }
    }
}

/// Checks that each of these paths has a parameter at it or below it.
pub(super) fn check_paths<'a>(node: &Node, mut paths: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    let leads_nowhere = |path: &&String| {
        let mut found = false;
        describe(node, &mut |parameter| found = found || leads_to(path, parameter));
        !found
    };
    paths.find(leads_nowhere).map_or(Ok(()), |path| Err(unknown_path(node, path)))
}
