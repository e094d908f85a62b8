//! What a callback of an audio device or a control loop may call: predictions and steps that ask for no memory, not even
//! the first time, on a small stack.

use crate::allocator::allocations;
use chainrule::layer::FixedWorkspace;
use chainrule::prelude::*;
use chainrule::stream::StreamState;

/// The stack of a thread. Without optimization each call takes more of it.
const STACK: usize = if cfg!(debug_assertions) { 256 << 10 } else { 64 << 10 };

/// Returns how often `f` asks for memory on a thread with a small stack.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) -> usize {
    let thread = std::thread::Builder::new().stack_size(STACK);
    thread.spawn(move || allocations(f)).unwrap().join().unwrap()
}

type Control = (Linear<24, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 8>);
type Vision = (
    (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 5>, Relu, MaxPool2d<2>, Flatten),
    (Linear<400, 120>, Relu, Linear<120, 84>, Relu, Linear<84, 10>),
);
type Audio = (Lstm<1, 64>, Conv1d<64, 32, 1>, Tanh, Gru<32, 16>, Conv1d<16, 1, 1>);

#[test]
fn a_prediction_allocates_nothing_on_a_small_stack() {
    const LINES: usize = chainrule::budget::<Control, Vector<24>>().prediction_lines(1);
    let net = Control::init(&mut rng(1));
    let allocated = on_a_small_stack(move || {
        let (mut workspace, mut output) = (FixedWorkspace::<LINES>::new(), [Vector([0.0; 8])]);
        net.predict_into(&[Vector([0.5; 24])], &mut output, &mut workspace).unwrap();
        assert!(output[0].0.iter().any(|y| *y != 0.0));
        std::mem::forget(net);
    });
    assert_eq!(allocated, 0);

    const VISION: usize = chainrule::budget::<Vision, Image<1, 28, 28>>().prediction_lines(1);
    static WORKSPACE: std::sync::Mutex<FixedWorkspace<VISION>> = std::sync::Mutex::new(FixedWorkspace::new());
    let (net, image) = (Vision::init(&mut rng(1)), Box::new(Image([[[0.5; 28]; 28]])));
    let allocated = on_a_small_stack(move || {
        let (mut workspace, mut output) = (WORKSPACE.lock().unwrap(), [Vector([0.0; 10])]);
        net.predict_into(std::slice::from_ref(&*image), &mut output, &mut *workspace).unwrap();
        std::mem::forget((net, image));
    });
    assert_eq!(allocated, 0);
}

#[test]
fn a_step_of_a_stream_allocates_nothing_on_a_small_stack() {
    let net = Audio::init(&mut rng(1));
    let allocated = on_a_small_stack(move || {
        let mut state = StreamState::new(&net);
        let mut sum = 0.0;
        for at in 0..100 {
            let y: Vector<1> = net.step(&Vector([(at as f32 * 0.3).sin()]), &mut state).unwrap();
            sum += y[0];
        }
        assert!(sum != 0.0);
        std::mem::forget(net);
    });
    assert_eq!(allocated, 0);
}
