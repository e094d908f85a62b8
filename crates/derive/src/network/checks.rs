//! The checks that `network!` writes together with the network.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Result};

use super::Network;

impl Network {
    /// Returns a function that compiles if the shapes of the layers match. There is a separate call for each layer, so
    /// that the compiler's error is at the type of the field.
    pub(super) fn checks(&self) -> TokenStream {
        let Self { root, generics, input, output, .. } = self;
        let (impl_generics, _, clause) = generics.split_for_impl();
        let [sample, arrival] = ["sample", "arrival"].map(|name| Ident::new(name, Span::mixed_site()));
        let steps = self.fields.iter().enumerate().map(|(place, field)| {
            let ty = &field.ty;
            quote! {
                let #arrival = #sample.arrives_at::<#place, #ty>();
                #arrival.is_taken_by::<#ty>();
                let #sample = #arrival.after();
            }
        });
        let constants = self.generics.params.is_empty().then(|| self.constants());
        quote! {
            const _: () = {
                fn check #impl_generics() #clause {
                    use #root::stack::Wrong as _;
                    let #sample = #root::stack::before::<#input>();
                    #(#steps)*
                    #sample.is::<#output>();
                }
                #constants
            };
        }
    }

    /// Returns the checks of the layers' constants. Each call has the span of the type of its field, so that the
    /// compiler's error is there.
    fn constants(&self) -> TokenStream {
        let (root, stack) = (&self.root, self.stack());
        let calls = self.fields.iter().enumerate().map(|(at, field)| {
            let check =
                call_over(&field.ty, quote!(#root::stack::check_constants), quote!(), quote!(__NETWORK, #at));
            quote!(const _: () = #check;)
        });
        quote! {
            const __NETWORK: &#root::layer::Plan = {
                use #root::stack::Unchecked as _;
                &#stack::PLAN
            };
            #(#calls)*
        }
    }

    /// Returns the check of `#[gradient_flows]`. It is skipped if the layers do not match, which is a separate error.
    pub(super) fn flow(&self, attribute: &Attribute) -> Result<TokenStream> {
        if let Some(parameter) = self.generics.params.first() {
            let text = "the gradient flow of a generic network is not known: check one with given sizes, as in \
                        `const _: () = chainrule::gradient_flows::<Net<16>, Vector<4>>();`";
            return Err(Error::new_spanned(parameter, text));
        }
        let (root, ident, input, stack) = (&self.root, &self.ident, &self.input, self.stack());
        let check =
            call_over(&attribute.meta, quote!(#root::gradient_flows), quote!(::<#ident, #input>), quote!());
        Ok(quote! {
            const _: () = {
                use #root::stack::Unchecked as _;
                if #stack::MATCH #check
            };
        })
    }
}

/// Returns a call of the constant function `path` with the span of `tokens`, so that the compiler's error is there.
fn call_over(
    tokens: impl ToTokens,
    path: TokenStream,
    generics: TokenStream,
    arguments: TokenStream,
) -> TokenStream {
    let [first, last] = ends(tokens);
    let function = Ident::new("__check", first);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(last);
    quote!({ use #path as #function; #function #generics #arguments })
}

/// Returns the spans of the first and the last token.
pub(super) fn ends(tokens: impl ToTokens) -> [Span; 2] {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    [first, spans.last().unwrap_or(first)]
}
