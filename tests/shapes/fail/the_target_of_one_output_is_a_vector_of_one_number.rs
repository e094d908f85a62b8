use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Curve = (Linear<1, 16>, Tanh, Linear<16, 1>);
    let mut trainer = Trainer::new(Curve::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1);
    let (xs, ys) = ([0.0_f32, 0.5, 1.0].map(|x| Vector([x])), [0.0_f32, 0.25, 1.0]);
    let targets = ys;
    println!("{}", trainer.step(&xs, &targets)?);
    Ok(())
}
