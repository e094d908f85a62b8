use core::fmt;

/// One step down into a network: a field of a struct, or an element of a tuple or an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A named field: `weight`, `branch`.
    Name(&'static str),
    /// A place in a tuple or an array.
    Index(usize),
    /// All the places of an array of this length, where its layers are spoken of as one.
    Repeated(usize),
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
        }
    }
}

/// Where something stands in a network, printed as `2.branch.0.weight`.
///
/// It lives on the stack of the walk that made it, so that walking allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Option<Segment>,
}

impl<'a> Path<'a> {
    /// The network itself, which prints as nothing.
    pub const ROOT: Path<'static> = Path { parent: None, segment: None };

    /// One step further down.
    pub fn join(&'a self, segment: impl Into<Segment>) -> Path<'a> {
        Path { parent: Some(self), segment: Some(segment.into()) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if parent.segment.is_some() {
                f.write_str(".")?;
            }
        }
        self.segment.map_or(Ok(()), |segment| segment.fmt(f))
    }
}
