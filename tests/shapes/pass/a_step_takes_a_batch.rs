use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    let (x, label) = (Vector([0.5_f32; 4]), Label::<3>::new(1)?);
    trainer.step(&[x], &[label])?;
    Ok(())
}
