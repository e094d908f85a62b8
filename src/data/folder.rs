use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use chainrule_parameters::append_copies;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader};

use super::bad_cell::list;
use super::loading::{Loading, Meter, Unit, loading_methods};
use super::memory::check_memory;
use super::{DataError, Dataset};
use crate::kernel::Real;
use crate::tensor::{Image, Label, Tensor};

/// The default of [`ImageFolder::most_pixels`]: a picture with more pixels is an error.
const MOST_PIXELS: u64 = 64 << 20;

/// An image that a picture can be read into: with one channel (gray) or three (red, green, blue). [`ImageFolder`] reads
/// both.
#[diagnostic::on_unimplemented(
    message = "a picture cannot be read as `{Self}`",
    label = "expected an `Image<1, HEIGHT, WIDTH>` (gray) or an `Image<3, HEIGHT, WIDTH>` (red, green, blue)"
)]
pub trait FromPicture: Tensor {}

impl<const HEIGHT: usize, const WIDTH: usize, T: Real> FromPicture for Image<1, HEIGHT, WIDTH, T> {}
impl<const HEIGHT: usize, const WIDTH: usize, T: Real> FromPicture for Image<3, HEIGHT, WIDTH, T> {}

/// The method of resizing a picture, implemented by the crate `image`. The example of [`ImageFolder`] uses it.
#[doc(alias = "interpolation")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// The nearest pixel.
    Nearest,
    /// A triangle: bilinear interpolation over all pixels that a new pixel covers.
    Triangle,
    /// The Catmull-Rom cubic.
    CatmullRom,
    /// Lanczos' windowed sinc, over three pixels to each side.
    Lanczos3,
}

/// PNG and JPEG files in a folder for each class: `photos/cat/1.png`, `photos/dog/2.jpg`.
///
/// ```no_run
/// use chainrule::data::{Filter, ImageFolder};
/// use chainrule::prelude::*;
///
/// let (data, names) = ImageFolder::new("photos").resize(Filter::Triangle).read::<Image<3, 64, 64>, 2>()?;
/// assert_eq!(names, ["cat", "dog"]); // `Label` 0 and 1
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// **Order.** The classes are the folders in alphabetical order (of the bytes of their names). The samples are sorted
/// by class, then by the name of the file. Names that start with a dot, folders in the folder of a class, and files
/// that do not end in `.png`, `.jpg` or `.jpeg` are skipped.
///
/// **Pixels.** Values are scaled to 0..1: 8-bit values are divided by 255, 16-bit values by 65535. A gray picture
/// becomes three equal channels in an `Image<3, ..>`. A color picture in an `Image<1, ..>` becomes 0.299 red + 0.587
/// green + 0.114 blue (ITU-R BT.601, the same as PIL and PyTorch, but without rounding). Transparency and the EXIF
/// orientation are ignored.
///
/// **Size.** A picture must have the height and width of the image, unless all pictures are [resized](Self::resize),
/// which does not keep the aspect ratio.
///
/// **Memory.** The size in the header of a file is compared with [`most_pixels`](Self::most_pixels) before the file is
/// decoded. One picture is decoded at a time.
#[doc(alias = "torchvision")]
#[doc(alias = "image_dataset_from_directory")]
#[doc(alias = "png")]
#[doc(alias = "jpeg")]
pub struct ImageFolder<'a> {
    path: PathBuf,
    filter: Option<Filter>,
    most_pixels: u64,
    loading: Loading<'a>,
}

