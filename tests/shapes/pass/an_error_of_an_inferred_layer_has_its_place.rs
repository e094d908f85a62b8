use chainrule::{ConvTo, Flatten, Image, Infer, Init, LinearTo, MaxPool2d, Network, Relu, Vector, rng};

type Head = (ConvTo<16, 5>, MaxPool2d<2>, Flatten);
type Net = Infer<Image<1, 12, 12>, ((ConvTo<6, 5, 1, 2>, Relu), Head, LinearTo<10>)>;

fn main() {
    let net = Net::init(&mut rng(1));
    let y: Vector<10> = net.predict(&Image([[[0.5; 12]; 12]])).unwrap();
    assert!(y[0].is_finite());
}
