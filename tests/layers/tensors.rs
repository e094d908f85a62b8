//! Samples and what they convert to: memory order against numbers written by hand, views, comparison, printing, labels.

use approx::{AbsDiffEq, RelativeEq, UlpsEq, assert_abs_diff_eq, assert_relative_eq, assert_ulps_eq};
use chainrule::Error;
use chainrule::prelude::*;
use nalgebra::{Matrix2x3, Matrix3x2, Matrix6x2, SMatrix, SVector, Vector2, Vector3};

/// 1, 2, 3, .. in memory, two channels of two rows of three columns.
const IMAGE: Image<2, 2, 3> =
    Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]]);
const SEQUENCE: Sequence<3, 2> = Sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
const VECTOR: Vector<3> = Vector([1.0, 2.0, 3.0]);

fn counted(from: usize, to: usize) -> Vec<f32> {
    (from..=to).map(|x| x as f32).collect()
}

#[test]
fn memory_is_in_c_order() {
    assert_eq!(IMAGE.as_slice(), counted(1, 12));
    assert_eq!(SEQUENCE.as_slice(), counted(1, 6));
    assert_eq!(VECTOR.as_slice(), counted(1, 3));
    assert_eq!(<Sequence<3, 2>>::flat(&[SEQUENCE, SEQUENCE]), [counted(1, 6), counted(1, 6)].concat());
    assert_eq!((<Image<2, 2, 3>>::SHAPE, <Image<2, 2, 3>>::LEN), (&[2, 2, 3][..], 12));
    assert_eq!((<Sequence<3, 2>>::SHAPE, <Sequence<3, 2>>::LEN), (&[3, 2][..], 6));
    assert_eq!((<Vector<3, f64>>::SHAPE, <Vector<3, f64>>::LEN), (&[3][..], 3));
}

#[test]
fn slices_become_tensors_if_they_have_the_right_length() {
    assert_eq!(Image::from_slice(&counted(1, 12)), Ok(IMAGE));
    assert_eq!(Sequence::try_from(&counted(1, 6)[..]), Ok(SEQUENCE));
    assert_eq!(Vector::try_from(&counted(1, 3)[..]), Ok(VECTOR));
    for found in [0, 11, 13, 24] {
        let error = Error::SliceLength { shape: &[2, 2, 3], expected: 12, found };
        assert_eq!(<Image<2, 2, 3>>::from_slice(&vec![0.0; found]), Err(error));
    }
    let mut image = IMAGE;
    image.as_mut_slice()[4] = 0.5;
    assert_eq!(image, Image([[[1.0, 2.0, 3.0], [4.0, 0.5, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]]));
}

#[test]
fn arrays_go_in_and_out() {
    assert_eq!(Vector::from([1.0, 2.0, 3.0]), VECTOR);
    assert_eq!(<[f32; 3]>::from(VECTOR), [1.0, 2.0, 3.0]);
    assert_eq!(Sequence::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), SEQUENCE);
    assert_eq!(<[[f32; 2]; 3]>::from(SEQUENCE), SEQUENCE.0);
    assert_eq!(<[[[f32; 3]; 2]; 2]>::from(Image::from(IMAGE.0)), IMAGE.0);
    let zeros: (Vector<2>, Sequence<1, 2, f64>, Image<1, 1, 1>) = Default::default();
    assert_eq!(zeros, (Vector([0.0; 2]), Sequence([[0.0; 2]]), Image([[[0.0]]])));
}

#[test]
fn nalgebras_matrices_have_a_column_for_each_step_and_for_each_row_of_pixels() {
    assert_eq!(SVector::from(VECTOR), Vector3::new(1.0, 2.0, 3.0));
    assert_eq!(Vector::from(Vector3::new(1.0, 2.0, 3.0)), VECTOR);

    let steps = Matrix2x3::new(1.0, 3.0, 5.0, 2.0, 4.0, 6.0);
    assert_eq!(SMatrix::from(SEQUENCE), steps);
    assert_eq!(Sequence::from(steps), SEQUENCE);

    let channels =
        [Matrix3x2::new(1.0, 4.0, 2.0, 5.0, 3.0, 6.0), Matrix3x2::new(7.0, 10.0, 8.0, 11.0, 9.0, 12.0)];
    assert_eq!(<[SMatrix<f32, 3, 2>; 2]>::from(IMAGE), channels);
    assert_eq!(Image::from(channels), IMAGE);
}

