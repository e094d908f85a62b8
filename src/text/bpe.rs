use std::path::Path;

use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};

use super::pieces::Pieces;
use super::{TextError, Tokenizer};
use crate::atomic_file;
use crate::data::DataError;
use crate::tensor::Token;

/// Byte-pair encoding, by Hugging Face's crate `tokenizers`. It is trained on a text, or read from a `tokenizer.json`
/// or from the two files of GPT-2. It needs the feature `bpe`.
///
/// A `tokenizer.json` may also contain another kind of tokenizer (WordPiece, Unigram, other rules for words). The
/// tokens that it adds at the ends of a text are left out, and so are its padding and truncation.
///
/// # Source
/// Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016. On bytes: Radford
/// and others, "Language models are unsupervised multitask learners" (2019), section 2.2.
///
/// # Examples
/// ```
/// use chainrule::text::{Bpe, Tokenizer};
///
/// let bpe = Bpe::<260>::train("low lower lowest low slow low")?; // 256 bytes, and four merges
/// let tokens = bpe.encode("low löw")?;
/// assert_eq!(tokens.len(), 1 + 1 + 1 + 2 + 1); // "low", " ", "l", the bytes of "ö", "w"
/// assert_eq!(bpe.decode(&tokens)?, "low löw");
/// # Ok::<(), chainrule::text::TextError>(())
/// ```
#[doc(alias = "byte-pair encoding")]
#[doc(alias = "tiktoken")]
#[doc(alias = "GPT-2")]
#[doc(alias = "WordPiece")]
#[doc(alias = "SentencePiece")]
#[derive(Clone)]
pub struct Bpe<const VOCAB: usize> {
    tokenizer: tokenizers::Tokenizer,
}

