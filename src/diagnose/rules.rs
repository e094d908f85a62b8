//! From facts and trials to findings.
