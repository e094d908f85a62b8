use chainrule::{Conv1d, Relu, Sequence, shapes};

type Net = (Conv1d<1, 8, 80, 4>, Relu);
const _: () = shapes::<Net, Sequence<16000, 1>, Sequence<4000, 8>>();

fn main() {}
