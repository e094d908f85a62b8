use chainrule::prelude::*;

fn classify(net: &impl Maps<Vector<4>, Vector<3>>) -> Result<Vector<3>, chainrule::Error> {
    net.predict(&Vector([0.5; 4]))
}

fn main() -> Result<(), chainrule::Error> {
    let net = <(Linear<4, 16>, Relu, Linear<16, 3>)>::init(&mut rng(1));
    println!("{:?}", classify(&*net)?);
    Ok(())
}
