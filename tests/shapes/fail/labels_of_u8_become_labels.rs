use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    let (xs, classes) = (vec![Vector([0.5_f32; 4]); 3], vec![0_u8, 2, 1]);
    let labels = classes;
    println!("{}", trainer.step(&xs, &labels)?);
    Ok(())
}
