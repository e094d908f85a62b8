use chainrule::prelude::*;

type Same<const C: usize> = (Residual<(Conv2d<C, C, 3, 1, 1>, BatchNorm<C>, Relu, Conv2d<C, C, 3, 1, 1>)>, Relu);
type Branch<const I: usize, const O: usize> = (Conv2d<I, O, 3, 2, 1>, BatchNorm<O>, Relu, Conv2d<O, O, 3, 1, 1>);
type Down<const I: usize, const O: usize> = (Residual<Branch<I, O>>, Relu);
type ResNet = (Conv2d<3, 8, 3, 1, 1>, [Same<8>; 2], Down<8, 16>, Same<16>, GlobalAvgPool, Linear<16, 10>);

fn evaluate(net: &ResNet, images: &[Image<3, 16, 16>]) -> Result<Vec<usize>, chainrule::Error> {
    Ok(net.predict_batch(images)?.iter().map(|scores| Label::from_scores(scores).index()).collect())
}

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", evaluate(&ResNet::init(&mut rng(1)), &[Image([[[0.5_f32; 16]; 16]; 3])])?);
    Ok(())
}
