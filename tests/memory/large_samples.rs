//! Samples of 3 MB in a thread with a stack of 2 MB, in a debug build too: no function that takes or gives samples in
//! number has one on the stack. (`Dataset::from_pairs`, `map_inputs` and `map_targets`, and iterators over single
//! pairs, take or return samples by value; their documentation names what does the same in place.)

use std::io::Write;
use std::path::Path;
use std::thread;

use chainrule::data::npz::Npz;
use chainrule::data::{
    Csv, Dataset, Filter, ImageFolder, Loader, Missing, Sampling, Standardize, idx, npy, stream,
};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// 3.1 MB.
type Picture = Image<3, 512, 512>;
/// 3.2 MB in memory, 0.8 MB in a file.
type Scan = Image<1, 900, 900>;
type Data = Dataset<Picture, Label<2>>;

fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(2 << 20).spawn(f).unwrap().join().unwrap();
}

/// Pictures whose numbers are all their index, and labels that alternate.
fn pictures(count: usize) -> Data {
    let mut pictures: Vec<Picture> = bytemuck::zeroed_vec(count);
    for (at, picture) in pictures.iter_mut().enumerate() {
        picture.as_mut_slice().fill(at as f32);
    }
    let labels = (0..count).map(|at| Label::new(at % 2).unwrap()).collect();
    Dataset::new(pictures, labels).unwrap()
}

/// The index of each picture, which is checked to be whole and to have its label.
fn indices(data: &Data) -> Vec<usize> {
    data.iter()
        .map(|(picture, label)| {
            let index = picture.as_slice()[0];
            assert!(picture.as_slice().iter().all(|&x| x == index));
            assert_eq!(label.index(), index as usize % 2);
            index as usize
        })
        .collect()
}

#[test]
fn data_sets_are_divided_shuffled_and_joined() {
    on_a_small_stack(|| {
        let (data, mut shuffled) = (pictures(8), pictures(8));
        shuffled.shuffle(&mut rng(1));
        let mut sorted = indices(&shuffled);
        assert_ne!(sorted, indices(&data));
        sorted.sort();
        assert_eq!(sorted, indices(&data));
        let (some, rest) = pictures(8).split(0.75, &mut rng(1)).unwrap();
        assert_eq!((some.len(), rest.len()), (6, 2));
        let (some, rest) = shuffled.split_stratified(0.5, &mut rng(1)).unwrap();
        for half in [&some, &rest] {
            assert_eq!(indices(half).iter().filter(|&&index| index % 2 == 1).count(), 2);
        }
        let mut all = indices(&some.concat(rest));
        all.sort();
        assert_eq!(all, indices(&data));
        let (inputs, _) = data.batches(3).unwrap().last().unwrap();
        assert_eq!(inputs[1].as_slice()[0], 7.0);
        let (inputs, targets) = data.into_parts();
        assert_eq!((inputs.len(), targets.len()), (8, 8));
    });
}

#[test]
fn data_sets_are_copied_made_and_converted() {
    on_a_small_stack(|| {
        let data = pictures(4);
        assert!(data.clone() == data);
        assert_eq!(indices(&data.subset(&[3, 0, 3]).unwrap()), [3, 0, 3]);
        for (train, validation) in data.k_folds(2, &mut rng(1)).unwrap() {
            assert_eq!((indices(&train).len(), indices(&validation).len()), (2, 2));
        }
        for (_, validation) in data.k_folds_stratified(2, &mut rng(1)).unwrap() {
            assert_eq!(validation.targets()[0].index() + validation.targets()[1].index(), 1);
        }
        let made = Dataset::from_fn(3, |at, picture: &mut Picture| {
            picture.as_mut_slice().fill(at as f32);
            Label::<2>::new(at % 2).unwrap()
        });
        assert_eq!(indices(&made.unwrap()), [0, 1, 2]);
        let doubled = data.convert_inputs(|x, z: &mut Picture| {
            z.as_mut_slice().iter_mut().zip(x.as_slice()).for_each(|(z, x)| *z = 2.0 * x);
        });
        assert_eq!(doubled.inputs()[3].as_slice()[7], 6.0);
        let twice =
            doubled.convert_targets(|label, z: &mut Picture| z.as_mut_slice().fill(label.index() as f32));
        assert!(twice.targets()[1].as_slice().iter().all(|&x| x == 1.0));
        assert_eq!(twice.iter().len(), 4);
    });
}

