//! The parts of sentences on gradient flow that are not fixed text: shares and places.

use core::f64::consts::{LN_10, LOG10_E};

use chainrule_parameters::Segment;

use super::elementary::exp;
pub(super) use crate::error::Text;

impl Text {
    /// Adds a number with three decimals. From 1000 on it has an exponent.
    pub(super) const fn decimals(&mut self, x: f64) -> &mut Self {
        if x >= 1000.0 {
            return self.power(super::elementary::ln(x));
        }
        let thousandths = (x * 1000.0 + 0.5) as u64;
        self.whole(thousandths / 1000).text(".");
        let rest = thousandths % 1000;
        self.whole(rest / 100).whole(rest / 10 % 10).whole(rest % 10)
    }

    /// Adds a number that is not negative with one decimal.
    pub(super) const fn tenths(&mut self, x: f64) -> &mut Self {
        let tenths = (x * 10.0 + 0.5) as u64;
        self.whole(tenths / 10).text(".").whole(tenths % 10)
    }

    /// Adds exp(x) in the form 1.6e-63, even if the number is too small or too large for an `f64`.
    pub(super) const fn power(&mut self, x: f64) -> &mut Self {
        if x.is_nan() || x < -1e6 {
            return self.text(if x.is_nan() { "NaN" } else { "0" });
        }
        if x > 1e6 {
            return self.text("infinity");
        }
        let mut exponent = (x * LOG10_E) as i64;
        if exponent as f64 > x * LOG10_E {
            exponent -= 1; // rounds down
        }
        let mut tenths = (exp(x - exponent as f64 * LN_10) * 10.0 + 0.5) as u64;
        if tenths >= 100 {
            (tenths, exponent) = (tenths / 10, exponent + 1);
        }
        self.whole(tenths / 10).text(".").whole(tenths % 10).text(if exponent < 0 { "e-" } else { "e" });
        self.whole(exponent.unsigned_abs())
    }

    /// Adds exp(x) as a share, such as 0.35. If that would be 0.00, it has an exponent.
    pub(super) const fn share(&mut self, x: f64) -> &mut Self {
        if x > -4.6 && x < 6.9 { self.decimals(exp(x)) } else { self.power(x) }
    }

    /// Adds a step of a path after the steps before it.
    pub(super) const fn segment(&mut self, first: bool, segment: Segment) -> &mut Self {
        self.text(if first { "" } else { "." });
        match segment {
            Segment::Name(name) => self.text(name),
            Segment::Index(at) => self.whole(at as u64),
            Segment::Repeated(_) | Segment::Flattened => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Text)) -> String {
        let mut text = Text::new();
        write(&mut text);
        text.as_str().into()
    }

    #[test]
    fn numbers_are_written_as_format_writes_them() {
        for x in [0.0, 0.000_4, 0.236, 0.999_9, 1.0, 12.345_6, 999.9] {
            assert_eq!(written(|text| _ = text.decimals(x)), format!("{x:.3}"));
        }
        for x in [1.6e-63, 9.96e-5, 9.94e-5, 0.05, 1.0, 20.0, 9.96, 3.2e300, 1e-300, 1e10, 4.4e-9] {
            assert_eq!(written(|text| _ = text.power(libm::log(x))), format!("{x:.1e}"));
        }
        // Beyond `f64`.
        assert_eq!(written(|text| _ = text.power(-1000.0 * LN_10 + 0.7)), "2.0e-1000");
        assert_eq!(written(|text| _ = text.power(f64::NEG_INFINITY)), "0");
        assert_eq!(written(|text| _ = text.whole(u64::MAX)), u64::MAX.to_string());
    }

    #[test]
    fn names_of_types_are_written_as_they_are_printed() {
        use crate::layer::{Conv2d, Dense, Linear, NoBias, Parameters, Relu, Tanh};
        use crate::stack::Residual;
        use crate::tensor::{Image, Vector};

        fn check<N: Parameters>() {
            assert_eq!(written(|text| _ = text.name(&N::NAME)), N::NAME.to_string());
        }
        check::<(Linear<8, 6>, [Residual<(Tanh, Linear<6, 6, f64>)>; 50])>();
        check::<(Conv2d<1, 6, 5>, Relu, Dense<Image<6, 4, 4>, Vector<10>>)>();
        check::<Residual<(Linear<4, 8>, Relu, Linear<8, 2>), Linear<4, 2, f32, NoBias>>>();
    }
}
