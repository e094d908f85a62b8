use chainrule::prelude::*;

struct Absolute;

type Compared = Vector<3>;
impl Loss<Compared, Compared> for Absolute {
    fn value(&self, output: &Compared, target: &Compared) -> f64 {
        output.0.iter().zip(target.0).map(|(y, t)| f64::from((y - t).abs())).sum()
    }
    fn gradient(&self, output: &Compared, target: &Compared, gradient: &mut Compared) {
        for (at, g) in gradient.0.iter_mut().enumerate() {
            *g = (output[at] - target[at]).signum();
        }
    }
    fn check(&self, _: &Compared, _: usize) -> Result<(), chainrule::Error> {
        Ok(())
    }
}

fn main() -> Result<(), chainrule::Error> {
    let net = <(Linear<4, 3>, Tanh)>::init(&mut rng(1));
    println!("{}", net.loss(&Absolute, &[Vector([0.5_f32; 4])], &[Vector([0.0_f32; 3])])?);
    Ok(())
}
