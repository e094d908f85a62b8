//! The text of a compile error that contains numbers. (`format!` is not a constant function.)

use core::fmt;

use chainrule_parameters::{Part, Scalar, TypeName};

/// The longest text, in bytes. A part that does not fit is left out.
const LONGEST: usize = 1024;

/// A text that is built in a constant, for `panic!("{}", text.as_str())`.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    bytes: [u8; LONGEST],
    len: usize,
    /// The hash FNV-1a of the parts that did not fit, or 0.
    left_out: u64,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; LONGEST], len: 0, left_out: 0 }
    }

    pub(crate) const fn text(&mut self, text: &str) -> &mut Self {
        let (bytes, mut at) = (text.as_bytes(), 0);
        // A part is added as a whole, so that no character is cut in two.
        if self.len + bytes.len() <= LONGEST {
            while at < bytes.len() {
                self.bytes[self.len] = bytes[at];
                self.len += 1;
                at += 1;
            }
        } else {
            while at < bytes.len() {
                self.left_out = (self.left_out ^ bytes[at] as u64 ^ 0x100).wrapping_mul(0x100_0000_01b3);
                at += 1;
            }
        }
        self
    }

    /// Ends a line that is compared with another one. If parts did not fit, their hash is added, so that different
    /// texts still differ.
    pub(crate) const fn complete(&mut self) -> &mut Self {
        let left_out = self.left_out;
        if left_out != 0 {
            const ROOM: usize = 24;
            self.len = if self.len > LONGEST - ROOM { LONGEST - ROOM } else { self.len };
            // Does not cut a character in two.
            while self.len > 0 && self.bytes[self.len] & 0xC0 == 0x80 {
                self.len -= 1;
            }
            self.text("..").whole(left_out);
        }
        self
    }

    pub(crate) const fn whole(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.whole(number / 10);
        }
        let digits = "0123456789";
        let (_, rest) = digits.split_at((number % 10) as usize);
        let (digit, _) = rest.split_at(1);
        self.text(digit)
    }

    /// Adds sides, separated by commas.
    pub(crate) const fn sides(&mut self, sides: &[usize]) -> &mut Self {
        let mut at = 0;
        while at < sides.len() {
            self.text(if at > 0 { ", " } else { "" }).whole(sides[at] as u64);
            at += 1;
        }
        self
    }

    /// Adds the name of a type, as in the source code.
    pub(crate) const fn name(&mut self, name: &TypeName) -> &mut Self {
        self.parts(name.parts)
    }

    /// Adds the text that a `TypeName` with these parts prints.
    pub(crate) const fn parts(&mut self, parts: &[Part]) -> &mut Self {
        let mut at = 0;
        while at < parts.len() {
            match parts[at] {
                Part::Text(text) => _ = self.text(text),
                Part::Number(number) => _ = self.whole(number),
                Part::Signed(number) if number < 0 => _ = self.text("-").whole(number.unsigned_abs()),
                Part::Signed(number) => _ = self.whole(number.unsigned_abs()),
                Part::Sides(sides) => _ = self.sides(sides),
                Part::Name(name) => _ = self.name(name),
                Part::Scalar(Scalar::F32) => {}
                Part::Scalar(Scalar::F64) => _ = self.text(", f64"),
                Part::Unless(TypeName { parts: [Part::Text(name)] }, default) if equal(name, default) => {}
                Part::Unless(name, _) => _ = self.text(", ").name(name),
            }
            at += 1;
        }
        self
    }

    /// Adds bytes of a file as text. If there are many, adds the beginning and the end.
    pub(crate) const fn lossy(&mut self, bytes: &[u8]) -> &mut Self {
        const MOST: usize = 320;
        if bytes.len() > MOST {
            let (start, _) = bytes.split_at(MOST / 2);
            let (_, end) = bytes.split_at(bytes.len() - MOST / 2);
            return self.lossy(start).text(" .. ").lossy(end);
        }
        match core::str::from_utf8(bytes) {
            Ok(text) => self.text(text),
            Err(_) => self.text("(not text)"),
        }
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        let (text, _) = self.bytes.split_at(self.len);
        text
    }

    pub(crate) const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.as_bytes()) {
            Ok(text) => text,
            Err(_) => "", // each part is a text
        }
    }
}

/// Compares two texts. (`==` is not `const` for texts.)
const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut same, mut at) = (a.len() == b.len(), 0);
    while same && at < a.len() {
        same = a[at] == b[at];
        at += 1;
    }
    same
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Text};
    use chainrule_parameters::{Part, Scalar, TypeName};
    use std::string::ToString;

    #[test]
    fn numbers_and_names_are_written_as_display_writes_them() {
        for number in [0, 7, 10, 100, 1024, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(Text::new().whole(number).as_str(), number.to_string());
        }
        const BIAS: TypeName = TypeName { parts: &[Part::Text("Bias")] };
        const NO_BIAS: TypeName = TypeName { parts: &[Part::Text("NoBias")] };
        const LAYER: TypeName = TypeName {
            parts: &[
                Part::Text("Conv<"),
                Part::Sides(&[3, 28, 5]),
                Part::Scalar(Scalar::F64),
                Part::Scalar(Scalar::F32),
                Part::Text(", "),
                Part::Signed(-7),
                Part::Text(", "),
                Part::Signed(7),
                Part::Unless(&BIAS, "Bias"),
                Part::Unless(&NO_BIAS, "Bias"),
                Part::Text(">"),
            ],
        };
        let stack =
            TypeName { parts: &[Part::Text("["), Part::Name(&LAYER), Part::Text("; é"), Part::Number(50)] };
        assert_eq!(Text::new().parts(stack.parts).as_str(), "[Conv<3, 28, 5, f64, -7, 7, NoBias>; é50");
        assert_eq!(Text::new().parts(stack.parts).as_str(), stack.to_string());
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut text = Text::new();
        (0..300).for_each(|_| _ = text.text("größer"));
        let long = text.as_str();
        assert!(long.len() <= LONGEST && long.len() > LONGEST - 8 && long.ends_with("größer"));
    }
}
