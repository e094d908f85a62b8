use chainrule::{Adam, Init, Linear, MeanSquaredError, Network, Residual, Tanh, Trainer, Vector, rng};

type Block = Residual<(Tanh, Linear<8, 6>)>;
type Net = (Linear<2, 8>, [Block; 3], Linear<8, 1>);

fn main() -> Result<(), chainrule::Error> {
    let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
    let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);

    let mut trainer = Trainer::new(Net::init(&mut rng(7)), MeanSquaredError, Adam::new(0.01), 7);
    for _ in 0..300 {
        trainer.step(&inputs, &xor)?;
    }
    for (x, y) in inputs.iter().zip(xor) {
        assert_eq!(trainer.network.predict(x)?[0].round(), y[0]);
    }
    Ok(())
}
