use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use chainrule_parameters::append_copies;

use super::{TextError, TokenType};
use crate::Error;
use crate::data::{DataError, Dataset, Source};
use crate::error::require;
use crate::tensor::{Token, Tokens};

/// Windows of a file of tokens, which may be larger than the memory. The input is `STEPS` tokens, and the target of
/// each of them is the next token.
///
/// It is a [`Source`]: a [`Loader`](crate::data::Loader) divides it into batches, and
/// [`Trainer::fit`](crate::Trainer::fit) trains on it. Only the current batch is in memory.
///
/// ```
/// use chainrule::text::{Characters, TextWindows, TokenType, tokenize_file};
///
/// # let folder = tempfile::tempdir()?;
/// let (text, tokens) = (folder.path().join("text.txt"), folder.path().join("text.tokens"));
/// std::fs::write(&text, "abcabcabcabcabc\n")?;
///
/// let characters = Characters::<4>::of_file(&text)?;
/// tokenize_file(&text, &characters, &tokens)?; // once
///
/// let windows = TextWindows::<5, 4>::open(&tokens, TokenType::of(4))?;
/// let (inputs, targets) = windows.to_dataset(usize::MAX)?.into_parts();
/// assert_eq!(inputs[0].0.map(|token| token.index()), [1, 2, 3, 1, 2]); // "abcab"; 0 is the line break
/// assert_eq!(targets[0].map(|token| token.index()), [2, 3, 1, 2, 3]); // "bcabc"
/// assert_eq!(windows.len(), 3); // each token but the first is a target once
///
/// let (train, held_out) = windows.split(0.6)?; // by the place in the file: no token is in both
/// assert_eq!((train.tokens(), held_out.tokens()), (10, 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Windows
/// The first window starts at the first token. Each further window starts [`stride`](Self::stride) tokens after the one
/// before. The default is `STEPS`, so that no token is a target twice. Tokens after the last complete window are left
/// out.
///
/// # Memory
/// An epoch of all windows takes 8 bytes for each window, for their order. If a file is too large even for that, draw
/// the windows with replacement. The memory then depends on the number of draws in an epoch:
///
/// ```no_run
/// use chainrule::data::Sampling;
/// use chainrule::prelude::*;
/// use chainrule::text::{TextWindows, TokenType};
/// # type Net = (Embedding<50257, 64>, Gru<64, 128>, PerStep<Linear<128, 50257>>);
/// # fn f(mut trainer: Trainer<Net, CrossEntropy, Adam<Net>>) -> Result<(), Box<dyn std::error::Error>> {
/// let (train, held_out) = TextWindows::<64, 50257>::open("train.bin", TokenType::U16)?.stride(1)?.split(0.99)?;
/// let some = held_out.to_dataset(1000)?;
/// let sampling = Sampling::uniform().with_replacement().draws(100_000);
/// trainer.fit(&train, Fit::epochs(20).sample(sampling).validate(&some).checkpoint("run.safetensors"))?;
/// # Ok(())
/// # }
/// ```
///
/// # Changes
/// The file must not change. Each batch checks the size of the file and the time of its last change.
#[doc(alias = "language model")]
#[doc(alias = "next-token prediction")]
#[doc(alias = "memmap")]
#[doc(alias = "nanoGPT")]
pub struct TextWindows<const STEPS: usize, const VOCAB: usize> {
    /// The first token of this part, and the number of its tokens.
    first: u64,
    tokens: u64,
    stride: usize,
    file: Arc<TokenFile<STEPS, VOCAB>>,
}

/// An open file of tokens.
struct TokenFile<const STEPS: usize, const VOCAB: usize> {
    path: PathBuf,
    of: TokenType,
    length: u64,
    changed: Option<SystemTime>,
    open: Mutex<Open<STEPS, VOCAB>>,
}

/// The open file, and the window that is being read.
struct Open<const STEPS: usize, const VOCAB: usize> {
    file: File,
    bytes: Vec<u8>,
    window: Vec<(Tokens<STEPS, VOCAB>, [Token<VOCAB>; STEPS])>,
}

impl<const STEPS: usize, const VOCAB: usize> TextWindows<STEPS, VOCAB> {
    /// The number of tokens that a window needs, including the target of the last one.
    const NEEDED: usize = STEPS + 1;

