//! The two tables: from consts to typenum's numbers, and back.
//!
//! rustc compares each implementation of a trait with every other one that has the same kind of self type, and a lookup
//! reads all of them. This cannot be avoided from const to number. From number to const, the last five bits select one
//! of 32 types, each with a separate short list. So the tables have 3,000 numbers in the compile time of 1,000.

use seq_macro::seq;
use typenum::consts::*;
use typenum::{B0, B1, UInt};

use super::{Known, Side};

/// Converts typenum's number back to a side. The compiler recommends no implementation, because it would list typenum's
/// types.
#[diagnostic::on_unimplemented(
    message = "the output of this layer has a dimension above 2048 that is not a product of 2, 3, 5 and 7 up to 1048576",
    label = "the compiler cannot compute the shape of the output",
    note = "with a padding of (K - STRIDE + 1) / 2, a window of K divides the size by the stride exactly: for 16000 steps, `Conv1d<1, 8, 80, 4, 38>` gives 4000",
    note = "instead of flattening a large image, use a `Dense<Image<..>, Vector<..>>`, which takes the image directly"
)]
pub trait ToSide {
    #[doc(hidden)]
    type Side;
}

/// The list of numbers whose last bits are this type. `High` is the number before these bits.
#[doc(hidden)]
pub trait Ending<High> {
    type Side;
}

/// Five bits as one type.
#[doc(hidden)]
pub trait Bits {
    type Last;
}

type Last<A, B, C, D, E> = <(A, B, C, D, E) as Bits>::Last;

#[diagnostic::do_not_recommend]
impl<High, A, B, C, D, E> ToSide for UInt<UInt<UInt<UInt<UInt<High, A>, B>, C>, D>, E>
where
    (A, B, C, D, E): Bits,
    Last<A, B, C, D, E>: Ending<High>,
{
    type Side = <Last<A, B, C, D, E> as Ending<High>>::Side;
}

/// `Last13` is the ending 01101, and `Then13<High>` the number 32 High + 13.
macro_rules! endings {
    ($($Last:ident $Then:ident $a:ident $b:ident $c:ident $d:ident $e:ident,)*) => {$(
        #[doc(hidden)]
        pub struct $Last;
        pub(super) type $Then<High> = UInt<UInt<UInt<UInt<UInt<High, $a>, $b>, $c>, $d>, $e>;
        impl Bits for ($a, $b, $c, $d, $e) {
            type Last = $Last;
        }
    )*};
}

endings! {
    Last0 Then0 B0 B0 B0 B0 B0,
    Last1 Then1 B0 B0 B0 B0 B1,
    Last2 Then2 B0 B0 B0 B1 B0,
    Last3 Then3 B0 B0 B0 B1 B1,
    Last4 Then4 B0 B0 B1 B0 B0,
    Last5 Then5 B0 B0 B1 B0 B1,
    Last6 Then6 B0 B0 B1 B1 B0,
    Last7 Then7 B0 B0 B1 B1 B1,
    Last8 Then8 B0 B1 B0 B0 B0,
    Last9 Then9 B0 B1 B0 B0 B1,
    Last10 Then10 B0 B1 B0 B1 B0,
    Last11 Then11 B0 B1 B0 B1 B1,
    Last12 Then12 B0 B1 B1 B0 B0,
    Last13 Then13 B0 B1 B1 B0 B1,
    Last14 Then14 B0 B1 B1 B1 B0,
    Last15 Then15 B0 B1 B1 B1 B1,
    Last16 Then16 B1 B0 B0 B0 B0,
    Last17 Then17 B1 B0 B0 B0 B1,
    Last18 Then18 B1 B0 B0 B1 B0,
    Last19 Then19 B1 B0 B0 B1 B1,
    Last20 Then20 B1 B0 B1 B0 B0,
    Last21 Then21 B1 B0 B1 B0 B1,
    Last22 Then22 B1 B0 B1 B1 B0,
    Last23 Then23 B1 B0 B1 B1 B1,
    Last24 Then24 B1 B1 B0 B0 B0,
    Last25 Then25 B1 B1 B0 B0 B1,
    Last26 Then26 B1 B1 B0 B1 B0,
    Last27 Then27 B1 B1 B0 B1 B1,
    Last28 Then28 B1 B1 B1 B0 B0,
    Last29 Then29 B1 B1 B1 B0 B1,
    Last30 Then30 B1 B1 B1 B1 B0,
    Last31 Then31 B1 B1 B1 B1 B1,
}

