//! Training on windows of a text, and text from a network.

use std::fs;

use crate::common::bits;
use crate::ranks::on_ranks;
use chainrule::data::{DataError, Sampling, Source};
use chainrule::prelude::*;
use chainrule::stream::StreamState;
use chainrule::text::{Sampler, TextError, TextWindows, TokenType, generate, generate_by, generate_windowed};
use chainrule::{Error, FitError};

type Net = (Embedding<10, 4>, Gru<4, 6>, PerStep<Linear<6, 10>>);
type Windows = TextWindows<5, 10>;

fn trainer() -> Trainer<Net, CrossEntropy, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 9).micro_batch(2)
}

/// 400 digits, each a function of the two before.
fn digits(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let mut digits = vec![1_u8, 2];
    while digits.len() < 400 {
        digits.push((digits[digits.len() - 1] * 3 + digits[digits.len() - 2]) % 10);
    }
    let path = folder.path().join("digits");
    fs::write(&path, digits).unwrap();
    path
}

#[test]
fn a_fit_on_a_file_has_the_bits_of_one_in_memory_and_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (train, held_out) = Windows::open(digits(&folder), TokenType::U8).unwrap().split(0.8).unwrap();
    let (in_memory, held_out) = (train.to_dataset(1000).unwrap(), held_out.to_dataset(5).unwrap());
    assert_eq!((in_memory.len(), held_out.len()), (63, 5));
    let options = || Fit::epochs(4).batch_size(8).validate(&held_out).quiet();

    let mut of_memory = trainer();
    let expected = of_memory.fit(&in_memory, options()).unwrap();
    let mut of_file = trainer();
    let history = of_file.fit(&train, options()).unwrap();
    assert_eq!(bits(&of_file.network), bits(&of_memory.network));
    let of = |history: &chainrule::metrics::History| history.values("validation loss").collect::<Vec<_>>();
    assert_eq!(of(&history), of(&expected));
    let losses: Vec<f64> = history.values("loss").map(|(_, loss)| loss).collect();
    assert!(losses[3] < losses[0]);

    let checkpoint = folder.path().join("run.safetensors");
    let stop = |epoch: &chainrule::Epoch| match epoch.number {
        2 => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    };
    trainer().fit(&train, options().checkpoint_every(3, &checkpoint).on_epoch(stop)).unwrap();
    let mut resumed = trainer();
    resumed.fit(&train, options().checkpoint_every(3, &checkpoint)).unwrap();
    assert_eq!(bits(&resumed.network), bits(&of_memory.network));

    let sampling = || Sampling::uniform().with_replacement().draws(40);
    let (mut of_memory, mut of_file) = (trainer(), trainer());
    of_memory.fit(&in_memory, options().sample(sampling())).unwrap();
    of_file.fit(&train, options().sample(sampling())).unwrap();
    assert_eq!(bits(&of_file.network), bits(&of_memory.network));
    assert_eq!(of_file.steps(), 20);
}

#[test]
fn a_token_past_the_vocabulary_ends_a_fit_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = digits(&folder);
    let mut bytes = fs::read(&path).unwrap();
    bytes[123] = 10;
    fs::write(&path, bytes).unwrap();
    let train = Windows::open(&path, TokenType::U8).unwrap();
    let mut trainer = trainer();
    let error = trainer.fit(&train, Fit::epochs(1).quiet()).unwrap_err();
    let FitError::Batches(error) = error else { panic!("{error}") };
    let DataError::Text { source, .. } = *error else { panic!("{error}") };
    assert_eq!(source, TextError::PastVocabulary { place: 123, index: 10, vocab: 10 });
    trainer.network.predict::<_, Sequence<5, 10>>(&Tokens::<5, 10>([Token::of::<1>(); 5])).unwrap();
}

/// Windows that cannot be read on one rank.
struct OnDisk {
    windows: Windows,
    fails: bool,
}

impl Source for OnDisk {
    type Input = Tokens<5, 10>;
    type Target = [Token<10>; 5];

    fn len(&self) -> usize {
        self.windows.len()
    }

