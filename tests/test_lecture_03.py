"""Lecture 03: the definitions that carry its point."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import special

import lecture_source

merge, glorot, forward, risk, gradients, train, finite_differences, succeeds = lecture_source.definitions(
    "03", "merge", "glorot", "forward", "risk", "gradients", "train", "finite_differences", "succeeds"
)
sigmoid, stack_sigmoids, perceptron, has_silent_unit = lecture_source.definitions(
    "03", "sigmoid", "stack_sigmoids", "perceptron", "has_silent_unit"
)
as_rows, ridge, softmax_regression, accuracy = lecture_source.definitions(
    "03", "as_rows", "ridge", "softmax_regression", "accuracy"
)
MODELS = lecture_source.definitions("03", "by_quantity", "by_one_hot", "by_softmax")
softmax, cross_entropy, slope_ce, slope_half_squared, race = lecture_source.definitions(
    "03", "softmax", "cross_entropy", "slope_ce", "slope_half_squared", "race"
)

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0.0, 1.0, 1.0, 0.0])
# The network that the lecture builds by hand, as a batch of one start.
BY_HAND = [
    np.array([[[1.0, 1.0], [1.0, 1.0]]]),
    np.array([[[0.0, -1.0]]]),
    np.array([[[1.0], [-2.0]]]),
    np.zeros((1, 1, 1)),
]

seeds = st.integers(0, 2**32 - 1)
widths = st.integers(1, 6)
slopes = st.sampled_from([0.0, 0.1, 0.3])
scores = arrays.arrays(float, (3, 4), elements=st.floats(-50, 50))


def random_starts(seed, width, n_starts=3):
    """Return networks with biases, so that no example lies on a unit's kink."""
    rng = np.random.default_rng(seed)
    return [part + rng.normal(size=part.shape) for part in glorot(rng, n_starts, width)]


@given(seeds, widths, widths)
def test_two_stacked_linear_layers_equal_one(seed, width, n_outputs):
    rng = np.random.default_rng(seed)
    W_1, c_1 = rng.normal(size=(2, width)), rng.normal(size=width)
    W_2, c_2 = rng.normal(size=(width, n_outputs)), rng.normal(size=n_outputs)
    inputs = rng.normal(size=(10, 2))
    W, c = merge(W_1, c_1, W_2, c_2)
    assert W.shape == (2, n_outputs)
    assert inputs @ W + c == pytest.approx((inputs @ W_1 + c_1) @ W_2 + c_2, abs=1e-12)


def test_the_network_by_hand_computes_xor():
    Z, H, y_hat = forward(X, BY_HAND)
    assert Z.tolist() == [[[0, -1], [1, 0], [1, 0], [2, 1]]]
    assert H.tolist() == [[[0, 0], [1, 0], [1, 0], [2, 1]]]
    assert y_hat.tolist() == [[0, 1, 1, 0]]
    assert risk(X, y, BY_HAND).tolist() == [0]
    assert succeeds(X, y, BY_HAND).tolist() == [True]


def test_a_leak_by_hand():
    # The second unit answers -0.5 instead of 0 where its input is -1, and counts -2 times.
    assert forward(X, BY_HAND, delta=0.5)[-1].tolist() == [[1, 1, 1, 0]]
    assert succeeds(X, y, BY_HAND, delta=0.5).tolist() == [False]


@given(seeds, widths, slopes, st.randoms(use_true_random=False))
def test_a_permutation_of_hidden_units_changes_nothing(seed, width, delta, random):
    W, c, w, b = random_starts(seed, width)
    order = list(range(width))
    random.shuffle(order)
    shuffled = [W[:, :, order], c[:, :, order], w[:, order], b]
    assert forward(X, shuffled, delta)[-1] == pytest.approx(forward(X, [W, c, w, b], delta)[-1], abs=1e-12)


