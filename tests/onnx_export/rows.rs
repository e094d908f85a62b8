//! Export: every row of the lists of layers, combinators and networks becomes an ONNX file. `run.py` compares what
//! onnxruntime computes with what `written` puts next to the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chainrule::layer::{Parameter, ViewMut, Visitor, visit};
use chainrule::onnx;
use chainrule::prelude::*;
use serde::Serialize;

use crate::common::{
    TokenInputs, every_combinator, every_layer, every_network, every_partial_layer, every_token_row, forward,
    inputs, positive_inputs,
};

/// The folder to which `written` writes, for `run.py`.
const FOLDER: &str = "CHAINRULE_ONNX";

/// A tensor of a case: its sides, without the batch, and the numbers of all samples.
#[derive(Serialize)]
pub(crate) struct Values {
    sides: Vec<usize>,
    numbers: Vec<f64>,
    /// Whether the numbers are whole: classes, or lengths.
    integers: bool,
}

impl Values {
    pub(crate) fn of<X: Sample>(batch: &[X]) -> Self {
        Self { sides: X::SHAPE.to_vec(), numbers: X::numbers(batch).iter().collect(), integers: false }
    }

    /// One whole number for each sample.
    pub(crate) fn integers(numbers: impl Iterator<Item = usize>) -> Self {
        Self { sides: vec![], numbers: numbers.map(|number| number as f64).collect(), integers: true }
    }
}

#[derive(Serialize)]
struct Case {
    scalar: &'static str,
    inputs: BTreeMap<String, Values>,
    outputs: BTreeMap<String, Values>,
}

/// Makes every kind of parameter have an effect: a new network has biases of 0, gains of 1 and measured nothing.
struct Disturb(usize);

impl Disturb {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        (self.0 as f64 * 1.7).sin()
    }
}

impl Visitor<0, 1> for Disturb {
    fn visit<T: chainrule::Real>(
        &mut self,
        parameter: &Parameter<'_>,
        []: [&[T]; 0],
        [numbers]: [&mut [T]; 1],
    ) {
        let size = match parameter.role {
            chainrule::layer::Role::Weight { .. } => 0.0,
            _ => 0.4,
        };
        for number in numbers {
            *number += T::from_f64(size * self.next());
        }
    }
}

pub(crate) fn network<N: Parameters>(seed: u64) -> Owned<N> {
    let mut network = N::init(&mut rng(seed));
    visit([], [ViewMut::of(&mut *network)], &mut Disturb(seed as usize));
    network
}

/// Writes the files of a case, if there is a folder for them. In any case, the network must have a form.
pub(crate) fn write<N: Layer<X>, X: Sample>(
    name: &str,
    scalar: &'static str,
    network: &Owned<N>,
    input: &[X],
    values: impl Fn(&[X], &[N::Output]) -> [BTreeMap<String, Values>; 2],
) {
    let bytes = onnx::to_bytes::<X, _>(network).unwrap_or_else(|error| panic!("{name}: {error}"));
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let output = forward(&**network, input, &mut Workspace::default(), &mut Mode::Evaluate);
    let [inputs, outputs] = values(input, &output);
    let case = Case { scalar, inputs, outputs };
    let path = Path::new(&folder).join(name);
    fs::write(path.with_extension("onnx"), bytes).unwrap();
    fs::write(path.with_extension("json"), serde_json::to_string(&case).unwrap()).unwrap();
}

/// The values of a network with one input and one output.
pub(crate) fn row<N: Layer<X, Output: Tensor>, X: Tensor>(name: &str, scalar: &'static str, input: &[X]) {
    let one = |name: &str, values| BTreeMap::from([(name.into(), values)]);
    write(&format!("{name}-{scalar}"), scalar, &network::<N>(7), input, |x, y| {
        [one("input", Values::of(x)), one("output", Values::of(y))]
    });
}

/// Samples of tokens as inputs of a graph: their indices, and with those of padded ones their lengths.
trait TokenValues: TokenInputs {
    fn values(batch: &[Self]) -> BTreeMap<String, Values>;
}

fn indices<const VOCAB: usize>(sides: &[usize], tokens: impl Iterator<Item = Token<VOCAB>>) -> Values {
    Values { sides: sides.to_vec(), ..Values::integers(tokens.map(Token::index)) }
}

impl<const VOCAB: usize> TokenValues for Token<VOCAB> {
    fn values(batch: &[Self]) -> BTreeMap<String, Values> {
        BTreeMap::from([("input".into(), indices(&[], batch.iter().copied()))])
    }
}

impl<const STEPS: usize, const VOCAB: usize> TokenValues for Tokens<STEPS, VOCAB> {
    fn values(batch: &[Self]) -> BTreeMap<String, Values> {
        BTreeMap::from([("input".into(), indices(&[STEPS], batch.iter().flat_map(|tokens| tokens.0)))])
    }
}

impl<const STEPS: usize, const VOCAB: usize> TokenValues for PaddedTokens<STEPS, VOCAB> {
    fn values(batch: &[Self]) -> BTreeMap<String, Values> {
        let tokens = indices(&[STEPS], batch.iter().flat_map(|tokens| tokens.with_padding().0));
        let lengths = Values::integers(batch.iter().map(Self::length));
        BTreeMap::from([("input".into(), tokens), ("input.length".into(), lengths)])
    }
}

fn token_row<N: Layer<X, Output: Tensor>, X: TokenValues>(name: &str, scalar: &'static str) {
    write(&format!("{name}-{scalar}"), scalar, &network::<N>(7), &X::token_inputs(4), |x, y| {
        [X::values(x), BTreeMap::from([("output".into(), Values::of(y))])]
    });
}

#[test]
fn every_network_of_tokens_has_a_form_in_onnx() {
    macro_rules! in_scalar {
        ($scalar:literal, $T:ident) => {{
            type T = $T;
            macro_rules! case {
                ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                    token_row::<$layer, $input>(stringify!($name), $scalar);
                };
            }
            every_token_row!(case);
        }};
    }
    in_scalar!("f32", f32);
    in_scalar!("f64", f64);
}

macro_rules! rows {
    ($scalar:literal, $T:ty, $inputs:ident, $($list:ident)+) => {{
        #[allow(dead_code)]
        type T = $T;
        macro_rules! case {
            ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                row::<$layer, $input>(stringify!($name), $scalar, &$inputs::<$input>(3));
            };
        }
        $($list!(case);)+
    }};
}

#[test]
fn every_layer_has_a_form_in_onnx() {
    rows!("f32", f32, inputs, every_layer);
    rows!("f32", f32, positive_inputs, every_partial_layer);
    rows!("f64", f64, inputs, every_layer);
    rows!("f64", f64, positive_inputs, every_partial_layer);
}

#[test]
fn every_combinator_and_network_has_a_form_in_onnx() {
    rows!("f32", f32, inputs, every_combinator every_network);
}
