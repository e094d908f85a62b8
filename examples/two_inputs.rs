//! A network with two inputs: an actor sees an image of a target and has its own position, and chooses a direction.
//!
//! Sensors of different kinds need layers of different kinds. `Parallel` applies one branch to each part of a `Pair`,
//! and `Join` joins their outputs; the shapes are checked as everywhere.
//!
//! ```text
//! $ cargo run --release --example two_inputs
//! before training  25.1 % of 2000 decisions are right
//! after 10 epochs  97.7 %
//! with the position of another sample  41.2 %, with the image of another sample  42.1 %
//! ```
//! The right answer is known: along the longer of the two distances. Guessing is right in 25 % of all cases. The last
//! line shows that neither input is enough by itself. The program fails if fewer than 95 % are right.

use chainrule::metrics::accuracy;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// An image of 8x8 pixels with a bright spot at the target, and the actor's own position.
type Observation = Pair<Image<1, 8, 8>, Vector<2>>;

/// A convolution for the image, a linear layer for the position. Their outputs are joined.
type Eye = (Conv2d<1, 8, 3>, Relu, Dense<Image<8, 6, 6>, Vector<32>>);
type Actor = (Parallel<Eye, Linear<2, 32>>, Join, Relu, Linear<64, 32>, Relu, Linear<32, 4>);
const _: () = chainrule::shapes::<Actor, Observation, Vector<4>>();

const EPOCHS: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut random = rng(1);
    let (inputs, directions) = cases(8000, &mut random)?;
    let (test, right) = cases(2000, &mut random)?;

    let mut trainer = Trainer::new(Actor::init(&mut random), CrossEntropy::default(), Adam::new(2e-3), 1)
        .schedule(Schedule::cosine((EPOCHS * inputs.len().div_ceil(32)) as u64));
    let percent = |actor: &Actor, test: &[Observation]| -> Result<f64, chainrule::Error> {
        Ok(100.0 * accuracy(&actor.predict_batch(test)?, &right)?)
    };
    let before = percent(&trainer.network, &test)?;
    println!("before training {before:5.1} % of {} decisions are right", test.len());
    for _ in 0..EPOCHS {
        for (inputs, directions) in inputs.chunks(32).zip(directions.chunks(32)) {
            trainer.step(inputs, directions)?;
        }
    }
    let after = percent(&trainer.network, &test)?;
    println!("after {EPOCHS} epochs {after:5.1} %");

    // One of the two inputs is taken from the next sample.
    let others = || test.iter().zip(test.iter().cycle().skip(1));
    let other_place: Vec<Observation> = others().map(|(&own, &other)| Pair(own.0, other.1)).collect();
    let other_image: Vec<Observation> = others().map(|(&own, &other)| Pair(other.0, own.1)).collect();
    println!(
        "with the position of another sample {:5.1} %, with the image of another sample {:5.1} %",
        percent(&trainer.network, &other_place)?,
        percent(&trainer.network, &other_image)?
    );
    if after < 95.0 {
        return Err(format!("{after:.1} % is below the 95 % that this example promises").into());
    }
    Ok(())
}

/// Returns random observations, and the right direction for each: left, right, up or down.
#[allow(clippy::type_complexity)]
fn cases(
    count: usize,
    random: &mut impl chainrule::rand::Rng,
) -> Result<(Vec<Observation>, Vec<Label<4>>), chainrule::Error> {
    let case = |_| {
        let mut place = || [(); 2].map(|()| random.random_range(-1.0..1.0_f32));
        let (target, own) = (place(), place());
        let away = [target[0] - own[0], target[1] - own[1]];
        let sideways = away[0].abs() > away[1].abs();
        let direction = if sideways { usize::from(away[0] > 0.0) } else { 2 + usize::from(away[1] > 0.0) };

        // The brightness falls with the distance from the target, in pixels.
        let pixel = |at: usize| at as f32 - 3.5;
        let bright = |row: usize, column: usize| {
            let (x, y) = (pixel(column) - 3.5 * target[0], pixel(row) - 3.5 * target[1]);
            (-(x * x + y * y) / 2.0).exp()
        };
        let image = std::array::from_fn(|row| std::array::from_fn(|column| bright(row, column)));
        Ok((Pair(Image([image]), Vector(own)), Label::new(direction)?))
    };
    (0..count).map(case).collect()
}
