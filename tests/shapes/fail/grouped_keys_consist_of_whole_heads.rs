use chainrule::{Causal, SelfAttention, Sequence, shapes};

type Net = [SelfAttention<32, 4, Causal, f32, 12>; 2];
const _: () = shapes::<Net, Sequence<10, 32>, Sequence<10, 32>>();

fn main() {}