    fn read(
        &self,
        places: &[usize],
        inputs: &mut Vec<Tokens<5, 10>>,
        targets: &mut Vec<[Token<10>; 5]>,
    ) -> Result<(), DataError> {
        self.windows.read(places, inputs, targets)?;
        if self.fails && places.contains(&7) { Err(DataError::Empty) } else { Ok(()) }
    }
}

#[test]
fn what_cannot_be_read_on_one_rank_is_an_error_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = digits(&folder);
    let fit = |rank: Option<chainrule::distributed::LocalRank>, failing: usize| {
        let mut trainer = trainer();
        let mut fails = false;
        if let Some(rank) = rank {
            trainer = trainer.across(rank).unwrap();
            fails = trainer.rank() == failing;
        }
        let source = OnDisk { windows: Windows::open(&path, TokenType::U8).unwrap(), fails };
        let fitted = trainer.fit(&source, Fit::epochs(2).batch_size(16).drop_last().quiet());
        fitted.map(|_| bits(&trainer.network)).map_err(|error| error.to_string())
    };
    let alone = fit(None, 9).unwrap();
    assert!(on_ranks(2, |rank| fit(Some(rank), 9)).iter().all(|ranks| ranks.as_ref() == Ok(&alone)));
    for error in on_ranks(2, |rank| fit(Some(rank), 1)) {
        let error = error.unwrap_err();
        assert!(error.contains("rank 1") && error.contains("at least one sample"), "{error}");
    }
}

/// The bound of Laurent and Massart (2000, lemma 1): a chi-square of `df` degrees of freedom is above
/// df + 2 √(df x) + 2 x with a probability of at most e⁻ˣ. With x = 16, that is 10⁻⁷.
fn chi_square_bound(df: f64) -> f64 {
    df + 2.0 * (df * 16.0).sqrt() + 2.0 * 16.0
}

/// The probability of each token, by the definitions.
fn expected(logits: &[f64], temperature: f64, k: usize, p: f64, min_p: f64) -> Vec<f64> {
    let normalized = |weights: Vec<f64>| {
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / sum).collect::<Vec<_>>()
    };
    let largest = logits.iter().copied().fold(f64::MIN, f64::max);
    let all = normalized(logits.iter().map(|logit| ((logit - largest) / temperature).exp()).collect());
    let rank = |ps: &[f64], at: usize| {
        (0..ps.len()).filter(|&other| ps[other] > ps[at] || (ps[other] == ps[at] && other < at)).count()
    };
    let keep = |ps: &[f64], kept: &dyn Fn(usize) -> bool| {
        normalized((0..ps.len()).map(|at| if kept(at) { ps[at] } else { 0.0 }).collect())
    };
    let top = keep(&all, &|at| rank(&all, at) < k);
    // A token stays while those likelier than it do not sum to p.
    let before =
        |at: usize| (0..top.len()).filter(|&o| rank(&top, o) < rank(&top, at)).map(|o| top[o]).sum::<f64>();
    let nucleus = keep(&top, &|at| before(at) < p);
    let most = nucleus.iter().copied().fold(0.0, f64::max);
    keep(&nucleus, &|at| nucleus[at] >= min_p * most)
}

