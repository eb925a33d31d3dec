"""Lecture 04: the definitions that carry its point, and the theories that its bands rest on."""

import random
import tracemalloc
from itertools import repeat

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.linalg import solve_discrete_lyapunov

import lecture_source

descend, modes, error_left, steps_to, standardise = lecture_source.definitions(
    "04", "descend", "modes", "error_left", "steps_to", "standardise"
)
lease_years, middle_storey = lecture_source.definitions("04", "lease_years", "middle_storey")
full_gradient, walk, one_by_one, share_downhill = lecture_source.definitions(
    "04", "full_gradient", "walk", "one_by_one", "share_downhill"
)
plain_walk, sgd, last, floor, shuffled_epoch = lecture_source.definitions(
    "04", "plain_walk", "sgd", "last", "floor", "shuffled_epoch"
)
valley, momentum_step, nesterov_step, adam_step, race = lecture_source.definitions(
    "04", "valley", "momentum_step", "nesterov_step", "adam_step", "race"
)
path, stays_within, steps_home = lecture_source.definitions("04", "path", "stays_within", "steps_home")
explore, explore_valley = lecture_source.definitions("04", "explore", "explore_valley")
unpack, forward, risk, gradient, noise, random_start, train, epochs = lecture_source.definitions(
    "04", "unpack", "forward", "risk", "gradient", "noise", "random_start", "train", "epochs"
)
as_rows, full_batch, accuracy, trial = lecture_source.definitions(
    "04", "as_rows", "full_batch", "accuracy", "trial"
)
patient = settings(deadline=None)  # a busy machine is no failure
rates = st.floats(0.01, 1.99)
starts = st.floats(-100, 100)
matrices = arrays.arrays(float, (8, 3), elements=st.floats(-10, 10, allow_subnormal=False))


def identity(theta):
    """Return the gradient of ½ theta²."""
    return theta


def test_descend_by_hand():
    assert [descend(8.0, identity, 0.5, k) for k in range(4)] == [8, 4, 2, 1]
    assert descend(1.0, identity, 2, 5) == -1


@patient
@given(starts, rates, st.integers(0, 60))
def test_descend_multiplies_by_one_minus_eps(theta, eps, k):
    assert descend(theta, identity, eps, k) == pytest.approx((1 - eps) ** k * theta, abs=1e-9)


def test_steps_to_by_hand():
    # λ = 1 and 2 at the rate ½: the first halves, the second is gone at once; ⅛ is left after three
    lam = np.array([1.0, 2.0])
    assert error_left(3, lam, np.array([5.0, 0.0])) == pytest.approx(1 / 8)
    assert steps_to(1 / 8, lam, np.array([5.0, 0.0])) == 3
    assert steps_to(1 / 8, lam, np.array([0.0, 5.0])) == 1


@patient
@given(matrices, arrays.arrays(float, 3, elements=st.integers(1, 9)))
def test_powers_along_eigenvectors_are_the_loop(X, w):
    X = X + 20 * np.eye(8, 3)
    y = X @ w
    lam, error = modes(X, y)
    looped = walk(np.zeros(3), X, y, 1 / lam[-1], [slice(None)] * 7)[-1]
    left = np.linalg.norm(looped - w) / np.linalg.norm(w)
    assert error_left(7, lam, error) == pytest.approx(left, abs=1e-6)
    assert error_left(7, lam, error) <= error_left(6, lam, error)


def test_a_storey_is_the_middle_of_its_range_and_a_lease_is_in_years():
    storeys = middle_storey(pd.Series(["10 TO 12", "01 TO 03", "49 TO 51"]))
    assert storeys.tolist() == [11, 2, 50]
    leases = lease_years(
        pd.Series(["61 years 04 months", "61 years", "60 years 01 month", "0 years 11 months"])
    )
    assert leases.tolist() == pytest.approx([61 + 4 / 12, 61, 60 + 1 / 12, 11 / 12])


