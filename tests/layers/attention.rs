//! Attention: against its formulas written out, at the extremes, on padded sequences and on streams.

use chainrule::gradcheck::gradcheck;
use chainrule::prelude::*;
use chainrule::stack::AttentionSettings;
use chainrule::stream::StreamState;

fn numbers<const N: usize, const STEPS: usize>(seed: usize) -> Sequence<STEPS, N, f64> {
    Sequence(std::array::from_fn(|t| {
        std::array::from_fn(|at| 1.5 * ((31 * seed + 5 * t + 3 * at) as f64 * 0.61).sin())
    }))
}

/// The weights and the bias of a linear map.
struct Map<'a> {
    weights: &'a [f64],
    bias: &'a [f64],
}

impl Map<'_> {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let columns = self.bias.len();
        let sum = |out| x.iter().enumerate().map(|(at, x)| x * self.weights[at * columns + out]).sum::<f64>();
        (0..columns).map(|out| sum(out) + self.bias[out]).collect()
    }
}

/// The formulas of Vaswani et al. 2017, section 3.2, for one sample.
struct Formulas<'a> {
    maps: [Map<'a>; 4],
    heads: usize,
    head: usize,
    sees: &'a dyn Fn(usize, usize) -> bool,
    rotary: Option<f64>,
}

impl Formulas<'_> {
    /// Multiplies each pair (i, i + head / 2), as a complex number, by exp(√-1 t base^(-2i / head)).
    fn turn(&self, t: usize, mut x: Vec<f64>) -> Vec<f64> {
        let Some(base) = self.rotary else { return x };
        let half = self.head / 2;
        for head in x.chunks_exact_mut(self.head) {
            for i in 0..half {
                let angle = t as f64 * base.powf(-2.0 * i as f64 / self.head as f64);
                let (re, im) = (head[i], head[i + half]);
                head[i] = re * angle.cos() - im * angle.sin();
                head[i + half] = re * angle.sin() + im * angle.cos();
            }
        }
        x
    }

    fn output(&self, x: &[Vec<f64>], memory: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let [query, key, value, output] = &self.maps;
        let q: Vec<_> = x.iter().enumerate().map(|(t, x)| self.turn(t, query.apply(x))).collect();
        let k: Vec<_> = memory.iter().enumerate().map(|(u, x)| self.turn(u, key.apply(x))).collect();
        let v: Vec<_> = memory.iter().map(|x| value.apply(x)).collect();
        let groups = self.heads / (k[0].len() / self.head);
        let mut outputs = Vec::new();
        for (t, q) in q.iter().enumerate() {
            let mut mean = Vec::new();
            for h in 0..self.heads {
                let (of_query, of_key) = (h * self.head, h / groups * self.head);
                let score = |u: usize| {
                    let dot: f64 = (0..self.head).map(|i| q[of_query + i] * k[u][of_key + i]).sum();
                    if (self.sees)(t, u) { (dot / (self.head as f64).sqrt()).exp() } else { 0.0 }
                };
                let total: f64 = (0..k.len()).map(score).sum();
                for i in 0..self.head {
                    mean.push((0..k.len()).map(|u| score(u) / total * v[u][of_key + i]).sum());
                }
            }
            outputs.push(output.apply(&mean));
        }
        outputs
    }
}

fn rows<const STEPS: usize, const N: usize>(x: &Sequence<STEPS, N, f64>) -> Vec<Vec<f64>> {
    x.0.iter().map(|row| row.to_vec()).collect()
}

fn close<const STEPS: usize, const N: usize>(name: &str, y: &Sequence<STEPS, N, f64>, expected: &[Vec<f64>]) {
    for (y, expected) in y.0.iter().flatten().zip(expected.iter().flatten()) {
        assert!((y - expected).abs() < 1e-12, "{name}: {y} and {expected}");
    }
}

fn map<const IN: usize, const OUT: usize>(layer: &Linear<IN, OUT, f64>) -> Map<'_> {
    Map { weights: layer.weights(), bias: &layer.bias.0 }
}