#[test]
fn views_are_the_same_matrices_without_a_copy() {
    assert_eq!(VECTOR.view(), Vector3::new(1.0, 2.0, 3.0));
    assert_eq!(SEQUENCE.view(), Matrix2x3::new(1.0, 3.0, 5.0, 2.0, 4.0, 6.0));
    assert_eq!(IMAGE.channel(0), Matrix3x2::new(1.0, 4.0, 2.0, 5.0, 3.0, 6.0));
    assert_eq!(IMAGE.channel(1), Matrix3x2::new(7.0, 10.0, 8.0, 11.0, 9.0, 12.0));
    let (vector, sequence, image) = (VECTOR, SEQUENCE, IMAGE);
    assert!(std::ptr::eq(&vector.view()[2], &vector.0[2]));
    assert!(std::ptr::eq(&sequence.view()[(1, 2)], &sequence.0[2][1]));
    assert!(std::ptr::eq(&image.channel(1)[(2, 0)], &image.0[1][0][2]));
}

#[test]
fn views_can_be_written_through() {
    let (mut vector, mut sequence, mut image) = (VECTOR, SEQUENCE, IMAGE);
    vector.view_mut()[1] = 20.0;
    assert_eq!(vector, Vector([1.0, 20.0, 3.0]));
    sequence.view_mut().column_mut(1).fill(0.0);
    assert_eq!(sequence, Sequence([[1.0, 2.0], [0.0, 0.0], [5.0, 6.0]]));
    sequence.view_mut()[(0, 2)] = 50.0;
    assert_eq!(sequence.as_slice(), [1.0, 2.0, 0.0, 0.0, 50.0, 6.0]);
    image.channel_mut(1).row_mut(2).fill(0.0);
    assert_eq!(image.as_slice(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.0, 10.0, 11.0, 0.0]);
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn a_channel_that_is_not_there_cannot_be_viewed() {
    IMAGE.channel(2);
}

#[test]
fn arithmetic_goes_through_nalgebra_and_comes_back() {
    let sum: Vector<3> = (VECTOR.view() * 2.0 + Vector3::new(1.0, 1.0, 1.0)).into();
    assert_eq!(sum, Vector([3.0, 5.0, 7.0]));
    let sums: Vector<2> = (SEQUENCE.view() * Vector3::new(1.0, 1.0, 1.0)).into();
    assert_eq!(sums, Vector([9.0, 12.0]));
    let projected: Vector<3> = SEQUENCE.view().tr_mul(&Vector2::new(1.0, -1.0)).into();
    assert_eq!(projected, Vector([-1.0, -1.0, -1.0]));
}

#[test]
fn a_batch_is_a_matrix_with_a_column_for_each_sample() {
    let mut batch = [SEQUENCE, Sequence([[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]])];
    let columns = <Sequence<3, 2>>::columns(&batch);
    assert_eq!(columns.shape(), (6, 2));
    assert_eq!(columns, Matrix6x2::new(1.0, 7.0, 2.0, 8.0, 3.0, 9.0, 4.0, 10.0, 5.0, 11.0, 6.0, 12.0));
    assert!(std::ptr::eq(&columns[(5, 1)], &batch[1].0[2][1]));

    let mut columns = Tensor::columns_mut(&mut batch);
    assert_eq!(columns.shape(), (6, 2));
    columns.column_mut(1).fill(0.0);
    columns[(1, 0)] = -2.0;
    assert_eq!(batch, [Sequence([[1.0, -2.0], [3.0, 4.0], [5.0, 6.0]]), Sequence::default()]);
    assert_eq!(<Sequence<3, 2>>::columns(&[]).shape(), (6, 0));
}

#[test]
fn indices_go_from_the_outermost_side_to_the_innermost() {
    let (mut vector, mut sequence, mut image) = (VECTOR, SEQUENCE, IMAGE);
    assert_eq!((vector[2], sequence[(2, 0)], sequence[(0, 1)], image[(1, 0, 2)]), (3.0, 5.0, 2.0, 9.0));
    vector[0] = -1.0;
    sequence[(1, 1)] = -4.0;
    image[(0, 1, 0)] = -4.0;
    assert_eq!(vector, Vector([-1.0, 2.0, 3.0]));
    assert_eq!(sequence, Sequence([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]]));
    assert_eq!(image.channel(0), Matrix3x2::new(1.0, -4.0, 2.0, 5.0, 3.0, 6.0));
}

