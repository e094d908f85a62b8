use chainrule::data::{DataError, ImageFolder};
use chainrule::prelude::*;

fn main() -> Result<(), DataError> {
    let folder = ImageFolder::new("fixtures/pictures").quiet();
    let (data, names) = folder.read::<Image<2, 6, 8>, 2>()?;
    println!("{} {names:?}", data.len());
    Ok(())
}
