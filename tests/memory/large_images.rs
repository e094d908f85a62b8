//! Images far larger than a stack go through a convolution without ever standing on one, in debug builds too.

use chainrule::prelude::*;

const BATCH: usize = 64;
/// A picture of 600 KB: four of them do not fit on the stack of a thread.
type Picture = Image<3, 224, 224>;
/// (224 - 3) / 4 + 1 = 56 places a side; each fourth row and column of pixels lies under no window.
type Conv = Conv2d<3, 8, 3, 4>;

#[test]
fn sixty_four_images_of_3x224x224_go_forward_and_back_on_a_stack_of_2_mb() {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(forward_and_back).unwrap();
    thread.join().unwrap();
}

/// Everything is a power of two times a small whole number, so that all sums are exact.
fn forward_and_back() {
    let mut conv = Conv::zeros();
    conv.weights_mut().fill(0.5);
    conv.bias.0.fill(0.25);
    let mut images: Vec<Picture> = bytemuck::zeroed_vec(BATCH);
    Picture::flat_mut(&mut images).fill(1.0);
    let mut outputs: Vec<Image<8, 56, 56>> = bytemuck::zeroed_vec(BATCH);
    let mut workspace = Workspace::default();

    conv.forward(&images, &mut outputs, workspace.prepare::<Picture, Conv>(BATCH), &mut Mode::Evaluate);
    assert!(Image::flat(&outputs).iter().all(|&y| y == 27.0 * 0.5 + 0.25));

    let mut output_grads: Vec<Image<8, 56, 56>> = bytemuck::zeroed_vec(BATCH);
    Image::flat_mut(&mut output_grads).fill(1.0);
    let mut input_grads: Vec<Picture> = bytemuck::zeroed_vec(BATCH);
    let mut gradient = Conv::zeros();
    conv.backward(Backward {
        input: &images,
        output: &outputs,
        output_grad: &output_grads,
        input_grad: Some(&mut input_grads),
        gradient: &mut gradient,
        workspace: workspace.prepare::<Picture, Conv>(BATCH),
        accumulate: false,
    });

    let places = (BATCH * 56 * 56) as f32;
    assert!(gradient.weights().iter().all(|&dw| dw == places));
    assert_eq!(gradient.bias.0, [places; 8]);
    for (at, &dx) in Picture::flat(&input_grads).iter().enumerate() {
        let (row, column) = (at / 224 % 224, at % 224);
        let windows = if row % 4 < 3 && column % 4 < 3 { 1.0 } else { 0.0 };
        assert_eq!(dx, 8.0 * 0.5 * windows, "row {row}, column {column}");
    }
}
