use chainrule::prelude::*;
use chainrule::stream::StreamState;

type Net = (Conv1dWith<3, 4, (Kernel<3>, Dilation<2>, Causal)>, Tanh, Linear<4, 1>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(0));
    let mut state = StreamState::new(&net);
    let y = net.step(&Vector([0.1, 0.2, 0.3]), &mut state)?;
    println!("{y:?}");
    Ok(())
}
