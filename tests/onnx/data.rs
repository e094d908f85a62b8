//! The tensors of ONNX's cases, and what is compared with them. Nothing here is generic in a layer, so that hundreds of
//! rows compile in seconds.

use std::collections::{BTreeMap, BTreeSet};

use chainrule::Real;
use chainrule::layer::{Parameter, View, ViewMut, Visitor, visit};
use safetensors::{Dtype, SafeTensors};

/// A tensor of a case, in ONNX's shape. Every number of `f32` and `f64`, and every index, is exact in `f64`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f64>,
    /// The bytes of a number: 4 in `f32`, 8 in `f64`.
    pub(crate) width: usize,
}

impl Tensor {
    /// Reorders the axes: axis `i` of the result is axis `order[i]` of this tensor, as in `numpy.transpose`.
    fn transposed(&self, order: &[usize]) -> Self {
        assert_eq!(
            order.len(),
            self.shape.len(),
            "{order:?} is not an order of the axes of {:?}",
            self.shape
        );
        let stride = |axis: usize| self.shape[axis + 1..].iter().product::<usize>();
        let shape: Vec<usize> = order.iter().map(|&axis| self.shape[axis]).collect();
        let number = |at: usize| {
            let (mut rest, mut from) = (at, 0);
            for (&side, &axis) in shape.iter().zip(order).rev() {
                from += rest % side * stride(axis);
                rest /= side;
            }
            self.numbers[from]
        };
        Self { numbers: (0..self.numbers.len()).map(number).collect(), shape, width: self.width }
    }
}

/// The cases of `cases.safetensors`, and how they went.
pub(crate) struct Cases {
    stored: BTreeMap<String, BTreeMap<String, Tensor>>,
    rows: BTreeSet<String>,
    failures: Vec<String>,
    worst: (f64, String),
    /// What is added to a number of each expected tensor.
    wrong_by: f64,
}

impl Cases {
    /// Reads the tensors; `wrong_by` is 0, or makes one number of each expected tensor wrong.
    pub(crate) fn load(wrong_by: f64) -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/onnx/cases.safetensors");
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut stored = BTreeMap::<String, BTreeMap<_, _>>::new();
        for (name, view) in SafeTensors::deserialize(&bytes).expect(file).tensors() {
            let (case, tensor) = name.split_once('/').expect("a tensor is named case/tensor");
            let data = view.data();
            let (numbers, width) = match view.dtype() {
                Dtype::F32 => (words(data, |word| f64::from(f32::from_le_bytes(word))), 4),
                Dtype::F64 => (words(data, f64::from_le_bytes), 8),
                Dtype::I64 => (words(data, |word| i64::from_le_bytes(word) as f64), 8),
                other => panic!("{name} is of {other:?}"),
            };
            let tensor_of = Tensor { shape: view.shape().to_vec(), numbers, width };
            stored.entry(case.into()).or_default().insert(tensor.into(), tensor_of);
        }
        Self { stored, rows: BTreeSet::new(), failures: vec![], worst: (0.0, "nothing".into()), wrong_by }
    }

    /// Starts a row of this case.
    pub(crate) fn row(&mut self, case: &'static str) -> Case<'_> {
        self.rows.insert(case.into());
        Case { cases: self, name: case }
    }

    /// Returns the number of cases, and the failures: rows that failed, and tensors without a row.
    pub(crate) fn conclude(mut self) -> (usize, Vec<String>) {
        for case in self.stored.keys().filter(|case| !self.rows.contains(*case)) {
            self.failures.push(format!("{case}: it has tensors, but no row"));
        }
        let (cases, (worst, at)) = (self.rows.len(), &self.worst);
        println!(
            "{cases} cases; the worst number is off by {worst:.1e} of the largest of its tensor, in {at}"
        );
        (cases, self.failures)
    }
}

fn words<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.chunks_exact(N).map(|word| number(word.try_into().expect("N bytes"))).collect()
}

/// A case in which a row runs.
pub(crate) struct Case<'a> {
    cases: &'a mut Cases,
    pub(crate) name: &'static str,
}

