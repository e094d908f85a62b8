use chainrule::prelude::*;

type Tagger = Conv1d<8, 5, 3, 1, 1>;

fn main() -> Result<(), chainrule::Error> {
    let net = Tagger::init(&mut rng(1));
    let words = [Sequence([[0.5_f32; 8]; 6])];
    let tags = [[Some(Label::<5>::of::<2>()); 6]];
    println!("{}", net.loss(&CrossEntropy::default(), &words, &tags)?);
    Ok(())
}
