use chainrule::{ConvTo, Image, Infer, LinearTo, Relu, Vector, shapes};

type Net = Infer<Image<1, 28, 28>, (ConvTo<6, 5, 1, 2>, Relu, ConvTo<16, 5>, LinearTo<120>, Relu, LinearTo<10>)>;
const _: () = shapes::<Net, Image<1, 28, 28>, Vector<10>>();

fn main() {}
