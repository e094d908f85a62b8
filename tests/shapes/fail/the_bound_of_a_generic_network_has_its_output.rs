use chainrule::prelude::*;

fn classify<N: Layer<Vector<4>>>(net: &N, x: &Vector<4>) -> Result<Vector<3>, chainrule::Error> {
    net.predict(x)
}

fn main() -> Result<(), chainrule::Error> {
    let net = <(Linear<4, 3>, Tanh)>::init(&mut rng(1));
    println!("{:?}", classify(&*net, &Vector([0.5; 4]))?);
    Ok(())
}
