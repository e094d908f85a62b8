use chainrule::{AutoGroupNorm, ConvTo, Image, Infer, LinearTo, Vector, shapes};

type Net = Infer<Image<3, 8, 8>, (ConvTo<8, 3>, AutoGroupNorm<3>, LinearTo<10>)>;
const _: () = shapes::<Net, Image<3, 8, 8>, Vector<10>>();

fn main() {}
