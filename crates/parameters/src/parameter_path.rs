use core::fmt::{self, Write};

use crate::{Node, describe};

/// The path of a parameter, for errors: prints as `2.branch.0.weight`. It is a place in the description of a network,
/// so that making one allocates nothing.
#[derive(Clone, Copy, PartialEq)]
pub struct ParameterPath {
    node: &'static Node,
    index: usize,
}

impl ParameterPath {
    /// Returns the path of the parameter with this index, in the order of [`describe`].
    pub fn new(node: &'static Node, index: usize) -> Self {
        Self { node, index }
    }
}

impl fmt::Display for ParameterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut at, mut result) = (0, Ok(()));
        describe(self.node, &mut |parameter| {
            if at == self.index {
                result = parameter.path.fmt(f);
            }
            at += 1;
        });
        result
    }
}

impl fmt::Debug for ParameterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Compares what it prints.
impl PartialEq<str> for ParameterPath {
    fn eq(&self, text: &str) -> bool {
        let mut rest = Rest(text);
        write!(rest, "{self}").is_ok() && rest.0.is_empty()
    }
}

/// The rest of a text that is compared while the other one is printed.
struct Rest<'a>(&'a str);

impl Write for Rest<'_> {
    fn write_str(&mut self, printed: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(printed).ok_or(fmt::Error)?;
        Ok(())
    }
}
