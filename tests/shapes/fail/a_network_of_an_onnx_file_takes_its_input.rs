use chainrule::prelude::*;

#[allow(unreachable_pub)]
mod mlp {
    include!("../../onnx_import/sources/mlp.rs");
}

fn main() -> Result<(), chainrule::Error> {
    let net = mlp::Net::init(&mut rng(1));
    let scores = net.predict(&Vector([0.5; 5]))?;
    println!("{scores:?}");
    Ok(())
}