def test_a_permutation_of_one_layer_alone_does_change_something():
    W, c, w, b = BY_HAND
    assert forward(X, [W, c, w[:, ::-1], b])[-1].tolist() != [[0, 1, 1, 0]]


@given(seeds, widths, slopes)
def test_gradients_agree_with_finite_differences(seed, width, delta):
    theta = random_starts(seed, width)
    Z, *_ = forward(X, theta)
    if np.abs(Z).min() < 1e-3:  # a difference quotient across a kink is no derivative
        return
    for ours, theirs in zip(
        gradients(X, y, theta, delta), finite_differences(X, y, theta, delta), strict=True
    ):
        assert ours.shape == theirs.shape
        assert ours == pytest.approx(theirs, abs=1e-7)


def test_finite_differences_put_every_parameter_back():
    theta = random_starts(0, 3)
    before = [part.copy() for part in theta]
    finite_differences(X, y, theta)
    assert all(np.array_equal(part, kept) for part, kept in zip(theta, before, strict=True))


@given(seeds, widths, slopes)
def test_starts_do_not_know_of_each_other(seed, width, delta):
    theta = random_starts(seed, width)
    alone = train(X, y, [part[[1]] for part in theta], n_steps=5, delta=delta)
    together = train(X, y, theta, n_steps=5, delta=delta)
    for single, batch in zip(alone, together, strict=True):
        assert single[0] == pytest.approx(batch[1], abs=1e-12)


def test_a_step_by_hand():
    # Only b can move: all weights are zero, so e = (0, -1, -1, 0) / 2 and b becomes 0.1.
    theta = [np.zeros((1, 2, 2)), np.zeros((1, 1, 2)), np.zeros((1, 2, 1)), np.zeros((1, 1, 1))]
    *rest, b = train(X, y, theta, n_steps=1, eps=0.1)
    assert b[0, 0, 0] == pytest.approx(0.1)
    assert not any(part.any() for part in rest)


def test_training_starts_from_a_copy():
    theta = random_starts(0, 2)
    before = [part.copy() for part in theta]
    train(X, y, theta, n_steps=3)
    assert all(np.array_equal(part, kept) for part, kept in zip(theta, before, strict=True))


@given(seeds, st.integers(1, 20))
def test_glorot_draws_within_its_limits_and_starts_with_zero_biases(seed, width):
    W, c, w, b = glorot(np.random.default_rng(seed), 7, width)
    assert [part.shape for part in (W, c, w, b)] == [(7, 2, width), (7, 1, width), (7, width, 1), (7, 1, 1)]
    assert np.abs(W).max() <= np.sqrt(6 / (2 + width))
    assert np.abs(w).max() <= np.sqrt(6 / (width + 1))
    assert not c.any()
    assert not b.any()


def test_glorot_fills_its_limits():
    W, _, w, _ = glorot(np.random.default_rng(0), 1_000, 4)
    assert np.abs(W).max() == pytest.approx(1, rel=0.01)
    assert np.abs(w).max() == pytest.approx(np.sqrt(6 / 5), rel=0.01)


def test_a_silent_unit_stays_as_it_is():
    theta = glorot(np.random.default_rng(1), 1, 2)
    theta[0][0, :, 0] = -0.5
    trained = train(X, y, theta, n_steps=50)
    assert np.array_equal(trained[0][0, :, 0], [-0.5, -0.5])
    assert not np.array_equal(trained[0][0, :, 1], theta[0][0, :, 1])
    leaky = train(X, y, theta, n_steps=50, delta=0.1)
    assert not np.array_equal(leaky[0][0, :, 0], [-0.5, -0.5])


