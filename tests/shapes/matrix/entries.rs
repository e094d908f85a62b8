//! The methods and macros with which a program uses its wrong network.

/// A program with the placeholders `NET` (the tuple), `FIELDS` (of a struct), `INPUT` and `OUTPUT` (types). The
/// compiler's error is at a line that ends with `// here`.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    pub(super) in_f64: bool,
    /// The end of the first line of the message for a network with a wrong output.
    pub(super) wrong_output: &'static str,
}

const TARGETS: &str = "`CrossEntropy` cannot compare the output `Vector<5>` with the target `Label<4>`";
const EXPECTED: &str = "this network gives `Vector<5>`, not the `Vector<4>` that is expected here";

const fn entry(name: &'static str, wrong_output: &'static str, program: &'static str) -> Entry {
    Entry { name, program, in_f64: false, wrong_output }
}

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "predict",
        EXPECTED,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let y: OUTPUT = net.predict(&<INPUT>::default())?; // here
    println!(\"{y:?}\");
    Ok(())
}",
    ),
    entry(
        "predict_batch",
        EXPECTED,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let batch = [<INPUT>::default(); 2];
    let scores: Vec<OUTPUT> = net.predict_batch(&batch)?; // here
    println!(\"{scores:?}\");
    Ok(())
}",
    ),
    entry(
        "predict_into",
        "this network gives `Vector<5>`, but the buffer for its outputs holds `Vector<4>`",
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let mut outputs = [<OUTPUT>::default(); 2];
    net.predict_into(&[<INPUT>::default(); 2], &mut outputs, &mut Workspace::default())?; // here
    Ok(())
}",
    ),
    entry(
        "loss",
        TARGETS,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let labels = [Label::<4>::new(1)?; 2];
    let loss = net.loss(&CrossEntropy::default(), &[<INPUT>::default(); 2], &labels)?; // here
    println!(\"{loss}\");
    Ok(())
}",
    ),
    entry(
        "loss_gradient",
        TARGETS,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let (net, mut gradient) = (Net::init(&mut rng(1)), Net::zeros());
    let (x, labels, loss) = ([<INPUT>::default(); 2], [Label::<4>::new(1)?; 2], CrossEntropy::default());
    net.loss_gradient(&loss, &x, &labels, &mut Workspace::default(), &mut gradient, &mut rng(2))?; // here
    Ok(())
}",
    ),
    entry(
        "vjp",
        "this network gives `Vector<5>`, but the cotangents are `Vector<4>`",
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let (grads, _) = net.vjp(&[<INPUT>::default()], &[<OUTPUT>::default()])?; // here
    println!(\"{grads:?}\");
    Ok(())
}",
    ),
    entry(
        "jacobian",
        EXPECTED,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let jacobian: Box<[INPUT; 4]> = net.jacobian::<_, OUTPUT>(&<INPUT>::default())?; // here
    println!(\"{jacobian:?}\");
    Ok(())
}",
    ),
    entry(
        "step",
        TARGETS,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let (images, labels) = (vec![<INPUT>::default(); 8], vec![Label::<4>::new(3)?; 8]);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 1);
    for _ in 0..10 {
        println!(\"{}\", trainer.step(&images, &labels)?); // here
    }
    Ok(())
}",
    ),
    entry(
        "fit",
        TARGETS,
        "use chainrule::data::Dataset;
use chainrule::metrics::accuracy;
type Net = NET;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = Dataset::new(vec![<INPUT>::default(); 8], vec![Label::<4>::new(3)?; 8])?;
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 1);
    trainer.fit(&data, Fit::epochs(2).validate(&data).metric(\"accuracy\", accuracy))?; // here
    Ok(())
}",
    ),
    entry(
        "evaluate",
        TARGETS,
        "use chainrule::data::Dataset;
type Net = NET;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = Dataset::new(vec![<INPUT>::default(); 8], vec![Label::<4>::new(3)?; 8])?;
    let trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 1);
    println!(\"{}\", trainer.evaluate(&data)?); // here
    Ok(())
}",
    ),
    entry(
        "flow",
        TARGETS,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let labels = [Label::<4>::new(1)?; 2];
    println!(\"{}\", net.flow(&CrossEntropy::default(), &[<INPUT>::default(); 2], &labels)?); // here
    Ok(())
}",
    ),
    Entry {
        name: "gradcheck",
        program: "use chainrule::gradcheck::{GradcheckError, gradcheck};
type Net = NET;
fn main() -> Result<(), GradcheckError> {
    let net = Net::init(&mut rng(1));
    println!(\"{:?}\", gradcheck(&net, &[<INPUT>::default()])?); // here
    Ok(())
}",
        in_f64: true,
        wrong_output: "", // any output can be checked
    },
    entry(
        "generic",
        EXPECTED,
        "fn classify<N: Maps<INPUT, OUTPUT>>(net: &N, x: &INPUT) -> Result<usize, chainrule::Error> {
    let scores = net.predict(x)?;
    Ok(Label::from_scores(&scores).index())
}
type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    println!(\"{}\", classify(&*net, &Default::default())?); // here
    Ok(())
}",
    ),
    entry(
        "shapes",
        EXPECTED,
        "type Net = NET;
const _: () = chainrule::shapes::<Net, INPUT, OUTPUT>(); // here
fn main() {
    println!(\"{}\", Net::init(&mut rng(1)).norm());
}",
    ),
    entry(
        "network",
        "this network gives `Vector<5>`, not the `Vector<4>` that was declared",
        "chainrule::network! { // here
    /// A network with names.
    struct Net: INPUT => OUTPUT { // here
FIELDS
    }
}
fn main() -> Result<(), chainrule::Error> {
    let y = Net::init(&mut rng(1)).predict(&<INPUT>::default())?;
    println!(\"{y:?}\");
    Ok(())
}",
    ),
    entry(
        "infer",
        EXPECTED,
        "type Net = Infer<INPUT, NET>;
fn main() -> Result<(), chainrule::Error> {
    let y: OUTPUT = Net::init(&mut rng(1)).predict(&<INPUT>::default())?; // here
    println!(\"{y:?}\");
    Ok(())
}",
    ),
    entry(
        "method",
        EXPECTED,
        "type Net = NET;
struct Classifier {
    net: Owned<Net>,
}
impl Classifier {
    fn classify(&self, x: &INPUT) -> Result<usize, chainrule::Error> {
        let scores: OUTPUT = self.net.predict(x)?; // here
        Ok(Label::from_scores(&scores).index())
    }
}
fn main() -> Result<(), chainrule::Error> {
    let classifier = Classifier { net: Net::init(&mut rng(5)) };
    println!(\"{}\", classifier.classify(&Default::default())?);
    Ok(())
}",
    ),
    entry(
        "three_uses",
        EXPECTED,
        "type Net = NET;
fn main() -> Result<(), chainrule::Error> {
    let (net, x) = (Net::init(&mut rng(1)), <INPUT>::default());
    let first: OUTPUT = net.predict(&x)?; // here
    let second: OUTPUT = net.predict(&x)?; // here
    let third: Vec<OUTPUT> = net.predict_batch(&[x])?; // here
    println!(\"{first:?} {second:?} {third:?}\");
    Ok(())
}",
    ),
];
