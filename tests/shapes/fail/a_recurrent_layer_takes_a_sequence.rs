use chainrule::prelude::*;

fn main() -> Result<(), chainrule::Error> {
    let net = <(Lstm<3, 8>, LastStep, Linear<8, 2>)>::init(&mut rng(0));
    let y: Vector<2> = net.predict(&Sequence([[0.1; 4]; 20]))?;
    println!("{y:?}");
    Ok(())
}
