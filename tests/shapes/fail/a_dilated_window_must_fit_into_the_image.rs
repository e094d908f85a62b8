use chainrule::prelude::*;

type Net = (Conv2d<1, 6, 3>, Conv2dWith<6, 8, (Kernel<3>, Dilation<3>)>, Relu);
const _: () = chainrule::shapes::<Net, Image<1, 8, 8>, Image<8, 2, 2>>();

fn main() {}
