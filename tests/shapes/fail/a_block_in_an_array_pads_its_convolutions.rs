use chainrule::prelude::*;

type Block<const C: usize> = (Residual<(Conv2d<C, C, 3, 1, 1>, Relu, Conv2d<C, C, 3>)>, Relu);
type Net = (Conv2d<1, 16, 3, 1, 1>, Relu, [Block<16>; 3], GlobalAvgPool, Linear<16, 10>);

struct Classifier {
    net: Owned<Net>,
}

impl Classifier {
    fn classify(&self, image: &Image<1, 8, 8>) -> Result<usize, chainrule::Error> {
        let scores = self.net.predict(image)?;
        Ok(Label::from_scores(&scores).index())
    }
}

fn main() -> Result<(), chainrule::Error> {
    let classifier = Classifier { net: Net::init(&mut rng(5)) };
    println!("{}", classifier.classify(&Image([[[0.0_f32; 8]; 8]]))?);
    Ok(())
}
