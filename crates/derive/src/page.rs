//! `page!`: a page of the book as the documentation of a module, with its pictures inside.

use std::fs::{read, read_to_string};
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr, Result};

/// Returns the text of the page `file`, a path below the folder of the crate. A picture that the page shows becomes a
/// part of the text, because rustdoc copies no files: `![..](pictures/x.svg)` becomes
/// `![..](data:image/svg+xml;base64,..)`.
pub(crate) fn expand(file: &LitStr) -> Result<TokenStream> {
    let error = |path: &Path, error| Error::new(file.span(), format!("{}: {error}", path.display()));
    let crate_folder = std::env::var("CARGO_MANIFEST_DIR").map_err(|error| Error::new(file.span(), error))?;
    let path = Path::new(&crate_folder).join(file.value());
    let page = read_to_string(&path).map_err(|e| error(&path, e))?;

    let mut pieces = page.split("](pictures/");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(')').unwrap_or((piece, ""));
        let picture = path.with_file_name("pictures").join(name);
        let bytes = read(&picture).map_err(|e| error(&picture, e))?;
        let kind = if name.ends_with(".svg") { "svg+xml" } else { "png" };
        text += &format!("](data:image/{kind};base64,{}){rest}", base64(&bytes));
    }
    Ok(quote!(#text))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunks = bytes.chunks(3).map(|chunk| {
        let bits =
            chunk.iter().enumerate().fold(0, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        let digit = |at: usize| {
            if at <= chunk.len() { DIGITS[(bits >> (18 - 6 * at)) as usize & 63] as char } else { '=' }
        };
        [digit(0), digit(1), digit(2), digit(3)].iter().collect::<String>()
    });
    chunks.collect()
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn bytes_in_base64() {
        let vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(vectors, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }
}