@patient
@given(matrices, arrays.arrays(float, 3, elements=st.integers(-9, 9)))
def test_single_gradients_average_to_the_full_one_and_a_full_walk_is_gradient_descent(X, w):
    y = np.arange(8.0)
    single = one_by_one(w, X, y)
    assert single.mean(axis=0) == pytest.approx(full_gradient(w, X, y), abs=1e-9)
    assert full_gradient(w, X[[3]], y[[3]]) == pytest.approx(single[3])
    walked = walk(w, X, y, 1e-3, [slice(None)] * 4)
    assert walked.shape == (5, 3)
    assert walked[-1] == pytest.approx(descend(w, lambda w: full_gradient(w, X, y), 1e-3, 4))


def test_a_mean_that_most_examples_point_against():
    # the gradients of the three at w = 0 are −1, −1 and 5, so the full one is 1
    assert share_downhill(np.zeros(1), np.ones((3, 1)), np.array([1.0, 1.0, -5.0])) == pytest.approx(100 / 3)


@patient
@given(arrays.arrays(float, (20, 2), elements=st.floats(-100, 100), unique=True), st.floats(0.1, 10))
def test_standardising_forgets_units(X, scale):
    Z = standardise(X)
    assert Z.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert Z.std(axis=0) == pytest.approx([1, 1])
    assert standardise(scale * X + 3) == pytest.approx(Z, abs=1e-6)


@patient
@given(starts, st.floats(-5, 5), rates)
def test_with_one_target_both_forms_of_sgd_are_gradient_descent(theta, target, eps):
    expected = [target + (1 - eps) ** k * (theta - target) for k in range(6)]
    assert plain_walk(theta, [target], eps, 5, random.Random(0)) == pytest.approx(expected, abs=1e-9)
    steps = sgd(np.array([theta, target]), np.array([target]), repeat(eps, 5), np.random.default_rng(0))
    for step, value in zip(steps, expected[1:], strict=True):
        assert step == pytest.approx([value, target], abs=1e-9)


@patient
@given(st.floats(0, 1), st.integers(1, 4), st.integers(0, 9))
def test_no_walk_leaves_the_targets_at_rates_up_to_one(eps, M, seed):
    rng = np.random.default_rng(seed)
    for theta in sgd(np.zeros(20), np.array([-1.0, 2.0]), repeat(eps, 30), rng, M):
        assert theta.min() >= -1
        assert theta.max() <= 2


def test_every_walk_draws_its_own_batch():
    # one step at the rate 1 lands on the batch's mean: five targets of ±1 average to −1, −0.6, …, 1
    theta = last(sgd(np.zeros(5_000), np.array([-1.0, 1.0]), [1.0], np.random.default_rng(0), M=5))
    values, counts = np.unique(theta.round(9), return_counts=True)
    assert values == pytest.approx([-1, -0.6, -0.2, 0.2, 0.6, 1])
    assert counts / 5_000 == pytest.approx(np.array([1, 5, 10, 10, 5, 1]) / 32, abs=0.03)


def test_the_rate_one_over_k_is_the_running_mean():
    targets = np.arange(10.0)
    theta = last(sgd(np.array([7.0]), targets, (1 / k for k in range(1, 51)), np.random.default_rng(3)))
    rng = np.random.default_rng(3)
    assert theta == pytest.approx(np.mean([targets[rng.integers(10, size=(1, 1))] for _ in range(50)]))


@patient
@given(rates)
def test_the_floor_is_the_fixed_point_of_the_variance(eps):
    assert (1 - eps) ** 2 * floor(eps) + eps**2 == pytest.approx(floor(eps))


@pytest.mark.parametrize("eps", [0.5, 0.05])
def test_both_forms_of_sgd_settle_on_the_floor(eps):
    targets = standardise(np.random.default_rng(1).standard_normal(500))
    walks = last(sgd(np.ones(10_000), targets, repeat(eps, 200), np.random.default_rng(2)))
    assert walks.var() == pytest.approx(floor(eps), rel=4 * np.sqrt(2 / 10_000))
    rng = random.Random(2)
    plain = [plain_walk(1.0, targets.tolist(), eps, 200, rng)[-1] for _ in range(1_000)]
    assert np.var(plain) == pytest.approx(floor(eps), rel=4 * np.sqrt(2 / 1_000))


