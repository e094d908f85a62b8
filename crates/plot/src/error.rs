use std::path::PathBuf;

/// A picture that cannot be drawn or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The file's extension is neither `.svg` nor `.png`.
    #[error("{}: a picture's file must end in .svg or .png", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// There is nothing to draw.
    #[error("`{title}` has nothing to draw: {cure}")]
    Empty {
        /// The picture's title.
        title: String,
        /// What the picture needs.
        cure: &'static str,
    },
    /// The wrong number of values.
    #[error("`{title}`: {what} must have {expected} values, but has {found}")]
    Count {
        /// The picture's title.
        title: String,
        /// Which part has them: "`weight`, row 2".
        what: String,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The edges of a histogram's bins do not rise.
    #[error("`{title}`, `{panel}`: the edges of the bins must be finite and rise, but edge {index} does not")]
    Edges {
        /// The picture's title.
        title: String,
        /// The panel's name.
        panel: String,
        /// The first edge that is not above the one before it, counted from 0.
        index: usize,
    },
    /// More elements than can be told apart in one picture.
    #[error("`{title}` has {count} {what}, but room for {most}: draw a part of them")]
    Crowded {
        /// The picture's title.
        title: String,
        /// Which elements.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many can be drawn.
        most: usize,
    },
    /// The PNG would not fit in memory.
    #[error("a PNG of {width} x {height} pixels is too large: save it as SVG, or fewer panels at a time")]
    TooLarge {
        /// The picture's width.
        width: u32,
        /// The picture's height.
        height: u32,
    },
    /// The drawing library fails.
    #[error("the picture cannot be drawn: {0}")]
    Draw(#[source] Box<dyn std::error::Error + Send + Sync>),
}
