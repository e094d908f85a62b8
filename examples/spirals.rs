//! The two spirals: a residual network separates 194 points on two arms that wind three times around each other.
//!
//! This classical problem is hard for plain networks, and easy to look at: the picture shows the regions of both
//! classes as two bands along the arms.
//!
//! ```text
//! $ cargo run --release --features plot --example spirals
//! 194 points, 2274 parameters
//!
//!  step    loss  right
//!   100  0.5340   64.9 %
//!   200  0.1422   96.9 %
//!   300  0.0203  100.0 %
//! ..
//! ```
//! The points halfway between two neighbors of an arm are not in the training set; how many of them are classified
//! correctly shows whether the regions are bands. The picture is `target/pictures/spirals.png`. The program fails if
//! a point of the 194 is wrong at the end.
//!
//! # Source
//! Lang, Witbrock, "Learning to tell two spirals apart", Proceedings of the 1988 Connectionist Models Summer School;
//! the points by the formula that came with them.

use std::f64::consts::PI;

use chainrule::metrics::accuracy;
use chainrule::plot::Scatter;
use chainrule::prelude::*;

type Net = (Linear<2, 32>, [Residual<(Tanh, Linear<32, 32>)>; 2], Tanh, Linear<32, 2>);
type Points = (Vec<Vector<2>>, Vec<Label<2>>);

const SEED: u64 = 0;
const RATE: f64 = 5e-3;
const STEPS: usize = 1000;
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

/// Returns the points at these positions on both arms, from 0 at the outer end to 96 at the inner end. A turn has 32
/// positions.
fn points(places: impl Iterator<Item = f64>) -> Result<Points, chainrule::Error> {
    let mut points = Points::default();
    for place in places {
        let (angle, radius) = (place * PI / 16.0, 6.5 * (104.0 - place) / 104.0);
        for (arm, radius) in [radius, -radius].into_iter().enumerate() {
            points.0.push(Vector([radius * angle.sin(), radius * angle.cos()].map(|x| x as f32)));
            points.1.push(Label::new(arm)?);
        }
    }
    Ok(points)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (inputs, arms) = points((0..97).map(f64::from))?;
    let (between, arms_between) = points((0..96).map(|place| f64::from(place) + 0.5))?;
    let mut trainer = Trainer::new(Net::init(&mut rng(SEED)), CrossEntropy::default(), Adam::new(RATE), SEED);

    println!("{} points, {} parameters\n\n step    loss  right", inputs.len(), Net::COUNT);
    let (mut right, mut wrong_before) = (0.0, 0);
    for step in 1..=STEPS {
        let loss = trainer.step(&inputs, &arms)?;
        right = accuracy(&trainer.network.predict_batch(&inputs)?, &arms)?;
        wrong_before = if right < 1.0 { step } else { wrong_before };
        if step % 100 == 0 {
            println!("{step:5}  {loss:.4}  {:5.1} %", 100.0 * right);
        }
    }
    let between = accuracy(&trainer.network.predict_batch(&between)?, &arms_between)?;

    let dots = |arm: usize| {
        let of_arm = inputs.iter().zip(&arms).filter(move |(_, label)| label.index() == arm);
        of_arm.map(|(point, _)| (f64::from(point[0]), f64::from(point[1])))
    };
    let side = |x: f64, y: f64| {
        let scores = trainer.network.predict(&Vector([x as f32, y as f32]));
        scores.map_or(usize::MAX, |scores: Vector<2>| Label::from_scores(&scores).index())
    };
    std::fs::create_dir_all(PICTURES)?;
    let picture = Scatter::new(format!("Two spirals after {STEPS} steps: {:.0} % right", 100.0 * right));
    let picture =
        picture.x("x").y("y").class("first arm", dots(0)).class("second arm", dots(1)).regions(side);
    picture.picture()?.save(format!("{PICTURES}/spirals.png"))?;

    println!(
        "\n{:.1} % of the points are right (all of them since step {}), and {:.1} % of the points halfway between",
        100.0 * right,
        wrong_before + 1,
        100.0 * between
    );
    println!("picture: target/pictures/spirals.png");
    if right < 1.0 {
        return Err("not every point is on its own side".into());
    }
    Ok(())
}