def test_memory_does_not_grow_with_the_steps():
    def peak(n_steps):
        tracemalloc.start()
        last(sgd(np.ones(10_000), np.ones(100), repeat(0.1, n_steps), np.random.default_rng(0)))
        bytes_at_most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return bytes_at_most

    peak(10)  # what is allocated once
    assert peak(2_000) < 1.1 * peak(200) < 1e6


def test_a_shuffled_epoch_meets_each_target_once():
    # rate ½ from 0, targets −1 and 1: −½ then ¼, or ½ then −¼
    *_, theta = shuffled_epoch(np.zeros(50), np.array([-1.0, 1.0]), 0.5, np.random.default_rng(0), M=1)
    assert set(theta) == {0.25, -0.25}
    [theta] = shuffled_epoch(np.zeros(3), np.array([1.0, 2.0, 6.0]), 0.5, np.random.default_rng(0), M=3)
    assert theta == pytest.approx([1.5] * 3)


def test_batches_must_divide_the_examples():
    with pytest.raises(ValueError, match="equal division"):
        list(shuffled_epoch(np.zeros(2), np.ones(10), 0.1, np.random.default_rng(0), M=3))
    with pytest.raises(ValueError, match="reshape"):
        epochs(1, 10, 3, np.random.default_rng(0))


def shuffled_theory(N, M, eps):
    """Return the settled variance after each step of a shuffled epoch, in floors of independent draws."""
    B, q = N // M, 1 - eps
    covariance = np.full((B, B), -1 / (N - 1))
    np.fill_diagonal(covariance, (N - M) / (M * (N - 1)))
    weights = [eps * q ** np.arange(j)[::-1] for j in range(1, B + 1)]
    added = np.array([w @ covariance[: len(w), : len(w)] @ w for w in weights])
    at_the_end = added[-1] / (1 - q ** (2 * B))
    return (q ** (2 * np.arange(1, B + 1)) * at_the_end + added) / (floor(eps) / M)


def test_the_theory_of_shuffled_epochs_that_the_bands_rest_on():
    assert shuffled_theory(1_000, 100, 0.1).mean() == pytest.approx(0.2727, abs=1e-4)
    assert shuffled_theory(1_000, 100, 0.1)[-1] == pytest.approx(0.0825, abs=1e-4)


def test_shuffled_epochs_follow_their_theory_step_by_step():
    rng = np.random.default_rng(5)
    targets, theta = standardise(rng.standard_normal(20)), np.zeros(10_000)
    for _ in range(20):
        variances = []
        for walks in shuffled_epoch(theta, targets, 0.1, rng, M=4):
            variances.append(walks.var())
        theta = walks
    expected = shuffled_theory(20, 4, 0.1) * floor(0.1) / 4
    assert variances == pytest.approx(expected, rel=5 * np.sqrt(2 / 10_000))


@patient
@given(arrays.arrays(float, 2, elements=starts), rates)
def test_without_friction_to_carry_it_momentum_is_gradient_descent(theta, eps):
    for step in (momentum_step, nesterov_step):
        moved, _ = step(theta, np.array([3.0, 4.0]), identity, eps, alpha=0)
        assert moved == pytest.approx(descend(theta, identity, eps, 1))


def test_momentum_and_nesterov_by_hand():
    # gradient θ, ε = 0.1, α = 0.5, from θ = 1 at speed 2: momentum sees the slope 1, Nesterov the slope 1 + 1
    assert momentum_step(1.0, 2.0, identity, 0.1, 0.5) == pytest.approx((1.9, 0.9))
    assert nesterov_step(1.0, 2.0, identity, 0.1, 0.5) == pytest.approx((1.8, 0.8))


@patient
@given(st.floats(0.01, 1e6), st.floats(0.001, 1))
def test_adams_first_step_is_the_rate_whatever_the_slope(size, eps):
    theta, (_, _, k) = adam_step(0.0, (0.0, 0.0, 0), lambda theta: size, eps)
    assert theta == pytest.approx(-eps, rel=1e-5)
    assert k == 1