#[test]
fn tensors_compare_within_a_tolerance_number_by_number() {
    let near = Vector([1.0, 2.0, 3.0 + 1e-5]);
    assert_abs_diff_eq!(VECTOR, near, epsilon = 2e-5);
    assert!(VECTOR.abs_diff_ne(&near, 5e-6));
    assert_relative_eq!(VECTOR, near, max_relative = 1e-5);
    assert!(VECTOR.relative_ne(&near, 0.0, 1e-6));
    let next = Vector([1.0, 2.0, 3.0_f32.next_up().next_up()]);
    assert_ulps_eq!(VECTOR, next, epsilon = 0.0, max_ulps = 2);
    assert!(VECTOR.ulps_ne(&next, 0.0, 1));

    let (mut sequence, mut image) = (SEQUENCE, IMAGE);
    sequence[(2, 1)] += 1e-3;
    image[(1, 1, 2)] += 1e-3;
    assert!(SEQUENCE.relative_ne(&sequence, 0.0, 1e-6) && IMAGE.relative_ne(&image, 0.0, 1e-6));
    assert_abs_diff_eq!(SEQUENCE, sequence, epsilon = 2e-3);
    assert_abs_diff_eq!(IMAGE, image, epsilon = 2e-3);
    let nan = Vector([f32::NAN, 0.0, 0.0]);
    assert!(nan != nan && nan.relative_ne(&nan, 1.0, 1.0));
}

type Block = Residual<(Tanh, Linear<3, 3>)>;
type Net = (Linear<4, 3>, Block, [Block; 2], PRelu, Linear<3, 2, f32, NoBias>);

#[test]
fn layers_blocks_and_whole_networks_compare_within_a_tolerance() {
    let net = || Net::init(&mut rng(1));
    let (a, mut b) = (net(), net());
    assert_eq!(a.parameters(), b.parameters());
    assert_relative_eq!(a.parameters(), b.parameters());
    assert_eq!((&a.0, &a.1, &a.3), (&b.0, &b.1, &b.3));

    // One number of the last block, by 1e-3.
    b.2[1].branch.1.bias[2] = 1e-3;
    assert_ne!(a.parameters(), b.parameters());
    assert_ne!(a.2[1], b.2[1]);
    assert_eq!(a.2[0], b.2[0]);
    assert_abs_diff_eq!(a.parameters(), b.parameters(), epsilon = 2e-3);
    assert!(a.parameters().abs_diff_ne(&b.parameters(), 5e-4));
    assert_abs_diff_eq!(a.2[1], b.2[1], epsilon = 2e-3);
    assert!(a.2[1].relative_ne(&b.2[1], 0.0, 1e-3) && a.2[1].ulps_ne(&b.2[1], 0.0, 4));

    // One weight, by one part in ten thousand; and a slope.
    let (mut c, weight) = (net(), a.0.weights()[11]);
    c.0.weights_mut()[11] = weight * 1.0001;
    assert_relative_eq!(a.0, c.0, epsilon = 0.0, max_relative = 2e-4);
    assert!(a.0.relative_ne(&c.0, 0.0, 5e-5));
    c.3.slope = 0.26;
    assert_abs_diff_eq!(a.3, c.3, epsilon = 0.011);
    assert!(a.3.abs_diff_ne(&c.3, 0.009));
    assert_eq!((Tanh, Identity, Dropout::<20>), (Tanh, Identity, Dropout::<20>));
}

