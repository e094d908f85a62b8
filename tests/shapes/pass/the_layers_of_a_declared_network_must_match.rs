use chainrule::{Linear, Relu, Vector, shapes};

type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
const _: () = shapes::<Net, Vector<784>, Vector<10>>();

fn main() {}
