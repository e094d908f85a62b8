use chainrule::prelude::*;

type Net = (Conv1dWith<1, 8, (Kernel<2>, Same)>, Relu);
const _: () = chainrule::shapes::<Net, Sequence<8, 1>, Sequence<8, 8>>();

fn main() {}
