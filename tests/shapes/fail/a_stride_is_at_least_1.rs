use chainrule::{Conv2d, Image, Relu, shapes};

type Net = (Conv2d<1, 6, 5, 0>, Relu);
const _: () = shapes::<Net, Image<1, 28, 28>, Image<6, 24, 24>>();

fn main() {}
