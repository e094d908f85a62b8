use chainrule::prelude::*;

type L = Linear<4, 4>;
type Net = (Concat<(L, L, L, L, L)>, Relu, Linear<20, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
