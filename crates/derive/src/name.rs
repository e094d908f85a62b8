//! The printed name of a layer's type.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{DeriveInput, Error, GenericParam, LitStr, Result};

/// Returns the parts of a `TypeName`: those of the attribute, or the name of the struct and its constants.
pub(crate) fn parts(
    input: &DeriveInput,
    pattern: Option<&LitStr>,
    krate: &TokenStream,
) -> Result<Vec<TokenStream>> {
    match pattern {
        Some(pattern) => from_pattern(input, pattern, krate),
        None => Ok(from_generics(input, krate)),
    }
}

fn text(text: &str, krate: &TokenStream) -> TokenStream {
    quote!(#krate::Part::Text(#text))
}

fn from_generics(input: &DeriveInput, krate: &TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![text(&input.ident.unraw().to_string(), krate)];
    let mut open = "<";
    for param in &input.generics.params {
        // Only constants that are numbers are printed.
        if let GenericParam::Const(param) = param
            && is_number(&param.ty)
        {
            parts.push(text(open, krate));
            parts.push(number(&param.ident, &param.ty, krate));
            open = ", ";
        }
    }
    if open != "<" {
        parts.push(text(">", krate));
    }
    parts
}

const UNSIGNED: [&str; 5] = ["usize", "u8", "u16", "u32", "u64"];
const SIGNED: [&str; 5] = ["isize", "i8", "i16", "i32", "i64"];

fn is(ty: &syn::Type, types: &[&str]) -> bool {
    matches!(ty, syn::Type::Path(path) if types.iter().any(|number| path.path.is_ident(number)))
}

fn is_number(ty: &syn::Type) -> bool {
    is(ty, &UNSIGNED) || is(ty, &SIGNED)
}

/// Returns the part for a constant that is a number.
fn number(ident: &syn::Ident, ty: &syn::Type, krate: &TokenStream) -> TokenStream {
    if is(ty, &SIGNED) {
        quote!(#krate::Part::Signed(#ident as i64))
    } else {
        quote!(#krate::Part::Number(#ident as u64))
    }
}

/// Returns the parts of the attribute `name`. `{N}` is a constant, `{F}` is the name of a type, `{:T}` is `, f64` if
/// the scalar type `T` is `f64` and is empty otherwise, and `{=PART}` is a constant expression for a `Part`.
fn from_pattern(input: &DeriveInput, pattern: &LitStr, krate: &TokenStream) -> Result<Vec<TokenStream>> {
    let written = pattern.value();
    let mut rest = &written[..];
    let mut parts = Vec::new();
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((inside, after)) = behind.split_once('}') else {
            return Err(Error::new_spanned(pattern, "a `{` without a `}`"));
        };
        if !before.is_empty() {
            parts.push(text(before, krate));
        }
        if let Some(expression) = inside.strip_prefix('=') {
            let expression: syn::Expr = syn::parse_str(expression).map_err(|error| {
                Error::new_spanned(pattern, format!("`{expression}` is not an expression: {error}"))
            })?;
            parts.push(quote!(#expression));
            rest = after;
            continue;
        }
        let (name, scalar) = inside.strip_prefix(':').map_or((inside, false), |name| (name, true));
        let mut params = input.generics.params.iter();
        let Some(param) = params.find(|param| match param {
            GenericParam::Type(param) => param.ident == name,
            GenericParam::Const(param) => param.ident == name,
            GenericParam::Lifetime(_) => false,
        }) else {
            return Err(Error::new_spanned(
                pattern,
                format!("`{name}` is not a parameter of `{}`", input.ident),
            ));
        };
        let ident = format_ident!("{name}");
        parts.push(match param {
            GenericParam::Const(param) => number(&ident, &param.ty, krate),
            _ if scalar => quote!(#krate::Part::Scalar(<#ident as #krate::Number>::SCALAR)),
            _ => quote!(#krate::Part::Name(&<#ident as #krate::Named>::NAME)),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(text(rest, krate));
    }
    Ok(parts)
}
