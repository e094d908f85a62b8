use chainrule::prelude::*;

type Block<const I: usize, const O: usize> = (Conv1d<I, O, 5, 2, 2>, BatchNorm<O>, Relu);
type Net = (Block<1, 16>, Block<16, 32>, GlobalAvgPool, Linear<32, 4>);

fn main() -> Result<(), chainrule::Error> {
    let clips = [Sequence([[0.1_f32]; 100]); 4];
    let mut trainer = Trainer::new(Net::init(&mut rng(3)), CrossEntropy::default(), Adam::new(1e-3), 3);
    println!("{}", trainer.step(&clips, &[Label::<4>::new(2)?; 4])?);
    Ok(())
}
