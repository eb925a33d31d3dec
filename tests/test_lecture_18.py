"""Lecture 18: the definitions that carry its point, and that no test digit is learned from."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lecture_source
import small_digits
from utils.datasets.mnist import digits

noised, score, best_guess, walk_back = lecture_source.definitions(
    "18", "noised", "score", "best_guess", "walk_back"
)
from_stored, through_noise, ring_noise = lecture_source.definitions(
    "18", "from_stored", "through_noise", "ring_noise"
)
examples, denoiser, guided = lecture_source.definitions("18", "examples", "denoiser", "guided")

MIXTURE = np.array([0.2, 0.5, 0.3]), np.array([-2, 0, 1.5]), np.array([0.2, 0.3, 0.1])
SHARES = np.append(1, np.cumprod(1 - np.linspace(1e-4, 0.02, 1_000)))
shares_of_signal = st.floats(0.01, 0.99)


def test_one_step_into_the_noise_is_many():
    x, noises = np.array([2.0, -1]), np.random.default_rng(0).normal(size=(40_000, 3, 2))
    beta = np.array([0.3, 0.5, 0.1])
    steps = np.broadcast_to(x, (40_000, 2))
    for t in range(3):
        steps = np.sqrt(1 - beta[t]) * steps + np.sqrt(beta[t]) * noises[:, t]
    at_once = noised(x, 3, noises[:, 0], np.append(1, np.cumprod(1 - beta)))
    assert at_once.mean(axis=0) == pytest.approx(steps.mean(axis=0), abs=0.03)
    assert at_once.var(axis=0) == pytest.approx(steps.var(axis=0), rel=0.03)
    assert noised(x, 0, noises[0, 0], SHARES).tolist() == [2, -1]


@given(shares_of_signal, st.floats(-4, 4))
def test_the_best_guess_is_the_mean_by_integration(a, x):
    x0 = np.linspace(-5, 5, 20_001)[:, None]
    logs = np.log(MIXTURE[0] / MIXTURE[2]) - 0.5 * ((x0 - MIXTURE[1]) / MIXTURE[2]) ** 2
    logs = np.logaddexp.reduce(logs, axis=1) - (x - np.sqrt(a) * x0[:, 0]) ** 2 / (2 * (1 - a))
    odds = np.exp(logs - logs.max())
    assert best_guess(np.array([x]), a, *MIXTURE)[0] == pytest.approx(odds @ x0[:, 0] / odds.sum(), abs=1e-6)


@given(shares_of_signal, st.floats(-4, 4))
def test_denoiser_and_score_are_the_same(a, x):
    x = np.array([x])
    by_score = (x + (1 - a) * score(x, a, *MIXTURE)) / np.sqrt(a)
    assert by_score == pytest.approx(best_guess(x, a, *MIXTURE), abs=1e-9)


@pytest.mark.parametrize("eta", [0, 1])
def test_a_walk_with_the_exact_noise_arrives_at_the_data(eta):
    rng = np.random.default_rng(0)
    mean, sd = 0.7, 0.5

    def exact(x, t):
        a = SHARES[t]
        return np.sqrt(1 - a) * (x - np.sqrt(a) * mean) / (a * sd**2 + 1 - a)

    x = walk_back(exact, rng.normal(size=20_000), 400, SHARES, eta, rng)
    assert x.mean() == pytest.approx(mean, abs=0.02)
    assert x.std() == pytest.approx(sd, rel=0.03)


def test_a_walk_stops_at_the_levels_asked_and_ends_clean():
    asked = []

    def noise_in(x, t):
        asked.append(int(t))
        return (x - np.sqrt(SHARES[t]) * 3) / np.sqrt(1 - SHARES[t])  # the clean point is 3

    x = walk_back(noise_in, np.array([0.4]), 4, SHARES)
    assert asked == [1_000, 667, 334, 1]
    assert x == pytest.approx([3])


def test_the_minimiser_is_the_weighted_mean_by_hand():
    stored, a = np.array([[0.0, 0], [2, 0]]), 0.25
    guess, weights = from_stored(np.array([[0.5, 0], [3.0, 1]]), a, stored)
    odds = np.exp((3.0**2 - 2.0**2) / (2 * 0.75))  # squared distances 10 and 5 at the second point
    assert weights[0] == pytest.approx([0.5, 0.5])
    assert weights[1, 1] / weights[1, 0] == pytest.approx(odds)
    assert guess == pytest.approx(weights @ stored)


def test_no_other_guess_errs_less_on_what_is_stored():
    rng = np.random.default_rng(1)
    stored, a = rng.normal(size=(20, 3)), 0.6
    x0 = stored[rng.integers(20, size=50_000)]
    x = np.sqrt(a) * x0 + np.sqrt(1 - a) * rng.normal(size=x0.shape)
    guess = from_stored(x, a, stored)[0]
    least = np.mean((guess - x0) ** 2)
    for other in (x, np.sqrt(a) * x, 0.9 * guess, stored[from_stored(x, a, stored)[1].argmax(axis=1)]):
        assert np.mean((other - x0) ** 2) > 1.01 * least


def test_the_minimiser_walks_to_stored_rows():
    rng = np.random.default_rng(2)
    stored = rng.normal(size=(30, 16))

    def perfect(x, t):
        return (x - np.sqrt(SHARES[t]) * from_stored(x, SHARES[t], stored)[0]) / np.sqrt(1 - SHARES[t])

    made = walk_back(perfect, rng.normal(size=(20, 16)), 50, SHARES, 1, rng)
    assert np.linalg.norm(made[:, None] - stored, axis=-1).min(axis=1).max() < 1e-5


def test_the_ring_is_the_mixture_of_its_corners():
    x, corners, spread, t = np.array([[0.3, -0.2]]), np.array([[1.0, 0], [0, 1]]), 0.1, 300

    def log_density(x):
        variance = SHARES[t] * spread**2 + 1 - SHARES[t]
        squared = np.sum((x - np.sqrt(SHARES[t]) * corners) ** 2, axis=1)
        return np.log(np.sum(np.exp(-squared / (2 * variance))))

    h = 1e-6 * np.eye(2)
    slope = np.array([(log_density(x + e) - log_density(x - e)) / 2e-6 for e in h])
    found = ring_noise(x, t, SHARES, corners, spread)
    assert found[0] == pytest.approx(-np.sqrt(1 - SHARES[t]) * slope, abs=1e-6)


def test_examples_hold_the_noise_that_was_added():
    rows, kinds = np.arange(10.0).reshape(5, 2), np.arange(5)
    [noisy, t, kind], noise = examples(rows, kinds, 300, SHARES, np.random.default_rng(0))
    a = SHARES[t.astype(int)]
    clean = (noisy - np.sqrt(1 - a) * noise) / np.sqrt(a)
    assert np.allclose(clean, rows[kind[:, 0]], atol=1e-3)
    assert 1 <= t.min() < t.max() <= 1_000
    assert len(set(t[:, 0])) > 200
    assert [part.dtype for part in (noisy, t, kind, noise)] == ["float32", "float32", "int32", "float32"]


def test_the_network_starts_at_no_noise_and_hears_step_and_kind():
    keras.utils.set_random_seed(0)
    net = denoiser(2, 8, 1, 3)
    x, t, kind = np.ones((4, 2), "float32"), np.array([[1], [1], [900], [1]], "float32"), [[0], [0], [0], [2]]

    def said():
        return keras.ops.convert_to_numpy(net([x, t, np.array(kind, "int32")], training=False))

    assert said().tolist() == [[0, 0]] * 4
    net.layers[-1].set_weights([np.eye(8, 2), np.zeros(2)])
    first, same, later, other = said()
    assert np.array_equal(first, same)
    assert not np.allclose(first, later)
    assert not np.allclose(first, other)


def test_guidance_goes_beyond_what_is_told():
    def told(x, t):
        return x + t

    def untold(x, t):
        return x

    x = np.array([1.0, 2])
    assert guided(told, untold, 0)(x, 3).tolist() == [4, 5]
    assert guided(told, untold, 2)(x, 3).tolist() == [10, 11]
    assert guided(told, untold, -1)(x, 3).tolist() == [1, 2]


@pytest.mark.parametrize("t", [1, 1_000])
def test_the_widget_at_both_ends(t, monkeypatch):
    drawn = []

    def note():
        drawn.extend(ax.images[0].get_array() for ax in plt.gcf().axes)
        plt.close("all")

    monkeypatch.setattr(plt, "show", note)
    rng = np.random.default_rng(0)
    stored, picture, noise = rng.choice([-1.0, 1], (6, 784)), rng.choice([-1.0, 1], 784), rng.normal(size=784)
    assert through_noise(t, picture, noise, stored, SHARES) is None
    seen, guess = (pixels.reshape(784) for pixels in drawn)
    assert np.allclose(seen, noised(picture, t, noise, SHARES))
    if t == 1:  # it answers with one stored picture, though it sees another
        assert np.abs(guess - stored).max(axis=1).min() < 1e-6
    else:  # it answers with nearly the mean of all
        assert np.abs(guess - stored.mean(axis=0)).max() < 0.7


def learned_and_stated(x_test, y_test):
    """Run all that trains or fits, on 400 small digits and with few steps.

    Returns
    -------
    list, dict
        Everything learned, as arrays; the stated figures.
    """

    def source_of(section, source):
        if not section.title.startswith(tuple(f"{number} " for number in range(1, 8))):
            return ""
        return source.replace("_000 * 256", "0 * 256").replace("2_500 * 256", "50 * 256")

    scope, stated = small_digits.run("18", x_test, y_test, source_of)
    models = [scope[name] for name in ("encoder", "decoder", "net")] + [scope["referee"].model]
    weights = [weights for model in models for weights in model.get_weights()]
    return [*weights, scope["stored"], scope["centre"], scope["scale"], scope["five"]], stated


def test_no_test_digit_is_learned_from_and_each_score_is_of_test_digits():
    (x, y), _ = digits()
    learned, stated = learned_and_stated(x[400:600], y[400:600])
    poisoned, others = learned_and_stated(255 - x[400:600], (y[400:600] + 1) % 10)
    assert len(learned) > 20
    assert all(map(np.array_equal, learned, poisoned))
    assert others["new digits, mean difference"] > 1.5 * stated["new digits, mean difference"]
    assert others["distance, one Gaussian"] > stated["distance, one Gaussian"]  # another reference
    new = "new codes, minimiser over network"
    assert others[new] > stated[new]
