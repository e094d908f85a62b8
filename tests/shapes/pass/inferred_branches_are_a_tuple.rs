use chainrule::{Concat, Infer, LinearTo, Relu, Tanh, Vector, shapes};

type Net = Infer<Vector<8>, (LinearTo<32>, Concat<(Relu, Tanh)>, Tanh, LinearTo<10>)>;
const _: () = shapes::<Net, Vector<8>, Vector<10>>();

fn main() {}
