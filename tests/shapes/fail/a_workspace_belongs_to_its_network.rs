use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);
type Small = (Linear<4, 8>, Relu, Linear<8, 3>);

fn main() -> Result<(), chainrule::Error> {
    let (net, other, mut scores) = (Net::zeroed(), Small::zeroed(), [Vector::<3>::default()]);
    let mut memory = <chainrule::workspace!(Net, Vector<4>, predict 1)>::new();
    net.predict_into(&[Vector([0.5; 4])], &mut scores, &mut memory)?;
    other.predict_into(&[Vector([0.5; 4])], &mut scores, &mut memory)?;
    Ok(())
}
