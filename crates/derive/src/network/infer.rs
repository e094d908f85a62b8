//! `#[infer]`: layers that are written without the sizes of their inputs.

use proc_macro2::Span;
use quote::{ToTokens, quote_spanned};
use syn::parse_quote_spanned;

use super::Network;

impl Network {
    /// Replaces each field's type by the layer that it is for the output of the field before it.
    pub(super) fn infer(&mut self) {
        let root = &self.root;
        let mut arriving = self.input.clone();
        for (place, field) in self.fields.iter_mut().enumerate() {
            let ty = &field.ty;
            let span =
                ty.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span());
            let inferred = quote_spanned!(span=> <#ty as #root::infer::Inferred<#place, #arriving>>);
            let layer = parse_quote_spanned!(span=> #inferred::Layer);
            arriving = parse_quote_spanned!(span=> #inferred::Output);
            field.ty = layer;
        }
    }
}
