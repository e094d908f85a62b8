use chainrule::prelude::*;

type Net = (Conv2d<1, 6, 3>, Conv2dWith<6, 12, (Kernel<3>, Groups<3>)>, Relu);
const _: () = chainrule::shapes::<Net, Image<1, 8, 8>, Image<12, 4, 4>>();

fn main() {}
