use chainrule::prelude::*;

type LeNet = (
    (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 5>, Relu, MaxPool2d<2>, Flatten),
    (Linear<400, 120>, Relu, Linear<120, 84>, Relu, Linear<84, 10>),
);

fn main() -> Result<(), chainrule::Error> {
    let net = LeNet::init(&mut rng(1));
    println!("{:?}", net.predict(&Image([[[0.0_f32; 28]; 28]; 1]))?);
    Ok(())
}
