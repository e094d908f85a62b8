use chainrule::{Backward, Infer, Layer, LinearTo, Mode, Parameters, Vector, WorkspaceMut, shapes};

#[derive(Parameters)]
struct Mine;

impl Layer<Vector<8>> for Mine {
    type Output = Vector<8>;
    fn forward(&self, x: &[Vector<8>], y: &mut [Vector<8>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        y.copy_from_slice(x);
    }
    fn backward(&self, pass: Backward<'_, Vector<8>, Self>) {
        pass.input_grad.into_iter().for_each(|dx| dx.copy_from_slice(pass.output_grad));
    }
}

type Net = Infer<Vector<4>, (LinearTo<8>, Mine)>;
const _: () = shapes::<Net, Vector<4>, Vector<8>>();

fn main() {}