fn self_attention<const HEADS: usize, M, const KEY_VALUE: usize>(
    name: &str,
    sees: &dyn Fn(usize, usize) -> bool,
    rotary: Option<f64>,
) where
    M: AttentionSettings<Bias<12, f64> = Vector<12, f64>, Bias<KEY_VALUE, f64> = Vector<KEY_VALUE, f64>>,
{
    let mut layer = SelfAttention::<12, HEADS, M, f64, KEY_VALUE>::init(&mut rng(3));
    layer.key.bias.0[0] = 0.3;
    layer.query.bias.0[1] = -0.4;
    layer.output.bias.0[2] = 0.5;
    let maps = [map(&layer.query), map(&layer.key), map(&layer.value), map(&layer.output)];
    let formulas = Formulas { maps, heads: HEADS, head: 12 / HEADS, sees, rotary };
    let short = [numbers::<12, 9>(1), numbers(2)];
    for (x, y) in short.iter().zip(layer.predict_batch(&short).unwrap()) {
        close(name, &y, &formulas.output(&rows(x), &rows(x)));
    }
    // Of more than one block of keys and queries.
    let long = numbers::<12, 150>(3);
    let y: Sequence<150, 12, f64> = layer.predict(&long).unwrap();
    close(name, &y, &formulas.output(&rows(&long), &rows(&long)));
    gradcheck(&layer, &[numbers::<12, 5>(1)]).unwrap();
}

#[test]
fn the_gradients_of_several_blocks_of_keys_are_what_differences_say() {
    let x = [numbers::<4, 35>(4)];
    gradcheck(&SelfAttention::<4, 2, NoMask, f64>::init(&mut rng(1)), &x).unwrap();
    gradcheck(&SelfAttention::<4, 2, (SlidingWindow<5>, Rotary), f64, 2>::init(&mut rng(1)), &x).unwrap();
}

#[test]
fn self_attention_is_its_formulas() {
    let all = |_: usize, _: usize| true;
    let before = |t: usize, u: usize| u <= t;
    let four = |t: usize, u: usize| u <= t && t - u < 4;
    self_attention::<1, NoMask, 12>("one head", &all, None);
    self_attention::<4, NoMask, 12>("four heads", &all, None);
    self_attention::<3, Causal, 12>("causal", &before, None);
    self_attention::<12, Causal, 12>("heads of one number", &before, None);
    self_attention::<2, SlidingWindow<4>, 12>("a window", &four, None);
    self_attention::<2, SlidingWindow<1>, 12>("itself alone", &|t, u| t == u, None);
    self_attention::<4, Causal, 6>("groups of two", &before, None);
    self_attention::<6, NoMask, 2>("one head of keys", &all, None);
    self_attention::<3, (Causal, Rotary), 12>("rotary", &before, Some(10_000.0));
    self_attention::<2, (SlidingWindow<4>, Rotary<7>), 6>("rotary, with groups", &four, Some(7.0));
}

#[test]
fn cross_attention_is_its_formulas() {
    let mut layer = CrossAttention::<8, 2, NoMask, f64, 6, 4>::init(&mut rng(5));
    layer.key.bias.0[0] = 0.3;
    let maps = [map(&layer.query), map(&layer.key), map(&layer.value), map(&layer.output)];
    let formulas = Formulas { maps, heads: 2, head: 4, sees: &|_, _| true, rotary: None };
    let (x, memory) = (numbers::<8, 5>(1), numbers::<6, 70>(2));
    let y: Sequence<5, 8, f64> = layer.predict(&Pair(x, memory)).unwrap();
    close("cross-attention", &y, &formulas.output(&rows(&x), &rows(&memory)));
}

/// A pair is not a tensor, so the gradients of its halves are checked after layers that make it.
#[test]
fn the_gradients_of_cross_attention_are_what_differences_say() {
    type Net<M, const KEYS: usize> = (
        Duplicate,
        Parallel<PerStep<Linear<4, 6, f64>>, PerStep<(Tanh, Linear<4, 3, f64>)>>,
        CrossAttention<6, 3, M, f64, 3, KEYS>,
    );
    gradcheck(&Net::<NoMask, 6>::init(&mut rng(1)), &[numbers::<4, 5>(1), numbers(2)]).unwrap();
    gradcheck(&Net::<(NoMask, NoBias), 2>::init(&mut rng(1)), &[numbers::<4, 5>(1), numbers(2)]).unwrap();
    let without_bias = SelfAttention::<6, 3, (Causal, Rotary, NoBias), f64>::init(&mut rng(1));
    gradcheck(&without_bias, &[numbers::<6, 5>(1)]).unwrap();
}

