//! `network!`: a stack as a struct with named fields.

mod parse;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Error, Field, Ident, Path, Result, Token, Type, TypeParam, Visibility, WherePredicate, parse_quote,
};

use parse::Network;

/// The most layers that a stack has.
const MOST_LAYERS: usize = 16;

/// Writes the struct, its `Layer`, and the checks of its layers.
pub(crate) fn expand(tokens: TokenStream) -> Result<TokenStream> {
    let mut network: Network = syn::parse2(tokens)?;
    network.check_fields()?;
    let default = network.take_default()?;
    let (structure, layer, checks) = (network.structure(), network.layer(), network.checks());
    let default = default.then(|| network.default());
    Ok(quote!(#structure #default #layer #checks))
}

impl Network {
    fn check_fields(&self) -> Result<()> {
        let count = self.fields.len();
        if let Some(lifetime) = self.generics.lifetimes().next() {
            let text = format!(
                "`{}` cannot be a network: it borrows, and a network owns its parameters",
                self.ident
            );
            return Err(Error::new_spanned(lifetime, text));
        }
        if let Some(parameter) = self.generics.type_params().find(|parameter| !self.is_bounded(parameter)) {
            let text = format!(
                "`{0}` has no bound: a layer of any type says what it takes and what it gives, as in \
                 `{0}: Maps<Vector<8>, Vector<8>>`",
                parameter.ident
            );
            return Err(Error::new_spanned(parameter, text));
        }
        for (at, field) in self.fields.iter().enumerate() {
            if self.fields[..at].iter().any(|other| other.ident == field.ident) {
                return Err(Error::new_spanned(&field.ident, "a field of this name is already declared"));
            }
        }
        if count == 0 {
            return Err(Error::new_spanned(&self.ident, "a network has at least one layer"));
        }
        if let Some(first_too_many) = self.fields.get(MOST_LAYERS) {
            let text = format!(
                "a network holds at most {MOST_LAYERS} layers, and this one has {count}: make a field of several layers, \
                 as in `block: (A, B, C)`, or of equal ones, as in `blocks: [Block; 4]`"
            );
            return Err(Error::new_spanned(first_too_many, text));
        }
        Ok(())
    }

    fn is_bounded(&self, parameter: &TypeParam) -> bool {
        let mut predicates = self.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        !parameter.bounds.is_empty()
            || predicates.any(|predicate| match predicate {
                WherePredicate::Type(bound) => {
                    matches!(&bound.bounded_ty, Type::Path(path) if path.path.is_ident(&parameter.ident))
                }
                _ => false,
            })
    }

    /// Takes `Default` out of the list of derives. Returns whether it was there.
    fn take_default(&mut self) -> Result<bool> {
        let mut found = false;
        for attribute in self.attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
            let derives = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
            let is_default = |path: &&Path| path.segments.last().is_some_and(|last| last.ident == "Default");
            if derives.iter().any(|path| is_default(&path)) {
                found = true;
                let others = derives.iter().filter(|path| !is_default(path));
                *attribute = parse_quote!(#[derive(#(#others),*)]);
            }
        }
        Ok(found)
    }

    /// Returns the struct. A field without a visibility is public.
    fn structure(&self) -> TokenStream {
        let Self { root, attributes, visibility, ident, generics, .. } = self;
        let clause = &generics.where_clause;
        let fields = self.fields.iter().map(|field| {
            let Field { attrs, vis, ident, ty, .. } = field;
            let vis = match vis {
                Visibility::Inherited => quote!(pub),
                vis => vis.to_token_stream(),
            };
            quote!(#(#attrs)* #[doc = concat!("`", stringify!(#ty), "`")] #vis #ident: #ty)
        });
        quote! {
            #(#attributes)*
            #[derive(#root::Parameters)]
            #[parameters(crate = #root)]
            #visibility struct #ident #generics #clause {
                #(#fields,)*
            }
        }
    }

    /// Returns `Default`: every parameter 0. The standard library's derive has no arrays beyond 32 layers and no tuples
    /// beyond 12.
    fn default(&self) -> TokenStream {
        let Self { root, ident, generics, .. } = self;
        let (impl_generics, type_generics, _) = generics.split_for_impl();
        quote! {
            #[automatically_derived]
            impl #impl_generics ::core::default::Default for #ident #type_generics
            where
                Self: #root::parameters::Parameters,
            {
                fn default() -> Self {
                    #root::parameters::Parameters::zeroed()
                }
            }
        }
    }

    /// Returns `Layer`. Its items are those of the tuple of the fields.
    fn layer(&self) -> TokenStream {
        let Self { root, ident, generics, input, output, .. } = self;
        let (impl_generics, type_generics, clause) = generics.split_for_impl();
        let stack = self.stack();
        let members: Vec<_> = self.fields.iter().map(|field| &field.ident).collect();
        let names: Vec<_> = self.fields.iter().map(name).collect();
        quote! {
            #[automatically_derived]
            impl #impl_generics #root::layer::Layer<#input> for #ident #type_generics #clause {
                type Output = #output;
                const PLAN: #root::layer::Plan = {
                    use #root::stack::Unchecked as _;
                    #root::layer::Plan {
                        children: &#root::stack::named(#stack::PLAN.children, [#(#names),*]),
                        ..#stack::PLAN.named::<Self>()
                    }
                };
                const OVERWRITES: bool = true;

                fn forward(
                    &self,
                    input: &[#input],
                    output: &mut [#output],
                    workspace: #root::layer::WorkspaceMut<'_>,
                    mode: &mut #root::layer::Mode<'_>,
                ) {
                    use #root::stack::Unchecked as _;
                    #stack::forward((#(&self.#members,)*), input, output, workspace, mode);
                }

                fn backward(&self, pass: #root::layer::Backward<'_, #input, Self>) {
                    #root::layer::Layer::backward_with_hook(self, pass, ::core::option::Option::None);
                }

                fn backward_with_hook(
                    &self,
                    pass: #root::layer::Backward<'_, #input, Self>,
                    hook: ::core::option::Option<&mut dyn #root::layer::BackwardHook>,
                ) {
                    use #root::stack::Unchecked as _;
                    #stack::backward(
                        &[#(#root::layer::Segment::Name(#names)),*],
                        (#(&self.#members,)*),
                        (pass.input, pass.output, pass.output_grad, pass.input_grad),
                        (#(&mut pass.gradient.#members,)*),
                        pass.workspace,
                        pass.accumulate,
                        hook,
                    );
                }
            }
        }
    }

    /// Returns the type whose items are those of the tuple of the fields.
    fn stack(&self) -> TokenStream {
        let Self { root, input, output, .. } = self;
        let layers = self.fields.iter().map(|field| &field.ty);
        quote!(#root::stack::Stack::<(#(#layers,)*), #input, #output>)
    }

    /// Returns a function that compiles if the layers' shapes match. Each call has a layer of its own, so that the
    /// compiler's error is at the type of the field.
    fn checks(&self) -> TokenStream {
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

    /// Returns the checks of what layers compute with their constants. Each call is written over the type of its field,
    /// where the compiler's error then is.
    fn constants(&self) -> TokenStream {
        let (root, stack) = (&self.root, self.stack());
        let calls = self.fields.iter().enumerate().map(|(at, field)| {
            let mut span = field.ty.to_token_stream().into_iter().map(|token| token.span());
            let first = span.next().unwrap_or_else(Span::call_site);
            let check = Ident::new("__check_constants", first);
            let mut arguments = Group::new(Delimiter::Parenthesis, quote!(__NETWORK, #at));
            arguments.set_span(span.last().unwrap_or(first));
            quote!(const _: () = { use #root::stack::check_constants as #check; #check #arguments };)
        });
        quote! {
            const __NETWORK: &#root::layer::Plan = {
                use #root::stack::Unchecked as _;
                &#stack::PLAN
            };
            #(#calls)*
        }
    }
}

fn name(field: &Field) -> Option<String> {
    field.ident.as_ref().map(|ident| ident.unraw().to_string())
}