#[test]
fn a_tensor_prints_as_one_short_line() {
    assert_eq!(format!("{VECTOR:?}"), "Vector<3> [1.0, 2.0, 3.0]");
    assert_eq!(format!("{:?}", Vector([0.5_f64; 2])), "Vector<2, f64> [0.5, 0.5]");
    assert_eq!(format!("{SEQUENCE:?}"), "Sequence<3, 2> [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]");
    assert_eq!(format!("{IMAGE:?}"), "Image<2, 2, 3> [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, .., 12.0]");
    let mut digits = Vector([0.0_f32; 784]);
    (digits[0], digits[783]) = (f32::MIN, f32::NAN);
    assert_eq!(format!("{digits:?}"), "Vector<784> [-3.4028235e38, 0.0, 0.0, 0.0, 0.0, 0.0, .., NaN]");
    // The formatter's precision reaches the numbers.
    assert_eq!(format!("{:.1?}", Vector([1.0_f32 / 3.0, 2.0])), "Vector<2> [0.3, 2.0]");
}

#[test]
fn layers_and_networks_print_their_shapes_and_no_numbers() {
    let net = Net::zeros();
    assert_eq!(format!("{:?}", net.0), "Linear<4, 3>");
    assert_eq!(format!("{:?}", net.4), "Linear<3, 2, f32, NoBias>");
    assert_eq!(format!("{:?}", net.1), "Residual<(Tanh, Linear<3, 3>)>");
    assert_eq!(format!("{:?}", Residual::<Tanh, PRelu>::zeros().into_inner()), "Residual<Tanh, PRelu>");
    let dense = Dense::<Image<1, 2, 3, f64>, Vector<2, f64>, NoBias>::zeros().into_inner();
    assert_eq!(format!("{dense:?}"), "Dense<Image<1, 2, 3, f64>, Vector<2, f64>, NoBias>");
    assert_eq!(
        format!("{:?}", Conv2d::<1, 2, 3, 1, 0, f64>::zeros().into_inner()),
        "Conv2d<1, 2, 3, 1, 0, f64>"
    );
    assert_eq!(
        format!("{net:?}"),
        "(Linear<4, 3>, Residual<(Tanh, Linear<3, 3>)>, [Residual<(Tanh, Linear<3, 3>)>; 2], PRelu, Linear<3, 2, \
         f32, NoBias>) with 58 parameters"
    );
    let lines = format!("{:?}", Net::init_with(Initializer::constant(3.0), &mut rng(0)).parameters());
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(
        lines[..3],
        ["0.weight [4, 3] rms 3.0000", "0.bias [3] rms 0.0000", "1.branch.1.weight [3, 3] rms 3.0000"]
    );
    assert_eq!(
        lines[7..],
        ["2.1.branch.1.bias [3] rms 0.0000", "3.slope [1] rms 0.2500", "4.weight [3, 2] rms 3.0000"]
    );
}

#[test]
fn a_label_is_one_of_its_classes() {
    let labels: Vec<_> = Label::<3>::all().collect();
    assert_eq!(labels.iter().map(|label| label.index()).collect::<Vec<_>>(), [0, 1, 2]);
    for (index, label) in labels.iter().enumerate() {
        assert_eq!((Label::new(index), Label::try_from(index)), (Ok(*label), Ok(*label)));
        assert_eq!(
            (format!("{label:?}"), label.to_string()),
            (format!("Label<3>({index})"), index.to_string())
        );
    }
    for index in [3, 4, usize::MAX] {
        let error = Err(Error::LabelOutOfRange { index, classes: 3 });
        assert_eq!((Label::<3>::new(index), Label::<3>::try_from(index)), (error.clone(), error));
    }
    assert!(labels[0] < labels[1]);
    assert_eq!(Label::<1>::all().count(), 1);
}