def test_a_start_has_a_silent_unit_if_one_of_its_units_answers_nothing_to_all_four_cases():
    W = np.array([[[1.0, -1.0], [1.0, -1.0]], [[1.0, -1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
    theta = [W, np.zeros((3, 1, 2)), np.ones((3, 2, 1)), np.zeros((3, 1, 1))]
    assert has_silent_unit(X, theta).tolist() == [True, False, False]
    theta[1][2, 0, 1] = -2.0  # only 11 reaches the threshold, and at the threshold a unit is silent
    assert has_silent_unit(X, theta).tolist() == [True, False, True]


@given(arrays.arrays(float, 5, elements=st.floats(-30, 30)))
def test_sigmoid_agrees_with_scipy_and_is_symmetric(z):
    assert sigmoid(z) == pytest.approx(special.expit(z), abs=1e-15)
    assert sigmoid(z) + sigmoid(-z) == pytest.approx(np.ones(5))


@given(st.floats(-3, 3), st.integers(1, 12))
def test_stacked_sigmoids_lose_three_quarters_of_the_slope_in_each_layer(z, n_layers):
    value, slope = stack_sigmoids(z, n_layers)
    assert 0 < slope <= 0.25**n_layers
    step = 1e-5
    above, below = (stack_sigmoids(z + sign * step, n_layers)[0] for sign in (1, -1))
    assert slope == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-9)
    assert 0 < value < 1


def test_stacked_sigmoids_by_hand():
    assert stack_sigmoids(0.0, 0) == (0.0, 1.0)
    assert stack_sigmoids(0.0, 1) == (0.5, 0.25)
    assert stack_sigmoids(0.0, 1, weight=10.0) == (0.5, 2.5)
    assert stack_sigmoids(0.5, 1, weight=2.0, bias=-1.0) == (0.5, 0.5)
    assert stack_sigmoids(0.5, 10, weight=4.0, bias=-2.0) == (0.5, 1.0)


def with_bias(points):
    return np.column_stack([np.ones(len(points)), points])


def test_perceptron_on_xor_is_back_at_zero_after_each_pass():
    for passes in (1, 2, 7):
        w, mistakes = perceptron(with_bias(X), np.array([-1, 1, 1, -1]), max_passes=passes)
        assert w.tolist() == [0, 0, 0]
        assert mistakes == 4 * passes


def test_perceptron_learns_every_rule_of_two_switches_but_xor_and_its_opposite():
    failed = []
    for rule in itertools.product([-1, 1], repeat=4):
        w, _ = perceptron(with_bias(X), np.array(rule), max_passes=100)
        if not (np.array(rule) * (with_bias(X) @ w) > 0).all():
            failed.append(rule)
    assert failed == [(-1, 1, 1, -1), (1, -1, -1, 1)]


@given(st.lists(st.sampled_from([-1, 1]), min_size=1, max_size=30))
def test_orthonormal_examples_make_the_bound_tight(labels):
    w, mistakes = perceptron(np.eye(len(labels)), np.array(labels))
    assert mistakes == len(labels)
    assert w.tolist() == labels


@given(seeds, st.floats(0.02, 0.3))
def test_perceptron_keeps_its_bound_and_ends_without_a_mistake(seed, half_gap):
    rng = np.random.default_rng(seed)
    points, w_star = rng.normal(size=(40, 3)), rng.normal(size=3)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    side = points @ w_star / np.linalg.norm(w_star)
    far = np.abs(side) >= half_gap
    w, mistakes = perceptron(points[far], np.sign(side[far]))
    assert mistakes <= 1 / half_gap**2  # 4 R² / γ² with R = 1 and γ = 2 half_gap
    assert (np.sign(side[far]) * (points[far] @ w) > 0).all()


@given(scores, st.floats(-1e6, 1e6))
def test_softmax_is_a_distribution_that_ignores_a_common_constant(z, constant):
    p = softmax(z)
    assert p.sum(axis=1) == pytest.approx(np.ones(3))
    assert (p >= 0).all()
    assert softmax(z + constant) == pytest.approx(p, abs=1e-8)
    assert p == pytest.approx(special.softmax(z, axis=1), abs=1e-12)


def test_softmax_by_hand_and_at_huge_scores():
    assert softmax(np.log([1.0, 2.0, 5.0])) == pytest.approx([0.125, 0.25, 0.625])
    assert softmax(np.array([1e5, 0.0])).tolist() == [1, 0]


@given(st.floats(-20, 20))
def test_softmax_over_two_scores_is_a_sigmoid(z):
    assert softmax(np.array([z, 0.0]))[0] == pytest.approx(sigmoid(z))


def test_cross_entropy_by_hand():
    p = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]])
    assert cross_entropy(p, [1, 2]) == pytest.approx(np.log(4) / 2)


