"""Lecture 02: the definitions that carry its point."""

import inspect
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import approx_fprime

import lecture_source

best_choice, score, mean_miss, play = lecture_source.definitions(
    "02", "best_choice", "score", "mean_miss", "play"
)
polynomials, cosines, residual, rms, terms_needed = lecture_source.definitions(
    "02", "polynomials", "cosines", "residual", "rms", "terms_needed"
)
relu, bump, hinges, even_hinges, fit_knots = lecture_source.definitions(
    "02", "relu", "bump", "hinges", "even_hinges", "fit_knots"
)
grid_error, bell, new_point_errors, products_up_to, trained = lecture_source.definitions(
    "02", "grid_error", "bell", "new_point_errors", "products_up_to", "trained"
)
network, gradient, adam, search, default_start, scattered_start = lecture_source.definitions(
    "02", "network", "gradient", "adam", "search", "default_start", "scattered_start"
)
polynomial_error, squared_error = lecture_source.definitions("02", "polynomial_error", "squared_error")

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


@pytest.mark.parametrize("pool", [3, 6])
def test_three_drawn_blindly_are_three_whatever_the_pool(pool):
    threes = [score(numbers, 7) for numbers in combinations(range(10), 3)]
    assert mean_miss(pool, np.mean, target=7) == pytest.approx(np.mean(threes))


def test_the_widget_plays_nothing_and_everything():
    nothing, everything = play(""), play("0123456789")
    assert (nothing.loc["best choice"] == "none").all()
    assert nothing.loc["miss"].tolist() == nothing.columns.tolist()
    assert (everything.loc["miss"] == 0).all()
    assert play("9, 5, 3, x")[19].tolist() == ["3 + 5 + 9", 2]


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


def test_even_hinges_are_m_terms_with_knots_at_even_distances():
    columns = even_hinges(np.array([0.0, 0.25, 0.5, 1.0]), 5)
    assert columns == pytest.approx(
        np.array([[1, 0, 0, 0, 0], [1, 0.25, 0, 0, 0], [1, 0.5, 0.25, 0, 0], [1, 1, 0.75, 0.5, 0.25]])
    )


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


def test_a_moved_knot_hides_nothing_between_the_points():
    def jump(x):
        return np.tanh(80 * (x - 0.6)) + 0.3 * np.sin(2 * np.pi * x)

    knots = fit_knots(np.linspace(0, 1, 9)[1:-1], X_LINE, jump(X_LINE))
    w = np.linalg.lstsq(hinges(X_LINE, knots), jump(X_LINE), rcond=None)[0]
    between = np.linspace(0, 1, 4_001)
    missed = rms(jump(between) - hinges(between, knots) @ w)
    assert missed == pytest.approx(rms(residual(hinges(X_LINE, knots), jump(X_LINE))), rel=0.05)


def test_a_search_is_fitted_to_the_points_seen_and_judged_at_the_others():
    theta = scattered_start(np.random.default_rng(0), slope=4, starts=3)
    seen, y = np.arange(400) % 4 == 1, np.sin(5 * X_LINE)
    f, _ = network(adam(theta, X_LINE[seen], y[seen]), X_LINE[~seen])
    poisoned = np.where(seen, y, y + 100)  # what must not be looked at moves the verdict alone, not the fit
    expected = np.sqrt(np.mean((f - y[~seen] - 100) ** 2, axis=1))
    assert search(theta, X_LINE, poisoned, seen, at_once=2) == pytest.approx(expected)


def test_a_search_keeps_its_arrays_below_what_glibc_gives_back():
    # From 128 KiB on glibc may map and unmap an array's memory at every step, which took five times as long.
    at_once = inspect.signature(search).parameters["at_once"].default
    theta = default_start(np.random.default_rng(0), starts=at_once)
    _, h = network(theta, X_LINE[1::4])
    assert h.nbytes < 128 * 1024


def cube(rng, n=300, d=3):
    return rng.random((2, n, d))


def test_errors_are_judged_at_points_that_no_fit_has_seen():
    X, X_new = cube(np.random.default_rng(0))
    Y = np.column_stack([X[:, 0], X[:, 1] * X[:, 2]])
    Y_new = np.column_stack([X_new[:, 0] + 1, X_new[:, 1] * X_new[:, 2]])  # poisoned: 1 more than the fit
    assert new_point_errors(products_up_to(2), X, Y, X_new, Y_new) == pytest.approx([100, 0], abs=1e-9)