#[test]
fn the_largest_score_names_the_label_a_tie_goes_to_the_first_and_a_nan_to_none() {
    let label = |scores: [f32; 4]| Label::from_scores(&Vector(scores)).index();
    assert_eq!(label([0.1, 0.9, 0.3, 0.2]), 1);
    assert_eq!(label([-4.0, -3.0, -2.0, -1.0]), 3);
    assert_eq!(label([0.5, 0.7, 0.7, 0.7]), 1);
    assert_eq!(label([0.0; 4]), 0);
    assert_eq!(label([f32::NAN, -1.0, -2.0, f32::NAN]), 1);
    assert_eq!(label([-1.0, f32::NAN, 3.0, f32::NAN]), 2);
    assert_eq!(label([f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NAN, f32::INFINITY]), 3);
    assert_eq!(label([f32::NAN, f32::NAN, f32::NEG_INFINITY, f32::NAN]), 2);
    assert!(label([f32::NAN; 4]) < 4);
}

#[test]
#[allow(clippy::op_ref)] // references are what is tested
fn operators_work_number_by_number_for_values_and_references() {
    let (a, b) = (SEQUENCE, Sequence([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]]));
    let sum = Sequence([[11.0, 22.0], [33.0, 44.0], [55.0, 66.0]]);
    assert!([a + b, &a + &b, a + &b, &a + b].iter().all(|found| *found == sum));
    assert!([sum - a, &sum - &a, sum - &a, &sum - a].iter().all(|found| *found == b));
    let product = Sequence([[10.0, 40.0], [90.0, 160.0], [250.0, 360.0]]);
    assert!([a * b, &a * &b, a * &b, &a * b].iter().all(|found| *found == product));
    assert!([a * 10.0, &a * 10.0, 10.0 * a, 10.0 * &a].iter().all(|found| *found == b));
    assert!([b / 10.0, &b / 10.0].iter().all(|found| *found == a));
    assert!([-a, -&a].iter().all(|found| *found == a * -1.0));
    let mut c = a;
    c += b;
    c += &b;
    c -= b;
    c -= &a;
    c *= 2.0;
    c *= a;
    c /= 20.0;
    assert_eq!(c, Sequence([[1.0, 4.0], [9.0, 16.0], [25.0, 36.0]]));
    assert_eq!(VECTOR * VECTOR, Vector([1.0, 4.0, 9.0]));
    assert_eq!((2.0 * IMAGE).as_slice(), counted(1, 12).iter().map(|x| 2.0 * x).collect::<Vec<_>>());
    assert_eq!(0.5 * Vector([2.0_f64]), Vector([1.0]));
}

#[test]
fn tensors_are_iterated_mapped_and_multiplied() {
    assert_eq!(IMAGE.iter().copied().collect::<Vec<_>>(), counted(1, 12));
    let mut image = IMAGE;
    image.iter_mut().for_each(|x| *x += 1.0);
    for x in &mut image {
        *x -= 2.0;
    }
    assert_eq!((&image).into_iter().copied().collect::<Vec<_>>(), counted(0, 11));
    assert_eq!(VECTOR.into_iter().collect::<Vec<_>>(), counted(1, 3));
    assert_eq!((VECTOR.len(), VECTOR.dot(&Vector([4.0, 5.0, 6.0]))), (3, 32.0));
    assert_eq!(SEQUENCE.map(|x| f64::from(x) / 2.0)[2], [2.5, 3.0]);
    assert_eq!((SEQUENCE[1], IMAGE[1][0]), ([3.0, 4.0], [7.0, 8.0, 9.0]));
    let mut sequence = SEQUENCE;
    sequence[1] = [0.0; 2];
    image[0] = [[0.0; 3]; 2];
    assert_eq!((sequence.iter().sum::<f32>(), image.iter().sum::<f32>()), (14.0, 51.0));
    let slice: &[f32] = VECTOR.as_ref();
    assert_eq!(slice, counted(1, 3));
    sequence.as_mut()[5] = 9.0;
    assert_eq!(sequence[(2, 1)], 9.0);
    // In f64: f32 alone would lose the 1.
    assert_eq!(Vector([1e8, 1.0, -1e8]).dot(&Vector([1.0_f32; 3])), 1.0);
}

