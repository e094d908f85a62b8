use chainrule::{ConvTo, Image, Infer, LinearTo, MaxPool2d, Relu, Vector, shapes};

type Net = Infer<Image<1, 28, 28>, (ConvTo<6, 5, 1, 2>, MaxPool2d<2>, ConvTo<16, 15>, Relu, LinearTo<10>)>;
const _: () = shapes::<Net, Image<1, 28, 28>, Vector<10>>();

fn main() {}
