use chainrule::prelude::*;

type Block = Residual<(Tanh, Linear<8, 6>)>;
type Net = (Linear<2, 8>, [Block; 3], Linear<8, 1>);

fn main() -> Result<(), chainrule::Error> {
    let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
    let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
    let mut trainer = Trainer::new(Net::init(&mut rng(7)), MeanSquaredError, Adam::new(0.01), 7);
    for _ in 0..300 {
        trainer.step(&inputs, &xor)?;
    }
    println!("{:.2?}", trainer.network.predict_batch(&inputs)?);
    Ok(())
}
