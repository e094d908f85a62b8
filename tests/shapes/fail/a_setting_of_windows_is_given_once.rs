use chainrule::prelude::*;

type Net = (Conv1dWith<1, 8, (Kernel<3>, Padding<1>, Same)>, Relu);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(0));
    let _: Sequence<8, 8> = net.predict(&Sequence::<8, 1>::default())?;
    Ok(())
}
