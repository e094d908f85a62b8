use chainrule::{Image, Infer, Init, Linear, LinearTo, Network, Relu, Vector, rng};

type Net = Infer<Image<1, 28, 28>, (LinearTo<64>, Relu, Linear<128, 10>)>;

fn main() {
    let y: Vector<10> = Net::init(&mut rng(1)).predict(&Image([[[0.5; 28]; 28]])).unwrap();
    assert!(y[0].is_finite());
}
