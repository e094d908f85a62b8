use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let (xs, classes) = ([Vector([0.5_f32; 4]); 3], [0, 2, 1_usize]);
    let labels = classes.map(|class| Label::<3>::new(class).unwrap());
    println!("{}", net.loss(&CrossEntropy::default(), &xs, &labels)?);
    Ok(())
}
