use chainrule::{Fields, Init, Linear, Network, Parameters, Vector, rng};

struct Half;

impl Parameters for Half {
    const COUNT: usize = 0;
    fn zeros() -> Self {
        Half
    }
    fn fields(_: &mut impl Fields<Self>) {}
}

type Net = (Linear<4, 8>, Half, Linear<8, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::<4>::default()).is_ok());
}
