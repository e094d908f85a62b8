/// What is wrong with a text, its tokens, or a tokenizer: see [`text`](crate::text).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A text without a character, or a file without a token.
    #[error("the text is empty")]
    Empty,
    /// A text, or a part of one, that is too short for a window.
    #[error(
        "there are {tokens} tokens, and a window and its targets take {needed}: take windows of fewer steps, a longer text, \
         or another share"
    )]
    TooShort {
        /// How many tokens there are.
        tokens: u64,
        /// How many a window takes, with the token after it.
        needed: usize,
    },
    /// Bytes that are no text.
    #[error("byte {byte} is not valid UTF-8: convert the file, or use the tokenizer `Bytes`")]
    InvalidUtf8 {
        /// The first of these bytes, counted from 0.
        byte: u64,
    },
    /// A text with more characters than the vocabulary has tokens.
    #[error(
        "there are {found} different characters, and the vocabulary has {vocab} tokens: write `Characters<{found}>`, or \
         leave some out; the characters are {}",
        list(characters)
    )]
    TooManyCharacters {
        /// How many characters there are; one more if a token stands for those that are not known.
        found: usize,
        /// How many tokens the type has.
        vocab: usize,
        /// The characters, sorted.
        characters: String,
    },
    /// A character that is not in the vocabulary.
    #[error(
        "line {line} has the character {character:?} (byte {byte}), which is not in the vocabulary: replace it, or use \
         `.with_unknown()`"
    )]
    UnknownCharacter {
        /// The character.
        character: char,
        /// Its first byte in the text, counted from 0.
        byte: u64,
        /// Its line, counted from 1.
        line: u64,
    },
    /// A file of tokens has one past the vocabulary.
    #[error(
        "token {place} is {index}, and the vocabulary has {vocab} tokens, 0 to {}: the file was made by another \
         tokenizer, or has another type of tokens",
        vocab.saturating_sub(1)
    )]
    PastVocabulary {
        /// Which token of the file, counted from 0.
        place: u64,
        /// Its index.
        index: u32,
        /// How many tokens the type has.
        vocab: usize,
    },
    /// A tokenizer with more tokens than the type has.
    #[error("the tokenizer has {found} tokens, and the type {vocab}: write at least {found} in the type")]
    Vocabulary {
        /// How many tokens the tokenizer has.
        found: usize,
        /// How many the type has.
        vocab: usize,
    },
    /// The size of a file of tokens is not a multiple of the size of a token.
    #[error(
        "the file has {bytes} bytes, which is no whole number of tokens of {size} bytes: it is of another type"
    )]
    PartOfToken {
        /// The bytes of the file.
        bytes: u64,
        /// The bytes of a token.
        size: usize,
    },
    /// The file is not the same as when it was opened.
    #[error("the file has changed since it was opened (it had {before} bytes, and has {now}): open it again")]
    Changed {
        /// How many bytes it had.
        before: u64,
        /// How many it has now.
        now: u64,
    },
    /// What the library of a tokenizer says.
    #[error("the tokenizer: {problem}")]
    Tokenizer {
        /// Its message.
        problem: String,
    },
}

impl TextError {
    /// Returns the same error for a text that begins after so many bytes and lines of another.
    pub(crate) fn after(mut self, bytes: u64, lines: u64) -> Self {
        match &mut self {
            Self::UnknownCharacter { byte, line, .. } => (*byte, *line) = (*byte + bytes, *line + lines),
            Self::InvalidUtf8 { byte } => *byte += bytes,
            _ => {}
        }
        self
    }
}

/// Returns characters as text, each as in a Rust program; the first ones, if there are many.
fn list(characters: &str) -> String {
    const MOST: usize = 128;
    let mut list: String = characters.chars().take(MOST).map(|c| c.escape_debug().to_string()).collect();
    let more = characters.chars().count().saturating_sub(MOST);
    if more > 0 {
        list += &format!(" and {more} others");
    }
    format!("`{list}`")
}
