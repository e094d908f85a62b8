//! `At`: the layer at a place of a stack.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

/// Returns the `impl At<PLACE, X>`. For a layer without layers inside, the compiler's error is then that of `At`, which
/// says the place; for one with layers inside, that of the layer inside.
pub(crate) fn implementation(
    input: &DeriveInput,
    root: &TokenStream,
    predicates: &[TokenStream],
    layers_inside: bool,
) -> TokenStream {
    let ident = &input.ident;
    let (_, type_generics, _) = input.generics.split_for_impl();
    let mut generics = input.generics.clone();
    generics.params.push(parse_quote!(const __PLACE: usize));
    generics.params.push(parse_quote!(__X: #root::tensor::Sample));
    let clause = generics.make_where_clause();
    clause
        .predicates
        .extend(predicates.iter().map(|predicate| -> syn::WherePredicate { parse_quote!(#predicate) }));
    clause.predicates.push(parse_quote!(Self: #root::layer::Layer<__X>));
    let (impl_generics, _, clause) = generics.split_for_impl();
    let leaf = (!layers_inside).then(|| quote!(#[diagnostic::do_not_recommend]));
    quote! {
        #leaf
        #[automatically_derived]
        impl #impl_generics #root::layer::At<__PLACE, __X> for #ident #type_generics #clause {
            type Layer = Self;
            type Output = <Self as #root::layer::Layer<__X>>::Output;
            #[inline(always)]
            fn layer(&self) -> &Self {
                self
            }
            #[inline(always)]
            fn layer_mut(&mut self) -> &mut Self {
                self
            }
        }
    }
}
