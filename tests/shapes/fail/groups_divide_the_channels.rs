use chainrule::{Conv2d, GroupNorm, Image, Relu, shapes};

type Net = (Conv2d<1, 32, 3>, GroupNorm<5, 32>, Relu);
const _: () = shapes::<Net, Image<1, 8, 8>, Image<32, 6, 6>>();

fn main() {}
