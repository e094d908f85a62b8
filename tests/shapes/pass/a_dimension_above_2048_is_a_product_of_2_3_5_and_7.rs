use chainrule::{Conv2d, Image, Relu, shapes};

type Net = (Conv2d<1, 2, 4, 4>, Relu);
type Wide = Image<1, 8, 3000>;
const _: () = shapes::<Net, Wide, Image<2, 2, 750>>();

fn main() {}
