//! Parses the attributes of the struct.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, DeriveInput, Error, Ident, LitStr, Path, Result};

/// `#[parameters(name = "..", place = own, infer = own, flattens, crate = ..)]`.
#[derive(Default)]
pub(crate) struct Attributes {
    /// How the type is printed.
    pub(crate) name: Option<LitStr>,
    /// Whether the layer implements `At` itself.
    pub(crate) own_place: bool,
    /// Whether the layer implements `After` itself.
    pub(crate) own_infer: bool,
    /// Whether the layer flattens a sequence into features.
    pub(crate) flattens: bool,
    /// The path of the crate `chainrule`.
    krate: Option<Path>,
}

impl Attributes {
    pub(crate) fn of(input: &DeriveInput) -> Result<Self> {
        if let Some(attribute) = find(&input.attrs, "parameter") {
            let text = "`#[parameter(..)]` is an attribute of a field: use `#[parameters(..)]` on a struct";
            return Err(Error::new_spanned(attribute, text));
        }
        let mut attributes = Self::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("parameters")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    attributes.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("place") || meta.path.is_ident("infer") {
                    let value: Ident = meta.value()?.parse()?;
                    if value != "own" {
                        return Err(Error::new_spanned(value, "`place` and `infer` can only be `own`"));
                    }
                    attributes.own_place |= meta.path.is_ident("place");
                    attributes.own_infer |= meta.path.is_ident("infer");
                } else if meta.path.is_ident("flattens") {
                    attributes.flattens = true;
                } else if meta.path.is_ident("crate") {
                    attributes.krate = Some(meta.value()?.call(Path::parse_mod_style)?);
                } else {
                    return Err(meta.error(
                        "unknown attribute: expected `name = \"Scale<{N}>\"`, which sets how the layer is printed, or \
                         `crate = path`, the path of the crate `chainrule`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(attributes)
    }

    /// Returns the path of the crate `chainrule`.
    pub(crate) fn root(&self) -> TokenStream {
        self.krate.as_ref().map_or_else(|| quote!(::chainrule), |krate| quote!(#krate))
    }

    /// Returns the path of the module `chainrule::parameters`.
    pub(crate) fn krate(&self) -> TokenStream {
        let root = self.root();
        quote!(#root::parameters)
    }
}

/// Returns the first attribute with this name.
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.path().is_ident(name))
}
