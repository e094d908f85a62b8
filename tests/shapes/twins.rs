//! The programs of `tests/shapes/pass`: each compiles and runs. They are modules of one program, so that they are built
//! in one run of the compiler.

macro_rules! twins {
    ($($name:ident)*) => {
        /// The programs that run here.
        pub(crate) const TWINS: &[&str] = &[$(stringify!($name)),*];

        $(
            #[allow(dead_code)] // some only have to compile
            mod $name {
                include!(concat!("pass/", stringify!($name), ".rs"));

                #[test]
                fn compiles_and_runs() -> impl std::process::Termination {
                    main()
                }
            }
        )*
    };
}

twins! {
    a_batch_norm_has_the_channels_of_its_image
    a_convolution_takes_as_many_channels_as_its_image_has
    a_declared_network_gives_what_was_declared
    a_declared_network_must_meet
    a_declared_network_takes_what_was_declared
    a_field_has_the_attribute_parameter
    a_field_of_numbers_says_what_they_are_for
    a_flattened_image_meets_a_linear_layer_of_its_length
    a_gradient_belongs_to_its_network
    a_label_is_no_input
    a_label_is_no_target_of_a_regression
    a_layer_has_a_bias_or_none
    a_layer_is_not_packed
    a_layer_must_have_a_forward_and_a_backward_pass
    a_layer_must_have_a_width
    a_layer_must_list_its_parameters
    a_layer_with_sizes_must_take_what_is_inferred
    a_layer_without_sizes_is_inferred
    a_linear_map_must_have_one_scalar
    a_named_network_gives_what_it_declares
    a_network_fills_its_own_gradient
    a_network_in_training_must_meet_too
    a_network_must_have_one_scalar
    a_parameter_is_stored_inline
    a_pooling_window_must_fit_into_the_image
    a_regression_target_must_have_the_shape_of_the_output
    a_repeated_block_must_give_back_the_shape_it_takes
    a_reshaped_sample_keeps_its_numbers
    a_residual_block_deep_in_a_stack_must_give_back_the_shape_it_takes
    a_residual_block_must_give_back_the_shape_it_takes
    a_residual_block_with_a_stride_needs_a_shortcut
    a_shortcut_leads_from_images_to_images
    a_shortcut_must_give_the_shape_of_its_branch
    a_shortcut_must_take_what_its_branch_takes
    a_side_past_2048_is_a_product_of_2_3_5_and_7
    a_signal_has_the_length_that_its_network_takes
    a_stride_is_at_least_1
    a_stride_must_lead_to_the_sides_of_the_branch
    a_trainer_takes_the_optimizer_of_its_network
    a_tuple_holds_at_most_sixteen_layers
    a_weight_says_its_fans
    a_window_must_fit_into_the_image
    an_activation_declares_its_effect
    an_activation_is_a_layer_and_not_a_function
    an_activation_must_be_made_a_layer
    an_image_is_enlarged_at_least_once
    an_image_of_more_than_2048_numbers_cannot_be_flattened
    an_inferred_block_must_give_back_the_shape_it_takes
    an_inferred_convolution_needs_an_image
    an_inferred_layer_says_its_place_when_it_is_used
    an_inferred_network_gives_what_was_declared
    an_inferred_residual_block_needs_a_shortcut_that_fits
    an_inferred_stack_holds_at_most_sixteen_layers
    an_inferred_window_must_fit
    an_inferred_window_must_fit_in_training_too
    an_output_past_2048_is_a_product_of_2_3_5_and_7
    an_optimizer_belongs_to_its_network
    dropout_must_let_something_through
    gradients_are_checked_in_f64
    groups_divide_the_channels
    inferred_branches_are_a_tuple
    inferred_groups_divide_the_channels
    layers_deep_in_a_stack_must_meet
    neighboring_layers_must_meet
    only_a_struct_can_be_a_layer
    predictions_need_room_of_their_own_shape
    readme
    softmax_takes_a_vector_or_a_sequence
    the_branches_of_a_concatenation_agree_in_their_sides
    the_data_must_have_the_scalar_of_the_network
    the_first_layer_must_take_the_data
    the_first_layer_must_take_the_training_data
    the_gradient_of_a_new_network_must_not_explode
    the_gradient_of_a_new_network_must_not_vanish
    the_last_layer_must_give_a_score_for_each_class
    the_layers_of_a_named_network_must_meet
    the_slope_of_a_leaky_relu_must_be_a_number
    the_sums_of_residual_blocks_must_not_explode
    the_words_of_an_attribute_are_known
    theory_must_know_the_layers_between_weights
}
