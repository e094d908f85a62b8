use chainrule::{ConvTo, Image, Infer, LinearTo, Relu, Vector, shapes};

type Net = Infer<Image<1, 28, 28>, (ConvTo<6, 5, 1, 2>, Relu, LinearTo<120>, ConvTo<16, 5>, Relu, LinearTo<10>)>;
const _: () = shapes::<Net, Image<1, 28, 28>, Vector<10>>();

fn main() {}
