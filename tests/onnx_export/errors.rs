//! What cannot be written.

use chainrule::layer::{Child, Onnx, OnnxInput, OnnxNode, Plan};
use chainrule::onnx::{self, ExportError};
use chainrule::prelude::*;
use chainrule::tensor::NoGrad;

use crate::embedding::Embedding;

/// A layer with this form, and a parameter `gain`.
macro_rules! layer {
    ($name:ident, $onnx:expr $(, $children:expr)?) => {
        #[derive(Parameters)]
        struct $name {
            #[parameter(scale = 1.0)]
            gain: Vector<2>,
        }

        impl Layer<Vector<2>> for $name {
            type Output = Vector<2>;
            const PLAN: Plan = Plan::leaf::<Vector<2>, Self>()$(.contains($children))?.onnx($onnx);

            fn forward(&self, _: &[Vector<2>], _: &mut [Vector<2>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {}
            fn backward(&self, _: Backward<'_, Vector<2>, Self>) {}
        }
    };
}

layer!(Unknown, Onnx::UNKNOWN);
layer!(Impossible, Onnx::impossible("it draws numbers in evaluation mode too"));
layer!(OtherField, Onnx::nodes(&[OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Field("gian")])]));
layer!(LaterNode, Onnx::nodes(&[OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Output(0)])]));
layer!(NoPair, Onnx::nodes(&[OnnxNode::new("Mul", &[OnnxInput::First, OnnxInput::Second])]));
layer!(NoChild, Onnx::nodes(&[OnnxNode::child(0, &[OnnxInput::Input])]));
layer!(NoInput, Onnx::nodes(&[OnnxNode::new("Mul", &[])]));
layer!(
    NoValue,
    Onnx::nodes(&[OnnxNode::child(0, &[OnnxInput::Number(1.0)])]),
    &[Child::new("inside", &<Tanh as Layer<Vector<2>>>::PLAN)]
);

fn error<N: Layer<X>, X: Sample>() -> String {
    onnx::to_bytes::<X, _>(&N::zeros()).expect_err("an error").to_string()
}

#[test]
fn a_layer_without_a_form_is_named_with_its_place() {
    assert_eq!(
        error::<(Tanh, Residual<[(Identity, Unknown); 2]>), Vector<2>>(),
        "`Unknown` at `1.branch.0.1` does not declare its ONNX form: add its operators to its plan with \
         `.onnx(Onnx::nodes(..))`"
    );
    assert!(error::<Unknown, Vector<2>>().starts_with("`Unknown` does not declare its ONNX form"));
    assert!(error::<Embedding<3, 2>, Label<3>>().starts_with("`Embedding<3, 2>` does not declare"));
    assert_eq!(
        error::<(Tanh, Impossible), Vector<2>>(),
        "`Impossible` at `1` cannot be written as ONNX: it draws numbers in evaluation mode too"
    );
    assert_eq!(
        error::<(Rnn<2, 3, Gelu>, LastStep), Sequence<4, 2>>(),
        "`Rnn<2, 3, Gelu>` at `0` cannot be written as ONNX: the operator `RNN` has no such activation"
    );
}

#[test]
fn a_form_that_does_not_fit_its_layer_is_an_error() {
    let wrong = |error: String, reason: &str| assert!(error.ends_with(reason), "{error}");
    wrong(error::<OtherField, Vector<2>>(), "is wrong: it has no parameter `gian`");
    wrong(error::<LaterNode, Vector<2>>(), "is wrong: node 0 is not before the one that reads it");
    wrong(error::<NoPair, Vector<2>>(), "is wrong: its input is not a pair");
    wrong(error::<NoChild, Vector<2>>(), "is wrong: it has no layer 0 inside");
    wrong(error::<NoInput, Vector<2>>(), "is wrong: its node `Mul` has no input");
    wrong(error::<NoValue, Vector<2>>(), "is wrong: the input of a layer inside is a value");
}

/// A layer that takes no tensor: `NoGrad` stands for a sample of a user.
#[derive(Parameters)]
struct Constant;

impl Layer<NoGrad> for Constant {
    type Output = Vector<2>;

    fn forward(&self, _: &[NoGrad], _: &mut [Vector<2>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {}
    fn backward(&self, _: Backward<'_, NoGrad, Self>) {}
}

#[test]
fn samples_that_are_no_tensors_are_an_error() {
    assert_eq!(
        error::<Constant, NoGrad>(),
        "a network with the input `NoGrad` cannot be written as ONNX: an input must be a `Vector`, a `Sequence`, a \
         `Padded`, an `Image`, a `Label` or a `Pair` of these"
    );
}

#[test]
fn a_network_that_is_not_finite_is_not_written() {
    let mut net = <(Linear<2, 3>, Tanh)>::init(&mut rng(0));
    net.0.bias[1] = f32::NAN;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    std::fs::write(&path, "the old file").unwrap();
    let error = onnx::save::<Vector<2>, _>(&net, &path).unwrap_err();
    assert!(matches!(&error, ExportError::NonFinite { parameter, element: 1, .. } if parameter == "0.bias"));
    assert_eq!(std::fs::read(&path).unwrap(), b"the old file");
    net.0.bias[1] = 0.0;
    onnx::save::<Vector<2>, _>(&net, &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), onnx::to_bytes::<Vector<2>, _>(&net).unwrap());
    let error = onnx::save::<Vector<2>, _>(&net, folder.path().join("none/net.onnx")).unwrap_err();
    assert!(matches!(error, ExportError::Write(_)), "{error}");
}
