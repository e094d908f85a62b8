use chainrule::{Conv2d, Image, PixelUnshuffle, shapes};

type Net = (Conv2d<1, 2, 4>, PixelUnshuffle<2>);
const _: () = shapes::<Net, Image<1, 9, 9>, Image<8, 3, 3>>();

fn main() {}