def test_the_race_counts_what_the_formula_says():
    # at ε = 1/λ only θ₁ = 0.99ᵏ is left after the first step; at 2/(1 + λ) both shrink by 99/101
    assert race(momentum_step, 0.0, 0.01, 0.0)[0] == np.ceil(np.log(1e-6 * np.sqrt(2)) / np.log(0.99))
    assert race(momentum_step, 0.0, 2 / 101, 0.0) == (np.ceil(np.log(1e-6) / np.log(99 / 101)),) * 2
    first, for_good = race(adam_step, (0.0, 0.0, 0), 0.1)
    assert first < for_good


def test_the_theory_of_the_floor_with_momentum_that_its_band_rests_on():
    eps, alpha = 0.02, 0.9
    A = np.array([[1 - eps, alpha], [-eps, alpha]])  # (θ, v) ← A (θ, v) + ε θ_γ (1, 1)
    variance = solve_discrete_lyapunov(A, eps**2 * np.ones((2, 2)))[0, 0]
    assert variance == pytest.approx(eps * (1 + alpha) / ((1 - alpha) * (2 * (1 + alpha) - eps)))
    assert variance / floor(eps) == pytest.approx(9.95, abs=0.01)


def test_where_a_path_stays_and_when_it_is_home():
    across = np.array([1.0, 0.05, -0.3, 0.1, 0.02])
    assert stays_within(np.column_stack([np.zeros(5), across])) == 3
    assert steps_home(np.array([[3.0, 4.0], [5.1e-6, 0], [0, -4.9e-6], [1, 1]])) == 2
    assert path(0.01, 0.0, n_steps=2) == pytest.approx(np.array([[1, 1], [0.99, 0], [0.9801, 0]]))


@pytest.fixture
def shown(monkeypatch):
    """Return a list that takes the figures that are shown."""
    plt.switch_backend("agg")
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    yield figures
    plt.close("all")


@pytest.mark.parametrize("eps", [0.02, 1.9])
def test_the_slider_of_the_rate_at_both_ends(eps, shown):
    explore(eps, np.array([-1.0, 1.0]), np.random.default_rng(0))
    [axes] = shown[0].axes
    assert axes.get_title() == f"ε = {eps:.2f}: the variance settles at {eps / (2 - eps):.3f}"
    bottom, top = axes.get_ylim()
    assert bottom < -np.sqrt(floor(eps)) < np.sqrt(floor(eps)) < top, "the floor does not fit into the frame"


@pytest.mark.parametrize("eps", [0.001, 0.04])
@pytest.mark.parametrize("alpha", [0, 0.98])
def test_the_sliders_of_the_ball_at_both_ends(eps, alpha, shown):
    explore_valley(eps, alpha)
    [axes] = shown[0].axes
    [drawn] = [line for line in axes.lines if len(line.get_xdata()) == 61]
    assert np.isfinite(drawn.get_xydata()).all()
    assert drawn.get_xydata()[1] == pytest.approx([1 - eps, 1 - 100 * eps])
    assert axes.get_ylim() == (-1.3, 1.3), "what leaves the frame must not shrink the valley to a line"


def test_the_sliders_can_leave_what_the_lecture_asks_for():
    positions = path(0.029, 0.7)  # the aside's answer, on the sliders' grid
    assert np.linalg.norm(positions[-1]) / np.sqrt(2) < 0.01 / 100


@pytest.fixture
def digits():
    """Return a small network in float64, and twelve made-up digits."""
    rng = np.random.default_rng(0)
    theta = random_start(3, rng).astype(float)
    return theta, rng.random((12, 784)), rng.integers(10, size=12)


def test_a_start_has_a_place_for_every_parameter():
    W1, b1, W2, b2 = unpack(random_start(64, np.random.default_rng(0)))
    assert [part.shape for part in (W1, b1, W2, b2)] == [(784, 64), (64,), (64, 10), (10,)]
    assert W1.dtype == np.float32
    assert np.abs(W1).max() <= np.sqrt(6 / 848) < 1.02 * np.abs(W1).max()


def test_probabilities_sum_to_one_and_survive_large_scores(digits):
    theta, X, y = digits
    assert np.exp(forward(theta, X)[1]).sum(axis=1) == pytest.approx(np.ones(12))
    assert np.isfinite(risk(1_000 * theta, X, y))


