use chainrule::prelude::*;

type Net = Infer<Vector<4>, (LinearTo<16>, Relu, LinearTo<3>)>;

fn main() -> Result<(), chainrule::Error> {
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    trainer.step(&[Vector([0.5_f32; 4])], &[Label::<3>::new(1)?])?;
    Ok(())
}