    /// Opens a file of tokens of this type. The files of [`tokenize_file`](super::tokenize_file) have the type
    /// [`TokenType::of`]`(VOCAB)`, and the files of nanoGPT have `U16`. Every file is one of `U8`.
    ///
    /// The tokens are compared with the vocabulary when they are read, or by [`check`](Self::check).
    ///
    /// # Errors
    /// [`DataError::Io`], and [`DataError::Text`] for a file that is empty, too short for a window, or ends within a
    /// token.
    pub fn open(path: impl AsRef<Path>, of: TokenType) -> Result<Self, DataError> {
        const { require(STEPS > 0, "a window of text needs at least one step") };
        const { require(VOCAB > 0, "a vocabulary needs at least one token") };
        let path = path.as_ref();
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|source| DataError::Io { path: path.into(), source })?;
        let open = Mutex::new(Open { file, bytes: vec![], window: bytemuck::zeroed_vec(1) });
        let (length, changed) = state(&metadata);
        let file = TokenFile { path: path.into(), of, length, changed, open };
        if !length.is_multiple_of(of.size() as u64) {
            return Err(file.wrong(TextError::PartOfToken { bytes: length, size: of.size() }));
        }
        let tokens = length / of.size() as u64;
        Self { first: 0, tokens, stride: STEPS, file: Arc::new(file) }.checked()
    }

    fn checked(self) -> Result<Self, DataError> {
        match self.tokens {
            _ if self.file.length == 0 => Err(self.file.wrong(TextError::Empty)),
            tokens if tokens < Self::NEEDED as u64 => {
                Err(self.file.wrong(TextError::TooShort { tokens, needed: Self::NEEDED }))
            }
            _ => Ok(self),
        }
    }

    /// Sets the number of tokens from the start of a window to the start of the next: `STEPS` by default. With 1, a
    /// window starts at each token.
    ///
    /// # Errors
    /// [`Error::Setting`] for a stride of 0.
    pub fn stride(self, tokens: usize) -> Result<Self, Error> {
        if tokens == 0 {
            let (name, expected) = ("the stride of windows", "at least 1");
            return Err(Error::Setting { name, value: 0.0, expected });
        }
        Ok(Self { stride: tokens, ..self })
    }

    /// Divides the text into two parts. The first part has this share of the tokens. No window contains tokens of both
    /// parts.
    ///
    /// # Errors
    /// [`Error::Setting`] if the share is not between 0 and 1, [`TextError::TooShort`] if a part has no window.
    pub fn split(self, share: f64) -> Result<(Self, Self), DataError> {
        if !(share > 0.0 && share < 1.0) {
            let (name, expected) = ("the share of a split", "above 0 and below 1");
            return Err(Error::Setting { name, value: share, expected }.into());
        }
        let tokens = ((share * self.tokens as f64).round() as u64).min(self.tokens);
        let (first, rest) = (self.first + tokens, self.tokens - tokens);
        let file = self.file.clone();
        Ok((
            Self { tokens, ..self }.checked()?,
            Self { first, tokens: rest, stride: self.stride, file }.checked()?,
        ))
    }

    /// Returns the number of tokens in this part of the text.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Returns the number of windows.
    #[allow(clippy::len_without_is_empty)] // there is at least one
    pub fn len(&self) -> usize {
        let after_the_first = (self.tokens - Self::NEEDED as u64) / self.stride as u64;
        usize::try_from(after_the_first).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// Reads `most` windows, evenly spaced over the text, into memory; all of them if there are fewer. Use it for
    /// validation.
    ///
    /// # Errors
    /// The same as [`read`](Source::read). Also [`DataError::Empty`] for 0 windows.
    #[allow(clippy::type_complexity)]
    pub fn to_dataset(
        &self,
        most: usize,
    ) -> Result<Dataset<Tokens<STEPS, VOCAB>, [Token<VOCAB>; STEPS]>, DataError> {
        let all = self.len();
        let count = most.min(all);
        let place = |at: usize| (at as u128 * all as u128 / count.max(1) as u128) as usize;
        let (mut inputs, mut targets) = (vec![], vec![]);
        self.read(&(0..count).map(place).collect::<Vec<_>>(), &mut inputs, &mut targets)?;
        Dataset::new(inputs, targets)
    }

    /// Returns an iterator over the windows in the order of the text. It is a [`stream`](crate::data::stream), which
    /// `stream::batches` divides into batches.
    #[allow(clippy::type_complexity)]
    pub fn iter(
        &self,
    ) -> impl Iterator<Item = Result<(Tokens<STEPS, VOCAB>, [Token<VOCAB>; STEPS]), DataError>> {
        let (mut inputs, mut targets) = (vec![], vec![]);
        (0..self.len()).map(move |at| {
            self.read(&[at], &mut inputs, &mut targets)?;
            Ok((inputs[0], targets[0]))
        })
    }

    /// Reads all tokens of this part once, and checks that each is in the vocabulary.
    ///
    /// # Errors
    /// The same as [`read`](Source::read).
    pub fn check(&self) -> Result<(), DataError> {
        const BLOCK: u64 = 1 << 16;
        let mut open = self.file.open()?;
        for first in (0..self.tokens).step_by(BLOCK as usize) {
            let count = BLOCK.min(self.tokens - first);
            self.file.indices(&mut open, self.first + first, count as usize, |_, _| ())?;
        }
        Ok(())
    }
}