#[test]
fn batches_are_loaded_and_augmented() {
    on_a_small_stack(|| {
        let data = pictures(5);
        let mut rng = rng(1);
        let mut loader = Loader::new(&data, 2).unwrap().augment(|picture, rng| {
            picture.as_mut_slice()[0] += f32::from(rng.random_bool(1.0));
        });
        let mut seen = vec![];
        while let Some((inputs, _)) = loader.next(&mut rng).unwrap() {
            seen.extend(inputs.iter().map(|picture| picture.as_slice()[0] as usize));
        }
        seen.sort();
        assert_eq!(seen, [1, 2, 3, 4, 5]);
        let balanced = Sampling::balanced(data.targets());
        let mut loader = Loader::new(&data, 2).unwrap().drop_last().unwrap().sample(balanced).unwrap();
        assert_eq!(loader.next(&mut rng).unwrap().unwrap().0.len(), 2);
    });
}

#[test]
fn samples_are_standardized() {
    on_a_small_stack(|| {
        let data = pictures(4);
        let (mut inputs, _) = data.into_parts();
        let scale = Standardize::fit(&inputs).unwrap();
        scale.apply(&mut inputs);
        scale.invert(&mut inputs);
        let range = Standardize::fit_min_max(&inputs, 0.0, 1.0).unwrap();
        approx::assert_relative_eq!(range.deviation()[2], 3.0, max_relative = 1e-6);
        let channels = Standardize::fit_channels(&inputs).unwrap();
        approx::assert_relative_eq!(channels.mean()[2], 1.5, max_relative = 1e-6);
        type Signal = Sequence<8, 100_000>;
        let signals: Vec<Signal> = bytemuck::zeroed_vec(2);
        assert_eq!(Standardize::fit_features(&signals).unwrap().mean(), [0.0; 100_000]);
    });
}

#[test]
fn arrays_of_numpy_are_read_and_written() {
    on_a_small_stack(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pictures.npy");
        npy::write(&path, pictures(3).inputs()).unwrap();
        let read = npy::read::<Picture>(&path).unwrap();
        assert!(read == pictures(3).inputs());
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/npy/pictures.npz");
        let read: Vec<Picture> = Npz::open(archive).unwrap().read("x").unwrap();
        assert!(read.len() == 2 && Picture::flat(&read).iter().all(|&x| x == 7.0));
    });
}

#[test]
fn files_of_pixels_are_read_and_streamed() {
    on_a_small_stack(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut file = std::fs::File::create(path("scans")).unwrap();
        for number in [0x0803_u32, 3, 900, 900] {
            file.write_all(&number.to_be_bytes()).unwrap();
        }
        file.write_all(&vec![51; 3 * 900 * 900]).unwrap();
        std::fs::write(path("labels"), [0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 0]).unwrap();
        let (scans, labels) = idx::pair::<900, 900, 2>(path("scans"), path("labels")).unwrap();
        let expected = 51.0 / 255.0;
        assert!(Scan::flat(&scans).iter().all(|&x| x == expected));
        assert_eq!((scans.len(), labels.len()), (3, 3));
        assert_eq!(idx::images::<900, 900>(path("scans")).unwrap().len(), 3);
        assert_eq!(idx::read::<Scan>(path("scans")).unwrap()[2].as_slice()[7], 51.0);

        let streamed = idx::stream::<900, 900, 2>(path("scans"), path("labels")).unwrap();
        let mut batches = stream::batches(stream::shuffle(streamed, 2, rng(1)).unwrap(), 2).unwrap();
        let mut count = 0;
        while let Some((scans, labels)) = batches.next().unwrap() {
            assert!(scans.len() == labels.len() && Scan::flat(scans).iter().all(|&x| x == expected));
            count += scans.len();
        }
        assert_eq!(count, 3);
    });
}

