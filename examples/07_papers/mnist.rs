//! The protocols of the papers, on MNIST.

use std::error::Error;
use std::path::Path;

use chainrule::prelude::*;

use crate::table::Table;
use crate::training::{Plan, Set};
use crate::{Done, Layer50, PLAN, Relus, Stack, Tanhs, mean_field, new, pytorch};

#[allow(clippy::duplicate_mod, dead_code)] // `training` has the digits too; only MNIST is used
#[path = "../support/images.rs"]
mod images;

/// Reads the training and the test images of MNIST, standardized.
fn mnist(folder: &Path) -> Result<[Set<784>; 2], Box<dyn Error>> {
    // The mean and the deviation of all pixels of the 60,000 training images.
    let vector = |image: &Image<1, 28, 28>| {
        let pixels = image.0.as_flattened().as_flattened();
        Vector(std::array::from_fn(|at| (pixels[at] - 0.1307) / 0.3081))
    };
    Ok(images::mnist(folder)?.map(|part| Set {
        images: part.inputs().iter().map(vector).collect(),
        labels: part.targets().to_vec(),
    }))
}

/// Trains the networks of all rows.
pub(crate) fn papers(folder: &Path) -> Done {
    let [learn, test] = mnist(folder)?;
    let first = |n: usize| Set { images: learn.images[..n].to_vec(), labels: learn.labels[..n].to_vec() };
    let mut table = Table::new();

    let sets = (&first(20_000), &test); // 6 epochs
    let net = new::<Relus<784, 128, 28>>(Initializer::he_normal());
    let expected = ("0.92 to 0.94", 0.90..0.96); // seeds differ by two per cent
    let he = table.row("ReLU, 30 layers, He", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;
    let net = new::<Relus<784, 128, 28>>(Initializer::glorot_normal());
    let expected = ("about 0.56", 0.0..he.start - 0.2);
    table.row("ReLU, 30 layers, Glorot", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;
    let net = new::<Relus<784, 128, 48>>(Initializer::glorot_normal());
    let expected = ("0.1135", 0.0..0.2);
    table.row("ReLU, 50 layers, Glorot", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;

    let (sets, plan) = ((&first(6_000), &test), Plan { steps: 564, clip: 5.0, ..PLAN }); // 12 epochs
    let (plain, skips) = (("about 0.10", 0.0..0.2), ("0.90 to 0.93", 0.83..1.0));
    let net = new::<Stack<784, Layer50, 30>>(pytorch());
    table.row("tanh, 30 layers, plain", net, Adam::new(5e-3), sets, plan, plain.clone())?;
    let net = new::<Stack<784, Residual<Layer50>, 30>>(pytorch());
    table.row("tanh, 30 layers, skips", net, Adam::new(5e-3), sets, plan, skips.clone())?;
    let net = new::<Stack<784, Layer50, 50>>(pytorch());
    table.row("tanh, 50 layers, plain", net, Adam::new(5e-3), sets, plan, plain)?;
    let net = new::<Stack<784, Residual<Layer50>, 50>>(pytorch());
    table.row("tanh, 50 layers, skips", net, Adam::new(5e-3), sets, plan, skips)?;

    let expected = [("at most 0.12", 0.0..0.2), ("0.81 to 0.87", 0.75..1.0), ("at most 0.12", 0.0..0.2)];
    for ((name, init), expected) in mean_field().into_iter().zip(expected) {
        let net = new::<Tanhs<784, 200, 58>>(init);
        let plan = Plan { steps: 300, ..PLAN };
        table.row(name, net, Sgd::new(0.01), (&learn, &test), plan, expected)?;
    }
    table.done()
}
