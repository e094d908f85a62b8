use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{}", Net::summary::<Vector<9>>());
    Ok(())
}
