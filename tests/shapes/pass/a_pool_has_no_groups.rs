use chainrule::{Image, Kernel, MaxPool2dWith, shapes};

type Net = MaxPool2dWith<(Kernel<3>, chainrule::Stride<3>)>;
const _: () = shapes::<Net, Image<2, 9, 9>, Image<2, 3, 3>>();

fn main() {}