#[test]
fn tokens_are_drawn_as_often_as_the_closed_form_says() {
    let (draws, mut random) = (4000, rng(5));
    for case in 0..40 {
        use chainrule::rand::RngExt;
        let logits: Vector<9, f64> = Vector(std::array::from_fn(|_| random.random_range(-0.8..0.8)));
        let temperature = [1.0, 0.5, 3.0][case % 3];
        let k = [9, 4, 20, 1][case % 4];
        let p = [1.0, 0.7, 0.3, 0.95, 0.5][case % 5];
        let min_p = [0.0, 0.2, 1.0][case / 3 % 3];
        let expected = expected(&logits.0, temperature, k, p, min_p);
        let mut sampler = Sampler::new(case as u64).temperature(temperature).top_k(k).top_p(p).min_p(min_p);
        let mut counts = [0_u32; 9];
        (0..draws).for_each(|_| counts[sampler.sample(&logits).unwrap().index()] += 1);
        let mut chi_square = 0.0;
        for (&count, &p) in counts.iter().zip(&expected) {
            let mean = p * f64::from(draws);
            // Exactly the tokens that the filters leave. None of them is missed (e⁻¹⁶): the scores differ by at most
            // 1.6 / 0.5, so that the least probability is above e^-3.2 / 9, and the least mean above 16.
            assert_eq!(count > 0, p > 0.0, "case {case}: {counts:?}, {expected:?}");
            assert!(p == 0.0 || mean > 16.0, "{mean}");
            chi_square += if p > 0.0 { (f64::from(count) - mean).powi(2) / mean } else { 0.0 };
        }
        let df = expected.iter().filter(|&&p| p > 0.0).count() as f64 - 1.0;
        assert!(chi_square <= chi_square_bound(df), "case {case}: {chi_square}, {counts:?}, {expected:?}");
    }
}

#[test]
fn filters_cut_at_the_token_that_completes_the_share() {
    let logits = Vector([0.125_f64, 0.5, 0.125, 0.25].map(f64::ln));
    let set = |sampler: Sampler| {
        let mut sampler = sampler;
        let mut seen = [false; 4];
        (0..500).for_each(|_| seen[sampler.sample(&logits).unwrap().index()] = true);
        seen
    };
    let of_p = |p| set(Sampler::new(1).top_p(p));
    assert_eq!(of_p(0.49), [false, true, false, false]);
    assert_eq!(of_p(0.51), [false, true, false, true]);
    assert_eq!(of_p(0.76), [true, true, false, true]); // of two that are equal, the first
    assert_eq!(of_p(1.0), [true; 4]);
    assert_eq!(set(Sampler::new(1).top_k(3)), [true, true, false, true]);
    assert_eq!(set(Sampler::new(1).min_p(0.26)), [false, true, false, true]);
    // After `top_k(2)` the probabilities are 2/3 and 1/3.
    assert_eq!(set(Sampler::new(1).top_k(2).top_p(0.65)), [false, true, false, false]);
}

#[test]
fn the_same_seed_draws_the_same_tokens_and_zero_draws_none() {
    let logits = Vector([0.1_f32, 0.3, 0.2, 0.3]);
    let draws = |seed| {
        let mut sampler = Sampler::new(seed).temperature(1.5);
        (0..50).map(|_| sampler.sample(&logits).unwrap().index()).collect::<Vec<_>>()
    };
    assert_eq!(draws(1), draws(1));
    assert_ne!(draws(1), draws(2));
    // A temperature so low that the quotient overflows is like 0, with a tie that is drawn.
    for (temperature, tokens) in [(0.0, &[1][..]), (1e-320, &[1, 3])] {
        let mut sampler = Sampler::new(1).temperature(temperature);
        for _ in 0..50 {
            assert!(tokens.contains(&sampler.sample(&logits).unwrap().index()));
        }
    }
    let far = Vector([f64::MIN, f64::MAX, 0.0]);
    assert_eq!(Sampler::new(1).temperature(f64::MAX).top_p(0.1).sample(&far).unwrap().index(), 1);
}