impl Case<'_> {
    pub(crate) fn fail(&mut self, failure: impl std::fmt::Display) {
        self.cases.failures.push(format!("{}: {failure}", self.name));
    }

    /// Reads a source: the name of a tensor; with an order of its axes, as in `x(0, 2, 1)`; or a number, as in `0.5`.
    pub(crate) fn tensor(&self, source: &str) -> Tensor {
        if let Ok(number) = source.parse() {
            return Tensor { shape: vec![], numbers: vec![number], width: 0 };
        }
        let (name, order) = match source.strip_suffix(')').and_then(|source| source.split_once('(')) {
            None => (source, None),
            Some((name, order)) => (name, Some(order)),
        };
        let tensors = self.cases.stored.get(self.name);
        let Some(tensor) = tensors.and_then(|tensors| tensors.get(name)) else {
            panic!("{}: no tensor `{name}` in cases.safetensors", self.name)
        };
        match order {
            None => tensor.clone(),
            Some(order) => {
                let axes: Result<Vec<usize>, _> = order.split(',').map(|axis| axis.trim().parse()).collect();
                tensor.transposed(&axes.unwrap_or_else(|error| panic!("{source}: {error}")))
            }
        }
    }

    /// Reads as many numbers as a setting of a loss has.
    pub(crate) fn numbers<const N: usize>(&self, source: &str) -> [f64; N] {
        self.tensor(source).numbers.try_into().expect("as many numbers as the setting has")
    }

    /// Returns the bytes of a batch: of each sample all its parts, one after the other. A part whose source ends with a
    /// star is whole in every sample, as ONNX broadcasts it. `bytes` is the size of one sample.
    pub(crate) fn batch(&self, parts: &[&str], bytes: usize) -> Vec<u8> {
        let parts = parts.iter().map(|part| match part.strip_suffix('*') {
            None => (self.tensor(part), false),
            Some(part) => (self.tensor(part), true),
        });
        let parts: Vec<(Tensor, bool)> = parts.collect();
        let total = |whole: bool| -> usize {
            let parts = parts.iter().filter(|(_, in_each)| *in_each == whole);
            parts.map(|(part, _)| part.numbers.len() * part.width).sum()
        };
        let samples = total(false) / (bytes - total(true));
        let mut batch = Vec::with_capacity(samples * bytes);
        for at in 0..samples {
            for (Tensor { numbers, width, .. }, whole) in &parts {
                let each = numbers.len() / samples;
                let part = if *whole { &numbers[..] } else { &numbers[at * each..(at + 1) * each] };
                for &number in part {
                    match width {
                        4 => batch.extend((number as f32).to_le_bytes()),
                        _ => batch.extend(number.to_le_bytes()),
                    }
                }
            }
        }
        assert_eq!(
            batch.len(),
            samples * bytes,
            "{}: the input is not a batch of samples of its type",
            self.name
        );
        assert_eq!(total(false), samples * (bytes - total(true)), "{}: numbers are left over", self.name);
        batch
    }

    /// Sets all parameters of a network. Each source is `path = tensor`; a single number is repeated.
    pub(crate) fn set(&mut self, network: ViewMut<'_>, sources: &[&str]) {
        let sources = sources.iter().map(|source| source.split_once(" = ").expect("path = tensor"));
        let sources = sources.map(|(path, source)| (path.to_string(), self.tensor(source)));
        let mut set = Set { sources: sources.collect(), failures: vec![] };
        visit([], [network], &mut set);
        for path in set.sources.into_keys() {
            set.failures.push(format!("the layer has no parameter {path}"));
        }
        set.failures.into_iter().for_each(|failure| self.fail(failure));
    }

    /// Compares the bytes of an output with a tensor, within ONNX's tolerance of this case.
    pub(crate) fn compare_bytes(&mut self, found: &[u8], expected: &str, tolerance: [f64; 3]) {
        let expected = self.tensor(expected);
        let found = match expected.width {
            4 => words(found, |word| f64::from(f32::from_le_bytes(word))),
            _ => words(found, f64::from_le_bytes),
        };
        self.compare(&found, &expected, tolerance);
    }

    /// Compares numbers with a tensor: `|found - expected| <= rtol |expected| + atol`, as ONNX's runner does. That is a
    /// thousandth in most cases. The error must also be at most `bound` EPSILON of the tensor's largest number: 80, for
    /// the reasons in tests/fixtures/mod.rs.
    pub(crate) fn compare(&mut self, found: &[f64], expected: &Tensor, [rtol, atol, bound]: [f64; 3]) {
        let Tensor { numbers: expected, width, .. } = expected;
        if found.len() != expected.len() {
            return self.fail(format!("{} numbers, ONNX has {}", found.len(), expected.len()));
        }
        let largest = expected.iter().fold(f64::MIN_POSITIVE, |largest, y| largest.max(y.abs()));
        let epsilon = if *width == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let mut wrong = vec![];
        for (at, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            let expected = if at == 0 { expected + self.cases.wrong_by * largest.max(1.0) } else { expected };
            let error = (found - expected).abs();
            let allowed = f64::min(rtol * expected.abs() + atol, bound * epsilon * largest);
            if !(error <= allowed || found == expected) {
                wrong.push(format!("[{at}] is {found}, ONNX has {expected}"));
            }
            if error / largest > self.cases.worst.0 {
                self.cases.worst = (error / largest, self.name.into());
            }
        }
        if let [first, others @ ..] = &wrong[..] {
            self.fail(format!("{first} ({} others of {} too)", others.len(), found.len()));
        }
    }
}

struct Set {
    sources: BTreeMap<String, Tensor>,
    failures: Vec<String>,
}

impl Visitor<0, 1> for Set {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [to]: [&mut [T]; 1]) {
        let path = parameter.path.to_string();
        match self.sources.remove(&path) {
            None => self.failures.push(format!("the row has nothing for the parameter {path}")),
            Some(Tensor { numbers, .. }) if numbers.len() == 1 || numbers.len() == to.len() => {
                let numbers = numbers.iter().cycle();
                to.iter_mut().zip(numbers).for_each(|(to, &from)| *to = T::from_f64(from));
            }
            Some(Tensor { numbers, .. }) => {
                self.failures.push(format!("{path} has {} numbers, not {}", to.len(), numbers.len()));
            }
        }
    }
}

/// Returns the numbers of a parameter.
pub(crate) fn parameter(network: View<'_>, path: &str) -> Vec<f64> {
    let mut find = Find { path, numbers: vec![] };
    visit([network], [], &mut find);
    find.numbers
}

struct Find<'a> {
    path: &'a str,
    numbers: Vec<f64>,
}

impl Visitor<1, 0> for Find<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [numbers]: [&[T]; 1], []: [&mut [T]; 0]) {
        if parameter.path.to_string() == self.path {
            self.numbers.extend(numbers.iter().map(|x| x.to_f64()));
        }
    }
}
