use std::io::{self, Write};
use std::path::Path;

use super::pieces::Pieces;
use super::{TextError, Tokenizer};
use crate::atomic_file;
use crate::data::DataError;
use crate::tensor::Token;

/// The type of the tokens in a file: unsigned integers in little-endian order, one after the other, without a header.
/// NumPy reads such a file with `numpy.fromfile(path, "<u2")`, and writes it with `array.tofile(path)`.
///
/// The example of [`TextWindows`](super::TextWindows) uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// A byte. With a vocabulary of 256 ([`Bytes`](super::Bytes)), this is any file.
    U8,
    /// Two bytes.
    U16,
    /// Four bytes.
    U32,
}

impl TokenType {
    /// Returns the smallest type for the tokens of a vocabulary of this size. It is the type of the files of
    /// [`tokenize_file`].
    pub const fn of(vocab: usize) -> Self {
        match vocab {
            0..=0x100 => Self::U8,
            0x101..=0x1_0000 => Self::U16,
            _ => Self::U32,
        }
    }

    /// Returns the number of bytes of a token.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
        }
    }

    /// Returns the index of the token with these bytes.
    #[inline]
    pub(super) fn index(bytes: &[u8]) -> u32 {
        bytes.iter().rev().fold(0, |index, &byte| index << 8 | u32::from(byte))
    }
}

/// Writes the tokens of a text as a file, for [`TextWindows`](super::TextWindows). Returns the number of tokens. The
/// text and the tokens may be larger than the memory. The example of [`TextWindows`](super::TextWindows) calls it.
///
/// The text is divided into pieces of about a megabyte, which are tokenized one by one. A piece ends before a line
/// break that has no other white space next to it (or anywhere, if there is none in 16 MiB). So the result is the same
/// as for the whole text with [`Bytes`](super::Bytes), [`Characters`](super::Characters), and tokenizers that always
/// divide a text there, such as GPT-2's.
///
/// The file is written completely or not at all. It has the type [`TokenType::of`]`(VOCAB)`.
///
/// # Errors
/// [`DataError::Io`]. [`DataError::Text`] with the path of the text if the text is empty, is not valid UTF-8, or has a
/// character that is not in the vocabulary.
pub fn tokenize_file<const VOCAB: usize>(
    text: impl AsRef<Path>,
    tokenizer: &impl Tokenizer<VOCAB>,
    to: impl AsRef<Path>,
) -> Result<u64, DataError> {
    let (mut tokens, mut bytes) = (Vec::new(), Vec::new());
    write(text.as_ref(), to.as_ref(), |text| {
        tokens.clear();
        tokenizer.append(text, &mut tokens)?;
        bytes.clear();
        let size = const { TokenType::of(VOCAB).size() };
        let index = |token: &Token<VOCAB>| (token.index() as u32).to_le_bytes();
        tokens.iter().for_each(|token| bytes.extend_from_slice(&index(token)[..size]));
        Ok((std::mem::take(&mut bytes), tokens.len() as u64))
    })
}

/// Writes the tokens that `tokenize` returns for each piece of a text. Returns the number of tokens.
fn write(
    text: &Path,
    to: &Path,
    mut tokenize: impl FnMut(&str) -> Result<(Vec<u8>, u64), TextError>,
) -> Result<u64, DataError> {
    let io = |path: &Path, source| DataError::Io { path: path.into(), source };
    let mut pieces = Pieces::open(text)?;
    if let (Ok(text), Ok(to)) = (text.canonicalize(), to.canonicalize())
        && text == to
    {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the tokens would replace the text");
        return Err(io(&to, source));
    }
    let (mut count, mut failed) = (0, None);
    let written = atomic_file::write_by(to, |file| {
        let mut all = || -> Result<u64, DataError> {
            while let Some(piece) = pieces.next()? {
                let wrong = |source: TextError| source.after(piece.byte, piece.line);
                let (bytes, tokens) = tokenize(piece.text)
                    .map_err(|source| DataError::Text { path: text.into(), source: wrong(source) })?;
                file.write_all(&bytes).map_err(|source| io(to, source))?;
                count += tokens;
            }
            match count {
                0 => Err(DataError::Text { path: text.into(), source: TextError::Empty }),
                count => Ok(count),
            }
        };
        all().map(|_| ()).map_err(|error| {
            failed = Some(error);
            io::Error::other("not tokenized")
        })
    });
    match (failed, written) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(io(to, error.into())),
        (None, Ok(())) => Ok(count),
    }
}
