use chainrule_parameters::ParameterPath;

use crate::kernel::{Real, all_finite};
use crate::layer::{Parameter, View, Visitor, visit};

/// Returns the path of the first parameter with a number that is not finite, the index of that number, and the number.
pub(crate) fn first_non_finite(network: View<'_>) -> Option<(ParameterPath, usize, f64)> {
    let mut find = FindNonFinite { visited: 0, found: None };
    visit([network], [], &mut find);
    let (parameter, element, value) = find.found?;
    Some((ParameterPath::new(network.description(), parameter), element, value))
}

struct FindNonFinite {
    visited: usize,
    found: Option<(usize, usize, f64)>,
}

impl Visitor<1, 0> for FindNonFinite {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.found.is_none()
            && !all_finite(xs)
            && let Some(element) = xs.iter().position(|x| !x.is_finite())
        {
            self.found = Some((self.visited, element, xs[element].to_f64()));
        }
        self.visited += 1;
    }
}