#[test]
fn vectors_of_the_standard_library_become_tensors_if_they_have_the_right_length() {
    assert_eq!(Image::try_from(counted(1, 12)), Ok(IMAGE));
    let error = <Image<2, 2, 3>>::try_from(counted(1, 7)).unwrap_err();
    assert_eq!(error, Error::SliceLength { shape: &[2, 2, 3], expected: 12, found: 7 });
    assert_eq!(error.to_string(), "a tensor of shape [2, 2, 3] has 12 numbers, but this slice has 7");
}

#[test]
fn tensors_print_as_nested_arrays() {
    assert_eq!(SEQUENCE.to_string(), "[[1, 2], [3, 4], [5, 6]]");
    assert_eq!(format!("{:.1}", VECTOR / 3.0), "[0.3, 0.7, 1.0]");
    let long = Vector::<100>::try_from(counted(1, 100)).unwrap();
    assert_eq!(long.to_string(), "[1, 2, 3, 4, 5, 6, .., 100]");
    assert_eq!(IMAGE.to_string(), "[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]");
}

#[test]
fn tensors_and_labels_are_serialized_as_arrays_and_numbers() {
    fn there_and_back<S>(sample: S, text: &str)
    where
        S: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        assert_eq!(serde_json::to_string(&sample).unwrap(), text);
        assert_eq!(serde_json::from_str::<S>(text).unwrap(), sample);
    }
    there_and_back(VECTOR, "[1.0,2.0,3.0]");
    there_and_back(SEQUENCE, "[[1.0,2.0],[3.0,4.0],[5.0,6.0]]");
    there_and_back(IMAGE, "[[[1.0,2.0,3.0],[4.0,5.0,6.0]],[[7.0,8.0,9.0],[10.0,11.0,12.0]]]");
    there_and_back(Vector([0.1_f32, f32::MIN_POSITIVE]), "[0.1,1.1754944e-38]");
    there_and_back(Vector([0.1_f64, 1.0 / 3.0]), "[0.1,0.3333333333333333]");
    there_and_back(Label::<10>::of::<7>(), "7");
    there_and_back([Some(Label::<10>::of::<7>()), None], "[7,null]");
    there_and_back(Pair(Vector([1.0_f32]), Label::<3>::of::<2>()), "[[1.0],2]");

    there_and_back(Labels::<5, 4>::new(&[Label::of::<3>(), Label::of::<1>()]).unwrap(), "[3,1]");
    let many = serde_json::from_str::<Labels<5, 1>>("[3,1]").unwrap_err().to_string();
    assert_eq!(many, "the target has 2 labels, but its type allows at most 1");

    let error = |found: Result<Sequence<3, 2>, serde_json::Error>| found.unwrap_err().to_string();
    let short = error(serde_json::from_str("[[1.0,2.0],[3.0],[5.0,6.0]]"));
    let said = "an array of a tensor of shape [3, 2] has 1 elements instead of 2";
    assert!(short.starts_with(said), "{short}");
    let long = error(serde_json::from_str("[[1,2],[3,4],[5,6],[7,8],[9,10]]"));
    assert!(long.starts_with("an array of a tensor of shape [3, 2] has 5 elements instead of 3"), "{long}");
    let flat = error(serde_json::from_str("[1,2,3,4,5,6]"));
    assert!(flat.contains("expected an array of the sides [2], of a tensor of shape [3, 2]"), "{flat}");
    let label = serde_json::from_str::<Label<10>>("12").unwrap_err().to_string();
    assert!(label.starts_with("label 12 is out of range: there are 10 classes, 0 to 9"), "{label}");
    assert!(serde_json::from_str::<Label<10>>("-1").is_err());
}

#[test]
fn a_label_is_a_constant() {
    const SEVEN: Label<10> = Label::of::<7>();
    const ALL: [Label<2>; 2] = [Label::of::<0>(), Label::of::<1>()];
    assert_eq!(Ok(SEVEN), Label::new(7));
    assert_eq!(ALL.to_vec(), Label::all().collect::<Vec<_>>());
}
