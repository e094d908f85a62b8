use alloc::string::String;
use std::path::PathBuf;

/// Why a [`Report`](super::Report) was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There is nothing to show.
    #[error("the report is empty: give it a flow, a recorder with at least one record, or a section")]
    Empty,
    /// The flows and records are not those of one network.
    #[error("{moment} is the flow of another network than {first}: {why}")]
    OtherNetwork {
        /// The first flow or record of the report.
        first: String,
        /// The first one that does not fit.
        moment: String,
        /// The first difference.
        why: String,
    },
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}
