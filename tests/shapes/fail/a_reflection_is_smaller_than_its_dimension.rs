use chainrule::{Conv2d, Image, ReflectionPad2d, shapes};

type Net = (ReflectionPad2d<5>, Conv2d<1, 4, 11>);
const _: () = shapes::<Net, Image<1, 5, 5>, Image<4, 5, 5>>();

fn main() {}
