use chainrule::{ConvTo, Image, Infer, LinearTo, Relu, Vector, shapes};

type Net = Infer<Image<1, 8, 8>, (ConvTo<4, 3>, Relu, LinearTo<10>)>;
const _: () = shapes::<Net, Image<1, 8, 8>, Vector<10>>();

fn main() {}
