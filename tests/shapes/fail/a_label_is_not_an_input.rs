use chainrule::{Init, Label, Linear, Network, Tanh, Vector, rng};

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);

fn main() {
    let net = Net::init(&mut rng(1));
    let scores = Vector([0.0, 0.0, 1.0, 0.0]);
    let label = Label::from_scores(&scores);
    assert!(net.predict(&label).is_ok() && label.index() == 2);
}
