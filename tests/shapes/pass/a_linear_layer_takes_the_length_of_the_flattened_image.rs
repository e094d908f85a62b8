use chainrule::{Conv2d, Flatten, Image, Linear, Vector, shapes};

type Net = (Conv2d<1, 6, 5>, Flatten, Linear<96, 10>);
const _: () = shapes::<Net, Image<1, 8, 8>, Vector<10>>();

fn main() {}
