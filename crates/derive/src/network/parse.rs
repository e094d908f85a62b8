//! The syntax of `network!`.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Field, Generics, Ident, Path, Result, Token, Type, Visibility, braced, parenthesized,
};

/// `(crate) struct Name<Generics>: Input => Output where .. { field: Layer, .. }`.
pub(super) struct Network {
    /// The path of the crate `chainrule`.
    pub(super) root: Path,
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    pub(super) input: Type,
    pub(super) output: Type,
    pub(super) fields: Vec<Field>,
}

impl Parse for Network {
    fn parse(tokens: ParseStream<'_>) -> Result<Self> {
        let root;
        parenthesized!(root in tokens);
        let root = root.call(Path::parse_mod_style)?;
        let attributes = tokens.call(Attribute::parse_outer)?;
        let visibility = tokens.parse()?;
        tokens.parse::<Token![struct]>()?;
        let ident: Ident = tokens.parse()?;
        let mut generics: Generics = tokens.parse()?;
        if !tokens.peek(Token![:]) {
            let text = format!(
                "a network needs an input type and an output type: `struct {ident}: Vector<4> => Vector<2> {{ .. }}`"
            );
            return Err(Error::new(tokens.span(), text));
        }
        tokens.parse::<Token![:]>()?;
        let input = tokens.parse()?;
        if !tokens.peek(Token![=>]) {
            return Err(Error::new(tokens.span(), "expected `=>` and the output type, as in `=> Vector<2>`"));
        }
        tokens.parse::<Token![=>]>()?;
        let output = tokens.parse()?;
        generics.where_clause = tokens.parse()?;
        let body;
        braced!(body in tokens);
        let fields = Punctuated::<Field, Token![,]>::parse_terminated_with(&body, Field::parse_named)?;
        let rest: TokenStream = tokens.parse()?;
        if !rest.is_empty() {
            return Err(Error::new_spanned(rest, "`network!` declares only one network"));
        }
        let fields = fields.into_iter().collect();
        Ok(Self { root, attributes, visibility, ident, generics, input, output, fields })
    }
}
