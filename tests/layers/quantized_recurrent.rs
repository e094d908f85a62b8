//! Recurrent layers with weights of 8 bits: against a calculation in `f64`.

use chainrule::layer::LearnedState;
use chainrule::prelude::*;
use chainrule::quantized::{Int32, Quantized};

use crate::quantized::compare;

/// The state of a GRU in `f64`, from the integers of its weights.
#[test]
fn a_recurrent_layer_is_what_its_integers_say() {
    const UNITS: usize = 11; // no multiple of the lanes of a sum
    type Net = Gru<3, UNITS, f32, LearnedState>;
    type Int8 = Quantized<Net, Sequence<5, 3>>;
    let quantized = compare::<Net, Sequence<5, 3>>(3.0);
    let (mut memory, mut output) = (vec![0; Int8::RAM], [[0; UNITS]; 5]);
    let layer = quantized.layers();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for seed in 0..50_i32 {
        let x: [[i8; 3]; 5] =
            std::array::from_fn(|t| std::array::from_fn(|i| (seed * 31 + (5 * t + i) as i32 * 71) as i8));
        quantized.predict_int8(&x, &mut output, &mut memory).unwrap();
        let zero = quantized.input().zero_point;
        let mut h: [f64; UNITS] = std::array::from_fn(|unit| layer.start[0][unit].f32().into());
        for (x, output) in x.iter().zip(output) {
            let sums: [[[f64; 2]; UNITS]; 3] = std::array::from_fn(|gate| {
                std::array::from_fn(|unit| {
                    let row = layer.rows[gate][unit];
                    let w = layer.input[gate][unit].iter().zip(x);
                    let sum: i32 = w.map(|(&w, &x)| i32::from(w) * (i32::from(x) - i32::from(zero))).sum();
                    let u = layer.hidden[gate][unit].iter().zip(&h);
                    let hidden: f64 = u.map(|(&u, &h)| f64::from(u) * h).sum();
                    let number = |number: Int32| f64::from(number.f32());
                    [
                        number(row.input_scale) * f64::from(sum) + number(row.input_bias),
                        number(row.hidden_scale) * hidden + number(row.hidden_bias),
                    ]
                })
            });
            h = std::array::from_fn(|unit| {
                let [r, z, n] = [0, 1, 2].map(|gate: usize| sums[gate][unit]);
                let (r, z) = (sigmoid(r[0] + r[1]), sigmoid(z[0] + z[1]));
                (1.0 - z) * (n[0] + r * n[1]).tanh() + z * h[unit]
            });
            for (h, y) in h.iter().zip(output) {
                let exact = h / f64::from(layer.output_scale.f32()) + f64::from(layer.output_zero);
                let exact = exact.clamp(-128.0, 127.0);
                assert!((f64::from(y) - exact).abs() < 0.501, "{y} and {exact}");
            }
        }
    }
}
