use chainrule::layer::FixedWorkspace;
use chainrule::prelude::*;

type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Relu, Linear<32, 10>, Softmax);

static NET: Net = chainrule::include_network!("../../../examples/data/digits.image");

const LINES: usize = chainrule::budget::<Net, Image<1, 8, 8>>().prediction_lines(1);

fn main() -> Result<(), chainrule::Error> {
    let mut outputs = [Vector([0.0; 10])];
    NET.predict_into(&[Image([[[0.5; 8]; 8]])], &mut outputs, &mut FixedWorkspace::<LINES>::new())?;
    println!("{}", outputs[0]);
    Ok(())
}
