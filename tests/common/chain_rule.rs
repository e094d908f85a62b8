//! The chain rule written out: dR/dW as an explicit product of Jacobian matrices (Hochreiter 1991; Bengio, Simard,
//! Frasconi 1994).
//!
//! The layers of a network are numbered 1 to n, with A(0) = X and
//!
//! ```text
//! Z(i) = W(i) A(i-1) + b(i)
//! S(i) = Z(i)               or, where a skip connection arrives from layer p,   S(i) = Z(i) + S(p)
//! A(i) = g(S(i)),           R = L(A(n), Y)
//! ```
//!
//! * Without skips: dR/dW(n-k) = dR/dA(n) · g'(Z(n)) W(n) · g'(Z(n-1)) W(n-1) · .. · g'(Z(n-k)) · dZ(n-k)/dW(n-k).
//! * With A(n) = g(Z(n) + Z(n-k)) that is a sum of two terms: that product, through the layers, and one without any of
//!   its factors W, through the skip connection (He et al. 2016).
//! * With several skips it is a sum over all paths from S(n) down to the layer, each a separate product.
//!
//! In a post-activation network, g is applied to each sum before the next skip connection; in a pre-activation network,
//! the next skip connection starts from the sum itself. All matrices here are nalgebra's, in `f64`; g and g' are
//! written again.

use chainrule::Real;
use chainrule::layer::View;
use chainrule::layer::{Parameter, Role, Visitor, visit};
use chainrule::parameters::AsNetwork;
use chainrule::prelude::*;
use nalgebra::{DMatrix, DVector, RowDVector};

/// g and g', from their definitions.
pub(crate) trait Written {
    fn g(z: f64) -> f64;
    fn slope(z: f64) -> f64;
}

macro_rules! written {
    ($activation:ty, |$z:ident| $g:expr, $slope:expr) => {
        impl Written for $activation {
            fn g($z: f64) -> f64 {
                $g
            }
            fn slope($z: f64) -> f64 {
                $slope
            }
        }
    };
}
written!(Sigmoid, |z| 1.0 / (1.0 + (-z).exp()), (-z).exp() / (1.0 + (-z).exp()).powi(2));
written!(Tanh, |z| z.tanh(), 1.0 / z.cosh().powi(2));
written!(Relu, |z| z.max(0.0), f64::from(z > 0.0));
written!(LeakyRelu<1, 5>, |z| if z > 0.0 { z } else { z / 5.0 }, if z > 0.0 { 1.0 } else { 0.2 });

/// W(i) and b(i): of a network, or the gradient by them.
pub(crate) struct Affine {
    pub(crate) w: DMatrix<f64>,
    pub(crate) b: DVector<f64>,
}

/// All W(i) and b(i) of a network, in order.
#[derive(Default)]
struct Layers(Vec<Affine>);

impl Visitor<1, 0> for Layers {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        let numbers = xs.iter().map(|x| x.to_f64());
        match (parameter.role, parameter.shape) {
            // In memory each input's weights follow one another: the columns of W.
            (Role::Weight { .. }, &[inputs, outputs]) => {
                let w = DMatrix::from_iterator(outputs, inputs, numbers);
                self.0.push(Affine { w, b: DVector::zeros(0) });
            }
            (Role::Bias, &[outputs]) => {
                self.0.last_mut().unwrap().b = DVector::from_iterator(outputs, numbers)
            }
            (role, shape) => panic!("{role:?} {shape:?} is neither W nor b"),
        }
    }
}

pub(crate) fn layers_of(network: &impl AsNetwork) -> Vec<Affine> {
    let mut layers = Layers::default();
    visit([View::of(network.as_network())], [], &mut layers);
    layers.0
}

/// One sample in that network: `a[i]` is A(i) and `s[i]` is S(i); layer i is `layers[i - 1]`.
pub(crate) struct ChainRule<'a> {
    layers: &'a [Affine],
    /// (p, i): S(i) = Z(i) + S(p).
    skips: &'a [(usize, usize)],
    slope: fn(f64) -> f64,
    pub(crate) a: Vec<DVector<f64>>,
    pub(crate) s: Vec<DVector<f64>>,
}

impl<'a> ChainRule<'a> {
    pub(crate) fn forward<G: Written>(layers: &'a [Affine], skips: &'a [(usize, usize)], x: &[f64]) -> Self {
        let (mut a, mut s) = (vec![DVector::from_column_slice(x)], vec![DVector::zeros(0)]);
        for (i, layer) in (1..).zip(layers) {
            let mut sum = &layer.w * &a[i - 1] + &layer.b;
            skips.iter().filter(|skip| skip.1 == i).for_each(|skip| sum += &s[skip.0]);
            a.push(sum.map(G::g));
            s.push(sum);
        }
        Self { layers, skips, slope: G::slope, a, s }
    }

    pub(crate) fn w(&self, i: usize) -> DMatrix<f64> {
        self.layers[i - 1].w.clone()
    }

    /// dA(i)/dS(i), a diagonal matrix.
    pub(crate) fn slope(&self, i: usize) -> DMatrix<f64> {
        DMatrix::from_diagonal(&self.s[i].map(self.slope))
    }

    /// dZ(i)/dW(i), with a column for each number of W(i), itself column after column: A(i-1)ᵀ ⊗ I.
    pub(crate) fn by_weight(&self, i: usize) -> DMatrix<f64> {
        self.a[i - 1].transpose().kronecker(&DMatrix::identity(self.s[i].len(), self.s[i].len()))
    }

    /// The Jacobians along each path from S(i) down to S(m): through layer i, `W(i) g'(S(i-1))`, and through each skip
    /// that arrives at i, nothing at all.
    pub(crate) fn paths(&self, i: usize, m: usize) -> Vec<Vec<DMatrix<f64>>> {
        if i == m {
            return vec![vec![]];
        }
        let mut paths = Vec::new();
        for rest in if i > m { self.paths(i - 1, m) } else { vec![] } {
            paths.push([vec![self.w(i), self.slope(i - 1)], rest].concat());
        }
        for (p, _) in self.skips.iter().filter(|skip| skip.1 == i && skip.0 >= m) {
            paths.extend(self.paths(*p, m));
        }
        paths
    }

    /// dR/dS(m) = dR/dA(n) · g'(S(n)) · Σ over the paths of the product of their Jacobians.
    pub(crate) fn by_sum(&self, by_output: &RowDVector<f64>, m: usize) -> RowDVector<f64> {
        let n = self.layers.len();
        let first = by_output * self.slope(n);
        let terms =
            self.paths(n, m).into_iter().map(|path| path.iter().fold(first.clone(), |row, j| row * j));
        terms.fold(RowDVector::zeros(self.s[m].len()), |sum, term| sum + term)
    }
}
