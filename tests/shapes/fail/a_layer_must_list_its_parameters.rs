use chainrule::{Error, Layer, Mode, Network, Probe, Real, Tensor, Vector};

struct Half;

#[rustfmt::skip]
impl<X: Tensor> Layer<X> for Half {
    type Output = X;
    type Tape = ();
    fn forward(&self, x: &[X], y: &mut [X], _: &mut (), _: &mut Mode) {
        X::flat_mut(y).iter_mut().zip(X::flat(x)).for_each(|(y, x)| *y = X::Scalar::from_f64(0.5) * *x);
    }
    fn backward<P: Probe>(&self, _: &[X], _: &[X], dy: &[X], dx: Option<&mut [X]>, _: &mut Self, _: &mut (), _: &mut P) {
        let dx = dx.into_iter().flat_map(X::flat_mut);
        dx.zip(X::flat(dy)).for_each(|(dx, dy)| *dx = X::Scalar::from_f64(0.5) * *dy);
    }
}

fn main() {
    assert_eq!(half(Half), Ok(Vector([0.5, 2.0])));
}

fn half(layer: impl Layer<Vector<2>, Output = Vector<2>>) -> Result<Vector<2>, Error> {
    layer.predict(&Vector([1.0, 4.0]))
}
