/// An error in a text, its tokens, or a tokenizer: see [`text`](crate::text).
///
/// ```
/// use chainrule::text::{Characters, TextError};
///
/// let error = Characters::<2>::of("abc").unwrap_err();
/// assert!(matches!(error, TextError::TooManyCharacters { found: 3, vocab: 2, .. }));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A text has no characters, or a file has no tokens.
    #[error("the text is empty")]
    Empty,
    /// A text, or a part of one, is too short for a window.
    #[error(
        "there are {tokens} tokens, but a window and its targets need {needed}: use windows of fewer steps, a longer \
         text, or another share"
    )]
    TooShort {
        /// The number of tokens.
        tokens: u64,
        /// The number of tokens in a window, together with the token after it.
        needed: usize,
    },
    /// Some bytes are not valid UTF-8.
    #[error("byte {byte} is not valid UTF-8: convert the file, or use the tokenizer `Bytes`")]
    InvalidUtf8 {
        /// The first of these bytes, counted from 0.
        byte: u64,
    },
    /// A text has more different characters than the vocabulary has tokens.
    #[error(
        "there are {found} different characters, but the vocabulary has {vocab} tokens: write `Characters<{found}>`, \
         or leave some out; the characters are {}",
        list(characters)
    )]
    TooManyCharacters {
        /// The number of different characters, plus one if the vocabulary has a token for unknown characters.
        found: usize,
        /// The number of tokens of the type.
        vocab: usize,
        /// The characters, sorted.
        characters: String,
    },
    /// A character is not in the vocabulary.
    #[error(
        "line {line} has the character {character:?} (byte {byte}), which is not in the vocabulary: replace it, or \
         use `.with_unknown()`"
    )]
    UnknownCharacter {
        /// The character.
        character: char,
        /// The index of its first byte in the text, counted from 0.
        byte: u64,
        /// Its line, counted from 1.
        line: u64,
    },
    /// A token of a file is not in the vocabulary.
    #[error(
        "token {place} is {index}, but the vocabulary has {vocab} tokens, 0 to {}: the file was written with another \
         tokenizer, or has another token type",
        vocab.saturating_sub(1)
    )]
    PastVocabulary {
        /// The position of the token in the file, counted from 0.
        place: u64,
        /// Its index.
        index: u32,
        /// The number of tokens of the type.
        vocab: usize,
    },
    /// A tokenizer has more tokens than the type.
    #[error(
        "the tokenizer has {found} tokens, but the type only {vocab}: write at least {found} in the type"
    )]
    Vocabulary {
        /// The number of tokens of the tokenizer.
        found: usize,
        /// The number of tokens of the type.
        vocab: usize,
    },
    /// The size of a file of tokens is not a multiple of the size of a token.
    #[error(
        "the file has {bytes} bytes, which is not a multiple of {size}, the size of a token: it has another token \
         type"
    )]
    PartOfToken {
        /// The number of bytes of the file.
        bytes: u64,
        /// The number of bytes of a token.
        size: usize,
    },
    /// The file has changed since it was opened.
    #[error("the file has changed since it was opened (it had {before} bytes, and has {now}): open it again")]
    Changed {
        /// The number of bytes that it had.
        before: u64,
        /// The number of bytes that it has now.
        now: u64,
    },
    /// An error of the tokenizer's library.
    #[error("the tokenizer: {problem}")]
    Tokenizer {
        /// Its message.
        problem: String,
    },
}

impl TextError {
    /// Returns the same error for a text that starts after this number of bytes and lines of another text.
    pub(crate) fn after(mut self, bytes: u64, lines: u64) -> Self {
        match &mut self {
            Self::UnknownCharacter { byte, line, .. } => (*byte, *line) = (*byte + bytes, *line + lines),
            Self::InvalidUtf8 { byte } => *byte += bytes,
            _ => {}
        }
        self
    }
}

/// Returns characters as text, each as a Rust literal. If there are many, returns the first ones.
fn list(characters: &str) -> String {
    const MOST: usize = 128;
    let mut list: String = characters.chars().take(MOST).map(|c| c.escape_debug().to_string()).collect();
    let more = characters.chars().count().saturating_sub(MOST);
    if more > 0 {
        list += &format!(" and {more} others");
    }
    format!("`{list}`")
}
