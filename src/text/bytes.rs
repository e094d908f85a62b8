use super::{TextError, Tokenizer};
use crate::tensor::Token;

/// A token for each byte of a text. It works for every text in any language, and for every other file. The vocabulary
/// is 256.
///
/// ```
/// use chainrule::text::{Bytes, Tokenizer};
///
/// let tokens = Bytes.encode("né")?;
/// assert_eq!(tokens.iter().map(|token| token.index()).collect::<Vec<_>>(), [0x6e, 0xc3, 0xa9]);
/// assert_eq!(Bytes.decode(&tokens)?, "né");
/// assert_eq!(Bytes.decode(&tokens[..2])?, "n\u{FFFD}"); // half a character
/// # Ok::<(), chainrule::text::TextError>(())
/// ```
#[doc(alias = "byte-level tokenizer")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes;

impl Tokenizer<256> for Bytes {
    fn append(&self, text: &str, tokens: &mut Vec<Token<256>>) -> Result<(), TextError> {
        let all: Vec<Token<256>> = Token::all().collect();
        tokens.extend(text.bytes().map(|byte| all[usize::from(byte)]));
        Ok(())
    }

    fn decode(&self, tokens: &[Token<256>]) -> Result<String, TextError> {
        let bytes: Vec<u8> = tokens.iter().map(|token| token.index() as u8).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
