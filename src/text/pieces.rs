//! Reads a text in pieces, so that the text may be larger than the memory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::TextError;
use crate::data::DataError;

/// The number of bytes of a piece, if a line ends in them.
const SIZE: usize = 1 << 20;
/// A piece ends within a line if no line ends in this many times `SIZE` bytes.
const MOST: usize = 16;

/// The pieces of a text.
pub(super) struct Pieces {
    path: PathBuf,
    file: File,
    /// The number of bytes of a piece.
    size: usize,
    bytes: Vec<u8>,
    /// The number of bytes of the last piece.
    used: usize,
    /// The number of bytes and lines before the next piece.
    byte: u64,
    line: u64,
    ended: bool,
}

/// A piece of a text.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// The number of bytes and lines before it.
    pub(super) byte: u64,
    pub(super) line: u64,
}

impl Pieces {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        Self::open_with(path, SIZE)
    }

    fn open_with(path: &Path, size: usize) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Io { path: path.into(), source })?;
        Ok(Self { path: path.into(), file, size, bytes: vec![], used: 0, byte: 0, line: 0, ended: false })
    }

    /// Returns the next piece, or `None` at the end. A piece ends before a line break, where most tokenizers divide a
    /// text too. It ends within a line only if there is no suitable line break.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, DataError> {
        let used = self.bytes.drain(..self.used);
        let (bytes, lines) =
            used.fold((0, 0), |(bytes, lines), b| (bytes + 1, lines + u64::from(b == b'\n')));
        (self.used, self.byte, self.line) = (0, self.byte + bytes, self.line + lines);
        let mut size = self.size;
        let end = loop {
            let missing = size.saturating_sub(self.bytes.len()) as u64;
            let read = (&mut self.file).take(missing).read_to_end(&mut self.bytes);
            let read = read.map_err(|source| DataError::Io { path: self.path.clone(), source })?;
            self.ended |= (read as u64) < missing;
            let text = self.text()?;
            if self.ended {
                break text.len();
            }
            match end_of_line(text) {
                Some(end) => break end,
                None if size >= MOST * self.size => break text.len(),
                None => size *= 2,
            }
        };
        self.used = end;
        let (byte, line) = (self.byte, self.line);
        let text = &self.text()?[..end];
        Ok(if text.is_empty() { None } else { Some(Piece { text, byte, line }) })
    }

    /// Returns the bytes that have been read as text, without an incomplete character at the end.
    fn text(&self) -> Result<&str, DataError> {
        let error = match std::str::from_utf8(&self.bytes) {
            Ok(text) => return Ok(text),
            Err(error) => error,
        };
        let valid = error.valid_up_to();
        match std::str::from_utf8(&self.bytes[..valid]) {
            Ok(text) if error.error_len().is_none() && !self.ended => Ok(text),
            _ => {
                let source = TextError::InvalidUtf8 { byte: valid as u64 }.after(self.byte, 0);
                Err(DataError::Text { path: self.path.clone(), source })
            }
        }
    }
}

/// Returns the end of the last line, before its line break, if there is no other white space next to this line break.
/// (GPT-2 makes a word of all white space before a word except the last character. GPT-4 combines white space with the
/// line breaks after it.)
fn end_of_line(text: &str) -> Option<usize> {
    text.rmatch_indices('\n').find_map(|(at, _)| {
        let line = text[..at].strip_suffix('\r').unwrap_or(&text[..at]);
        let next = text[at + 1..].chars().next();
        let whole = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        (whole(line.chars().next_back()) && whole(next)).then_some(line.len())
    })
}

/// Returns the pieces of a file, of about `size` bytes each.
#[cfg(test)]
pub(super) fn pieces_of(path: &Path, size: usize) -> Vec<String> {
    let mut pieces = Pieces::open_with(path, size).unwrap();
    let mut texts: Vec<String> = vec![];
    while let Some(piece) = pieces.next().unwrap() {
        assert_eq!(piece.byte, texts.iter().map(|text| text.len() as u64).sum::<u64>());
        assert_eq!(piece.line, texts.iter().map(|text| text.matches('\n').count() as u64).sum::<u64>());
        texts.push(piece.text.into());
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_before_a_line_break_without_white_space_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let of = |text: &str, size| {
            std::fs::write(&path, text).unwrap();
            let pieces = pieces_of(&path, size);
            assert_eq!(pieces.concat(), text);
            pieces
        };
        assert_eq!(of("ab\ncd\nef\n", 7), ["ab\ncd", "\nef\n"]);
        assert_eq!(of("ab\r\ncd\r\nef", 7), ["ab", "\r\ncd", "\r\nef"]);
        // No suitable line break in 4, 8 and 16 bytes.
        assert_eq!(of("ab\n\ncd \n e\n\nfg\nhi", 4), ["ab\n\ncd \n e\n\nfg", "\nhi"]);
        // Never within a character; after 16 times the size, anywhere else.
        assert_eq!(of(&"é".repeat(20), 1), ["é".repeat(8), "é".repeat(8), "é".repeat(4)]);
        assert_eq!(of("", 4), Vec::<String>::new());
    }
}
