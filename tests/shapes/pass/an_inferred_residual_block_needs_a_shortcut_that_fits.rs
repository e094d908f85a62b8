use chainrule::{AutoShortcut, ConvTo, Image, Infer, LinearTo, Relu, Residual, Vector, shapes};

type Net = Infer<Image<1, 8, 8>, (Residual<ConvTo<8, 3, 1, 1>, AutoShortcut>, Relu, Residual<Relu, AutoShortcut>, LinearTo<10>)>;
const _: () = shapes::<Net, Image<1, 8, 8>, Vector<10>>();

fn main() {}
