use chainrule::{Image, Upsample2d, shapes};

type Net = Upsample2d<0>;
const _: () = shapes::<Net, Image<1, 8, 8>, Image<1, 16, 16>>();

fn main() {}