@given(st.floats(-6, 6))
def test_slopes_are_the_derivatives_that_the_lecture_says(z):
    def slope(loss, step=1e-5):
        return (loss(sigmoid(z + step)) - loss(sigmoid(z - step))) / (2 * step)

    assert slope_ce(sigmoid(z)) == pytest.approx(slope(lambda p: -np.log(p)), abs=1e-8)
    assert slope_half_squared(sigmoid(z)) == pytest.approx(slope(lambda p: (p - 1) ** 2 / 2), abs=1e-8)


def test_race_stops_at_the_first_step_beyond_the_finish():
    path = race(slope_ce, z=0.0, eps=2.0)
    assert path[:2] == pytest.approx([0.5, special.expit(1.0)])  # slope -1/2, so z = 0 + 2 / 2
    assert path[-1] > 0.9
    assert (path[:-1] <= 0.9).all()


def test_pictures_become_rows_that_begin_with_the_bias():
    rows = as_rows(np.array([[[0, 255], [51, 102]]], dtype=np.uint8))
    assert rows.dtype == np.float32
    assert rows == pytest.approx(np.array([[1, 0, 1, 0.2, 0.4]]))


def test_ridge_by_hand():
    # one column of ones: the mean of the targets, shrunk by its price
    assert ridge(np.ones((4, 1)), np.array([0.0, 1, 1, 0]), price=1.0) == pytest.approx([0.25])
    assert ridge(np.ones((4, 1)), np.eye(4)[:, :2], price=0.0) == pytest.approx(np.full((1, 2), 0.25))


def test_a_step_of_softmax_regression_goes_down_the_gradient_of_the_mean_cross_entropy():
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(6, 3)), rng.integers(10, size=6)
    slope = -softmax_regression(points, labels, n_steps=1, eps=1.0)
    for index in np.ndindex(slope.shape):
        nudge = np.zeros_like(slope)
        nudge[index] = 1e-6
        above, below = (cross_entropy(softmax(points @ W), labels) for W in (nudge, -nudge))
        assert slope[index] == pytest.approx((above - below) / 2e-6, abs=1e-8)


def clouds(rng, n):
    """Return n points, rows that begin with a 1, of ten clouds far apart, and the clouds' numbers."""
    labels = np.arange(n) % 10
    points = np.eye(10)[labels] + 0.1 * rng.normal(size=(n, 10))
    return np.column_stack([np.ones(n), points]), labels


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_models_neither_train_on_the_test_digits_nor_are_judged_by_the_training_digits(model):
    rng = np.random.default_rng(0)
    train_set, (test_X, test_y) = clouds(rng, 200), clouds(rng, 100)
    clean = accuracy(model, train_set, (test_X, test_y))
    assert clean >= 40  # by chance 10
    # as many poisoned test digits again, not-a-number and of a name that nobody gives: half of it, exactly
    poisoned = np.vstack([test_X, np.full_like(test_X, np.nan)]), np.append(test_y, [99] * 100)
    with np.errstate(invalid="ignore"):
        assert accuracy(model, train_set, poisoned) == clean / 2
    # test digits called by wrong names: what was right is wrong, and no training has learned the new names
    assert accuracy(model, train_set, (test_X, test_y + 10)) == 0
    # training digits called by wrong names: the model has learned these
    moved = train_set[0], (train_set[1] + 5) % 10
    assert accuracy(model, moved, (test_X, test_y)) < clean / 2
