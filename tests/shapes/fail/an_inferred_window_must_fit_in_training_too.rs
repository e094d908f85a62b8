use chainrule::{Adam, ConvTo, CrossEntropy, Image, Infer, Init, Label, LinearTo, Relu, Trainer, rng};

type Net = Infer<Image<1, 8, 8>, (ConvTo<6, 9>, Relu, LinearTo<10>)>;

fn main() {
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 7);
    let labels = Label::<10>::all().take(1).collect::<Vec<_>>();
    assert!(trainer.step(&[Image([[[0.5_f32; 8]; 8]])], &labels).is_ok());
}
