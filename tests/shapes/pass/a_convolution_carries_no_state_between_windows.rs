use chainrule::prelude::*;

type Net = (PerStep<Linear<1, 8>>, Tanh, Gru<8, 1>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let mut state = CarriedState::new::<Net, Sequence<20, 1>>(1);
    let mut outputs = [Sequence([[0.0]; 20])];
    net.predict_into(&[Sequence([[0.5]; 20])], &mut outputs, &mut state)?;
    println!("{:?}", outputs[0]);
    Ok(())
}
