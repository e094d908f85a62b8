use chainrule::{Embedding, LearnedPositions, Sequence, Tokens, shapes};

type Net = (Embedding<65, 8>, LearnedPositions<16, 8>);
const _: () = shapes::<Net, Tokens<17, 65>, Sequence<17, 8>>();

fn main() {}
