//! How a product of weights stretches single directions. Norms show only the average.

use chainrule::layer::NoBias;
use chainrule::prelude::*;
use chainrule::theory::largest_singular_value;
use nalgebra::DMatrix;

use crate::table::{Table, Tolerance};

const N: usize = 300;
const FACTORS: usize = 10;
type Net = [Linear<N, N, f32, NoBias>; FACTORS];

pub(crate) fn products(table: &mut Table) -> Result<(), chainrule::Error> {
    let how = format!("n = {N}, {FACTORS} factors");
    let orthogonal = singular_values(Initializer::orthogonal())?;
    let (largest, smallest) = (orthogonal.max(), orthogonal.min());
    // Each weight and each product is rounded to f32, by up to 6e-8 of it: about 1e-6 in all.
    let tolerance = Tolerance::within(1e-5);
    table.row("orthogonal: largest σ", &how, 1.0, largest, tolerance);
    table.row("orthogonal: smallest σ", &how, 1.0, smallest, tolerance);

    let normal = singular_values(Initializer::lecun_normal())?;
    // The value approaches the limit for large n from below, as n^(-2/3).
    let tolerance = Tolerance(-0.12, 0.03);
    let expected = table.published("normal product", 5.34, largest_singular_value(FACTORS as u32));
    table.row("normal: largest σ", &how, expected, normal.max(), tolerance);
    Ok(())
}

/// Returns the singular values of the Jacobian, which for linear layers is the same at every input.
fn singular_values(initializer: Initializer) -> Result<nalgebra::DVector<f64>, chainrule::Error> {
    let network = Net::init_with(initializer, &mut rng(7));
    let jacobian: Box<[Vector<N>; N]> = network.jacobian(&Vector([0.0; N]))?;
    Ok(DMatrix::from_fn(N, N, |output, input| f64::from(jacobian[output][input])).singular_values())
}
