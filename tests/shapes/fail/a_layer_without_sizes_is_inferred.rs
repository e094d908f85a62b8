use chainrule::{Infer, LinearTo, Relu, Vector, shapes};

type Inner = Infer<Vector<10>, (LinearTo<5>, Relu)>;
type Net = (LinearTo<10>, Relu);
const _: () = shapes::<(Net, Inner), Vector<4>, Vector<5>>();

fn main() {}
