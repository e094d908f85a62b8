use chainrule::data::Dataset;
use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);
type Scores = Vector<3>;

fn largest(scores: &[Scores], _: &[Label<3>]) -> Result<f64, chainrule::Error> {
    Ok(scores.iter().flat_map(|y| y.0).fold(0.0, f32::max).into())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = Dataset::new(vec![Vector([0.5_f32; 4]); 3], Label::<3>::all().collect())?;
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    trainer.fit(&data, Fit::epochs(1).quiet().validate(&data).metric("largest", largest))?;
    Ok(())
}
