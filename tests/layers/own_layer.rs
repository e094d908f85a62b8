//! The guide `docs/your-own-layer.md` is correct: its layer is that of the example, and its errors are those of
//! gradcheck.

#[allow(dead_code, unreachable_pub)] // the rest of the example
#[path = "../../examples/own_layer.rs"]
mod example;

use chainrule::gradcheck::{TOLERANCE, gradcheck};
use chainrule::prelude::*;

const GUIDE: &str = include_str!("../../docs/your-own-layer.md");
const EXAMPLE: &str = include_str!("../../examples/own_layer.rs");

/// The inputs of the guide.
const INPUTS: [Vector<3, f64>; 2] = [Vector([0.3, -0.2, 0.9]), Vector([-1.1, 0.0, 0.5])];

#[test]
fn the_layer_of_the_guide_is_that_of_the_example() {
    let start = EXAMPLE.find("/// Sine waves").unwrap();
    let end = EXAMPLE.find("\n/// A curve").unwrap();
    assert!(GUIDE.contains(&EXAMPLE[start..end]), "copy the layer of examples/own_layer.rs into the guide");
}

#[test]
fn the_layer_of_the_example_passes_alone_and_in_a_network() {
    let layer = example::Sine::<3, f64>::init(&mut rng(0));
    let report = gradcheck(&layer, &INPUTS).unwrap();
    assert_eq!(report.checked, 2 * 3 + 3);
    assert!(report.worst <= TOLERANCE);

    let net = <(Linear<3, 4, f64>, Residual<example::Sine<4, f64>>, Linear<4, 2, f64>)>::init(&mut rng(0));
    gradcheck(&net, &INPUTS).unwrap();
}

/// The example's layer with a mistake in its backward pass: `$wrong` stands in the place of the right one.
macro_rules! mistaken_sine {
    ($mistake:ident: |$layer:ident, $pass:ident| $wrong:block) => {
        mod $mistake {
            use super::*;

            #[derive(Parameters)]
            #[parameters(name = "Sine<{N}{:T}>")]
            pub(super) struct Sine<const N: usize, T: Real>(#[parameter(flatten)] example::Sine<N, T>);

            impl<const N: usize, T: Real> Layer<Vector<N, T>> for Sine<N, T> {
                type Output = Vector<N, T>;

                fn forward(
                    &self,
                    x: &[Vector<N, T>],
                    y: &mut [Vector<N, T>],
                    workspace: WorkspaceMut<'_>,
                    mode: &mut Mode<'_>,
                ) {
                    self.0.forward(x, y, workspace, mode);
                }

                fn backward(&self, $pass: Backward<'_, Vector<N, T>, Self>) {
                    let $layer = &self.0;
                    $wrong
                }
            }
        }
    };
}

// `dx[sample][i] = dz`
mistaken_sine!(forgotten_factor: |layer, pass| {
    let Backward { input, output, output_grad, mut input_grad, gradient, workspace, accumulate } = pass;
    let gradient = &mut gradient.0;
    let dx = input_grad.as_deref_mut();
    layer.backward(Backward { input, output, output_grad, input_grad: dx, gradient, workspace, accumulate });
    for dx in input_grad.into_iter().flatten() {
        (0..N).for_each(|i| dx[i] /= layer.frequency[i]);
    }
});

// `gradient.frequency[i] = dz * x[i]`
mistaken_sine!(overwritten: |layer, pass| {
    let Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate } = pass;
    let gradient = &mut gradient.0;
    let last = input.len() - 1;
    layer.backward(Backward { input, output, output_grad, input_grad, gradient: &mut *gradient, workspace, accumulate });
    for i in 0..N {
        let (x, dy) = (input[last][i], output_grad[last][i]);
        gradient.frequency[i] = dy * (layer.frequency[i] * x).cos() * x;
    }
});

/// What gradcheck says, with spaces where it or the guide breaks a line.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_guide_quotes_the_error_of<L: Maps<Vector<3, f64>, Vector<3, f64>>>(layer: Owned<L>) {
    let error = gradcheck(&layer, &INPUTS).unwrap_err().to_string();
    assert!(in_one_line(GUIDE).contains(&error), "the guide does not quote this error:\n{error}");
}

#[test]
fn the_guide_quotes_the_error_of_a_forgotten_factor() {
    assert_guide_quotes_the_error_of(forgotten_factor::Sine::<3, f64>::init(&mut rng(0)));
}

#[test]
fn the_guide_quotes_the_error_of_a_gradient_that_is_overwritten() {
    assert_guide_quotes_the_error_of(overwritten::Sine::<3, f64>::init(&mut rng(0)));
}

/// The crate under another name: the derive names no other path.
#[test]
fn a_layer_says_where_the_crate_is() {
    mod facade {
        pub(super) use chainrule::{infer, layer, parameters, tensor};
    }

    #[derive(Parameters)]
    #[parameters(crate = facade)]
    struct Shift {
        #[parameter(bias)]
        r#type: f64,
    }

    let shift = Shift { r#type: 3.0 };
    assert_eq!(shift.norm(), 3.0);
    assert_eq!(format!("{:?}", shift.parameters()).lines().next(), Some("type [1] rms 3.0000"));
}
