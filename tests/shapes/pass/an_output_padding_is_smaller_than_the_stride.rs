use chainrule::prelude::*;

type Net = (Linear<4, 6>, Reshape<Sequence<3, 2>>, TransposedConv1dWith<2, 1, (Kernel<3>, Stride<2>, OutputPadding<1>)>);
const _: () = chainrule::shapes::<Net, Vector<4>, Sequence<8, 1>>();

fn main() {}