#[test]
fn settings_out_of_range_and_scores_that_are_not_finite_are_errors() {
    let logits = Vector([0.1, 0.3]);
    for (sampler, name) in [
        (Sampler::new(1).temperature(-0.1), "temperature"),
        (Sampler::new(1).temperature(f64::NAN), "temperature"),
        (Sampler::new(1).temperature(f64::INFINITY), "temperature"),
        (Sampler::new(1).top_k(0), "k"),
        (Sampler::new(1).top_p(0.0), "p"),
        (Sampler::new(1).top_p(1.1), "p"),
        (Sampler::new(1).top_p(f64::NAN), "p"),
        (Sampler::new(1).min_p(-0.1), "p"),
        (Sampler::new(1).min_p(f64::NAN), "p"),
    ] {
        let mut sampler = sampler;
        let error = sampler.sample(&logits).unwrap_err();
        assert!(matches!(error, Error::Setting { name: of, .. } if of.contains(name)), "{error}");
    }
    // -∞ bans a token, but not all of them.
    for temperature in [0.0, 1.0] {
        let mut sampler = Sampler::new(1).temperature(temperature);
        let banned = Vector([f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY]);
        assert!((0..100).all(|_| sampler.sample(&banned).unwrap().index() == 1));
        let drawn = sampler.sample(&Vector([f32::NEG_INFINITY; 3]));
        assert!(matches!(drawn, Err(Error::NonFiniteLogit { index: 0, .. })));
    }
    for value in [f32::NAN, f32::INFINITY] {
        for temperature in [0.0, 1.0] {
            let drawn = Sampler::new(1).temperature(temperature).sample(&Vector([0.0, value]));
            let Err(Error::NonFiniteLogit { index: 1, value: found }) = drawn else { panic!("{drawn:?}") };
            assert!(found.to_bits() == f64::from(value).to_bits() || found.is_nan() && value.is_nan());
        }
    }
}

#[test]
fn a_generated_token_is_the_likeliest_after_all_before_it() {
    type Net = (Embedding<10, 4>, Gru<4, 6>, Linear<6, 10>);
    let net = Net::init(&mut rng(3));
    let prompt = [Token::of::<3>(), Token::of::<7>()];
    let mut tokens = prompt.to_vec();
    for _ in 0..12 {
        let mut state = StreamState::new(&net);
        let scores = tokens.iter().map(|token| net.step(token, &mut state).unwrap()).last().unwrap();
        tokens.push(Label::from_scores(&scores));
    }
    let mut greedy = Sampler::new(1).temperature(0.0);
    let generated = generate(&net, &prompt, &mut greedy).unwrap().take(12);
    assert_eq!(generated.collect::<Result<Vec<_>, _>>().unwrap(), tokens[2..]);

    let stop = tokens[9];
    let before = tokens[2..].iter().position(|&token| token == stop).unwrap();
    let mut generated = generate(&net, &prompt, &mut greedy).unwrap().until(stop);
    assert_eq!(generated.by_ref().count(), before);
    assert!(generated.next().is_none()); // it stays at its end
    drop(generated);
    let empty = generate(&net, &[], &mut greedy).map(|_| ()).unwrap_err();
    assert!(matches!(empty, Error::Setting { name: "the length of a prompt", .. }));
}

#[test]
fn a_window_slides_over_what_is_generated() {
    // It sees the last three steps, so that a window of 5 shows all that it sees.
    type Net = (Embedding<10, 4>, Conv1dWith<4, 10, (Kernel<3>, Causal)>);
    let net = Net::init(&mut rng(3));
    let sampler = || Sampler::new(4);
    let prompt = [Token::of::<3>(), Token::of::<7>()];
    let mut one = sampler();
    let streamed = generate(&net, &prompt, &mut one).unwrap().take(30);
    let streamed: Vec<_> = streamed.collect::<Result<_, _>>().unwrap();
    let mut other = sampler();
    let window = PaddedTokens::<5, 10>::new(&prompt).unwrap();
    let slid = generate_windowed(&net, window, &mut other).unwrap().take(30);
    assert_eq!(slid.collect::<Result<Vec<_>, _>>().unwrap(), streamed);
}

#[test]
fn an_error_ends_what_is_generated() {
    let mut sampler = Sampler::new(1);
    let next = |token: Token<3>, logits: &mut Vector<3>| {
        logits[0] = if token.index() == 2 { f32::NAN } else { 0.0 };
        Ok(())
    };
    let tokens: Vec<_> = generate_by(&[Token::of::<0>()], &mut sampler, next).unwrap().take(1000).collect();
    assert!(tokens.len() < 1000 && tokens[..tokens.len() - 1].iter().all(Result::is_ok));
    assert!(matches!(tokens.last(), Some(Err(Error::NonFiniteLogit { index: 0, .. }))));
}
