use chainrule::{Conv2d, Flatten, Image, Vector, shapes};

type Net = (Conv2d<1, 6, 17>, Flatten);
const _: () = shapes::<Net, Image<1, 28, 28>, Vector<864>>();

fn main() {}
