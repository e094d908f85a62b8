use chainrule::data::Dataset;
use chainrule::metrics::accuracy;
use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);
type Classes = Label<5>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = Dataset::new(vec![Vector([0.5_f32; 4]); 3], Classes::all().take(3).collect())?;
    let net = Net::init(&mut rng(1));
    let scores: Vec<Vector<3>> = net.predict_batch(data.inputs())?;
    println!("{}", accuracy(&scores, data.targets())?);
    Ok(())
}
