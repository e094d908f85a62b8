//! The attributes of `network!` itself. The macro takes their items from the crate that it is given: here from a module
//! that has them.

use chainrule::prelude::*;

mod root {
    pub(crate) use chainrule::*;

    /// Counts the layers, and checks nothing else.
    pub(crate) const fn gradient_flows<N: Layer<X>, X: Sample>() {
        assert!(N::PLAN.children.len() == 3);
    }

    pub(crate) mod infer {
        use bytemuck::Pod;
        use chainrule::prelude::*;

        pub(crate) trait Inferred<const PLACE: usize, X: Sample> {
            type Layer: Layer<X, Output = Self::Output>;
            type Output: Sample + Pod;
        }

        pub(crate) struct LinearTo<const OUT: usize>;

        impl<const PLACE: usize, const IN: usize, const OUT: usize> Inferred<PLACE, Vector<IN>> for LinearTo<OUT> {
            type Layer = Linear<IN, OUT>;
            type Output = Vector<OUT>;
        }

        impl<const PLACE: usize, const N: usize> Inferred<PLACE, Vector<N>> for Tanh {
            type Layer = Self;
            type Output = Vector<N>;
        }
    }
}

use root::infer::LinearTo;

chainrule::stack::network! { (root)
    #[derive(Clone, Default)]
    #[infer]
    #[gradient_flows]
    struct Inferred: Vector<4> => Vector<2> {
        widen: LinearTo<16>,
        act: Tanh,
        narrow: LinearTo<2>,
    }
}

#[test]
fn inferred_fields_have_the_types_that_one_would_write() -> Result<(), chainrule::Error> {
    let mut net = Inferred::init(&mut rng(1));
    let (widen, narrow): (Linear<4, 16>, Linear<16, 2>) = (net.widen.clone(), net.narrow.clone());
    let (inferred, tuple) = (net.clone().into_inner(), Owned::new((widen, Tanh, narrow)));
    let x = Vector([0.5, 1.0, -1.0, 0.0]);
    let y: Vector<2> = inferred.predict(&x)?;
    assert_eq!(y, tuple.predict(&x)?);
    *net = Inferred::default();
    assert_eq!(net.norm(), 0.0);
    Ok(())
}