impl<'a> ImageFolder<'a> {
    /// Names the folder. [`read`](Self::read) opens it.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().into();
        Self { path, filter: None, most_pixels: MOST_PIXELS, loading: Loading::default() }
    }

    loading_methods!('a);

    /// Limits the bytes that the samples may take in memory. More than that are [`DataError::Memory`]. There is no
    /// limit by default.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.loading.memory = Some(bytes);
        self
    }

    /// Resizes each picture of another size with this filter, before its values are scaled.
    pub fn resize(self, filter: Filter) -> Self {
        Self { filter: Some(filter), ..self }
    }

    /// Sets the largest number of pixels of a picture before it is resized: about 67 million (64 Mi) by default.
    pub fn most_pixels(self, pixels: u64) -> Self {
        Self { most_pixels: pixels, ..self }
    }

    /// Reads all pictures. Returns them with the names of the classes.
    ///
    /// # Errors
    /// [`DataError::Classes`] if the number of folders is not `CLASSES`, [`DataError::NoPictures`] for a folder without
    /// pictures, [`DataError::Size`] for a picture of another size, [`DataError::Picture`] for a file that cannot be
    /// decoded or has too many pixels, [`DataError::Memory`], and [`DataError::Io`].
    #[allow(clippy::type_complexity)]
    pub fn read<X: FromPicture, const CLASSES: usize>(
        mut self,
    ) -> Result<(Dataset<X, Label<CLASSES>>, [String; CLASSES]), DataError> {
        let folders = entries(&self.path, Path::is_dir)?;
        let names: Vec<String> = folders.iter().map(|folder| name(folder)).collect();
        let names: [String; CLASSES] = names.try_into().map_err(|names: Vec<String>| DataError::Classes {
            path: self.path.clone(),
            expected: CLASSES,
            found: names.len(),
            names: list(&names),
        })?;
        let mut files = vec![];
        for (class, folder) in folders.iter().enumerate() {
            let (pictures, label) = (entries(folder, is_picture)?, Label::new(class)?);
            if pictures.is_empty() {
                return Err(DataError::NoPictures { path: folder.clone() });
            }
            files.extend(pictures.into_iter().map(|picture| (picture, label)));
        }
        check_memory(&self.path, files.len() as u128 * size_of::<X>() as u128, self.loading.memory, None)?;
        let mut meter = Meter::new(&mut self.loading, &self.path, Some(files.len() as u64), Unit::Files);
        let (mut images, mut labels) = (vec![], vec![]);
        let mut image = bytemuck::zeroed_box::<X>();
        for (file, label) in files {
            self.read_picture(&file, &mut *image)?;
            append_copies(&mut images, core::slice::from_ref(&*image));
            labels.push(label);
            meter.at(labels.len() as u64);
        }
        meter.end(labels.len() as u64);
        Ok((Dataset::new(images, labels)?, names))
    }

    /// Decodes a file into an image.
    fn read_picture<X: FromPicture>(&self, path: &Path, image: &mut X) -> Result<(), DataError> {
        let io = |source| DataError::Io { path: path.into(), source };
        let wrong = |problem: String| DataError::Picture { path: path.into(), problem };
        let reader = ImageReader::new(BufReader::new(File::open(path).map_err(io)?));
        let decoder = reader
            .with_guessed_format()
            .map_err(io)?
            .into_decoder()
            .map_err(|error| wrong(error.to_string()))?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > self.most_pixels {
            let most = self.most_pixels;
            return Err(wrong(format!("it has {height} x {width} pixels, but the limit is {most} in total")));
        }
        let expected = [X::SHAPE[1], X::SHAPE[2]];
        let found = [height as usize, width as usize];
        if found != expected && self.filter.is_none() {
            return Err(DataError::Size { path: path.into(), expected, found });
        }
        let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| wrong(error.to_string()))?;
        if let Some(filter) = self.filter.filter(|_| found != expected) {
            let [Ok(height), Ok(width)] = expected.map(u32::try_from) else {
                return Err(DataError::Size { path: path.into(), expected, found });
            };
            picture = picture.resize_exact(width, height, filter.into());
        }
        fill(picture, image);
        Ok(())
    }
}

/// Copies the pixels of a picture to an image of the same size.
fn fill<X: FromPicture>(picture: DynamicImage, image: &mut X) {
    let pixels = X::SHAPE[1] * X::SHAPE[2];
    let numbers = image.as_mut_slice();
    let number = |value: f32| X::Scalar::from_f64(value.into());
    if X::SHAPE[0] == 1 && !picture.color().has_color() {
        numbers.iter_mut().zip(picture.to_luma32f().as_raw()).for_each(|(x, &gray)| *x = number(gray));
        return;
    }
    for (at, color) in picture.to_rgb32f().pixels().enumerate() {
        let [red, green, blue] = color.0;
        if X::SHAPE[0] == 1 {
            numbers[at] = number(0.299 * red + 0.587 * green + 0.114 * blue);
        } else {
            [red, green, blue].iter().enumerate().for_each(|(c, &x)| numbers[c * pixels + at] = number(x));
        }
    }
}

impl From<Filter> for FilterType {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter::Nearest => Self::Nearest,
            Filter::Triangle => Self::Triangle,
            Filter::CatmullRom => Self::CatmullRom,
            Filter::Lanczos3 => Self::Lanczos3,
        }
    }
}

/// Returns the entries of a folder that are of this kind, in alphabetical order, without names that start with a dot.
fn entries(folder: &Path, kind: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, DataError> {
    let read = || {
        let mut paths = vec![];
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if !name(&path).starts_with('.') && kind(&path) {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    };
    read().map_err(|source| DataError::Io { path: folder.into(), source })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["png", "jpg", "jpeg"].contains(&&extension[..]) && path.is_file()
}
