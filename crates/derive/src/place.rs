//! The impls of `At`, a layer at a place of a stack, and `After`, a layer in an `Infer`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Generics, parse_quote};

/// Returns the `impl At<PLACE, X>`. For a layer without inner layers, the compiler then reports the error of `At`,
/// which has the place. For a layer with inner layers, it reports the error of the inner layer.
pub(crate) fn implementation(
    input: &DeriveInput,
    root: &TokenStream,
    predicates: &[TokenStream],
    layers_inside: bool,
) -> TokenStream {
    let ident = &input.ident;
    let (_, type_generics, _) = input.generics.split_for_impl();
    let generics = generics(input, root, predicates, &parse_quote!(Self: #root::layer::Layer<__X>));
    let (impl_generics, _, clause) = generics.split_for_impl();
    let leaf = (!layers_inside).then(|| quote!(#[diagnostic::do_not_recommend]));
    quote! {
        #leaf
        #[automatically_derived]
        #[doc(hidden)]
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

/// Returns the `impl After<PLACE, X>` of a layer without inner layers: `Infer` uses it unchanged.
pub(crate) fn stands_for_itself(input: &DeriveInput, root: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (_, type_generics, _) = input.generics.split_for_impl();
    let generics = generics(input, root, &[], &parse_quote!(Self: #root::layer::At<__PLACE, __X>));
    let (impl_generics, _, clause) = generics.split_for_impl();
    quote! {
        #[diagnostic::do_not_recommend]
        #[automatically_derived]
        #[doc(hidden)]
        impl #impl_generics #root::infer::After<__PLACE, __X> for #ident #type_generics #clause {
            type Layer = <Self as #root::layer::At<__PLACE, __X>>::Layer;
        }
    }
}

/// Returns the generics of the layer with a place and an input added, and with these bounds.
fn generics(
    input: &DeriveInput,
    root: &TokenStream,
    predicates: &[TokenStream],
    last: &syn::WherePredicate,
) -> Generics {
    let mut generics = input.generics.clone();
    generics.params.push(parse_quote!(const __PLACE: usize));
    generics.params.push(parse_quote!(__X: #root::tensor::Sample));
    let clause = generics.make_where_clause();
    clause
        .predicates
        .extend(predicates.iter().map(|predicate| -> syn::WherePredicate { parse_quote!(#predicate) }));
    clause.predicates.push(last.clone());
    generics
}
