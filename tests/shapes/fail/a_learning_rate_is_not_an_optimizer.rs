use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), 0.01_f64, 1);
    println!("{}", trainer.steps());
    Ok(())
}
