use chainrule::{DecoderBlock, First, Pair, Sequence, shapes};

type Net = ([DecoderBlock<32, 4, 64>; 2], First);
const _: () = shapes::<Net, Pair<Sequence<10, 32>, Sequence<20, 32>>, Sequence<10, 32>>();

fn main() {}
