use chainrule::prelude::*;

fn classify<N: Maps<Vector<4>, Vector<3>>>(net: &N) -> Result<Vector<3>, chainrule::Error> {
    net.predict(&Vector([0.5; 4]))
}

fn main() -> Result<(), chainrule::Error> {
    let net = <(Linear<4, 16>, Relu, Linear<16, 2>)>::init(&mut rng(1));
    println!("{:?}", classify(&*net)?);
    Ok(())
}
