use chainrule::Error;
use chainrule::prelude::*;

type Net = (Conv2d<3, 16, 3>, Relu, GlobalAvgPool);
type Output = Vector<16>;

fn features<const H: usize>(net: &Net, x: &Image<3, H, H>) -> Result<Output, Error> {
    net.predict(x)
}

fn main() -> Result<(), Error> {
    let net = Net::init(&mut rng(1)).into_inner();
    println!("{:?}", features(&net, &Image([[[0.0; 20]; 20]; 3]))?);
    Ok(())
}
