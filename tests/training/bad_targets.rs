//! Targets, outputs and settings for which a loss is not defined: each is an error that names its place.

use crate::bad_input::{XS, Y, YS, net, step, ys_with};
use chainrule::Error;
use chainrule::prelude::*;

#[test]
fn targets_and_outputs_outside_the_range_of_a_loss_are_refused_at_their_place() {
    fn place<Target>(loss: impl Loss<Y, Target>, output: Y, target: Target) -> (bool, usize, usize, f64) {
        let (outputs, targets) = ([output], [target]);
        let error = loss.mean(&outputs, &targets).expect_err("it was accepted");
        assert_eq!(loss.mean_and_gradient(&outputs, &targets, &mut [YS[0]]), Err(error.clone()));
        match error {
            Error::TargetRange { sample, element, value, .. } => (true, sample, element, value),
            Error::OutputRange { sample, element, value, .. } => (false, sample, element, value),
            error => panic!("{error}"),
        }
    }
    let of_target = |element, value| (true, 0, element, value);
    let of_output = |element, value| (false, 0, element, value);
    let yes = Vector([1.0, 1.0]);
    for wrong in [0.0, 0.5, -2.0] {
        let signs = Vector([1.0, wrong]);
        assert_eq!(place(Hinge, yes, signs), of_target(1, f64::from(wrong)));
        assert_eq!(place(SquaredHinge, yes, signs), of_target(1, f64::from(wrong)));
        assert_eq!(place(HingeEmbedding::default(), yes, signs), of_target(1, f64::from(wrong)));
        assert_eq!(place(SoftMargin, yes, signs), of_target(1, f64::from(wrong)));
    }
    assert_eq!(place(MultiLabelMargin, yes, Vector([0.5, 1.0])), of_target(0, 0.5));
    assert_eq!(place(KlDivergence::default(), yes, Vector([0.5, 1.5])), of_target(1, 1.5));
    assert_eq!(place(NllLoss, yes, Vector([0.5, -0.5])), of_target(1, -0.5));
    assert_eq!(
        place(BinaryCrossEntropy.positive_weights([1.0; 2]), yes, Vector([2.0, 1.0])),
        of_target(0, 2.0)
    );
    assert_eq!(place(PoissonNllLoss::default(), yes, Vector([-1.0, 1.0])), of_target(0, -1.0));
    let probabilities = BinaryCrossEntropyOfProbabilities;
    assert_eq!(place(probabilities, yes, Vector([0.5, 1.5])), of_target(1, 1.5));
    assert_eq!(place(probabilities, Vector([0.0, 1.5]), yes), of_output(1, 1.5));
    assert_eq!(place(probabilities, Vector([-0.5, 1.0]), yes), of_output(0, -0.5));
    assert_eq!(place(PoissonNllLoss::of_rates(), Vector([0.0, -0.5]), yes), of_output(1, -0.5));
    // A variance is in the second half of the output.
    let output = [Sequence([[-1.0, -1.0], [1.0, -4.0]])];
    let error = GaussianNllLoss::default().mean(&output, &[yes]).unwrap_err();
    assert!(matches!(error, Error::OutputRange { sample: 0, element: 3, value: -4.0, .. }), "{error}");
    assert!(GaussianNllLoss::of_log_variances().mean(&output, &[yes]).is_ok());
}

#[test]
fn targets_that_are_not_finite_are_refused_by_every_loss_of_numbers() {
    fn refuses(loss: impl Loss<Y, Y>) {
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = loss.mean(&YS, &ys_with(number)).unwrap_err();
            assert!(
                matches!(error, Error::NonFiniteData { what: "target", sample: 1, element: 0, .. }),
                "{error}"
            );
        }
    }
    refuses(SmoothL1::default());
    refuses(LogCosh);
    refuses(KlDivergence::log_target());
    let error = PoissonNllLoss::default().mean(&YS, &ys_with(f32::NAN)).unwrap_err();
    assert!(matches!(error, Error::NonFiniteData { .. }));
    let error = GaussianNllLoss::default().mean(&[Sequence([[1.0; 2]; 2]); 2], &ys_with(f32::NAN));
    assert!(matches!(error, Err(Error::NonFiniteData { sample: 1, element: 0, .. })));
}

#[test]
fn settings_of_losses_out_of_range_are_refused_by_name() {
    let say = |error: Error| {
        let Error::Setting { name, .. } = error else { panic!("{error}") };
        assert!(error.to_string().starts_with(name));
        name
    };
    let labels = Label::<2>::all().collect::<Vec<_>>();
    for wrong in [-1e-9, f64::INFINITY, f64::NAN] {
        assert_eq!(say(step(SmoothL1::new(wrong), &XS, &YS)), "the beta of a smooth L1 loss");
        let weighted = CrossEntropy::default().weights([1.0, wrong]);
        assert_eq!(say(step(weighted, &XS, &labels)), "the weight of a class");
        assert_eq!(say(step(NllLoss.weights([wrong, 1.0]), &XS, &labels)), "the weight of a class");
        let weighted = BinaryCrossEntropy.positive_weights([1.0, wrong]);
        assert_eq!(say(step(weighted, &XS, &YS)), "the weight of a class's positive targets");
        assert_eq!(say(step(MarginRanking::new(wrong), &XS, &[true; 2])), "the margin of a ranking loss");
        // In pieces too, one of which would have a weight of 0.
        let mut pieces = Trainer::new(net(), CrossEntropy::default().weights([0.0, wrong]), Sgd::new(0.1), 1)
            .micro_batch(1);
        assert_eq!(say(pieces.step(&XS, &labels).unwrap_err()), "the weight of a class");
    }
    for wrong in [0.0, -1e-9, f64::INFINITY, f64::NAN] {
        let signs = [Vector([1.0; 2]); 2];
        let hinge = HingeEmbedding::new(wrong);
        assert_eq!(say(step(hinge, &XS, &signs)), "the margin of a hinge embedding loss");
        assert_eq!(say(step(MultiMargin::new(wrong), &XS, &labels)), "the margin of a multi-margin loss");
        let poisson = PoissonNllLoss::of_rates().epsilon(wrong);
        assert_eq!(say(step(poisson, &XS, &signs)), "the epsilon of a Poisson loss");
        let outputs = [Sequence([[1.0_f32; 2]; 2])];
        let gaussian = GaussianNllLoss::default().epsilon(wrong).mean(&outputs, &signs[..1]);
        assert_eq!(say(gaussian.unwrap_err()), "the epsilon of a Gaussian loss");
        let triplet = TripletMargin::new(wrong).mean(&[Sequence([[1.0_f32; 2]; 3])], &[()]);
        assert_eq!(say(triplet.unwrap_err()), "the margin of a triplet loss");
    }
    for wrong in [-1.1, 1.1, f64::NAN] {
        let cosine = CosineEmbedding::new(wrong).mean(&[Sequence([[1.0_f32; 2]; 2])], &[true]);
        assert_eq!(say(cosine.unwrap_err()), "the margin of a cosine embedding loss");
    }
}