#[test]
fn pictures_are_read() {
    on_a_small_stack(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pictures");
        let (data, _) = ImageFolder::new(folder).resize(Filter::Nearest).read::<Picture, 2>().unwrap();
        assert_eq!(data.len(), 7);
        // The last pixel of the first picture, by the formula in pictures.py.
        assert_eq!(data.inputs()[0][(0, 511, 511)], 210.0 / 255.0);
    });
}

#[test]
fn tables_are_read_and_streamed() {
    on_a_small_stack(|| {
        let row = |label: usize| format!("{label}{}\n", ",2".repeat(3 * 512 * 512));
        let table = row(0) + &row(1);
        let csv = || Csv::from_reader("table", table.as_bytes()).without_header();
        let read = csv().missing(Missing::Mean).labels::<Picture, 2>(0).unwrap().read().unwrap();
        assert!(Picture::flat(read.inputs()).iter().all(|&x| x == 2.0));
        assert_eq!(read.targets()[1].index(), 1);
        let (read, names) = csv().text_labels::<Picture, 2>(0).unwrap();
        assert_eq!((read.len(), names), (2, ["0".into(), "1".into()]));
        let records = csv().classes::<Picture, 2>(0, ["0", "1"]).unwrap();
        let mut batches = stream::batches(stream::shuffle(records, 5, rng(1)).unwrap(), 5).unwrap();
        assert_eq!(batches.next().unwrap().unwrap().0.len(), 2);
        let read =
            csv().inputs([0]).numbers::<Vector<1>, Picture>(1..=3 * 512 * 512).unwrap().read().unwrap();
        assert!(Picture::flat(read.targets()).iter().all(|&x| x == 2.0));
        assert_eq!(read.inputs()[1], Vector([1.0]));
    });
}

#[test]
fn networks_are_trained_and_evaluated() {
    on_a_small_stack(|| {
        type Net = (AvgPool2d<64>, Dense<Image<3, 8, 8>, Vector<2>>);
        let data = pictures(4);
        let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 1);
        let outputs = trainer.network.predict_batch(data.inputs()).unwrap();
        assert_eq!(outputs.len(), 4);
        assert!(
            trainer
                .network
                .loss(&CrossEntropy::default(), data.inputs(), data.targets())
                .unwrap()
                .is_finite()
        );
        trainer.step(data.inputs(), data.targets()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = Fit::epochs(2)
            .quiet()
            .batch_size(2)
            .augment(|picture: &mut Picture, _| picture.as_mut_slice()[0] = 0.5)
            .validate(&data)
            .metric("accuracy", chainrule::metrics::accuracy)
            .average(0.9)
            .checkpoint(folder.path().join("run"));
        assert_eq!(trainer.fit(&data, options).unwrap().rows().len(), 2);
        assert!(trainer.evaluate(&data).unwrap().is_finite());
    });
}

#[test]
fn networks_whose_outputs_are_as_large_are_trained() {
    on_a_small_stack(|| {
        type Net = Conv2d<3, 3, 1>;
        let data = pictures(2).convert_targets(|_, target: &mut Picture| target.as_mut_slice().fill(1.0));
        let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(0.01), 1);
        let shown = |outputs: &[Picture], targets: &[Picture]| {
            Ok(f64::from(outputs[0].as_slice()[0] - targets[0].as_slice()[0]).abs())
        };
        let options = Fit::epochs(1).quiet().batch_size(1).validate(&data).metric("off", shown);
        assert_eq!(trainer.fit(&data, options).unwrap().rows().len(), 1);
    });
}
