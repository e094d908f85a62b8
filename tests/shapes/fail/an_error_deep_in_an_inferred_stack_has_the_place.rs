use chainrule::prelude::*;

type Head = (LinearTo<32>, Relu, MaxPool2d<2>, LinearTo<10>);
type Net = Infer<Image<1, 8, 8>, (ConvTo<4, 3>, Relu, Head)>;

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Image([[[0.5_f32; 8]; 8]]))?);
    Ok(())
}
