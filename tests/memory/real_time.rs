//! What a callback of an audio device or a control loop may call: predictions and steps that ask for no memory, not
//! even the first time, on a small stack.

use crate::allocator::allocations;
use std::sync::Mutex;

use chainrule::FixedTrainer;
use chainrule::optimizer::Inline;
use chainrule::prelude::*;
use chainrule::stream::StreamState;

/// The stack of a thread. Without optimization each call takes more of it.
const STACK: usize = if cfg!(debug_assertions) { 256 << 10 } else { 64 << 10 };

/// What the largest products add to it: a buffer of packed numbers, which does not grow with the network.
const PACKED: usize = 128 << 10;

/// Returns how often `f` asks for memory on a thread with a small stack.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) -> usize {
    on_a_stack(STACK, f)
}

fn on_a_stack(bytes: usize, f: impl FnOnce() + Send + 'static) -> usize {
    let thread = std::thread::Builder::new().stack_size(bytes);
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
    type Memory = chainrule::workspace!(Control, Vector<24>, predict 1);
    let net = Control::init(&mut rng(1));
    let allocated = on_a_small_stack(move || {
        let (mut workspace, mut output) = (Memory::new(), [Vector([0.0; 8])]);
        net.predict_into(&[Vector([0.5; 24])], &mut output, &mut workspace).unwrap();
        assert!(output[0].0.iter().any(|y| *y != 0.0));
        std::mem::forget(net);
    });
    assert_eq!(allocated, 0);

    type VisionMemory = chainrule::workspace!(Vision, Image<1, 28, 28>, predict 1);
    static WORKSPACE: Mutex<VisionMemory> = Mutex::new(VisionMemory::new());
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

/// A trainer without a heap, in a `static`: no step allocates, not even the first, with schedule, clipping and dropout.
#[test]
fn training_allocates_nothing_on_a_small_stack() {
    type Net = (Linear<24, 64>, LayerNorm<Vector<64>>, Tanh, Dropout<10>, Linear<64, 8>);
    type Memory = chainrule::workspace!(Net, Vector<24>, train 8);
    type Trained = FixedTrainer<Net, Huber, Adam<Net, Inline<3>>, Memory>;
    static TRAINER: Mutex<Trained> = Mutex::new(FixedTrainer::new(
        chainrule::parameters::zeroed(),
        Huber::new(1.0),
        Adam::inline(0.01),
        Memory::new(),
        1,
    ));
    let start = Net::init(&mut rng(1));
    TRAINER.lock().unwrap().network.clone_from(&start);
    let allocated = on_a_small_stack(|| {
        let mut trainer = TRAINER.lock().unwrap();
        trainer.optimizer.amsgrad = true;
        trainer.schedule(Schedule::one_cycle(100)).clip_norm(1.0);
        let (inputs, targets) = ([Vector([0.5; 24]); 8], [Vector([1.0; 8]); 8]);
        let first = trainer.step(&inputs, &targets).unwrap();
        for _ in 1..100 {
            trainer.step(&inputs, &targets).unwrap();
        }
        assert!(trainer.step(&inputs, &targets).unwrap() < 0.1 * first);
        // An error allocates nothing either.
        assert!(trainer.step(&[Vector([f32::NAN; 24])], &targets[..1]).is_err());
        trainer.clip_value(f32::MAX.into());
        trainer.network.4.bias.0[0] = f32::INFINITY;
        assert!(trainer.step(&inputs, &targets).is_err());
    });
    assert_eq!(allocated, 0);
}

/// Networks that are eight times as wide, and batches, need no more than one buffer of packed numbers more than that.
#[test]
fn the_stack_of_a_pass_does_not_grow_with_the_network() {
    type Wide = (Linear<24, 512>, LayerNorm<Vector<512>>, Tanh, Dropout<10>, Linear<512, 8>);
    type WideMemory = chainrule::workspace!(Wide, Vector<24>, train 48);
    type Image28 = Image<1, 28, 28>;
    type Deep = (Conv2d<1, 64, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<64, 64, 5>, GlobalAvgPool);
    type DeepMemory = chainrule::workspace!(Deep, Image28, predict 2);
    static WIDE: Mutex<FixedTrainer<Wide, Huber, Sgd<Wide, Inline<1>>, WideMemory>> =
        Mutex::new(FixedTrainer::new(
            chainrule::parameters::zeroed(),
            Huber::new(1.0),
            Sgd::inline(0.01),
            WideMemory::new(),
            1,
        ));
    static DEEP: Mutex<DeepMemory> = Mutex::new(DeepMemory::new());
    // A product of which blocks of both matrices are packed.
    type Square = Linear<128, 128>;
    type SquareMemory = chainrule::workspace!(Square, Vector<128>, predict 112);
    static SQUARE: Mutex<SquareMemory> = Mutex::new(SquareMemory::new());
    let square = Square::init(&mut rng(1));
    let (vectors, mut products) = (vec![Vector([0.5; 128]); 112], vec![Vector([0.0; 128]); 112]);
    WIDE.lock().unwrap().network.clone_from(&Wide::init(&mut rng(1)));
    let deep = Deep::init(&mut rng(1));
    let (images, inputs, targets) =
        (vec![Image28::default(); 2], vec![Vector([0.5; 24]); 48], vec![Vector([1.0; 8]); 48]);
    let allocated = on_a_stack(STACK + PACKED, move || {
        let mut wide = WIDE.lock().unwrap();
        wide.optimizer.momentum = 0.9;
        wide.step(&inputs, &targets).unwrap();
        let mut outputs = [Vector([0.0; 64]); 2];
        deep.predict_into(&images, &mut outputs, &mut *DEEP.lock().unwrap()).unwrap();
        square.predict_into(&vectors, &mut products, &mut *SQUARE.lock().unwrap()).unwrap();
        std::mem::forget((deep, images, inputs, targets, square, vectors, products));
    });
    assert_eq!(allocated, 0);
}
