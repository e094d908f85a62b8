use bytemuck::{Pod, Zeroable};
use chainrule_parameters::{Named, Part, TypeName};

use super::{Contents, Label, NoGrad, Numbers, Sample};
use crate::Error;

/// A token of a vocabulary: an index below `VOCAB`, which is checked when it is created.
///
/// It is an alias of [`Label`], because the target of a language model is the next token of its input.
///
/// ```
/// use chainrule::tensor::Token;
/// assert_eq!(Token::<65>::new(64)?.index(), 64);
/// assert!(Token::<65>::new(65).is_err());
/// # Ok::<(), chainrule::Error>(())
/// ```
pub type Token<const VOCAB: usize> = Label<VOCAB>;

/// A sequence of `STEPS` tokens from a vocabulary of `VOCAB`: the input of an [`Embedding`](crate::Embedding).
///
/// ```
/// use chainrule::{Error, tensor::{Token, Tokens}};
///
/// let tokens = Tokens::<4, 65>::from_indices(&[7, 0, 64, 7])?;
/// assert_eq!(tokens[2], Token::new(64)?);
/// assert_eq!(format!("{tokens}"), "[7, 0, 64, 7]");
///
/// let error = Tokens::<4, 65>::from_indices(&[7, 0, 65, 7]).unwrap_err();
/// assert_eq!(error, Error::LabelOutOfRange { index: 65, classes: 65 });
/// # Ok::<(), Error>(())
/// ```
#[doc(alias("input_ids", "LongTensor", "word indices"))]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Zeroable, Pod)]
#[repr(transparent)]
pub struct Tokens<const STEPS: usize, const VOCAB: usize>(pub [Token<VOCAB>; STEPS]);

impl<const STEPS: usize, const VOCAB: usize> Tokens<STEPS, VOCAB> {
    /// Creates a sequence from these indices.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if there are not exactly `STEPS` indices; [`Error::LabelOutOfRange`] if one is not below
    /// `VOCAB`.
    pub fn from_indices(indices: &[usize]) -> Result<Self, Error> {
        if indices.len() != STEPS {
            return Err(Error::SliceLength { shape: Self::SHAPE, expected: STEPS, found: indices.len() });
        }
        let mut tokens = Self::zeroed();
        for (token, &index) in tokens.0.iter_mut().zip(indices) {
            *token = Token::new(index)?;
        }
        Ok(tokens)
    }

    /// Creates a sequence from a slice of tokens.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if there are not exactly `STEPS` tokens.
    pub fn from_slice(tokens: &[Token<VOCAB>]) -> Result<Self, Error> {
        let found = tokens.len();
        let tokens = tokens.try_into();
        tokens.map(Self).map_err(|_| Error::SliceLength { shape: Self::SHAPE, expected: STEPS, found })
    }
}

/// A sequence of at most `STEPS` tokens, whose length is known at run time.
///
/// An [`Embedding`](crate::Embedding) maps it to a [`Padded`](super::Padded) of the same length.
///
/// ```
/// use chainrule::tensor::PaddedTokens;
///
/// let tokens = PaddedTokens::<8, 65>::from_indices(&[7, 0, 64])?;
/// assert_eq!(tokens.length(), 3);
/// assert!(PaddedTokens::<8, 65>::from_indices(&[]).is_err()); // at least one token is needed
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Zeroable, Pod)]
#[repr(C, packed)]
pub struct PaddedTokens<const STEPS: usize, const VOCAB: usize> {
    tokens: Tokens<STEPS, VOCAB>,
    length: u32,
}

impl<const STEPS: usize, const VOCAB: usize> PaddedTokens<STEPS, VOCAB> {
    /// Creates a sequence from these tokens.
    ///
    /// # Errors
    /// [`Error::SequenceLength`] if there are no tokens or more than `STEPS`.
    pub fn new(tokens: &[Token<VOCAB>]) -> Result<Self, Error> {
        let found = tokens.len();
        if found == 0 || found > STEPS {
            return Err(Error::SequenceLength { found, most: STEPS });
        }
        let mut whole = Tokens::zeroed();
        whole.0[..found].copy_from_slice(tokens);
        Ok(Self { tokens: whole, length: found as u32 })
    }

