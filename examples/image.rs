//! A network in the program itself: converts a file of PyTorch to an image, and uses this image as a `static`,
//! without a heap.
//!
//! A microcontroller has no file system, and often no allocator. `include_network!` reads the image at compile time,
//! so the network is in flash memory and cannot fail to load.
//!
//! ```text
//! $ cargo run --release --example image -- net.safetensors net.image
//! net.image: 9939 bytes, 9640 of them are the weights of (Dense<..>, Tanh, Linear<32, 10>, Softmax)
//! the network in this program: 94.66 % of the test digits
//! ```
//! Without files, it reads `examples/data/pytorch-mlp.safetensors`, and writes nothing. For your own network, replace
//! `Net` and the names of its layers in PyTorch.

#[path = "support/digits.rs"]
mod digits;

use chainrule::checkpoint::{self, Format};
use chainrule::prelude::*;
use digits::as_images;

type Error = Box<dyn std::error::Error>;

/// `self.hidden = nn.Linear(64, 32)`, tanh, `self.head = nn.Linear(32, 10)`, softmax.
type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>, Softmax);

/// The network of an image, read at compile time. An image of another network does not compile.
static NET: Net = chainrule::include_network!("data/digits.image");

/// The memory that a prediction of one digit needs.
type Memory = chainrule::workspace!(Net, Image<1, 8, 8>, predict 1);

fn main() -> Result<(), Error> {
    let names = Format::pytorch().rename("0", "hidden").rename("2", "head");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let net: Owned<Net> = match &arguments[..] {
        [] => names.from_bytes(include_bytes!("data/pytorch-mlp.safetensors"))?,
        [from, to] => {
            let net = names.load::<Net>(from)?;
            checkpoint::save_image(&net, to)?;
            net
        }
        _ => return Err("usage: image [PYTORCH.safetensors NEW.image]".into()),
    };
    let image = checkpoint::image_to_bytes(&net)?;
    let numbers = Net::COUNT * size_of::<f32>();
    let name = arguments.get(1).map_or("the image", |to| to);
    println!("{name}: {} bytes, {numbers} of them are the weights of {}", image.len(), Net::NAME);

    // Without a heap: the network is in the program, the workspace on the stack.
    let (digits, labels) = as_images(digits::test()?);
    let (mut workspace, mut right) = (Memory::new(), 0);
    for (digit, label) in digits.iter().zip(&labels) {
        let mut output = [Vector([0.0; 10])];
        NET.predict_into(std::slice::from_ref(digit), &mut output, &mut workspace)?;
        if arguments.is_empty() && output[0] != net.predict(digit)? {
            return Err("the network in the program gives other outputs than the file".into());
        }
        right += usize::from(Label::from_scores(&output[0]) == *label);
    }
    let percent = 100.0 * right as f64 / labels.len() as f64;
    let equal = if arguments.is_empty() { ", its outputs the same bits as the file's" } else { "" };
    println!("the network in this program: {percent:.2} % of the test digits{equal}");
    Ok(())
}
