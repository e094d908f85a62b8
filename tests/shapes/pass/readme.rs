use chainrule::{Adam, CrossEntropy, Init, Label, Linear, Network, Relu, Residual, Trainer, Vector, rng};

type Block = Residual<(Relu, Linear<32, 32>)>;
type Net = (Linear<64, 32>, [Block; 4], Relu, Linear<32, 10>);

/// The ten digits on a grid of 8x8, a bit for each pixel.
#[rustfmt::skip]
const DIGITS: [u64; 10] = [
    0x3c4242424242423c, 0x0040404040404000, 0x3c0202027c40403c, 0x3c4040407c40403c, 0x004040407e424200,
    0x3c4040403e02023c, 0x3c4242423e02023c, 0x004040404040403c, 0x3c4242427e42423c, 0x3c4040407e42423c,
];

fn main() -> Result<(), chainrule::Error> {
    let images = DIGITS.map(|digit| Vector(std::array::from_fn(|pixel| (digit >> pixel & 1) as f32)));
    let labels: Vec<Label<10>> = Label::all().collect();

    let mut trainer = Trainer::new(Net::init(&mut rng(7)), CrossEntropy::default(), Adam::new(1e-3), 7);
    for _ in 0..100 {
        trainer.step(&images, &labels)?;
    }

    let scores = trainer.network.predict(&images[7])?;
    assert_eq!(Label::from_scores(&scores), labels[7]);
    Ok(())
}
