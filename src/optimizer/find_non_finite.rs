use chainrule_parameters::ParameterPath;

use crate::kernel::{Real, all_finite};
use crate::layer::{Parameter, TableRows, View, Visitor, visit};

/// Returns the path of the first parameter with a NaN or an infinity, the index of that number in it, and the number.
pub(crate) fn first_non_finite(network: View<'_>) -> Option<(ParameterPath, usize, f64)> {
    let mut find = FindNonFinite { found: None };
    visit([network], [], &mut find);
    let (parameter, element, value) = find.found?;
    Some((ParameterPath::new(network.description(), parameter), element, value))
}

struct FindNonFinite {
    found: Option<(usize, usize, f64)>,
}

impl Visitor<1, 0> for FindNonFinite {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.found.is_none()
            && !all_finite(xs)
            && let Some(at) = xs.iter().position(|x| !x.is_finite())
        {
            self.found = Some((parameter.index, parameter.first + at, xs[at].to_f64()));
        }
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<1, 0> {
        TableRows::TouchedIn([true], [])
    }
}
