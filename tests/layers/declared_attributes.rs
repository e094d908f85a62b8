//! The attributes of `network!` itself.

use chainrule::prelude::*;

chainrule::network! {
    #[derive(Clone, Default)]
    #[infer]
    #[gradient_flows]
    struct Inferred: Image<1, 8, 8> => Vector<2> {
        conv: ConvTo<4, 3>,
        act: Tanh,
        /// Scores.
        head: LinearTo<2>,
    }
}

#[test]
fn inferred_fields_have_the_types_that_one_would_write() -> Result<(), chainrule::Error> {
    let mut net = Inferred::init(&mut rng(1));
    let (conv, head): (Conv2d<1, 4, 3>, Dense<Image<4, 6, 6>, Vector<2>>) =
        (net.conv.clone(), net.head.clone());
    let (inferred, tuple) = (net.clone().into_inner(), Owned::new((conv, Tanh, head)));
    let x = Image([[[0.5; 8]; 8]]);
    let y: Vector<2> = inferred.predict(&x)?;
    assert_eq!(y, tuple.predict(&x)?);
    *net = Inferred::default();
    assert_eq!(net.norm(), 0.0);
    Ok(())
}
