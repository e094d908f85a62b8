use chainrule::{Conv1d, Dense, Relu, Sequence, Vector, shapes};

type Listener = (
    (Conv1d<1, 8, 80, 4, 38>, Relu),
    (Conv1d<8, 16, 8, 4, 2>, Relu),
    (Conv1d<16, 32, 5, 5>, Relu),
    (Conv1d<32, 32, 4, 4>, Relu),
    Dense<Sequence<50, 32>, Vector<10>>,
);
const _: () = shapes::<Listener, Sequence<8000, 1>, Vector<10>>();

fn main() {}