def test_noise_is_not_predicted_at_new_points():
    rng = np.random.default_rng(0)
    X, X_new = cube(rng)
    noise, noise_new = rng.normal(size=(2, 300, 1))
    [error] = new_point_errors(products_up_to(6), X, noise, X_new, noise_new)  # 84 terms, 300 points
    assert error > 100
    guess = trained(X, noise[:, 0], 0).predict(X_new)
    assert rms(guess - noise_new[:, 0]) > 1


def test_products_up_to_a_degree_are_as_many_as_the_lecture_counts():
    X = np.random.default_rng(0).random((5, 16))
    assert [products_up_to(degree)(X).shape[1] for degree in (1, 2, 3)] == [17, 153, 969]


def test_a_network_turns_its_hinges_towards_a_plane():
    X, X_new = cube(np.random.default_rng(0), n=1_000, d=4)
    u = np.array([0.5, -0.5, 0.5, 0.5])
    y, y_new = np.tanh(20 * (X - 0.5) @ u), np.tanh(20 * (X_new - 0.5) @ u)
    net = trained(X, y, 0)
    assert rms(net.predict(X_new) - y_new) < 0.1
    assert (np.abs(u @ net.coefs_[0]) / np.linalg.norm(net.coefs_[0], axis=0)).max() > 0.99
    assert sum(part.size for part in [*net.coefs_, *net.intercepts_]) == 16 * 4 + 16 + 16 + 1


@pytest.mark.parametrize(("n", "d"), [(1, 1), (5, 1), (4, 2), (2, 3)])
def test_grid_error_agrees_with_means_over_the_cubes(n, d):
    points = 120  # a side, a multiple of every n
    t = (np.arange(points) + 0.5) / points
    axes = np.meshgrid(*[t] * d, indexing="ij")
    values = bell(np.stack([axis.ravel() for axis in axes], axis=1)).reshape([points] * d)
    cubes = values.reshape([n, points // n] * d)
    means = cubes.mean(axis=tuple(range(1, 2 * d, 2)), keepdims=True)
    assert grid_error(n, d) == pytest.approx(rms(cubes - means) / rms(values), rel=1e-3)


@pytest.mark.parametrize(("degree", "d"), [(0, 2), (3, 1), (2, 2), (4, 2), (2, 3)])
def test_polynomial_error_agrees_with_a_fit_on_a_fine_grid(degree, d):
    t = (np.arange(60) + 0.5) / 60
    X = np.stack([axis.ravel() for axis in np.meshgrid(*[t] * d)], axis=1)
    assert polynomial_error(degree, d) == pytest.approx(
        rms(residual(products_up_to(degree)(X), bell(X))) / rms(bell(X)), rel=0.01
    )


def test_bell_is_the_mean_of_its_cosines():
    rng = np.random.default_rng(0)
    X = rng.random((20, 3))
    omega = rng.normal(0, 4 / np.sqrt(3), (3, 200_000))
    assert np.cos(X @ omega).mean(axis=1) == pytest.approx(bell(X), abs=5 / np.sqrt(200_000))


def test_waves_are_orthogonal_so_few_terms_hold_few_of_them():
    # section 5's argument in two dimensions: of 3**2 waves, m polynomials hold m at most, all together
    t = (np.arange(90) + 0.5) / 90
    X = np.stack([axis.ravel() for axis in np.meshgrid(t, t)], axis=1)
    frequencies = [(0, 1), (1, -1), (1, 0), (1, 1)]
    phases = [2 * np.pi * X @ np.array(k) for k in frequencies]
    waves = [np.ones(len(X))] + [2**0.5 * wave(phase) for phase in phases for wave in (np.cos, np.sin)]
    assert len(waves) == 3**2
    assert np.array(waves) @ np.array(waves).T / len(X) == pytest.approx(np.eye(9), abs=1e-9)
    for degree, terms in ((0, 1), (1, 3), (2, 6)):
        held = sum(1 - rms(residual(products_up_to(degree)(X), wave)) ** 2 for wave in waves)
        assert held <= terms + 1e-9


def test_one_cosine_errs_by_its_variance():
    # one cosine, one dimension: V = (1 + E f(2x))/2 - E f(x)**2 = 0.3568
    rng = np.random.default_rng(0)
    errors = [squared_error(1, 1, rng) for _ in range(20_000)]
    assert np.mean(errors) == pytest.approx(0.3568, abs=4 * np.std(errors) / np.sqrt(20_000))
