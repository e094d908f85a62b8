use chainrule::prelude::*;

type L = Linear<4, 4>;
type Net = (L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
