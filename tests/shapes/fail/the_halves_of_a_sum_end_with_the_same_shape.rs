use chainrule::prelude::*;

type Vision = (Conv2d<1, 4, 3>, Relu, GlobalAvgPool, Linear<4, 16>);
type Table = (Linear<6, 32>, Relu, Linear<32, 8>);
type Net = (Parallel<Vision, Table>, Sum, Relu, Linear<16, 2>);

fn main() -> Result<(), chainrule::Error> {
    let mut trainer = Trainer::new(Net::init(&mut rng(0)), CrossEntropy::default(), Adam::new(0.1), 0);
    let sample = Pair(Image([[[0.5_f32; 8]; 8]; 1]), Vector([1.0_f32; 6]));
    println!("{}", trainer.step(&[sample; 4], &[Label::<2>::new(0)?; 4])?);
    Ok(())
}
