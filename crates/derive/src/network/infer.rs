//! `#[infer]`: layers without the sizes of their inputs.

use proc_macro2::Ident;
use quote::{quote, quote_spanned};
use syn::parse_quote;

use super::Network;
use super::checks::ends;

impl Network {
    /// Replaces the type of each field by the layer that `Infer` makes of it for the output of the field before it.
    pub(super) fn infer(&mut self) {
        let root = &self.root;
        let mut arriving = self.input.clone();
        for (place, field) in self.fields.iter_mut().enumerate() {
            let ty = &field.ty;
            // The compiler underlines the new type from its first to its last token.
            let [first, last] = ends(ty);
            let open = quote_spanned!(first=> <);
            let inferred = quote!(#open #arriving as #root::infer::InferredAt<#place, #ty>>);
            let [layer, output] = ["Layer", "Output"].map(|name| Ident::new(name, last));
            arriving = parse_quote!(#inferred::#output);
            field.ty = parse_quote!(#inferred::#layer);
        }
    }
}
