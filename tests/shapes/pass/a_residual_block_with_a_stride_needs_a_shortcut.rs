use chainrule::{Conv2d, Image, Relu, Residual, shapes};

type Net = Residual<(Relu, Conv2d<4, 4, 3, 2, 1>), Conv2d<4, 4, 1, 2>>;
const _: () = shapes::<Net, Image<4, 8, 8>, Image<4, 4, 4>>();

fn main() {}
