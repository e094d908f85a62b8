use chainrule::prelude::*;

type Shallow = (Conv2d<1, 4, 3, 1, 1>, Relu);
type Deep = (Conv2d<1, 8, 3, 1, 1>, Relu, Conv2d<8, 4, 3>, Relu);
type Net = (Concat<(Shallow, Deep)>, GlobalAvgPool, Linear<8, 2>);

fn main() -> Result<(), chainrule::Error> {
    let mut trainer = Trainer::new(Net::init(&mut rng(0)), CrossEntropy::default(), Adam::new(0.1), 0);
    println!("{}", trainer.step(&[Image([[[0.5_f32; 8]; 8]; 1]); 4], &[Label::<2>::new(0)?; 4])?);
    Ok(())
}
