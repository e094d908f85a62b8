//! Parses the attributes of the fields.

use crate::attributes::find;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Error, Field, GenericParam, Generics, Meta, Result, Type};

/// The kinds of fields.
pub(crate) enum Kind {
    /// A layer, which describes its own parameters.
    Layer { flatten: bool },
    /// A parameter.
    Tensor(Tensor),
    /// Plain data that is skipped.
    Skip,
    /// Plain data, with the number that the type sets.
    Setting(TokenStream),
}

/// The attribute of a parameter.
pub(crate) struct Tensor {
    role: Role,
    pub(crate) shape: Option<TokenStream>,
    pub(crate) scalar: Option<TokenStream>,
}

enum Role {
    Weight { fan_in: TokenStream, fan_out: TokenStream, layout: TokenStream },
    Bias,
    Scale(TokenStream),
    Buffer { start: TokenStream, momentum: TokenStream },
}

impl Tensor {
    pub(crate) fn role(&self, krate: &TokenStream) -> TokenStream {
        match &self.role {
            Role::Weight { fan_in, fan_out, layout } => quote! {
                #krate::Role::Weight { fan_in: #fan_in, fan_out: #fan_out, layout: #krate::Layout::#layout }
            },
            Role::Bias => quote!(#krate::Role::Bias),
            Role::Scale(start) => quote!(#krate::Role::Scale(#start)),
            Role::Buffer { start, momentum } => {
                quote!(#krate::Role::Buffer { start: #start, momentum: #momentum })
            }
        }
    }
}

const USAGE: &str = "expected `weight, fan_in = .., fan_out = ..`, `bias`, `scale = 1.0`, \
                     `buffer = 0.0, momentum = 0.1`, `skip` or `flatten`";

/// Returns the kind of a field, which its attribute sets.
pub(crate) fn kind(field: &Field) -> Result<Kind> {
    if let Some(attribute) = find(&field.attrs, "parameters") {
        return Err(Error::new_spanned(
            attribute,
            "`#[parameters(..)]` is an attribute of a struct: use `#[parameter(..)]` on a field",
        ));
    }
    let mut attributes = field.attrs.iter().filter(|attribute| attribute.path().is_ident("parameter"));
    let Some(attribute) = attributes.next() else { return Ok(Kind::Layer { flatten: false }) };
    if let Some(second) = attributes.next() {
        return Err(Error::new_spanned(second, "a field has only one attribute `#[parameter(..)]`"));
    }
    let Meta::List(list) = &attribute.meta else { return Err(Error::new_spanned(attribute, USAGE)) };
    let mut words = Words::of(list.tokens.clone())?;
    let kind = if words.flag("skip")? {
        Kind::Skip
    } else if words.flag("flatten")? {
        Kind::Layer { flatten: true }
    } else if let Some(value) = words.value("setting") {
        Kind::Setting(value)
    } else {
        let role = if words.flag("weight")? {
            let missing = |what| {
                let text =
                    format!("a weight needs `{what}`: `#[parameter(weight, fan_in = IN, fan_out = OUT)]`");
                Error::new_spanned(attribute, text)
            };
            Role::Weight {
                fan_in: words.value("fan_in").ok_or_else(|| missing("fan_in"))?,
                fan_out: words.value("fan_out").ok_or_else(|| missing("fan_out"))?,
                layout: words.value("layout").unwrap_or_else(|| quote!(InputsFirst)),
            }
        } else if words.flag("bias")? {
            Role::Bias
        } else if let Some(start) = words.value("scale") {
            Role::Scale(start)
        } else if let Some(start) = words.value("buffer") {
            let momentum = words.value("momentum").ok_or_else(|| {
                Error::new_spanned(
                    attribute,
                    "a buffer needs `momentum`: `#[parameter(buffer = 0.0, momentum = 0.1)]`",
                )
            })?;
            Role::Buffer { start, momentum }
        } else {
            words.finish()?;
            return Err(Error::new_spanned(attribute, USAGE));
        };
        Kind::Tensor(Tensor { role, shape: words.value("shape"), scalar: words.value("scalar") })
    };
    words.finish()?;
    Ok(kind)
}

/// Returns whether a type contains one of the type parameters. Only such a type needs a bound: a type that depends only
/// on constants is a layer for all of their values or for none.
pub(crate) fn is_generic(ty: &Type, generics: &Generics) -> bool {
    let names: Vec<String> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(param.ident.to_string()),
            GenericParam::Const(_) | GenericParam::Lifetime(_) => None,
        })
        .collect();
    mentions(ty.to_token_stream(), &names)
}

fn mentions(tokens: TokenStream, names: &[String]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.contains(&ident.to_string()),
        TokenTree::Group(group) => mentions(group.stream(), names),
        _ => false,
    })
}

/// `word, word = value, ..`.
struct Words(Vec<(proc_macro2::Ident, Option<TokenStream>)>);

impl Words {
    fn of(tokens: TokenStream) -> Result<Self> {
        let mut words = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(word) = token else { return Err(Error::new_spanned(token, USAGE)) };
            let mut value: Option<TokenStream> = None;
            for token in tokens.by_ref() {
                match &token {
                    TokenTree::Punct(punct) if punct.as_char() == ',' => break,
                    TokenTree::Punct(punct) if punct.as_char() == '=' && value.is_none() => {
                        value = Some(TokenStream::new());
                    }
                    _ => match &mut value {
                        Some(value) => value.extend([token]),
                        None => return Err(Error::new_spanned(token, USAGE)),
                    },
                }
            }
            if value.as_ref().is_some_and(TokenStream::is_empty) {
                return Err(Error::new_spanned(&word, format!("`{word} =` needs a value")));
            }
            words.push((word, value));
        }
        Ok(Self(words))
    }

    /// Removes a word without a value. Returns whether it was present.
    fn flag(&mut self, name: &str) -> Result<bool> {
        let Some(at) = self.0.iter().position(|(word, _)| word == name) else { return Ok(false) };
        let (word, value) = self.0.remove(at);
        match value {
            None => Ok(true),
            Some(_) => Err(Error::new_spanned(&word, format!("`{word}` takes no value"))),
        }
    }

    /// Removes a word with a value. Returns the value if the word was present.
    fn value(&mut self, name: &str) -> Option<TokenStream> {
        let at = self.0.iter().position(|(word, value)| word == name && value.is_some())?;
        self.0.remove(at).1
    }

    /// Returns an error if an unknown word is left.
    fn finish(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((word, _)) => {
                let text = format!("unknown attribute `{word}`: {USAGE}");
                Err(Error::new_spanned(word, text))
            }
        }
    }
}
