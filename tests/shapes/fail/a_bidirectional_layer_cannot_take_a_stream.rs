use chainrule::prelude::*;
use chainrule::stream::StreamState;

type Net = (Bidirectional<Gru<3, 4>>, Tanh);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(0));
    let mut state = StreamState::new(&net);
    let y = net.step(&Vector([0.1, 0.2, 0.3]), &mut state)?;
    println!("{y:?}");
    Ok(())
}
