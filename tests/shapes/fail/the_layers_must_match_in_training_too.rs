use chainrule::{Adam, CrossEntropy, Init, Label, Linear, Relu, Trainer, Vector, rng};

type Net = (Linear<784, 128>, Relu, Linear<64, 10>);

fn main() {
    let net = Net::init(&mut rng(1));
    let images = [Vector::<784>::default()];
    let labels = Label::<10>::all().take(1).collect::<Vec<_>>();
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), 7);
    assert!(trainer.step(&images, &labels).is_ok());
}