def test_the_order_of_hidden_units_does_not_matter(digits):
    theta, X, y = digits
    W1, b1, W2, b2 = unpack(theta)
    turned = np.concatenate([W1[:, [2, 0, 1]].ravel(), b1[[2, 0, 1]], W2[[2, 0, 1]].ravel(), b2])
    assert risk(turned, X, y, 0.1) == pytest.approx(risk(theta, X, y, 0.1))


@pytest.mark.parametrize("beta", [0, 0.3])
def test_the_gradient_is_the_slope_of_the_risk(digits, beta):
    theta, X, y = digits
    rng, h = np.random.default_rng(1), 1e-6
    for part in range(4):  # a direction inside each of W1, b1, W2, b2
        inside = np.concatenate([np.full(p.size, i == part) for i, p in enumerate(unpack(theta))])
        direction = rng.standard_normal(len(theta)) * inside
        difference = risk(theta + h * direction, X, y, beta) - risk(theta - h * direction, X, y, beta)
        assert gradient(theta, X, y, beta) @ direction == pytest.approx(difference / (2 * h), rel=1e-5)


def test_noise_is_the_mean_squared_distance_of_single_gradients(digits):
    theta, X, y = digits
    single = np.array([gradient(theta, X[[i]], y[[i]]) for i in range(12)])
    assert noise(theta, X, y) == pytest.approx(np.mean(np.sum((single - single.mean(axis=0)) ** 2, axis=1)))


def test_epochs_meet_each_example_once_in_a_new_order():
    batches = epochs(2, 12, 4, np.random.default_rng(0))
    assert batches.shape == (6, 4)
    first, second = batches[:3].ravel(), batches[3:].ravel()
    assert sorted(first) == sorted(second) == list(range(12))
    assert list(first) != list(second)


def test_one_full_batch_is_a_step_of_gradient_descent(digits):
    theta, X, y = digits
    stepped = train(theta, X, y, 0.1, [np.arange(12)], beta=0.2)
    assert stepped == pytest.approx(descend(theta, lambda t: gradient(t, X, y, 0.2), 0.1, 1))


def test_ten_full_steps_without_momentum_are_gradient_descent(digits):
    theta, X, y = digits
    expected = descend(theta, lambda t: gradient(t, X, y), 0.1, 10)
    assert full_batch(theta, X, y, 0.1, alpha=0.0) == pytest.approx(expected)


def test_pixels_are_scaled_and_laid_in_rows():
    rows = as_rows(np.array([[[0, 255], [51, 102]]], dtype=np.uint8))
    assert rows.dtype == np.float32
    assert rows == pytest.approx(np.array([[0, 1, 0.2, 0.4]]))


def test_trials_neither_train_on_the_test_digits_nor_judge_by_the_training_digits():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10
    X = 0.1 * rng.random((200, 784)) + np.repeat(np.eye(10)[y], 79, axis=1)[:, :784]
    start = random_start(16, rng).astype(float)
    train_set, test_X, test_y = (X[:100], y[:100]), X[100:], y[100:]

    def accuracies(test_X, test_y):
        return trial(start, train_set, (test_X, test_y), np.random.default_rng(1), M=10)

    clean = accuracies(test_X, test_y)
    assert clean["SGD, ε = 0.1"] == 100
    # as many poisoned test digits again: not-a-number, and called 9 where the network's argmax is 0
    poisoned = accuracies(np.vstack([test_X, np.full_like(test_X, np.nan)]), np.append(test_y, [9] * 100))
    assert poisoned == {name: accuracy / 2 for name, accuracy in clean.items()}
    # every test digit called by the next one's name, the training digits untouched: what was right is wrong
    assert accuracies(test_X, (test_y + 1) % 10)["SGD, ε = 0.1"] == 0


@pytest.mark.parametrize(
    ("eps", "alpha", "steps"), [(4 / 121, 81 / 121, 93), (0.033, 0.67, 84), (0.028, 0.7, 73)]
)
def test_the_ball_with_the_best_rate_in_the_long_run_is_not_the_first_to_arrive(eps, alpha, steps):
    assert race(momentum_step, np.zeros(2), eps, alpha)[0] == steps
