use chainrule::{Concat, Conv2d, Image, shapes};

type Net = Concat<(Conv2d<1, 4, 3>, Conv2d<1, 4, 5, 1, 1>)>;
const _: () = shapes::<Net, Image<1, 8, 8>, Image<8, 6, 6>>();

fn main() {}