impl<const STEPS: usize, const VOCAB: usize> Source for TextWindows<STEPS, VOCAB> {
    type Input = Tokens<STEPS, VOCAB>;
    type Target = [Token<VOCAB>; STEPS];

    fn len(&self) -> usize {
        Self::len(self)
    }

    /// # Errors
    /// [`DataError::Io`]. [`DataError::Text`] for a token that is not in the vocabulary, or a file that has changed.
    /// [`DataError::Index`] for an index out of range.
    fn read(
        &self,
        places: &[usize],
        inputs: &mut Vec<Tokens<STEPS, VOCAB>>,
        targets: &mut Vec<[Token<VOCAB>; STEPS]>,
    ) -> Result<(), DataError> {
        inputs.clear();
        targets.clear();
        let samples = self.len();
        let mut open = self.file.open()?;
        for &index in places {
            if index >= samples {
                return Err(DataError::Index { index, samples });
            }
            let first = self.first + index as u64 * self.stride as u64;
            let mut window = std::mem::take(&mut open.window);
            let read = self.file.indices(&mut open, first, Self::NEEDED, |step, token| {
                let (input, target) = &mut window[0];
                if let Some(input) = input.0.get_mut(step) {
                    *input = token;
                }
                if let Some(target) = step.checked_sub(1).and_then(|step| target.get_mut(step)) {
                    *target = token;
                }
            });
            if read.is_ok() {
                append_copies(inputs, std::slice::from_ref(&window[0].0));
                append_copies(targets, std::slice::from_ref(&window[0].1));
            }
            open.window = window;
            read?;
        }
        Ok(())
    }
}

impl<const STEPS: usize, const VOCAB: usize> TokenFile<STEPS, VOCAB> {
    fn wrong(&self, source: TextError) -> DataError {
        DataError::Text { path: self.path.clone(), source }
    }

    fn io(&self, source: std::io::Error) -> DataError {
        DataError::Io { path: self.path.clone(), source }
    }

    /// Locks the file, and checks that it has not changed since it was opened.
    fn open(&self) -> Result<MutexGuard<'_, Open<STEPS, VOCAB>>, DataError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_unchanged(&open.file)?;
        Ok(open)
    }

    fn check_unchanged(&self, file: &File) -> Result<(), DataError> {
        let (now, changed) = state(&file.metadata().map_err(|error| self.io(error))?);
        if (now, changed) == (self.length, self.changed) {
            return Ok(());
        }
        Err(self.wrong(TextError::Changed { before: self.length, now }))
    }

    /// Reads tokens, starting with this one. Calls `see` for each, with its number counted from 0.
    fn indices(
        &self,
        open: &mut Open<STEPS, VOCAB>,
        first: u64,
        count: usize,
        mut see: impl FnMut(usize, Token<VOCAB>),
    ) -> Result<(), DataError> {
        let size = self.of.size();
        open.bytes.resize(count * size, 0);
        let Open { file, bytes, .. } = open;
        let read = file.seek(SeekFrom::Start(first * size as u64)).and_then(|_| file.read_exact(bytes));
        if let Err(error) = read {
            self.check_unchanged(file)?; // a file that is now shorter
            return Err(self.io(error));
        }
        for (step, bytes) in bytes.chunks_exact(size).enumerate() {
            let index = TokenType::index(bytes);
            let place = first + step as u64;
            let past = |_| self.wrong(TextError::PastVocabulary { place, index, vocab: VOCAB });
            see(step, Token::new(index as usize).map_err(past)?);
        }
        Ok(())
    }
}

/// Another view of the same file.
impl<const STEPS: usize, const VOCAB: usize> Clone for TextWindows<STEPS, VOCAB> {
    fn clone(&self) -> Self {
        Self { file: self.file.clone(), ..*self }
    }
}

impl<const STEPS: usize, const VOCAB: usize> std::fmt::Debug for TextWindows<STEPS, VOCAB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (windows, tokens) = (self.len(), self.tokens);
        write!(
            f,
            "TextWindows<{STEPS}, {VOCAB}> of {windows} windows of {tokens} tokens in {:?}",
            self.file.path
        )
    }
}

/// Returns the size of a file, and the time of its last change.
fn state(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}
