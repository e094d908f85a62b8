//! Compares a file with the tensors of a network, before anything is changed.

use std::collections::BTreeMap;

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use super::container::{Constants, Container};
use super::entry::Entry;
use super::mismatch::{Mismatch, Problem, Wrong, sort};
use super::{CheckpointError, number};

/// Compares names, shapes and scalars. Tensors of the file for which `ignored` returns true are skipped.
pub(super) fn compare(
    entries: &[Entry],
    file: &Container<'_>,
    convert: bool,
    ignored: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut unexpected: BTreeMap<&str, &TensorInfo> =
        file.tensors.iter().map(|(name, info)| (&name[..], info)).collect();
    let mut problems = Vec::new();
    for Entry { name, shape, dtype, .. } in entries.iter().filter(|entry| entry.is_first()) {
        let mut wrong = |wrong| problems.push(Problem::new(name, wrong));
        let Some(info) = unexpected.remove(&name[..]) else {
            wrong(Wrong::Missing { network: shape.clone() });
            continue;
        };
        if info.shape != *shape {
            wrong(Wrong::Shape { file: info.shape.clone(), network: shape.clone() });
        }
        if info.dtype != *dtype && !(convert && number::is_float(info.dtype)) {
            let network = if *dtype == Dtype::F32 { "F32" } else { "F64" };
            wrong(Wrong::Scalar { file: info.dtype.to_string(), network });
        }
    }
    unexpected.retain(|name, _| !ignored(name));
    problems.extend(
        unexpected
            .iter()
            .map(|(name, info)| Problem::new(name, Wrong::Unexpected { file: info.shape.clone() })),
    );
    problems
}

/// Compares the settings of the network with those of the file. A file without settings, such as one of PyTorch, fits
/// any network.
pub(super) fn compare_settings(
    settings: &Constants,
    file: &Container<'_>,
    ignored: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let Some(note) = &file.note else { return Vec::new() };
    let wrong = |(name, &network): (&String, &f64)| {
        let &file = note.constants.get(name)?;
        (file != network && !ignored(name)).then(|| Problem::new(name, Wrong::Setting { file, network }))
    };
    settings.iter().filter_map(wrong).collect()
}

/// Returns all mismatches as one error, if there are any.
pub(super) fn conclude(
    network: String,
    file: &Container<'_>,
    mut problems: Vec<Problem>,
    cure: &'static str,
) -> Result<(), CheckpointError> {
    if problems.is_empty() {
        return Ok(());
    }
    sort(&mut problems);
    let saved_from = file.note.as_ref().map(|note| note.network.clone());
    let origin = file.origin.clone();
    Err(Box::new(Mismatch { origin, network, saved_from, problems, cure }).into())
}

/// Checks that the network at this prefix has the type that was saved there, if the file contains the type. With
/// `convert`, the scalars may differ.
pub(super) fn check_network(
    file: &Container<'_>,
    prefix: &str,
    network: &str,
    convert: bool,
    cure: &'static str,
) -> Result<(), CheckpointError> {
    let same = |one: &str, other: &str| {
        let without = |name: &str| name.replace(", f64", "");
        one == other || convert && without(one) == without(other)
    };
    match file.note.as_ref().and_then(|note| note.network_at(prefix)) {
        Some(saved_from) if !same(saved_from, network) => Err(CheckpointError::OtherNetwork {
            origin: file.origin.clone(),
            network: network.into(),
            saved_from: saved_from.clone(),
            cure,
        }),
        _ => Ok(()),
    }
}

/// Checks that every number of these tensors of the file is finite in the network's scalar.
pub(super) fn check_numbers(entries: &[Entry], file: &Container<'_>) -> Result<(), CheckpointError> {
    for Entry { name, dtype, .. } in entries.iter().filter(|entry| entry.is_first()) {
        let Some(info) = file.tensors.get(name) else { continue };
        let bytes = file.bytes(info);
        for element in 0..info.shape.iter().product() {
            let value = number::read(info.dtype, bytes, element);
            let (origin, tensor) = (|| file.origin.clone(), || name.clone());
            if !value.is_finite() {
                return Err(CheckpointError::NonFinite {
                    origin: origin(),
                    tensor: tensor(),
                    element,
                    value,
                });
            }
            if *dtype == Dtype::F32 && !(value as f32).is_finite() {
                return Err(CheckpointError::TooLarge { origin: origin(), tensor: tensor(), element, value });
            }
        }
    }
    Ok(())
}
