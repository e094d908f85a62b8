use chainrule::{BatchNorm, Conv2d, Image, Relu, shapes};

type Net = (Conv2d<1, 6, 3>, BatchNorm<16>, Relu);
const _: () = shapes::<Net, Image<1, 8, 8>, Image<6, 6, 6>>();

fn main() {}
