use chainrule::gradcheck::{GradcheckError, gradcheck};
use chainrule::prelude::*;

#[derive(Parameters)]
struct Double;

type Number = f64;
impl Layer<Vector<2, Number>> for Double {
    type Output = Vector<2, Number>;
    fn forward(&self, x: &[Vector<2, Number>], y: &mut [Vector<2, Number>], _: WorkspaceMut, _: &mut Mode) {
        x.iter().zip(y).for_each(|(x, y)| *y = Vector(x.0.map(|x| x + x)));
    }
    fn backward(&self, pass: Backward<Vector<2, Number>, Self>) {
        for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
            *dx = Vector(dy.0.map(|dy| dy + dy));
        }
    }
}

fn main() -> Result<(), GradcheckError> {
    println!("{:?}", gradcheck(&Double, &[Vector([0.5_f64, -1.5])])?);
    Ok(())
}
