use chainrule::{AutoShortcut, ConvTo, Image, Infer, Init, LinearTo, Network, Relu, Residual, Vector, rng};

type Net = Infer<Image<1, 8, 8>, (Residual<(ConvTo<8, 3>, Relu), AutoShortcut>, LinearTo<10>)>;

fn main() {
    let y: Vector<10> = Net::init(&mut rng(1)).predict(&Image([[[0.5; 8]; 8]])).unwrap();
    assert!(y[0].is_finite());
}
