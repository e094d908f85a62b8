use chainrule::prelude::*;

#[derive(Parameters)]
struct Double;

type Number = f64;
impl Layer<Vector<2, Number>> for Double {
    type Output = Vector<2, Number>;
    fn forward(&self, x: &[Vector<2, Number>], y: &mut [Vector<2, Number>], _: WorkspaceMut, _: &mut Mode) {
        x.iter().zip(y).for_each(|(x, y)| *y = Vector(x.0.map(|x| x + x)));
    }
    fn backward(&self, _: Backward<Vector<2, Number>, Self>) {}
}

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", <(Linear<4, 2>, Double)>::init(&mut rng(1)).predict(&Vector([0.5; 4]))?);
    Ok(())
}
