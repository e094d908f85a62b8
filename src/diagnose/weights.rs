//! Facts about weights: whether they are all equal, not finite, or far from what an initializer draws.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::facts::WeightFacts;
use crate::kernel::Real;
use crate::layer::{Layout, Parameter, Role, View, Visitor, visit};

/// Returns the facts of each parameter. If the network after a step is given, the facts include the update.
pub(super) fn facts(network: View<'_>, after: Option<View<'_>>) -> Vec<WeightFacts> {
    let mut list = List(Vec::new());
    visit([network, after.unwrap_or(network)], [], &mut list);
    if after.is_none() {
        list.0.iter_mut().for_each(|facts| facts.update = None);
    }
    list.0
}

struct List(Vec<WeightFacts>);

impl Visitor<2, 0> for List {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs, after]: [&[T]; 2], []: [&mut [T]; 0]) {
        let path = parameter.path.to_string();
        let layer: String = path.rsplit_once('.').map_or("", |(layer, _)| layer).into();
        let n = xs.len().max(1) as f64;
        let square: f64 = xs.iter().map(|x| x.to_f64().powi(2)).sum();
        let moved: f64 = xs.iter().zip(after).map(|(a, b)| (b.to_f64() - a.to_f64()).powi(2)).sum();
        let (expected, units, is_weight) = match parameter.role {
            Role::Weight { fan_in, fan_out, layout } => {
                let variance = 2.0 / (fan_in + fan_out) as f64; // Glorot, Bengio 2010, eq. 16
                (Some(variance.sqrt()), units(xs, layout, parameter.shape), true)
            }
            _ => (None, None, false),
        };
        self.0.push(WeightFacts {
            path,
            layer,
            is_weight,
            is_bias: parameter.role == Role::Bias,
            is_buffer: matches!(parameter.role, Role::Buffer { .. }),
            finite: xs.iter().all(|x| x.is_finite()),
            rms: (square / n).sqrt(),
            expected,
            update: (square > 0.0).then(|| (moved / square).sqrt()),
            moved: moved > 0.0,
            equal: units.is_some_and(|units| units > 1) && equal_units(xs, parameter),
            constant: xs.iter().all(|x| *x == xs[0]),
        });
    }
}

/// Returns the number of units of a weight, or `None` if its layout does not define units.
fn units<T>(xs: &[T], layout: Layout, shape: &[usize]) -> Option<usize> {
    let units = match layout {
        Layout::InputsFirst => *shape.last()?,
        Layout::ShapeToShape { outputs, .. } => outputs.iter().product(),
        Layout::OutputsFirst => *shape.first()?,
    };
    (units > 0 && xs.len().is_multiple_of(units)).then_some(units)
}

/// Returns whether all units have the same weights.
fn equal_units<T: Real>(xs: &[T], parameter: &Parameter<'_>) -> bool {
    let Role::Weight { layout, .. } = parameter.role else { return false };
    let Some(units) = units(xs, layout, parameter.shape) else { return false };
    match layout {
        Layout::OutputsFirst => {
            let each = xs.len() / units;
            let (first, others) = xs.split_at(each);
            others.chunks_exact(each).all(|unit| unit == first)
        }
        _ => xs.chunks_exact(units).all(|row| row.iter().all(|x| *x == row[0])),
    }
}
