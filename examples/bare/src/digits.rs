//! A network in flash memory, and its training on the device, without a heap.

use chainrule::layer::{Parameter, View, Visitor, visit};
use chainrule::optimizer::Inline;
use chainrule::prelude::*;
use chainrule::{Error, FixedTrainer};

/// 8x8 pixels in, the scores of ten digits out.
pub type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>);

/// The network that PyTorch trained, read at compile time. `cargo run --example image` writes such a file. The training
/// starts from its first layer.
static TRAINED: (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>, Softmax) =
    chainrule::include_network!("../../data/digits.image");

/// Digits as text: each line has 64 pixels from 0 to 16, and the digit.
static TRAIN: &[u8] = include_bytes!("../../data/optdigits-train.csv");
static TEST: &[u8] = include_bytes!("../../data/optdigits-test.csv");

const STEPS: u64 = 100;
const BATCH: usize = 16;
const TESTED: usize = 300;

/// The memory for training: the network, its gradient, the two moments of Adam, and a workspace. Its size is a
/// constant.
pub type Training = FixedTrainer<Net, CrossEntropy, Adam<Net, Inline<2>>, TrainingMemory>;
type TrainingMemory = chainrule::workspace!(Net, Image<1, 8, 8>, train BATCH);
/// The memory for a prediction.
pub type Memory = chainrule::workspace!(Net, Image<1, 8, 8>, predict 1);

/// The results of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number of correct digits before training.
    pub before: usize,
    /// The number of correct digits after training.
    pub after: usize,
    /// The number of digits that were tested.
    pub tested: usize,
    /// The FNV-1a hash of all weights after training, and of the last output.
    pub hash: u64,
}

/// The results on every processor, with the portable kernels.
pub const EXPECTED: Report = Report { before: 31, after: 281, tested: TESTED, hash: 0xe640_b221_cdde_e5bd };

/// Trains the network for some steps. Tests it before and after.
///
/// # Errors
/// None with these data.
pub fn run() -> Result<Report, Error> {
    let mut net = Net::zeroed();
    net.0 = TRAINED.0.clone();
    let (before, _) = test(&net)?;
    let net = train(net)?;
    let (after, output) = test(&net)?;
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    visit([View::of(&net)], [], &mut hash);
    output.0.iter().for_each(|y| hash.add(&y.to_le_bytes()));
    Ok(Report { before, after, tested: TESTED, hash: hash.0 })
}

/// Trains with Adam. All memory is in a local variable here; it could be a `static`.
fn train(net: Net) -> Result<Net, Error> {
    let (loss, adam) = (CrossEntropy::default(), Adam::inline(0.01));
    let mut training = Training::new(net, loss, adam, TrainingMemory::new(), 1);
    training.schedule(Schedule::cosine(STEPS)).clip_norm(1.0);
    let mut digits = Digits(TRAIN);
    for _ in 0..STEPS {
        let mut inputs = [Image([[[0.0; 8]; 8]]); BATCH];
        let mut labels = [Label::<10>::of::<0>(); BATCH];
        for (input, label) in inputs.iter_mut().zip(&mut labels) {
            (*input, *label) = digits.next_digit()?;
        }
        training.step(&inputs, &labels)?;
    }
    Ok(training.network)
}

/// Returns the number of correct digits, and the last output.
fn test(net: &Net) -> Result<(usize, Vector<10>), Error> {
    let (mut workspace, mut output) = (Memory::new(), [Vector([0.0; 10])]);
    let (mut right, mut digits) = (0, Digits(TEST));
    for _ in 0..TESTED {
        let (image, label) = digits.next_digit()?;
        net.predict_into(&[image], &mut output, &mut workspace)?;
        right += usize::from(Label::from_scores(&output[0]) == label);
    }
    Ok((right, output[0]))
}

/// The digits of a text that are not read yet.
struct Digits(&'static [u8]);

impl Digits {
    /// Returns the next number of the text, or 0 at its end.
    fn next_number(&mut self) -> u8 {
        let mut number = 0;
        while let [byte, rest @ ..] = self.0 {
            self.0 = rest;
            if !byte.is_ascii_digit() {
                break;
            }
            number = number * 10 + (byte - b'0');
        }
        number
    }

    fn next_digit(&mut self) -> Result<(Image<1, 8, 8>, Label<10>), Error> {
        let mut image = Image([[[0.0; 8]; 8]]);
        for pixel in image.0.as_flattened_mut().as_flattened_mut() {
            *pixel = f32::from(self.next_number()) / 16.0;
        }
        Ok((image, Label::new(self.next_number().into())?))
    }
}

struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

impl Visitor<1, 0> for Hash {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, [numbers]: [&[T]; 1], []: [&mut [T]; 0]) {
        for number in numbers {
            self.add(&(number.to_f64() as f32).to_le_bytes());
        }
    }
}
