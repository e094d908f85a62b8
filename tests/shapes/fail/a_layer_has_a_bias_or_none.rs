use chainrule::{Infer, LinearTo, NoBias, Relu, Vector, shapes};

type Net = Infer<Vector<8>, (LinearTo<5, NoBias>, Relu, LinearTo<10, f32>)>;
const _: () = shapes::<Net, Vector<8>, Vector<10>>();

fn main() {}
