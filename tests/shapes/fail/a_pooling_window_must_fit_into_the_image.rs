use chainrule::{Conv2d, Image, MaxPool2d, shapes};

type Net = (Conv2d<1, 6, 5>, MaxPool2d<5>);
const _: () = shapes::<Net, Image<1, 8, 8>, Image<6, 1, 1>>();

fn main() {}
