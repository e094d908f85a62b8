//! `#[derive(Parameters)]`, which lists the parameters of a layer, and `network!`.
//!
//! Both are part of the crate `chainrule`. Its module `guide::your_own_layer` shows how to use the derive.

mod attributes;
mod field;
mod name;
mod network;
mod page;
mod place;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, Index, Result, parse_macro_input};

use attributes::Attributes;
use field::Kind;

/// Implements `Parameters` for a struct: lists its parameters and its layers.
///
/// Each field is one of these:
///
/// | attribute | the field |
/// |---|---|
/// | none | a layer |
/// | `#[parameter(flatten)]` | a layer whose fields are listed as fields of this layer |
/// | `#[parameter(weight, fan_in = IN, fan_out = OUT)]` | weights: each output is a sum over `IN` inputs, and each input contributes to `OUT` outputs |
/// | `#[parameter(bias)]` | a bias; starts at 0 |
/// | `#[parameter(scale = 1.0)]` | a scale (gain); starts at 1.0 |
/// | `#[parameter(buffer = 0.0, momentum = 0.1)]` | a value that training measures but does not train, such as a running mean; starts at 0.0 |
/// | `#[parameter(setting = 1e-5)]` | plain data, such as `PhantomData`, named after a number that the type sets and that files contain |
/// | `#[parameter(skip)]` | other plain data, such as `PhantomData` |
///
/// The attribute of a parameter can also contain `shape = &[IN, OUT]` and `scalar = T`, if they do not follow from its
/// type, and `layout = OutputsFirst` for weights.
///
/// On the struct, `#[parameters(name = "Linear<{IN}, {OUT}>")]` sets how messages and tables print the type. Without
/// the attribute they print the name of the struct and its constants. `#[parameters(crate = cr)]` is for programs that
/// import the crate under another name, here `cr`.
#[proc_macro_derive(Parameters, attributes(parameter, parameters))]
pub fn derive_parameters(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let attributes = Attributes::of(&input);
    let krate = attributes.as_ref().map_or_else(|_| Attributes::default().krate(), Attributes::krate);
    let root = attributes.as_ref().map_or_else(|_| Attributes::default().root(), Attributes::root);
    let expanded =
        attributes.and_then(|attributes| expand(&input, &attributes, &krate)).unwrap_or_else(|error| {
            let error = error.into_compile_error();
            if input.generics.lifetimes().next().is_some() {
                return error;
            }
            // Also write a layer without parameters, so that there are no further errors.
            let bounds = input.generics.type_params().map(|param| {
                let ident = &param.ident;
                quote!(#ident: ::core::marker::Send + ::core::marker::Sync + 'static)
            });
            let nothing = quote!(#krate::Node::Nothing);
            let layer = implementation(&input, &krate, &[], &bounds.collect::<Vec<_>>(), &[], &nothing);
            let place = place::implementation(&input, &root, &[], false);
            quote!(#error #layer #place)
        });
    expanded.into()
}

/// The text of a page of chainrule's book with its pictures, for the documentation of the crate `chainrule` only.
#[doc(hidden)]
#[proc_macro]
pub fn page(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let file = parse_macro_input!(input as syn::LitStr);
    page::expand(&file).unwrap_or_else(Error::into_compile_error).into()
}

/// Declares a network: `chainrule::network!` is this macro, with the path of the crate in parentheses before it.
#[doc(hidden)]
#[proc_macro]
pub fn network(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    network::expand(input.into()).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput, attributes: &Attributes, krate: &TokenStream) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            format!("`{}` cannot be a layer: `Parameters` can be derived only for a struct", input.ident),
        ));
    };
    if let Some(lifetime) = input.generics.lifetimes().next() {
        return Err(Error::new_spanned(
            lifetime,
            format!(
                "`{}` cannot be a layer: it has a lifetime, but a layer owns its parameters",
                input.ident
            ),
        ));
    }
    let name = name::parts(input, attributes.name.as_ref(), krate)?;
    let mut predicates = Vec::new();
    let mut checks = Vec::new();
    let mut fields = Vec::new();
    for (at, field) in data.fields.iter().enumerate() {
        let ty = &field.ty;
        let (member, segment) = match &field.ident {
            Some(ident) => {
                let name = ident.unraw().to_string();
                (quote!(#ident), quote!(Name(#name)))
            }
            None => {
                let index = Index::from(at);
                (quote!(#index), quote!(Index(#at)))
            }
        };
        let (segment, node, layer) = match field::kind(field)? {
            Kind::Skip => {
                checks.push(quote!(#krate::assert_plain::<#ty>();));
                continue;
            }
            Kind::Setting(value) => {
                checks.push(quote!(#krate::assert_plain::<#ty>();));
                (segment, quote!(&#krate::Node::Setting(#value)), quote!())
            }
            Kind::Layer { flatten } => {
                if field::is_generic(ty, &input.generics) {
                    predicates.push(quote!(#ty: #krate::Parameters));
                }
                let segment = if flatten { quote!(Flattened) } else { segment };
                let layer = quote!(.layer(&<#ty as #krate::Parameters>::NAME));
                (segment, quote!(&<#ty as #krate::Parameters>::DESCRIPTION), layer)
            }
            Kind::Tensor(tensor) => {
                let role = tensor.role(krate);
                let shape = tensor.shape.unwrap_or_else(|| quote!(<#ty as #krate::Shaped>::SHAPE));
                let scalar = tensor.scalar.unwrap_or_else(|| quote!(<#ty as #krate::Shaped>::Scalar));
                (segment, quote!(&#krate::Node::tensor::<#ty, #scalar>(#role, #shape)), quote!())
            }
        };
        fields.push(quote! {
            #krate::Field::new::<Self, #ty>(
                #krate::Segment::#segment,
                ::core::mem::offset_of!(Self, #member),
                #node,
            )#layer
        });
    }
    let description = match &data.fields {
        _ if attributes.flattens => quote!(#krate::Node::Flattens),
        _ if fields.is_empty() => quote!(#krate::Node::Nothing),
        Fields::Named(_) | Fields::Unnamed(_) | Fields::Unit => quote!(#krate::Node::Fields(&[#(#fields),*])),
    };

    let layer = implementation(input, krate, &name, &predicates, &checks, &description);
    let (root, layers_inside) = (attributes.root(), !predicates.is_empty());
    let place =
        (!attributes.own_place).then(|| place::implementation(input, &root, &predicates, layers_inside));
    let infer = (!attributes.own_infer && !layers_inside).then(|| place::stands_for_itself(input, &root));
    Ok(quote!(#layer #place #infer))
}

/// Returns the `impl`. Its `unsafe` is sound: the compiler computes the offsets, `Node::tensor` requires that a field
/// is plain data of its scalar type, a layer describes itself, and `assert_plain` requires that every other field is
/// plain data.
fn implementation(
    input: &DeriveInput,
    krate: &TokenStream,
    name: &[TokenStream],
    predicates: &[TokenStream],
    checks: &[TokenStream],
    description: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, clause) = input.generics.split_for_impl();
    let clause = match clause {
        Some(clause) => {
            let old = &clause.predicates;
            let comma = (!old.is_empty() && !old.trailing_punct()).then(|| quote!(,));
            quote!(where #old #comma #(#predicates),*)
        }
        None if predicates.is_empty() => quote!(),
        None => quote!(where #(#predicates),*),
    };
    let itself = input.generics.where_clause.as_ref();
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Itself for #ident #type_generics #itself {
            type Is = Self;
        }

        #[automatically_derived]
        unsafe impl #impl_generics #krate::Parameters for #ident #type_generics #clause {
            const NAME: #krate::TypeName = #krate::TypeName { parts: &[#(#name),*] };
            const DESCRIPTION: #krate::Node = {
                #(#checks)*
                #description
            };
        }
    }
}
