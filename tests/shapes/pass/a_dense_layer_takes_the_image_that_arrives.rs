use chainrule::prelude::*;

type Net = (Conv2d<1, 8, 3, 2>, Relu, Conv2d<8, 16, 3, 2>, Relu, Dense<Image<16, 6, 6>, Vector<10>>);

fn classify(net: &Net, image: &Image<1, 28, 28>) -> Result<Label<10>, chainrule::Error> {
    Ok(Label::from_scores(&net.predict(image)?))
}

fn main() -> Result<(), chainrule::Error> {
    println!("{}", classify(&Net::init(&mut rng(1)), &Image([[[0.0_f32; 28]; 28]]))?);
    Ok(())
}
