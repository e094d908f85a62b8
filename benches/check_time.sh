#!/usr/bin/env bash
# What `cargo check` of a program costs once the dependencies are built: benches/check_time.sh
#
# Prints a table: seconds of processor time (user and system) and by the clock, the median of five checks each, without
# incremental compilation. Two programs are checked again with one wrong number in the last layer: a message must come
# as quickly as a success.
set -euo pipefail
export CARGO_INCREMENTAL=0
root=$(cd "$(dirname "$0")/.." && pwd)
crate=$root/target/check_time
mkdir -p "$crate/src"
cat >"$crate/Cargo.toml" <<END
[package]
name = "check_time"
edition = "2024"
[dependencies]
chainrule = { path = "$root" }
[workspace]
END
cp "$root/Cargo.lock" "$root/rust-toolchain.toml" "$crate/"
TIMEFORMAT='%R %U %S'
check() { cargo check --quiet --manifest-path "$crate/Cargo.toml" 2>"$crate/said"; }

measure() { # measure NAME right|wrong, with the program in src/main.rs
    local times="" code
    for at in 0 1 2 3 4 5; do # the first one also builds the dependencies
        touch "$crate/src/main.rs"
        code=0
        { time check; } 2>"$crate/time" || code=$?
        if [[ $2 == right && $code != 0 || $2 == wrong && $code == 0 ]]; then
            echo "$1: expected a program that is $2" >&2
            cat "$crate/said" >&2
            exit 1
        fi
        [[ $at == 0 ]] || times+=$(cat "$crate/time")$'\n'
    done
    local processor clock
    processor=$(printf '%s' "$times" | awk '{ print $2 + $3 }' | sort -n | sed -n 3p)
    clock=$(printf '%s' "$times" | awk '{ print $1 }' | sort -n | sed -n 3p)
    printf '%-55s %9.2f %9.2f\n' "$1" "$processor" "$clock"
}

train() { # train TYPE INPUT OUTPUT: a program that trains a network and predicts
    cat <<END
fn main() -> Result<(), chainrule::Error> {
    let (inputs, targets) = ([<$2>::default(); 8], [<$3>::default(); 8]);
    let mut trainer = Trainer::new($1::init(&mut rng(0)), MeanSquaredError, Adam::new(1e-3), 0);
    println!("{}", trainer.step(&inputs, &targets)?);
    let output: $3 = trainer.network.predict(&inputs[0])?;
    println!("{output:?}");
    Ok(())
}
END
}

stack() { # stack OUTPUTS: a network of 16 fields, convolutions and what goes between them
    echo 'use chainrule::prelude::*;
chainrule::network! {
    pub struct Net: Image<1, 32, 32> => Vector<10> {
        conv1: Conv2d<1, 8, 3, 1, 1>, norm1: BatchNorm<8>, act1: Relu, pool1: MaxPool2d<2>,
        conv2: Conv2d<8, 16, 3, 1, 1>, norm2: BatchNorm<16>, act2: Relu, pool2: MaxPool2d<2>,
        conv3: Conv2d<16, 32, 3, 1, 1>, norm3: BatchNorm<32>, act3: Relu, pool3: MaxPool2d<2>,
        conv4: Conv2d<32, 64, 3>, act4: Relu, dropout: Dropout<20>,
        head: Dense<Image<64, 2, 2>, Vector<'"$1"'>>,
    }
}'
    train Net 'Image<1, 32, 32>' 'Vector<10>'
}

inferred() { # the layers of `stack`, with the sizes of their inputs left to the compiler
    echo 'use chainrule::prelude::*;
type Net = Infer<Image<1, 32, 32>, (
    ConvTo<8, 3, 1, 1>, AutoBatchNorm, Relu, MaxPool2d<2>,
    ConvTo<16, 3, 1, 1>, AutoBatchNorm, Relu, MaxPool2d<2>,
    ConvTo<32, 3, 1, 1>, AutoBatchNorm, Relu, MaxPool2d<2>,
    ConvTo<64, 3>, Relu, Dropout<20>, LinearTo<10>,
)>;'
    train Net 'Image<1, 32, 32>' 'Vector<10>'
}

resnet() { # resnet OUTPUTS: a residual network of 16 fields, whose blocks contain stacks
    echo 'use chainrule::prelude::*;
type Conv<const IN: usize, const OUT: usize, const STRIDE: usize> =
    (Conv2d<IN, OUT, 3, STRIDE, 1, f32, NoBias>, BatchNorm<OUT>);
type Block<const C: usize> = (Residual<(Conv<C, C, 1>, Relu, Conv<C, C, 1>)>, Relu);
type Down<const C: usize, const D: usize> = (
    Residual<(Conv<C, D, 2>, Relu, Conv<D, D, 1>), (Conv2d<C, D, 1, 2, 0, f32, NoBias>, BatchNorm<D>)>,
    Relu,
);
chainrule::network! {
    pub struct Net: Image<3, 32, 32> => Vector<10> {
        stem: Conv<3, 16, 1>, act: Relu,
        block1: Block<16>, block2: Block<16>, block3: Block<16>, block4: [Block<16>; 2],
        block5: Down<16, 32>, block6: Block<32>, block7: Block<32>, block8: [Block<32>; 2],
        block9: Down<32, 64>, block10: Block<64>, block11: Block<64>, block12: [Block<64>; 2],
        pool: GlobalAvgPool,
        head: Linear<64, '"$1"'>,
    }
}'
    train Net 'Image<3, 32, 32>' 'Vector<10>'
}

deep() { # 2 x 11 x 11 layers in nested tuples
    local pair="(Linear<8, 8>, Tanh)"
    local row="(${pair}$(printf ", $pair%.0s" {2..11}))"
    echo "use chainrule::prelude::*; type Net = (${row}$(printf ", $row%.0s" {2..11}));"
    train Net 'Vector<8>' 'Vector<8>'
}

fifty() { # fifty [FURTHER_ITEM]: 5 x 10 layers and activations in nested tuples
    local pair="(Linear<64, 64>, Relu)"
    local row="(${pair}$(printf ", $pair%.0s" {2..10}))"
    echo "use chainrule::prelude::*; type Net = (${row}$(printf ", $row%.0s" {2..5})); ${1-}"
    train Net 'Vector<64>' 'Vector<64>'
}

main=$crate/src/main.rs
printf '%-55s %9s %9s\n' "" "processor" "clock"
echo 'use chainrule as _; fn main() {}' >"$main"
measure "an empty program" right
{
    echo 'use chainrule::prelude::*; type Net = (Linear<2, 4>, Tanh, Linear<4, 1>);'
    train Net 'Vector<2>' 'Vector<1>'
} >"$main"
measure "a small network, trained and used" right
stack 10 >"$main"
measure "a convolutional network of 16 fields in network!" right
stack 12 >"$main"
measure "the same with a wrong number in its last layer" wrong
inferred >"$main"
measure "the same layers in Infer, without their inputs" right
resnet 10 >"$main"
measure "a residual network of 16 fields in network!" right
resnet 12 >"$main"
measure "the same with a wrong number in its last layer" wrong
deep >"$main"
measure "242 layers in nested tuples" right
fifty >"$main"
measure "50 layers in nested tuples" right
fifty 'const _: () = chainrule::gradient_flows_with::<Net, Vector<64>>(chainrule::Initializer::he_normal(), 1.0);' >"$main"
measure "the same with gradient_flows" right