impl<const VOCAB: usize> Bpe<VOCAB> {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`DataError::Io`]. [`DataError::Text`] if the file is not a `tokenizer.json`, or has more tokens than `VOCAB`.
    /// It may have fewer.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| DataError::Io { path: path.into(), source })?;
        let read = tokenizers::Tokenizer::from_bytes(bytes).map_err(problem).and_then(Self::new);
        read.map_err(|source| DataError::Text { path: path.into(), source })
    }

    /// Reads the two files of GPT-2: `vocab.json` and `merges.txt`. `VOCAB` is 50257 for the original files.
    ///
    /// # Errors
    /// The same as [`from_file`](Self::from_file).
    pub fn from_gpt2(vocab: impl AsRef<Path>, merges: impl AsRef<Path>) -> Result<Self, DataError> {
        let [vocab, merges] = [vocab.as_ref(), merges.as_ref()];
        for path in [vocab, merges] {
            std::fs::File::open(path).map_err(|source| DataError::Io { path: path.into(), source })?;
        }
        let read = match (vocab.to_str(), merges.to_str()) {
            (Some(vocab), Some(merges)) => BPE::from_file(vocab, merges).build().map_err(problem),
            _ => Err(TextError::Tokenizer { problem: "the path is not valid UTF-8".into() }),
        };
        let read = read.and_then(|model| Self::new(of_bytes(model)));
        read.map_err(|source| DataError::Text { path: vocab.into(), source })
    }

    /// Trains a tokenizer of at most `VOCAB` tokens on a text: the 256 bytes, and then the most frequent pairs within
    /// words. The text is divided into words by GPT-2's rules. A pair that occurs only once gets no token.
    ///
    /// # Errors
    /// [`TextError::Empty`]; [`TextError::Vocabulary`] if `VOCAB` is below 256.
    pub fn train(text: &str) -> Result<Self, TextError> {
        Self::train_on(text.split_inclusive('\n'))
    }

    /// Does the same as [`train`](Self::train) with a file, which may be larger than the memory.
    ///
    /// # Errors
    /// The same as [`train`](Self::train). Also [`DataError::Io`], and [`TextError::InvalidUtf8`] with its position.
    pub fn train_file(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let (mut pieces, mut failed) = (Pieces::open(path)?, None);
        let texts = std::iter::from_fn(|| match pieces.next() {
            Ok(piece) => Some(piece?.text.to_owned()),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let trained = Self::train_on(texts);
        match failed {
            Some(error) => Err(error),
            None => trained.map_err(|source| DataError::Text { path: path.into(), source }),
        }
    }

    fn train_on(texts: impl Iterator<Item = impl AsRef<str> + Send> + Send) -> Result<Self, TextError> {
        let alphabet = ByteLevel::alphabet();
        if VOCAB < alphabet.len() {
            return Err(TextError::Vocabulary { found: alphabet.len(), vocab: VOCAB });
        }
        let trainer =
            BpeTrainer::builder().vocab_size(VOCAB).initial_alphabet(alphabet.into_iter().collect());
        let trainer = trainer.show_progress(false).min_frequency(2).build();
        let mut trainer = TrainerWrapper::BpeTrainer(trainer);
        let mut tokenizer = of_bytes(BPE::default());
        let mut empty = true;
        let texts = texts.inspect(|text| empty &= text.as_ref().is_empty());
        tokenizer.train(&mut trainer, texts).map_err(problem)?;
        if empty { Err(TextError::Empty) } else { Self::new(tokenizer) }
    }

    /// Checks that all tokens of this tokenizer are below `VOCAB`.
    fn new(mut tokenizer: tokenizers::Tokenizer) -> Result<Self, TextError> {
        let last = tokenizer.get_vocab(true).into_values().max();
        let found = last.map_or(0, |last| last as usize + 1);
        if found == 0 {
            return Err(TextError::Empty);
        }
        if found > VOCAB {
            return Err(TextError::Vocabulary { found, vocab: VOCAB });
        }
        tokenizer.with_padding(None).with_truncation(None).map_err(problem)?;
        Ok(Self { tokenizer })
    }

    /// Writes the tokenizer as a `tokenizer.json`. The file is written completely or not at all.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        let path = path.as_ref();
        let text = self.tokenizer.to_string(true).map_err(problem);
        let text = text.map_err(|source| DataError::Text { path: path.into(), source })?;
        let written = atomic_file::write_by(path, |file| std::io::Write::write_all(file, text.as_bytes()));
        written.map_err(|error| DataError::Io { path: path.into(), source: error.into() })
    }

    /// Returns the number of tokens: at most `VOCAB`.
    pub fn tokens(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// Returns the token of this name, such as `<|endoftext|>`, if it exists.
    pub fn token(&self, name: &str) -> Option<Token<VOCAB>> {
        self.tokenizer.token_to_id(name).and_then(|index| Token::new(index as usize).ok())
    }
}

impl<const VOCAB: usize> Tokenizer<VOCAB> for Bpe<VOCAB> {
    fn append(&self, text: &str, tokens: &mut Vec<Token<VOCAB>>) -> Result<(), TextError> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(problem)?;
        for &index in encoding.get_ids() {
            let past = |_| TextError::Vocabulary { found: index as usize + 1, vocab: VOCAB };
            tokens.push(Token::new(index as usize).map_err(past)?);
        }
        Ok(())
    }

    fn decode(&self, tokens: &[Token<VOCAB>]) -> Result<String, TextError> {
        let indices: Vec<u32> = tokens.iter().map(|token| token.index() as u32).collect();
        self.tokenizer.decode(&indices, false).map_err(problem)
    }
}

impl<const VOCAB: usize> std::fmt::Debug for Bpe<VOCAB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bpe<{VOCAB}> of {} tokens", self.tokens())
    }
}

/// Returns a tokenizer of bytes with GPT-2's words.
fn of_bytes(model: BPE) -> tokenizers::Tokenizer {
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer
        .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
        .with_decoder(Some(ByteLevel::default()));
    tokenizer
}

fn problem(error: tokenizers::Error) -> TextError {
    TextError::Tokenizer { problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::pieces::pieces_of;

    #[test]
    fn a_text_that_is_read_in_pieces_has_the_tokens_of_the_whole() {
        let ends = ["\n", "\n\n", "  \n", "\r\n", "\n \n", "\n  ", " "];
        let text: String = (0..400).map(|at| format!("line {at} is an é{}", ends[at * at % 7])).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, &text).unwrap();
        let bpe = Bpe::<300>::train(&text).unwrap();
        let pieces = pieces_of(&path, 60);
        assert!(pieces.len() > 20 && pieces.iter().all(|piece| piece.len() < 16 * 60));
        let mut tokens = vec![];
        pieces.iter().for_each(|piece| bpe.append(piece, &mut tokens).unwrap());
        assert_eq!(tokens, bpe.encode(&text).unwrap());
    }
}
