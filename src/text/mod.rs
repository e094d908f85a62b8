// Tier 6.
//! Text as tokens.
//!
//! | what | where |
//! |---|---|
//! | a token for each character | [`Characters`] |
//! | a token for each byte | [`Bytes`] |
//! | byte-pair encoding, and the other tokenizers of a `tokenizer.json` | `Bpe`, with the feature `bpe` |
//! | windows of a text that does not fit in memory, with the next tokens as targets | [`TextWindows`] |
//! | drawing the next token from the scores of a network | [`Sampler`] |
//! | text from a network, token by token | [`generate`], [`generate_windowed`], [`generate_by`] |
//!
//! A model that learns to count, and then continues without a text:
//!
//! ```
//! use chainrule::prelude::*;
//! use chainrule::text::{Characters, Sampler, TextWindows, TokenType, Tokenizer, generate, tokenize_file};
//!
//! type Net = (Embedding<11, 8>, Gru<8, 32>, PerStep<Linear<32, 11>>);
//!
//! # let folder = tempfile::tempdir()?;
//! let (text, tokens) = (folder.path().join("text.txt"), folder.path().join("text.tokens"));
//! std::fs::write(&text, "0123456789 ".repeat(200))?;
//! let characters = Characters::<11>::of_file(&text)?;
//! tokenize_file(&text, &characters, &tokens)?;
//! let windows = TextWindows::<22, 11>::open(&tokens, TokenType::of(11))?;
//! let (train, held_out) = windows.split(0.9)?;
//!
//! let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
//! # #[cfg(feature = "fit")] {
//! trainer.fit(&train, Fit::epochs(20).batch_size(8).validate(&held_out.to_dataset(100)?))?;
//!
//! let mut sampler = Sampler::new(1).temperature(0.0);
//! let tokens = generate(&trainer.network, &characters.encode(" 01")?, &mut sampler)?.take(8);
//! assert_eq!(characters.decode(&tokens.collect::<Result<Vec<_>, _>>()?)?, "23456789");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "bpe")]
mod bpe;
mod bytes;
mod characters;
mod generate;
mod pieces;
mod sampler;
mod token_file;
mod windows;

use crate::tensor::Token;

#[cfg(feature = "bpe")]
pub use bpe::Bpe;
pub use bytes::Bytes;
pub use characters::Characters;
pub use generate::{Generated, generate, generate_by, generate_windowed};
pub use sampler::Sampler;
pub use token_file::{TokenType, tokenize_file};
pub use windows::TextWindows;

pub use crate::data::TextError;

/// Divides text into tokens of a vocabulary of `VOCAB` tokens. The examples of [`Characters`] and [`Bytes`] call it.
#[doc(alias = "tokenize")]
#[doc(alias = "detokenize")]
pub trait Tokenizer<const VOCAB: usize> {
    /// Appends the tokens of a text.
    ///
    /// # Errors
    /// [`TextError`]. The tokens before the position of the error may have been appended.
    fn append(&self, text: &str, tokens: &mut Vec<Token<VOCAB>>) -> Result<(), TextError>;

    /// Returns the text of these tokens. Bytes that are not valid text, such as a part of a character, become
    /// `\u{FFFD}`.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] if the library of a tokenizer fails.
    fn decode(&self, tokens: &[Token<VOCAB>]) -> Result<String, TextError>;

    /// Returns the tokens of a text.
    ///
    /// # Errors
    /// [`TextError`].
    fn encode(&self, text: &str) -> Result<Vec<Token<VOCAB>>, TextError> {
        let mut tokens = Vec::new();
        self.append(text, &mut tokens)?;
        Ok(tokens)
    }
}
