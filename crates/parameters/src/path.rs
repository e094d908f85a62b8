use core::fmt;

/// One step from a network down to a layer or a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A field.
    Name(&'static str),
    /// An index in a tuple or an array.
    Index(usize),
    /// All elements of an array at once.
    Repeated(usize),
    /// A field whose own fields count as those of the struct around it: it adds nothing to a path.
    Flattened,
}

impl From<&'static str> for Segment {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => index.fmt(f),
            Self::Repeated(len) => write!(f, "[0..{len}]"),
            Self::Flattened => Ok(()),
        }
    }
}

/// The path from a network down to a layer or a parameter. Prints as `2.branch.0.weight`.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment,
}

impl<'a> Path<'a> {
    /// The network itself.
    pub const ROOT: Path<'static> = Path { parent: None, segment: Segment::Flattened };

    /// Returns the path to a child.
    pub fn join(&'a self, segment: impl Into<Segment>) -> Path<'a> {
        Path { parent: Some(self), segment: segment.into() }
    }

    /// Returns whether it prints as the empty string.
    fn is_root(&self) -> bool {
        self.segment == Segment::Flattened && self.parent.is_none_or(Self::is_root)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if self.segment != Segment::Flattened && !parent.is_root() {
                f.write_str(".")?;
            }
        }
        self.segment.fmt(f)
    }
}
