//! The guide to one's own layer says what is so: its layer is the example's, and its errors are gradcheck's.

#[allow(dead_code, unreachable_pub)] // the rest of the example
#[path = "../../examples/own_layer.rs"]
mod example;

use chainrule::Real;
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

/// The example's layer with a mistake in its backward pass: `$wrong` has the place of the right one.
macro_rules! mistaken_sine {
    ($mistake:ident: |$layer:ident, $gradient:ident, $input_grad:ident, $right:ident| $wrong:block) => {
        mod $mistake {
            use super::*;

            pub(super) struct Sine<const N: usize, T: Real>(example::Sine<N, T>);

            impl<const N: usize, T: Real> Parameters for Sine<N, T> {
                const COUNT: usize = N;

                fn zeros() -> Self {
                    Self(example::Sine::zeros())
                }
                fn fields(fields: &mut impl Fields<Self>) {
                    let frequency = Field::scale("frequency", &[N], 30.0);
                    fields.tensor(frequency, |s| &s.0.frequency.0, |s| &mut s.0.frequency.0);
                }
            }

            impl<const N: usize, T: Real> Layer<Vector<N, T>> for Sine<N, T> {
                type Output = Vector<N, T>;
                type Tape = ();

                fn forward(
                    &self,
                    x: &[Vector<N, T>],
                    y: &mut [Vector<N, T>],
                    _: &mut (),
                    mode: &mut Mode<'_>,
                ) {
                    self.0.forward(x, y, &mut (), mode);
                }

                fn backward<P: Probe>(
                    &self,
                    x: &[Vector<N, T>],
                    y: &[Vector<N, T>],
                    dy: &[Vector<N, T>],
                    $input_grad: Option<&mut [Vector<N, T>]>,
                    $gradient: &mut Self,
                    _: &mut (),
                    probe: &mut P,
                ) {
                    let $layer = &self.0;
                    let $gradient = &mut $gradient.0;
                    let mut $right = |input_grad: Option<&mut [Vector<N, T>]>,
                                      gradient: &mut example::Sine<N, T>| {
                        $layer.backward(x, y, dy, input_grad, gradient, &mut (), probe);
                    };
                    $wrong
                }
            }
        }
    };
}

// `dx[sample][i] = dz`
mistaken_sine!(forgotten_factor: |layer, gradient, input_grad, right| {
    let mut input_grad = input_grad;
    right(input_grad.as_deref_mut(), gradient);
    for dx in input_grad.into_iter().flatten() {
        (0..N).for_each(|i| dx[i] /= layer.frequency[i]);
    }
});

// without `gradient.frequency.0.fill(T::zero())`
mistaken_sine!(added: |layer, gradient, input_grad, right| {
    let before = gradient.frequency.clone();
    right(input_grad, gradient);
    (0..N).for_each(|i| gradient.frequency[i] += before[i]);
});

/// What gradcheck says, with spaces where it or the guide breaks a line.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_guide_quotes_the_error_of<L: Layer<Vector<3, f64>>>(layer: L) {
    let error = gradcheck(&layer, &INPUTS).unwrap_err().to_string();
    assert!(in_one_line(GUIDE).contains(&error), "the guide does not quote this error:\n{error}");
}

#[test]
fn the_guide_quotes_the_error_of_a_forgotten_factor() {
    assert_guide_quotes_the_error_of(forgotten_factor::Sine::<3, f64>::init(&mut rng(0)));
}

#[test]
fn the_guide_quotes_the_error_of_a_gradient_that_is_added_to() {
    assert_guide_quotes_the_error_of(added::Sine::<3, f64>::init(&mut rng(0)));
}