/// The numbers below 16, which have fewer than five bits.
macro_rules! short {
    ($($n:literal $Number:ident,)*) => {$(
        impl Known for Side<$n> { type Number = $Number; }
        #[diagnostic::do_not_recommend]
        impl ToSide for $Number { type Side = Side<$n>; }
    )*};
}
seq!(N in 0..16 { short! { #(N U~N,)* } });

/// The sides, grouped by their last bits. Each has the number before those bits.
macro_rules! sides {
    ($($Last:ident $Then:ident { $($n:literal $High:ty,)* })*) => {
        $($(
            impl Known for Side<$n> { type Number = $Then<$High>; }
            impl Ending<$High> for $Last { type Side = Side<$n>; }
        )*)*

        /// Each side, its value as a number, and the value of that number as a side.
        #[cfg(test)]
        const SIDES: &[[usize; 3]] = &[$($(
            [$n, tests::value::<<Side<$n> as Known>::Number>(), tests::side::<<$Then<$High> as ToSide>::Side>()],
        )*)*];
    };
}

include!("list.rs");

#[cfg(test)]
mod tests {
    use core::fmt::Write;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    pub(super) const fn value<U: typenum::Unsigned>() -> usize {
        U::USIZE
    }

    pub(super) const fn side<S: IsSide>() -> usize {
        S::N
    }

    pub(super) trait IsSide {
        const N: usize;
    }

    impl<const N: usize> IsSide for Side<N> {
        const N: usize = N;
    }

    /// Returns the sides from 16, by the rule in the message of `Known`.
    fn sides() -> Vec<usize> {
        let rest = |n: usize| {
            [2, 3, 5, 7].into_iter().fold(n, |n, p| {
                let mut n = n;
                while n.is_multiple_of(p) {
                    n /= p;
                }
                n
            })
        };
        (16..=1 << 20).filter(|&n| n <= 2048 || rest(n) == 1).collect()
    }

    #[test]
    fn the_list_has_each_side_once_and_converts_it_both_ways() {
        for [n, number, side] in SIDES {
            assert_eq!((n, n), (number, side));
        }
        let mut listed: Vec<_> = SIDES.iter().map(|[n, ..]| *n).collect();
        listed.sort_unstable();
        assert!(listed == sides());
    }

    /// After a change of the rule, run `BLESS=1 cargo test -p chainrule --lib side`.
    #[test]
    fn the_list_is_what_this_test_writes() -> std::io::Result<()> {
        fn number(n: usize) -> String {
            if n <= 1024 { std::format!("U{n}") } else { std::format!("Then{}<{}>", n % 32, number(n / 32)) }
        }
        let mut list = String::from("// Written by a test in table.rs.\nsides! {\n");
        let sides = sides();
        for last in 0..32 {
            let mut line = std::format!("Last{last} Then{last} {{");
            for &n in sides.iter().filter(|&n| n % 32 == last) {
                let entry = std::format!(" {n} {},", number(n / 32));
                if line.len() + entry.len() > 118 {
                    writeln!(list, "{line}").unwrap();
                    line.clear();
                }
                line += &entry;
            }
            writeln!(list, "{line} }}").unwrap();
        }
        list += "}\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tensor/side/list.rs");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &list)?;
        }
        assert_eq!(std::fs::read_to_string(path)?, list);
        Ok(())
    }
}
