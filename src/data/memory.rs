//! The memory limit for the samples of a file.

use std::path::Path;

use super::DataError;

/// The memory limit for the samples of a compressed file, as a multiple of its size; it is at least [`LEAST`] bytes.
const RATIO: u64 = 256;
const LEAST: u64 = 64 << 20;

/// Checks that samples of `needed` bytes may be loaded. The limit is `memory` if it is set. Otherwise it follows from
/// the number of `compressed` bytes of the file, if the file is compressed.
pub(super) fn check_memory(
    path: &Path,
    needed: u128,
    memory: Option<u64>,
    compressed: Option<u64>,
) -> Result<(), DataError> {
    let default = || compressed.map(|size| size.saturating_mul(RATIO).max(LEAST));
    match memory.or_else(default) {
        Some(limit) if needed > u128::from(limit) => {
            let needed = u64::try_from(needed).unwrap_or(u64::MAX);
            Err(DataError::Memory { path: path.into(), needed, limit })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_enough_to_be_returned_by_value() {
        // Clippy's limit for the error of a `Result`.
        assert!(size_of::<DataError>() < 128, "{} bytes", size_of::<DataError>());
    }

    #[test]
    fn compressed_files_have_a_limit_and_others_only_one_that_is_set() {
        let fails =
            |memory, needed, compressed| check_memory(Path::new("f"), needed, memory, compressed).is_err();
        assert!(!fails(None, u128::MAX, None));
        assert!(!fails(None, 64 << 20, Some(10)) && fails(None, (64 << 20) + 1, Some(10)));
        assert!(!fails(None, 256_000_000, Some(1_000_000)) && fails(None, 256_000_001, Some(1_000_000)));
        assert!(!fails(Some(5), 5, None) && fails(Some(5), 6, None) && fails(Some(5), 6, Some(1 << 40)));
    }
}
