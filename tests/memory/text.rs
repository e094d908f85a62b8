//! Batches of a text on the disk and tokens that are drawn need no memory after the first.

use crate::allocator::allocations;
use chainrule::data::{Loader, Sampling};
use chainrule::prelude::*;
use chainrule::text::{Sampler, TextWindows, TokenType, generate};

#[test]
fn batches_of_a_file_allocate_in_the_first_epoch_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    std::fs::write(&path, [3; 1000]).unwrap();
    let windows = TextWindows::<9, 10>::open(&path, TokenType::U8).unwrap();
    for sampling in [Sampling::uniform(), Sampling::uniform().with_replacement().draws(50)] {
        let mut loader = Loader::new(&windows, 8).unwrap().sample(sampling).unwrap();
        let mut rng = rng(1);
        let mut epoch = || while loader.next(&mut rng).unwrap().is_some() {};
        assert!(allocations(&mut epoch) > 0);
        assert_eq!(allocations(&mut epoch), 0);
    }
}

#[test]
fn tokens_allocate_for_the_first_one_only() {
    let net = <(Embedding<50, 4>, Gru<4, 8>, Linear<8, 50>)>::init(&mut rng(1));
    let mut sampler = Sampler::new(1).temperature(0.7).top_k(40).top_p(0.9).min_p(0.01);
    let mut tokens = generate(&net, &[Token::of::<3>()], &mut sampler).unwrap();
    assert!(allocations(|| drop(tokens.next())) > 0);
    assert_eq!(allocations(|| (0..100).for_each(|_| assert!(tokens.next().unwrap().is_ok()))), 0);
}
