//! The text of a compile error that has numbers in it. (`format!` is not a constant function.)

use chainrule_parameters::{Part, Scalar, TypeName};

/// The longest text, in bytes. The rest of a longer one is left out.
const LONGEST: usize = 600;

/// A text that is put together in a constant, for `panic!("{}", text.as_str())`.
pub(crate) struct Text {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; LONGEST], len: 0 }
    }

    pub(crate) const fn text(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        if bytes.len() <= LONGEST - self.len {
            let mut at = 0;
            while at < bytes.len() {
                self.bytes[self.len] = bytes[at];
                self.len += 1;
                at += 1;
            }
        }
        self
    }

    pub(crate) const fn number(self, number: u64) -> Self {
        let (mut digits, mut first, mut rest) = ([b'0'; 20], 19, number / 10);
        digits[19] += (number % 10) as u8;
        while rest > 0 {
            first -= 1;
            digits[first] += (rest % 10) as u8;
            rest /= 10;
        }
        let (_, digits) = digits.split_at(first);
        match core::str::from_utf8(digits) {
            Ok(digits) => self.text(digits),
            Err(_) => self,
        }
    }

    /// Adds sides, with a comma between any two.
    pub(crate) const fn sides(mut self, sides: &[usize]) -> Self {
        let mut at = 0;
        while at < sides.len() {
            self = if at > 0 { self.text(", ") } else { self }.number(sides[at] as u64);
            at += 1;
        }
        self
    }

    /// Adds what `TypeName` prints.
    pub(crate) const fn parts(mut self, parts: &[Part]) -> Self {
        let mut at = 0;
        while at < parts.len() {
            self = match parts[at] {
                Part::Text(text) => self.text(text),
                Part::Number(number) => self.number(number),
                Part::Sides(sides) => self.sides(sides),
                Part::Name(name) => self.parts(name.parts),
                Part::Scalar(Scalar::F32) => self,
                Part::Scalar(Scalar::F64) => self.text(", f64"),
                Part::Unless(TypeName { parts: [Part::Text(name)] }, default) if equal(name, default) => self,
                Part::Unless(name, _) => self.text(", ").parts(name.parts),
            };
            at += 1;
        }
        self
    }

    pub(crate) const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut same, mut at) = (a.len() == b.len(), 0);
    while same && at < a.len() {
        same = a[at] == b[at];
        at += 1;
    }
    same
}

#[cfg(test)]
mod tests {
    use super::Text;
    use chainrule_parameters::{Part, Scalar, TypeName};
    use std::string::ToString;

    #[test]
    fn numbers_and_names_are_written_as_display_writes_them() {
        for number in [0, 7, 10, 100, 1024, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(Text::new().number(number).as_str(), number.to_string());
        }
        const BIAS: TypeName = TypeName { parts: &[Part::Text("Bias")] };
        const NO_BIAS: TypeName = TypeName { parts: &[Part::Text("NoBias")] };
        const LAYER: TypeName = TypeName {
            parts: &[
                Part::Text("Conv<"),
                Part::Sides(&[3, 28, 5]),
                Part::Scalar(Scalar::F64),
                Part::Scalar(Scalar::F32),
                Part::Unless(&BIAS, "Bias"),
                Part::Unless(&NO_BIAS, "Bias"),
                Part::Text(">"),
            ],
        };
        let stack =
            TypeName { parts: &[Part::Text("["), Part::Name(&LAYER), Part::Text("; é"), Part::Number(50)] };
        assert_eq!(Text::new().parts(stack.parts).as_str(), "[Conv<3, 28, 5, f64, NoBias>; é50");
        assert_eq!(Text::new().parts(stack.parts).as_str(), stack.to_string());
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let long = "x".repeat(550);
        assert_eq!(Text::new().text(&long).text(&long).text("!").as_str(), long + "!");
    }
}
