use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let (net, mut scores) = (Net::init(&mut rng(1)), [Vector::<3>::default()]);
    net.predict_into(&[Vector([0.5; 4])], &mut scores, &mut vec![0.0_f32; 1024])?;
    Ok(())
}
