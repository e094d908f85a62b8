use chainrule::{Conv2d, Image, Relu, shapes};

type Net = (Conv2d<1, 6, 5>, Relu, Conv2d<6, 16, 5>);
const _: () = shapes::<Net, Image<1, 28, 28>, Image<16, 20, 20>>();

fn main() {}
