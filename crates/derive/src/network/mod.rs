//! `network!`: a stack of layers as a struct with named fields.

mod checks;
mod infer;
mod parse;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Field, Path, Result, Token, Type, TypeParam, Visibility, WherePredicate, parse_quote,
};

use parse::Network;

/// The largest number of layers of a stack.
const MOST_LAYERS: usize = 16;

/// Returns the struct, its impl of `Layer`, and the checks of its layers.
pub(crate) fn expand(tokens: TokenStream) -> Result<TokenStream> {
    let mut network: Network = syn::parse2(tokens)?;
    network.check_fields()?;
    let default = network.take_default()?;
    let flow = network.take("gradient_flows")?;
    let infer = network.take("infer")?;
    network.document();
    if infer.is_some() {
        network.infer();
    }
    let (structure, layer, checks) = (network.structure(), network.layer(), network.checks());
    let (stream, quantize) = (network.stream(), network.quantize());
    let default = default.then(|| network.default());
    let flow = flow.map(|attribute| network.flow(&attribute)).transpose()?;
    Ok(quote!(#structure #default #layer #stream #quantize #checks #flow))
}

impl Network {
    fn check_fields(&self) -> Result<()> {
        let count = self.fields.len();
        if let Some(lifetime) = self.generics.lifetimes().next() {
            let text = format!(
                "`{}` cannot be a network: it has a lifetime, but a network owns its parameters",
                self.ident
            );
            return Err(Error::new_spanned(lifetime, text));
        }
        if let Some(parameter) = self.generics.type_params().find(|parameter| !self.is_bounded(parameter)) {
            let text = format!(
                "`{0}` needs a bound with its input and its output, as in `{0}: Maps<Vector<8>, Vector<8>>`",
                parameter.ident
            );
            return Err(Error::new_spanned(parameter, text));
        }
        for (at, field) in self.fields.iter().enumerate() {
            if self.fields[..at].iter().any(|other| other.ident == field.ident) {
                return Err(Error::new_spanned(
                    &field.ident,
                    "the network already has a field with this name",
                ));
            }
        }
        if count == 0 {
            return Err(Error::new_spanned(&self.ident, "a network needs at least one layer"));
        }
        if let Some(first_too_many) = self.fields.get(MOST_LAYERS) {
            let text = format!(
                "a network has at most {MOST_LAYERS} fields, but this one has {count}: combine several layers in one \
                 field, as in `block: (A, B, C)`, or equal ones, as in `blocks: [Block; 4]`"
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

    /// Removes `Default` from the list of derives. Returns whether it was present.
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

    /// Removes and returns an attribute of `network!` itself.
    fn take(&mut self, name: &str) -> Result<Option<Attribute>> {
        let Some(at) = self.attributes.iter().position(|attribute| attribute.path().is_ident(name)) else {
            return Ok(None);
        };
        let attribute = self.attributes.remove(at);
        attribute.meta.require_path_only()?;
        Ok(Some(attribute))
    }

    /// Adds the type of each field, as written, to the documentation of the field.
    fn document(&mut self) {
        for Field { attrs, ty, .. } in &mut self.fields {
            attrs.push(parse_quote!(#[doc = concat!("`", stringify!(#ty), "`")]));
        }
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
            quote!(#(#attrs)* #vis #ident: #ty)
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

    /// Returns the impl of `Default`: every parameter is 0. The derive of the standard library works only for arrays
    /// of up to 32 layers and tuples of up to 12.
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

    /// Returns the impl of `Layer`, which calls that of the tuple of the fields.
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

    /// Returns the impl of `Stream`, which calls that of the tuple of the fields. It holds if every layer is a
    /// `Stream`.
    fn stream(&self) -> TokenStream {
        let Self { root, ident, generics, .. } = self;
        let (_, type_generics, _) = generics.split_for_impl();
        let types: Vec<_> = self.fields.iter().map(|field| &field.ty).collect();
        let members = self.fields.iter().map(|field| &field.ident);
        let (layers, references) = (quote!((#(#types,)*)), quote!((#(&self.#members,)*)));
        let step = quote!(#root::stream::StreamTypes<ChainruleStep>);
        let chain = quote!(#root::stream::StreamChain<ChainruleStep, _>);
        let mut with_step = generics.clone();
        with_step.params.push(parse_quote!(ChainruleStep: #root::tensor::Sample));
        with_step.make_where_clause().predicates.push(parse_quote!(
            for<'layer> #layers: #root::stream::StreamChain<ChainruleStep, (#(&'layer #types,)*)>
        ));
        let (impl_generics, _, clause) = with_step.split_for_impl();
        quote! {
            #[automatically_derived]
            impl #impl_generics #root::stream::Stream<ChainruleStep> for #ident #type_generics #clause {
                type Output = <#layers as #step>::Output;
                type State = <#layers as #step>::States;
                const END: ::core::option::Option<#root::stream::StreamEnd> = <#layers as #step>::END;

                #[inline]
                fn start(&self) -> Self::State {
                    <#layers as #chain>::start_chain(#references)
                }

                #[inline]
                fn step_into(&self, input: &ChainruleStep, output: &mut Self::Output, state: &mut Self::State) {
                    <#layers as #chain>::step_chain(#references, input, output, state);
                }
            }
        }
    }

    /// Returns the impl of `Quantize`, which calls that of the tuple of the fields. It holds if every layer is
    /// `Quantize`.
    fn quantize(&self) -> TokenStream {
        let Self { root, ident, generics, .. } = self;
        let (_, type_generics, _) = generics.split_for_impl();
        let types: Vec<_> = self.fields.iter().map(|field| &field.ty).collect();
        let members: Vec<_> = self.fields.iter().map(|field| &field.ident).collect();
        let layers = quote!((#(&self.#members,)*));
        let (quantized, input, tuple) =
            (quote!(#root::quantized), quote!(ChainruleInput), quote!((#(#types,)*)));
        let types_of = quote!(<#tuple as #quantized::QuantizeTypes<#input>>);
        let chain = quote!(<#tuple as #quantized::QuantizeChain<#input, _>>);
        let mut with_input = generics.clone();
        with_input.params.push(parse_quote!(#input: #root::tensor::Tensor<Scalar = f32>));
        let predicates = &mut with_input.make_where_clause().predicates;
        predicates.push(parse_quote!(
            for<'layer> #tuple: #quantized::QuantizeChain<#input, (#(&'layer #types,)*)>
        ));
        predicates.push(parse_quote!(Self: #root::layer::Layer<#input, Output = #types_of::Output>));
        let (impl_generics, _, clause) = with_input.split_for_impl();
        let wanted = quote!(::core::option::Option<#quantized::Interval>);
        quote! {
            #[automatically_derived]
            impl #impl_generics #quantized::Quantize<#input> for #ident #type_generics #clause {
                type Int8 = #types_of::Int8;
                type Ranges = #types_of::Ranges;
                const BUFFERS: #quantized::Buffers = #types_of::BUFFERS;

                fn observe(
                    &self,
                    input: &[#input],
                    output: &mut [#types_of::Output],
                    workspace: #root::layer::WorkspaceMut<'_>,
                    ranges: &mut Self::Ranges,
                ) {
                    #chain::observe_chain(#layers, input, output, workspace, ranges);
                }

                fn needed(ranges: &Self::Ranges, wanted: #wanted) -> #wanted {
                    #types_of::needed_chain(ranges, wanted)
                }

                fn quantize(
                    &self,
                    input: #quantized::Quantization,
                    ranges: &Self::Ranges,
                    wanted: #wanted,
                    to: &mut Self::Int8,
                ) -> ::core::result::Result<#quantized::Quantization, #root::Error> {
                    #chain::quantize_chain(#layers, input, ranges, wanted, to)
                }

                #[inline]
                fn run(int8: &Self::Int8, memory: #quantized::Memory<'_>) {
                    #types_of::run_chain(int8, memory);
                }
            }
        }
    }

    /// Returns the type that has the methods of the tuple of the fields.
    fn stack(&self) -> TokenStream {
        let Self { root, input, output, .. } = self;
        let layers = self.fields.iter().map(|field| &field.ty);
        quote!(#root::stack::Stack::<(#(#layers,)*), #input, #output>)
    }
}

fn name(field: &Field) -> Option<String> {
    field.ident.as_ref().map(|ident| ident.unraw().to_string())
}