    /// Creates a sequence from these indices.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::LabelOutOfRange`] if an index is not below `VOCAB`.
    pub fn from_indices(indices: &[usize]) -> Result<Self, Error> {
        let mut tokens = Tokens::<STEPS, VOCAB>::zeroed();
        for (token, &index) in tokens.0.iter_mut().zip(indices) {
            *token = Token::new(index)?;
        }
        match tokens.0.get(..indices.len()) {
            Some(tokens) => Self::new(tokens),
            None => Err(Error::SequenceLength { found: indices.len(), most: STEPS }),
        }
    }

    /// Returns the number of tokens, without the padding.
    pub fn length(&self) -> usize {
        (self.length as usize).min(STEPS)
    }

    /// Returns the tokens, without the padding.
    pub fn tokens(&self) -> impl Iterator<Item = Token<VOCAB>> {
        let Tokens(tokens) = self.tokens;
        tokens.into_iter().take(self.length())
    }

    /// Returns all tokens. The tokens of the padding have the index 0.
    pub fn with_padding(&self) -> Tokens<STEPS, VOCAB> {
        self.tokens
    }
}

/// Two padded sequences are equal if their tokens are equal.
impl<const STEPS: usize, const VOCAB: usize> PartialEq for PaddedTokens<STEPS, VOCAB> {
    fn eq(&self, other: &Self) -> bool {
        self.length() == other.length() && self.tokens().eq(other.tokens())
    }
}

impl<const STEPS: usize, const VOCAB: usize> core::ops::Index<usize> for Tokens<STEPS, VOCAB> {
    type Output = Token<VOCAB>;
    fn index(&self, step: usize) -> &Token<VOCAB> {
        &self.0[step]
    }
}

/// Prints the indices of tokens as a list.
fn list<const VOCAB: usize>(
    tokens: impl Iterator<Item = Token<VOCAB>>,
    f: &mut core::fmt::Formatter<'_>,
) -> core::fmt::Result {
    f.debug_list().entries(tokens.map(Token::index)).finish()
}

impl<const STEPS: usize, const VOCAB: usize> core::fmt::Display for Tokens<STEPS, VOCAB> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        list(self.0.into_iter(), f)
    }
}

impl<const STEPS: usize, const VOCAB: usize> core::fmt::Debug for Tokens<STEPS, VOCAB> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ", Self::NAME)?;
        list(self.0.into_iter(), f)
    }
}

impl<const STEPS: usize, const VOCAB: usize> core::fmt::Debug for PaddedTokens<STEPS, VOCAB> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} of length {} ", Self::NAME, self.length())?;
        list(self.tokens(), f)
    }
}

/// Implements [`Named`] and [`Sample`] for tokens, which have no gradient.
macro_rules! tokens {
    ($Tokens:ident, $name:literal, $contents:ident) => {
        impl<const STEPS: usize, const VOCAB: usize> Named for $Tokens<STEPS, VOCAB> {
            const NAME: TypeName = TypeName {
                parts: &[Part::Text(concat!($name, "<")), Part::Sides(&[STEPS, VOCAB]), Part::Text(">")],
            };
        }

        impl<const STEPS: usize, const VOCAB: usize> Sample for $Tokens<STEPS, VOCAB> {
            type Grad = NoGrad;
            const SHAPE: &'static [usize] = &[STEPS];
            const CONTENTS: Contents = Contents::$contents(&[STEPS]);

            fn numbers(_: &[Self]) -> Numbers<'_> {
                Numbers::None
            }
        }
    };
}

tokens!(Tokens, "Tokens", OfTokens);
tokens!(PaddedTokens, "PaddedTokens", OfPaddedTokens);
