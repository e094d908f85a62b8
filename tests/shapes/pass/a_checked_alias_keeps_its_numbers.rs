use chainrule::{Image, Init, Network, Reshape, Tanh, Vector, rng, shapes};

type Net = (Tanh, Reshape<Image<1, 3, 4>>);
const _: () = shapes::<Net, Vector<12>, Image<1, 3, 4>>();

fn main() {
    assert!(Net::init(&mut rng(1)).predict(&Vector::<12>::default()).is_ok());
}