#[test]
fn one_head_of_values_is_a_mean_where_all_scores_are_equal() {
    let mut layer = SelfAttention::<2, 2>::zeros();
    *layer.value.weight = [[1.0, 0.0].into(), [0.0, 1.0].into()];
    *layer.output.weight = [[1.0, 0.0].into(), [0.0, 1.0].into()];
    let x: [[f32; 2]; 100] = std::array::from_fn(|t| [t as f32, 1.0]);
    let y: Sequence<100, 2> = layer.predict(&Sequence(x)).unwrap();
    for y in y.0 {
        assert!((y[0] - 49.5).abs() < 1e-4 && (y[1] - 1.0).abs() < 1e-6, "{y:?}");
    }
}

/// What a head looks at alone is its output, whatever the size of the scores.
#[test]
fn huge_scores_give_no_nan() {
    for size in [1.0e3_f32, 1.0e10, 1.0e18] {
        let mut layer = SelfAttention::<2, 1>::zeros();
        *layer.query.weight = [[size, 0.0].into(), [0.0, 0.0].into()];
        *layer.key.weight = [[size, 0.0].into(), [0.0, 0.0].into()];
        *layer.value.weight = [[0.0, 0.0].into(), [0.0, 1.0].into()];
        *layer.output.weight = [[1.0, 0.0].into(), [0.0, 1.0].into()];
        let x = Sequence([[1.0, 5.0], [-1.0, 7.0], [0.5, 9.0]]);
        let y: Sequence<3, 2> = layer.predict(&x).unwrap();
        assert_eq!([y[0][1], y[1][1], y[2][1]], [5.0, 7.0, 5.0], "scores of {size:e} squared");
        let (dx, gradient) = layer.vjp(&[x], &[Sequence([[1.0; 2]; 3])]).unwrap();
        assert!(gradient.norm().is_finite() && dx[0].0.as_flattened().iter().all(|dx| dx.is_finite()));
    }
}

/// Compares a padded sequence with the sequence of its length: outputs, and all gradients.
fn padded<N>(name: &str)
where
    N: Maps<Padded<9, 8, f64>, Vector<8, f64>>
        + Maps<Sequence<4, 8, f64>, Vector<8, f64>>
        + Maps<Sequence<9, 8, f64>, Vector<8, f64>>,
{
    let net = N::init(&mut rng(1));
    let (short, full) = (numbers::<8, 4>(1), numbers::<8, 9>(2));
    let batch = [Padded::new(&short.0).unwrap(), Padded::new(&full.0).unwrap()];
    let outputs: Vec<Vector<8, f64>> = net.predict_batch(&batch).unwrap();
    let expected: [Vector<8, f64>; 2] = [net.predict(&short).unwrap(), net.predict(&full).unwrap()];
    close(name, &Sequence([outputs[0].0, outputs[1].0]), &expected.map(|y| y.0.to_vec()));

    let cotangent = Vector(numbers::<8, 1>(7).0[0]);
    let (dx, mut gradient) = net.vjp(&batch, &[cotangent; 2]).unwrap();
    let (dx_short, gradient_short) = net.vjp(&[short], &[cotangent]).unwrap();
    let (dx_full, gradient_full) = net.vjp(&[full], &[cotangent]).unwrap();
    close(name, &Sequence::<4, 8, f64>(std::array::from_fn(|t| dx[0].0[t])), &rows(&dx_short[0]));
    close(name, &dx[1], &rows(&dx_full[0]));
    assert!(dx[0].0[4..].iter().flatten().all(|&dx| dx == 0.0), "{name}: the padding has a gradient");
    assert!(gradient.norm() > 1e-3);
    gradient.add_scaled(-1.0, &gradient_short);
    gradient.add_scaled(-1.0, &gradient_full);
    assert!(gradient.norm() < 1e-12, "{name}: the gradients differ by {}", gradient.norm());
}

