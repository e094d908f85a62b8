use chainrule::{LayerNorm, PerStep, SelfAttention, Sequence, Vector, shapes};

type Net = (PerStep<LayerNorm<Vector<32>>>, SelfAttention<32, 5>);
const _: () = shapes::<Net, Sequence<10, 32>, Sequence<10, 32>>();

fn main() {}
