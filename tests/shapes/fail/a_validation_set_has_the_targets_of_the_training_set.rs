use chainrule::data::Dataset;
use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = Dataset::new(vec![Vector([0.5_f32; 4]); 3], vec![Label::<3>::new(1)?; 3])?;
    let validation = Dataset::new(vec![Vector([0.5_f32; 4]); 3], vec![Vector([1.0_f32, 0.0, 0.0]); 3])?;
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    trainer.fit(&data, Fit::epochs(1).quiet().validate(&validation))?;
    Ok(())
}