#[test]
fn no_step_sees_the_padding() {
    padded::<(SelfAttention<8, 2, NoMask, f64>, MeanOver<Steps>)>("all");
    padded::<(SelfAttention<8, 2, (Causal, Rotary), f64, 4>, LastStep)>("causal");
    padded::<(SelfAttention<8, 4, SlidingWindow<3>, f64>, MeanOver<Steps>)>("a window");
}

#[test]
fn cross_attention_sees_the_memory_up_to_its_end() {
    let layer = CrossAttention::<8, 2, NoMask, f64>::init(&mut rng(1));
    let (x, memory) = (numbers::<8, 3>(1), numbers::<8, 4>(2));
    let whole: Sequence<3, 8, f64> = layer.predict(&Pair(x, memory)).unwrap();
    let padded: Sequence<3, 8, f64> =
        layer.predict(&Pair(x, Padded::<50, 8, f64>::new(&memory.0).unwrap())).unwrap();
    close("memory padded", &padded, &rows(&whole));
    let queries = Padded::<6, 8, f64>::new(&x.0).unwrap();
    let both: Padded<6, 8, f64> =
        layer.predict(&Pair(queries, Padded::<50, 8, f64>::new(&memory.0).unwrap())).unwrap();
    close("both padded", &Sequence::<3, 8, f64>(std::array::from_fn(|t| both.step(t))), &rows(&whole));
    assert_eq!(both.length(), 3);
    let cotangent = numbers::<8, 3>(4);
    let (dx, gradient) = layer.vjp(&[Pair(x, memory)], &[cotangent]).unwrap();
    let input = [Pair(x, Padded::<50, 8, f64>::new(&memory.0).unwrap())];
    let (dx_padded, mut gradient_padded) = layer.vjp(&input, &[cotangent]).unwrap();
    let (Pair(da, db), Pair(da_padded, db_padded)) = (dx[0], dx_padded[0]);
    close("dR/da", &da_padded, &rows(&da));
    close("dR/db", &Sequence::<4, 8, f64>(std::array::from_fn(|t| db_padded.0[t])), &rows(&db));
    assert!(db_padded.0[4..].iter().flatten().all(|&dx| dx == 0.0));
    gradient_padded.add_scaled(-1.0, &gradient);
    assert!(gradient_padded.norm() < 1e-12);
}

#[test]
fn a_window_of_the_whole_sequence_is_causal() {
    let causal = SelfAttention::<8, 2, Causal>::init(&mut rng(1));
    let window = SelfAttention::<8, 2, SlidingWindow<40>>::init(&mut rng(1));
    let x = Sequence(std::array::from_fn::<_, 40, _>(|t| numbers::<8, 40>(1).0[t].map(|x| x as f32)));
    let [a, b]: [Sequence<40, 8>; 2] = [causal.predict(&x).unwrap(), window.predict(&x).unwrap()];
    assert_eq!(a, b);
}

/// A causal network does not see later steps: to the bit.
#[test]
fn a_later_step_changes_no_earlier_one() {
    let layer = SelfAttention::<8, 2, (Causal, Rotary), f64>::init(&mut rng(1));
    let x = numbers::<8, 70>(1);
    let y: Sequence<70, 8, f64> = layer.predict(&x).unwrap();
    for changed in [1, 31, 32, 33, 69] {
        let mut other = x;
        other.0[changed] = [9.0; 8];
        let z: Sequence<70, 8, f64> = layer.predict(&other).unwrap();
        assert_eq!(y.0[..changed], z.0[..changed]);
        assert_ne!(y.0[changed], z.0[changed]);
    }
}

#[test]
fn the_cache_says_how_many_steps_there_were() {
    let layer = SelfAttention::<8, 2, SlidingWindow<3>>::init(&mut rng(1));
    let mut state = StreamState::new(&layer);
    for _ in 0..5 {
        layer.step(&Vector([0.5; 8]), &mut state).unwrap();
    }
    assert_eq!(state.layers.position(), 5);
    assert_eq!(size_of_val(&state.layers), 2 * 3 * 8 * 4 + 8);
}
