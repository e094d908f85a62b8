//! A loss with a given gradient.

use chainrule::Real;
use chainrule::prelude::*;

/// R = A · Y. Its gradient with respect to the output A is Y, so the measured gradients depend on the network only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Along;

impl<const N: usize, T: Real> Loss<Vector<N, T>, Vector<N, T>> for Along {
    fn value(&self, output: &Vector<N, T>, target: &Vector<N, T>) -> f64 {
        output.0.iter().zip(&target.0).map(|(a, y)| a.to_f64() * y.to_f64()).sum()
    }

    fn gradient(&self, _: &Vector<N, T>, target: &Vector<N, T>, gradient: &mut Vector<N, T>) {
        *gradient = *target;
    }

    fn check(&self, _: &Vector<N, T>, _: usize) -> Result<(), chainrule::Error> {
        Ok(())
    }
}
