"""Lecture 02: the definitions that carry its point."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import approx_fprime

import lecture_source

best_choice, score = lecture_source.definitions("02", "best_choice", "score")
polynomials, cosines, residual, rms, terms_needed = lecture_source.definitions(
    "02", "polynomials", "cosines", "residual", "rms", "terms_needed"
)
relu, bump, hinges, fit_knots = lecture_source.definitions("02", "relu", "bump", "hinges", "fit_knots")
network, gradient, adam, default_start, scattered_start = lecture_source.definitions(
    "02", "network", "gradient", "adam", "default_start", "scattered_start"
)
grid_error, target, squared_error, slope = lecture_source.definitions(
    "02", "grid_error", "target", "squared_error", "slope"
)

X_LINE = (np.arange(400) + 0.5) / 400
digits = st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True)
goals = st.integers(0, 30)


@pytest.mark.parametrize(
    ("numbers", "goal", "missed"),
    [
        ((3, 5, 9), 15, 1),
        ((3, 5, 9), 1, 1),
        ((0, 1, 2, 3, 4, 8), 5, 0),
        ((0, 1, 2, 3, 4, 8), 18, 3),
        ((1, 2, 3, 4), 10, 1),  # 10 would take all four
        ((4,), 8, 4),  # each number at most once
    ],
)
def test_score_by_hand(numbers, goal, missed):
    assert score(numbers, goal) == missed


@given(digits, goals, st.randoms())
def test_the_order_of_the_numbers_changes_nothing(numbers, goal, random):
    shuffled = random.sample(numbers, len(numbers))
    assert score(shuffled, goal) == score(numbers, goal)


@given(digits, goals, st.integers(0, 9))
def test_another_number_never_hurts(numbers, goal, more):
    assert score([*numbers, more], goal) <= score(numbers, goal)


@given(st.sets(st.integers(0, 9), min_size=6, max_size=6), goals)
def test_choosing_late_is_the_best_of_all_early_choices(numbers, goal):
    assert score(numbers, goal) == min(score(early, goal) for early in combinations(numbers, 3))


@given(digits, goals)
def test_the_best_choice_keeps_the_rules(numbers, goal):
    choice = best_choice(numbers, goal)
    assert len(choice) <= 3
    assert len(set(choice)) == len(choice)
    assert set(choice) <= set(numbers)
    assert score(numbers, goal) <= goal  # using none is a choice


def test_bases_by_hand():
    x = np.array([0.0, 0.5, 1.0])
    assert cosines(x, 3) == pytest.approx(np.array([[1, 1, 1], [1, 0, -1], [1, -1, 1]]))
    assert polynomials(x, 2) == pytest.approx(np.array([[1, -1], [1, 0], [1, 1]]))


@given(arrays.arrays(float, 4, elements=st.floats(-10, 10)))
def test_m_polynomials_hold_every_polynomial_below_degree_m(weights):
    assert rms(residual(polynomials(X_LINE, 4), np.polyval(weights, X_LINE))) < 1e-10


def test_rms_and_terms_needed_by_hand():
    assert rms(np.array([3.0, -4.0, 0.0, 0.0])) == 2.5
    assert terms_needed(polynomials, X_LINE, X_LINE**2, 1e-9) == 3
    assert terms_needed(cosines, X_LINE, np.cos(4 * np.pi * X_LINE), 1e-9) == 5
    # constants, lines: the line leaves of x**2 what is left of its second Legendre polynomial, 1/(6 sqrt 5)
    assert rms(residual(polynomials(X_LINE, 2), X_LINE**2)) == pytest.approx(1 / (6 * 5**0.5), rel=1e-4)


def test_relu_and_bump_by_hand():
    assert relu(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0, 3]
    x = np.array([0.0, 0.25, 0.375, 0.5, 0.75, 2.0])
    assert bump(x, 0.5, 0.25) == pytest.approx([0, 0, 0.5, 1, 0, 0])


@given(arrays.arrays(float, 5, elements=st.floats(-10, 10)))
def test_a_sum_of_bumps_is_linear_interpolation(heights):
    centres = np.linspace(0, 1, 5)
    total = (heights * bump(X_LINE[:, None], centres, 0.25)).sum(axis=1)
    assert total == pytest.approx(np.interp(X_LINE, centres, heights), abs=1e-9)


def test_hinges_hold_their_own_bump():
    assert rms(residual(hinges(X_LINE, np.array([0.25, 0.5, 0.75])), bump(X_LINE, 0.5, 0.25))) < 1e-12


def test_a_free_knot_finds_a_kink_it_was_not_told():
    assert fit_knots(np.array([0.3]), X_LINE, relu(X_LINE - 0.62)) == pytest.approx([0.62], abs=1e-4)


def test_network_by_hand():
    # 1 + 2 relu(3x - 1) at x = 0, 1
    theta = [np.array([[3.0]]), np.array([[-1.0]]), np.array([[2.0]]), np.array([[1.0]])]
    f, h = network(theta, np.array([0.0, 1.0]))
    assert f.tolist() == [[1, 5]]
    assert h.tolist() == [[[0, 2]]]


@pytest.mark.parametrize("part", range(4), ids=["a", "c", "w", "b"])
def test_gradient_agrees_with_finite_differences(part):
    theta = scattered_start(np.random.default_rng(1), slope=3, starts=2, units=4)
    y = np.sin(5 * X_LINE)

    def risk(values):
        changed = [*theta[:part], np.stack([theta[part][0], values]), *theta[part + 1 :]]
        return np.mean((network(changed, X_LINE)[0][1] - y) ** 2)

    numerical = approx_fprime(theta[part][1], risk)
    assert gradient(theta, X_LINE, y)[part][1] == pytest.approx(numerical, rel=1e-4, abs=1e-5)


def test_gradient_keeps_the_parameters_shapes():
    theta = default_start(np.random.default_rng(0), starts=5, units=3)
    parts = gradient(theta, X_LINE, X_LINE)
    assert [part.shape for part in parts] == [part.shape for part in theta] == [(5, 3)] * 3 + [(5, 1)]


def test_adams_first_step_has_the_size_of_the_rate():
    theta = scattered_start(np.random.default_rng(0), slope=2, starts=1, units=2)
    g = gradient(theta, X_LINE, X_LINE)
    after = adam(theta, X_LINE, X_LINE, n_steps=1, eps=0.01)
    for before, moved, part in zip(theta, after, g, strict=True):
        assert moved == pytest.approx(before - 0.01 * np.sign(part), abs=1e-6)


def test_adam_goes_downhill():
    theta = scattered_start(np.random.default_rng(0), slope=4, starts=3)
    y = np.sin(6 * X_LINE)
    before, after = (np.mean((network(t, X_LINE)[0] - y) ** 2) for t in (theta, adam(theta, X_LINE, y, 300)))
    assert after < before / 10


def test_the_default_start_has_every_kink_at_zero_and_the_other_scatters_them():
    a, c, w, b = default_start(np.random.default_rng(0), starts=50)
    assert not c.any()
    assert not b.any()
    assert np.abs([a, w]).max() <= np.sqrt(6 / 10)
    a, c, _, _ = scattered_start(np.random.default_rng(0), slope=4, starts=50)
    assert set(np.abs(a).ravel()) == {4}
    kinks = -c / a
    assert kinks.min() >= 0
    assert kinks.max() <= 1
    assert kinks.mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (5, 1), (4, 2), (2, 3)])
def test_grid_error_agrees_with_means_over_the_cubes(n, d):
    points = 120  # a side, a multiple of every n
    t = (np.arange(points) + 0.5) / points
    axes = np.meshgrid(*[t] * d, indexing="ij")
    values = target(np.stack([axis.ravel() for axis in axes], axis=1)).reshape([points] * d)
    cubes = values.reshape([n, points // n] * d)
    means = cubes.mean(axis=tuple(range(1, 2 * d, 2)), keepdims=True)
    assert grid_error(n, d) == pytest.approx(rms(cubes - means) / rms(values), rel=1e-3)


def test_target_is_the_mean_of_its_cosines():
    rng = np.random.default_rng(0)
    X = rng.random((20, 3))
    omega = rng.normal(0, 4 / np.sqrt(3), (3, 200_000))
    assert np.cos(X @ omega).mean(axis=1) == pytest.approx(target(X), abs=5 / np.sqrt(200_000))


def test_one_cosine_errs_by_its_variance():
    # one cosine, one dimension: V = (1 + E f(2x))/2 - E f(x)**2 = 0.3568
    rng = np.random.default_rng(0)
    errors = [squared_error(1, 1, rng) for _ in range(20_000)]
    assert np.mean(errors) == pytest.approx(0.3568, abs=4 * np.std(errors) / np.sqrt(20_000))


@settings(max_examples=30)
@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_slope_of_a_power_law_is_its_exponent(exponent, factor):
    m = 2 ** np.arange(2, 8)
    squared = np.repeat((factor * m**exponent)[:, None] ** 2, 5, axis=1)
    assert slope(m, squared) == pytest.approx((exponent, 0), abs=1e-9)


def test_the_slopes_standard_error_is_its_spread():
    rng = np.random.default_rng(0)
    m = 2 ** np.arange(2, 8)
    runs = [slope(m, rng.exponential(1 / m[:, None], (len(m), 200))) for _ in range(300)]
    slopes, claimed = np.transpose(runs)
    assert slopes.std() == pytest.approx(claimed.mean(), rel=0.2)
    assert slopes.mean() == pytest.approx(-0.5, abs=5 * claimed.mean() / np.sqrt(300))
