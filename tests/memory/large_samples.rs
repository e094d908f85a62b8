//! Samples of 3 MB in a thread with a stack of 2 MB, in a debug build too: these functions have no sample on the stack.
//! (Copies of a data set, `Loader` and `Fit`, which clone samples, do.)

use std::io::Write;
use std::thread;

use chainrule::data::{Csv, Dataset, Standardize, idx, npy};
use chainrule::prelude::*;

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
fn samples_are_standardized() {
    on_a_small_stack(|| {
        let data = pictures(4);
        let (mut inputs, _) = data.into_parts();
        let scale = Standardize::fit(&inputs).unwrap();
        scale.apply(&mut inputs);
        scale.invert(&mut inputs);
        let channels = Standardize::fit_channels(&inputs).unwrap();
        approx::assert_relative_eq!(channels.mean()[2], 1.5, max_relative = 1e-6);
    });
}

#[test]
fn files_are_read() {
    on_a_small_stack(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);

        npy::write(path("pictures.npy"), pictures(3).inputs()).unwrap();
        let read = npy::read::<Picture>(path("pictures.npy")).unwrap();
        assert!(read == pictures(3).inputs());

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

        let row = |label: usize| format!("{label}{}\n", ",2".repeat(3 * 512 * 512));
        let table = row(0) + &row(1);
        let csv = || Csv::from_reader("table", table.as_bytes()).without_header();
        let read = csv().labels::<Picture, 2>(0).unwrap().read().unwrap();
        assert!(Picture::flat(read.inputs()).iter().all(|&x| x == 2.0));
        assert_eq!(read.targets()[1].index(), 1);
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
    });
}
