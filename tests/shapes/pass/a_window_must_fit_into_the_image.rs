use chainrule::{Conv2d, Image, Relu, shapes};

type Net = (Conv2d<1, 6, 20>, Relu);
const _: () = shapes::<Net, Image<1, 28, 28>, Image<6, 9, 9>>();

fn main() {}
