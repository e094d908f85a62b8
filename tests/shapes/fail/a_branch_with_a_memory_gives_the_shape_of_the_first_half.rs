use chainrule::{First, Join, Linear, Pair, ResidualWithMemory, Vector, shapes};

type Net = (ResidualWithMemory<(Join, Linear<12, 4>)>, First);
const _: () = shapes::<Net, Pair<Vector<8>, Vector<4>>, Vector<8>>();

fn main() {}
