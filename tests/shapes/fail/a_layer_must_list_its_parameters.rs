use chainrule::{Backward, Error, Layer, Mode, Network, Real, Tensor, Vector, WorkspaceMut};

struct Half;

impl<X: Tensor> Layer<X> for Half {
    type Output = X;
    fn forward(&self, x: &[X], y: &mut [X], _: WorkspaceMut, _: &mut Mode) {
        X::flat_mut(y).iter_mut().zip(X::flat(x)).for_each(|(y, x)| *y = X::Scalar::from_f64(0.5) * *x);
    }
    fn backward(&self, pass: Backward<X, Self>) {
        let dx = pass.input_grad.into_iter().flat_map(X::flat_mut);
        dx.zip(X::flat(pass.output_grad)).for_each(|(dx, dy)| *dx = X::Scalar::from_f64(0.5) * *dy);
    }
}

fn main() {
    assert_eq!(half(Half), Ok(Vector([0.5, 2.0])));
}

fn half(layer: impl Layer<Vector<2>, Output = Vector<2>>) -> Result<Vector<2>, Error> {
    layer.predict(&Vector([1.0, 4.0]))
}
