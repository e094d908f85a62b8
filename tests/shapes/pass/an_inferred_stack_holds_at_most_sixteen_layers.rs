use chainrule::{Infer, LinearTo, Relu, Vector, shapes};

type Net = Infer<
    Vector<8>,
    ((LinearTo<3>, Relu, Relu, Relu, Relu, Relu, Relu, Relu), Relu, Relu, Relu, Relu, Relu, Relu, Relu, Relu, Relu),
>;
const _: () = shapes::<Net, Vector<8>, Vector<3>>();

fn main() {}
