use chainrule::{Conv2d, Image, MeanOver, Sequence, shapes};

type Net = (Conv2d<1, 2, 3>, MeanOver<chainrule::Height>);
const _: () = shapes::<Net, Image<1, 9, 9>, Sequence<7, 2>>();

fn main() {}
