use chainrule::{AutoShortcut, Image, Infer, LinearTo, Relu, Residual, Vector, shapes};

type Net = Infer<Image<1, 8, 8>, (Relu, Residual<LinearTo<8>, AutoShortcut>, Residual<Relu, AutoShortcut>)>;
const _: () = shapes::<Net, Image<1, 8, 8>, Vector<8>>();

fn main() {}
