use crate::Parameters;

/// A network, or an [`Owned`](crate::Owned) one on the heap: for functions that take both.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network: it does not implement `Parameters`",
    label = "expected a network",
    note = "declare a struct whose fields are layers with `network! {{ struct Name: Input => Output {{ .. }} }}`",
    note = "a layer that you write yourself needs `#[derive(Parameters)]` and implements `Layer<X>`; a stack is a tuple or an array of layers"
)]
pub trait AsNetwork {
    /// The type of the network.
    type Network: Parameters;

    /// Returns the network.
    fn as_network(&self) -> &Self::Network;

    /// Returns the network.
    fn as_network_mut(&mut self) -> &mut Self::Network;
}

#[diagnostic::do_not_recommend]
impl<N: Parameters> AsNetwork for N {
    type Network = N;

    fn as_network(&self) -> &N {
        self
    }

    fn as_network_mut(&mut self) -> &mut N {
        self
    }
}
