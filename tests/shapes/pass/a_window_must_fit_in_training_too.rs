use chainrule::prelude::*;

type Net = (Conv2d<1, 8, 3, 2>, Relu, MaxPool2d<2>, Conv2d<8, 16, 5>, Relu, GlobalAvgPool, Linear<16, 10>);

fn main() -> Result<(), chainrule::Error> {
    let (images, labels) = ([Image([[[0.0_f32; 28]; 28]; 1]); 4], [Label::<10>::new(3)?; 4]);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 1);
    for _ in 0..3 {
        println!("{}", trainer.step(&images, &labels)?);
    }
    Ok(())
}
