use std::collections::BTreeSet;
use std::path::Path;

use super::pieces::Pieces;
use super::{TextError, Tokenizer};
use crate::data::DataError;
use crate::tensor::Token;

/// A token for each character of a text. The at most `VOCAB` characters are sorted, so that their tokens depend only on
/// the set of characters.
///
/// ```
/// use chainrule::text::{Characters, TextError, Tokenizer};
///
/// let tokenizer = Characters::<4>::of("banana n")?; // " ", "a", "b" and "n"
/// let tokens = tokenizer.encode("ban")?;
/// assert_eq!(tokens.iter().map(|token| token.index()).collect::<Vec<_>>(), [2, 1, 3]);
/// assert_eq!(tokenizer.decode(&tokens)?, "ban");
///
/// let error = tokenizer.encode("bad").unwrap_err();
/// assert_eq!(error, TextError::UnknownCharacter { character: 'd', byte: 2, line: 1 });
/// assert!(Characters::<3>::of("banana n").is_err()); // there are 4
/// # Ok::<(), TextError>(())
/// ```
///
/// `VOCAB` may be larger than the number of characters. Then some tokens have no character.
///
/// With the feature `serde`, it is saved as a string of its characters, and whether there is a token for all other
/// characters:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// # use chainrule::text::Characters;
/// let tokenizer = Characters::<4>::of("cab")?.with_unknown()?;
/// let file = serde_json::to_string(&tokenizer)?;
/// assert_eq!(file, r#"{"characters":"abc","unknown":true}"#);
/// assert_eq!(serde_json::from_str::<Characters<4>>(&file)?, tokenizer);
/// assert!(serde_json::from_str::<Characters<3>>(&file).is_err()); // too many characters
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "character-level tokenizer")]
#[doc(alias = "vocabulary")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "Saved", try_from = "Saved"))]
pub struct Characters<const VOCAB: usize> {
    /// The characters, sorted.
    characters: Vec<char>,
    unknown: bool,
}

impl<const VOCAB: usize> Characters<VOCAB> {
    /// Creates a tokenizer of the characters of this text.
    ///
    /// # Errors
    /// [`TextError::Empty`]; [`TextError::TooManyCharacters`] if there are more than `VOCAB`.
    pub fn of(text: &str) -> Result<Self, TextError> {
        Self::new(text.chars().collect(), false)
    }

    /// Creates a tokenizer of the characters of a file, which may be larger than the memory.
    ///
    /// # Errors
    /// The same as [`of`](Self::of). Also [`DataError::Io`], and [`TextError::InvalidUtf8`] with its position.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let (path, mut characters) = (path.as_ref(), BTreeSet::new());
        let mut pieces = Pieces::open(path)?;
        while let Some(piece) = pieces.next()? {
            characters.extend(piece.text.chars());
        }
        Self::new(characters, false).map_err(|source| DataError::Text { path: path.into(), source })
    }

    fn new(characters: BTreeSet<char>, unknown: bool) -> Result<Self, TextError> {
        let found = characters.len() + usize::from(unknown);
        if characters.is_empty() {
            return Err(TextError::Empty);
        }
        if found > VOCAB {
            let characters = characters.into_iter().collect();
            return Err(TextError::TooManyCharacters { found, vocab: VOCAB, characters });
        }
        Ok(Self { characters: characters.into_iter().collect(), unknown })
    }

    /// Uses the token after the last character's for all characters that are not in the vocabulary.
    #[doc(alias = "UNK")]
    #[doc(alias = "unk_token")]
    ///
    /// # Errors
    /// [`TextError::TooManyCharacters`] if `VOCAB` has no token left.
    pub fn with_unknown(self) -> Result<Self, TextError> {
        Self::new(self.characters.into_iter().collect(), true)
    }

    /// Returns the token of a character. If the character is not in the vocabulary, returns the token of unknown
    /// characters, or `None` if there is no such token.
    pub fn token(&self, character: char) -> Option<Token<VOCAB>> {
        let index = self.characters.binary_search(&character).ok();
        index.or(self.unknown.then_some(self.characters.len())).and_then(|index| Token::new(index).ok())
    }

    /// Returns the character of a token, if it has one.
    pub fn character(&self, token: Token<VOCAB>) -> Option<char> {
        self.characters.get(token.index()).copied()
    }

    /// Returns the characters of the vocabulary, sorted: the first one has token 0.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }
}

impl<const VOCAB: usize> Tokenizer<VOCAB> for Characters<VOCAB> {
    fn append(&self, text: &str, tokens: &mut Vec<Token<VOCAB>>) -> Result<(), TextError> {
        for (byte, character) in text.char_indices() {
            let line = || text[..byte].matches('\n').count() as u64 + 1;
            let unknown = || TextError::UnknownCharacter { character, byte: byte as u64, line: line() };
            tokens.push(self.token(character).ok_or_else(unknown)?);
        }
        Ok(())
    }

    fn decode(&self, tokens: &[Token<VOCAB>]) -> Result<String, TextError> {
        let character = |&token| self.character(token).unwrap_or(char::REPLACEMENT_CHARACTER);
        Ok(tokens.iter().map(character).collect())
    }
}

/// The contents of a file.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Saved {
    characters: String,
    unknown: bool,
}

#[cfg(feature = "serde")]
impl<const VOCAB: usize> From<Characters<VOCAB>> for Saved {
    fn from(Characters { characters, unknown }: Characters<VOCAB>) -> Self {
        Self { characters: characters.into_iter().collect(), unknown }
    }
}

#[cfg(feature = "serde")]
impl<const VOCAB: usize> TryFrom<Saved> for Characters<VOCAB> {
    type Error = TextError;

    fn try_from(saved: Saved) -> Result<Self, TextError> {
        Self::new(saved.characters.chars().collect(), saved.unknown)
    }
}
