use chainrule::data::Dataset;
use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let classes = vec![0_usize, 1, 2];
    let labels = classes.into_iter().map(Label::<3>::new).collect::<Result<Vec<_>, _>>()?;
    let data = Dataset::new(vec![Vector([0.5_f32; 4]); 3], labels)?;
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    trainer.fit(&data, Fit::epochs(1).quiet())?;
    Ok(())
}
