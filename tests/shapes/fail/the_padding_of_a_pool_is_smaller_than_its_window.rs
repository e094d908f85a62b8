use chainrule::{Conv2d, Image, Kernel, MaxPool2dWith, Padding, Stride, shapes};

type Net = (Conv2d<1, 2, 3>, MaxPool2dWith<(Kernel<3>, Padding<3>, Stride<11>)>);
const _: () = shapes::<Net, Image<1, 9, 9>, Image<2, 1, 1>>();

fn main() {}
