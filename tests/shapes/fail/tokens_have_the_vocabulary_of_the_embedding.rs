use chainrule::{Embedding, GlobalAvgPool, Linear, Tokens, Vector, shapes};

type Net = (Embedding<64, 8>, GlobalAvgPool, Linear<8, 2>);
const _: () = shapes::<Net, Tokens<16, 65>, Vector<2>>();

fn main() {}
