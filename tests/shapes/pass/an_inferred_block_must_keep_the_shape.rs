use chainrule::{Infer, LinearTo, Tanh, Vector, shapes};

type Net = Infer<Vector<8>, (LinearTo<32>, [(Tanh, LinearTo<32>); 3], LinearTo<10>)>;
const _: () = shapes::<Net, Vector<8>, Vector<10>>();

fn main() {}
