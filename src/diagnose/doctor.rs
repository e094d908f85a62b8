//! The course of a diagnosis.

use alloc::vec::Vec;

use super::bench::{Bench, Course, Outcome};
use super::data::Rows;
use super::report::Diagnosis;
use crate::Error;

/// A network of another type, and how to train it.
pub(super) type Candidate<'a> = (&'a str, &'a mut dyn FnMut(&Course<'_>) -> Result<Outcome, Error>);

pub(super) fn diagnose(
    bench: &mut dyn Bench,
    rows: Option<&Rows>,
    course: &Course<'_>,
    candidates: &mut [Candidate<'_>],
    quiet: bool,
) -> Result<Diagnosis, Error> {
    let _ = (bench, rows, course, candidates, quiet);
    Ok(Diagnosis { findings: Vec::new(), remarks: Vec::new(), trials: Vec::new(), guessing: None, steps: 0, passes: 0 })
}
