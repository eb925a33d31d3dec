"""Lecture 19: the definitions that carry its point, and that no test digit is learned from."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import lecture_source
import small_digits
from utils.datasets.mnist import digits

value, slopes, duel, farther, spiral = lecture_source.definitions(
    "19", "value", "slopes", "duel", "farther", "spiral"
)
networks, each_game, contest, clouds_found, five = lecture_source.definitions(
    "19", "networks", "each_game", "contest", "clouds_found", "five"
)
report, hide, read, cycle_errors, strided, shrunk = lecture_source.definitions(
    "19", "report", "hide", "read", "cycle_errors", "strided", "shrunk"
)


@given(st.floats(0, 10))
def test_the_value_of_the_game_is_twice_js_less_ln_4(shift):
    V, js = value(shift)
    assert pytest.approx(2 * js - np.log(4), abs=1e-9) == V
    assert -1e-12 <= js <= np.log(2) + 1e-12


def test_the_best_discriminator_is_bayes_rule():
    """No logit that differs from ln(p/q) = −x m + m²/2 has a larger value."""
    z, m = np.linspace(-20, 22, 20_001), 2.0
    p, q = (np.exp(-((z - mean) ** 2) / 2) / np.sqrt(2 * np.pi) for mean in (0, m))

    def of(logit):
        return -np.trapezoid(p * np.logaddexp(0, -logit) + q * np.logaddexp(0, logit), z)

    best = -m * z + m**2 / 2
    assert of(best) == pytest.approx(value(m)[0], abs=1e-9)
    for change in (0.1, -0.1, 0.1 * z, 0.3 * np.sin(z)):
        assert of(best + change) < value(m)[0] - 1e-5


@given(st.floats(-10, 10))
def test_slopes_are_derivatives_of_the_two_losses(s):
    step = 1e-5

    def falls(loss):
        return -(loss(s + step) - loss(s - step)) / (2 * step)

    weak, strong = slopes(s)
    assert weak == pytest.approx(falls(lambda s: -np.logaddexp(0, s)), abs=1e-8)  # ln(1 − σ(s))
    assert strong == pytest.approx(falls(lambda s: np.logaddexp(0, -s)), abs=1e-8)  # −ln σ(s)


@given(st.floats(0.01, 0.5), st.integers(1, 50))
def test_at_once_every_step_multiplies_the_distance(eps, n_steps):
    assert farther(duel(eps, n_steps)) == pytest.approx((1 + eps**2) ** (n_steps / 2), rel=1e-12)


@given(st.floats(0.01, 0.5), st.integers(1, 500))
def test_in_turn_a_quantity_is_kept(eps, n_steps):
    x, y = duel(eps, n_steps, in_turn=True)[-1]
    assert x**2 + y**2 - eps * x * y == pytest.approx(1, rel=1e-9)


def test_three_steps_with_momentum_by_hand():
    path = duel(0.1, 3, momentum=0.5)
    assert path == pytest.approx(np.array([[1, 0], [1, 0.1], [0.99, 0.25], [0.96, 0.424]]))
    path = duel(0.1, 3, in_turn=True, momentum=0.5)
    assert path == pytest.approx(np.array([[1, 0], [1, 0.1], [0.99, 0.249], [0.9601, 0.41951]]))


@pytest.mark.parametrize(
    ("eps", "momentum", "in_turn"), [(0.01, -0.9, False), (0.5, 0.9, True), (0.5, 0.9, False)]
)
def test_the_widget_at_both_ends(eps, momentum, in_turn, monkeypatch):
    drawn = []
    monkeypatch.setattr(plt, "show", lambda: drawn.append(plt.gca().lines[0].get_xydata()))
    assert spiral(eps, momentum, in_turn) is None
    plt.close("all")
    assert np.allclose(drawn, [duel(eps, 100, in_turn, momentum)])


def test_games_side_by_side_share_nothing():
    """One game's loss has no gradient by another's weights, and each starts as a network alone would."""
    keras.utils.set_random_seed(0)
    model = networks(40, (64, 64, 1), "relu")
    x = np.random.default_rng(0).normal(size=(40, 5, 2)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x)[0])
    for weights, gradient in zip(
        model.trainable_variables, tape.gradient(loss, model.trainable_weights), strict=True
    ):
        gradient = keras.ops.convert_to_numpy(gradient)
        assert np.any(gradient[0]), weights.path
        assert not np.any(gradient[1:]), weights.path
    spread = keras.ops.convert_to_numpy(model.trainable_variables[2]).std()
    assert spread == pytest.approx(np.sqrt(2 / (64 + 64)), rel=0.03)


def test_a_loss_of_many_games_is_the_sum_of_their_means():
    x = np.arange(12.0).reshape(2, 3, 2)
    assert float(each_game(x)) == x[0].mean() + x[1].mean()


def test_each_side_moves_its_own_variables_down_its_own_loss_and_in_turn():
    d, g = keras.Variable([2.0]), keras.Variable([3.0])
    move = contest(
        lambda: keras.ops.sum(d * g), lambda: -keras.ops.sum(d * g), [d], [g], rate_d=0.5, rate_g=0.25
    )
    move(tf.constant(1))  # Adam's first step has the size of its rate
    assert [float(one[0]) for one in (d, g)] == pytest.approx([1.5, 3.25], abs=1e-5)


def test_g_sees_where_d_has_just_gone():
    d, g = keras.Variable([0.1]), keras.Variable([1.0])
    move = contest(lambda: keras.ops.sum(d), lambda: keras.ops.sum(d * g), [d], [g], rate_d=1.0, rate_g=0.5)
    move(tf.constant(1))  # d falls to −0.9, so that g must rise
    assert [float(one[0]) for one in (d, g)] == pytest.approx([-0.9, 1.5], abs=1e-5)


def test_clouds_that_hold_over_a_hundredth_are_found():
    angle = 2 * np.pi * np.arange(8) / 8
    centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.full((8, 1_000, 2), 9.0)
    points[0, :700] = centres[0] + 0.1
    points[0, 700:710] = centres[1]  # one in a hundred is not over it
    points[0, 710:721] = centres[2]
    points[1, :] = centres[3] + [0, 0.21]  # beyond four standard deviations of 0.05
    found, near = clouds_found(points, centres)
    assert found.tolist() == [2] + [0] * 7
    assert near.tolist() == [0.721] + [0.0] * 7


def turned_by(degrees, mirrored=False):
    """Return a map of points (…, 2): turned, or mirrored and then turned."""
    angle = np.deg2rad(degrees)
    R = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    mirror = np.diag([1, -1]) if mirrored else np.eye(2)
    return lambda x: tf.constant(np.asarray(x) @ (mirror @ R))


@pytest.mark.parametrize(
    ("degrees", "mirrored", "right"), [(20, False, 1.0), (92, False, 0.0), (-52, False, 0.0), (20, True, 0.2)]
)
def test_only_the_true_turn_pairs_rightly_and_every_symmetry_lies_on_clouds(degrees, mirrored, right):
    G = turned_by(degrees, mirrored)
    F = turned_by(degrees, True) if mirrored else turned_by(-degrees)
    rightly, cycle_error, on_a_cloud = report(G, F, 20, np.random.default_rng(0), n_games=3)
    assert rightly == pytest.approx([right] * 3)
    assert np.all(on_a_cloud > 0.98)
    if not mirrored:
        assert np.all(cycle_error < 1e-6)


def test_turning_22_back_lands_on_the_places_of_50_and_pairs_as_the_turn_by_minus_22():
    G, F = turned_by(-22), turned_by(22)
    for degrees, right in ((50, 0), (50 - 72, 1)):
        rightly, _, on_a_cloud = report(G, F, degrees, np.random.default_rng(0), n_games=3)
        assert rightly == pytest.approx([right] * 3)
        assert np.all(on_a_cloud > 0.98)


@pytest.mark.parametrize(("degrees", "right", "near"), [(20, 1, 0.32), (50, 0, 0.19)])
def test_doing_nothing_pairs_rightly_at_20_degrees_but_seldom_lies_on_a_cloud(degrees, right, near):
    """The count alone asks which cloud is nearest: that is the trap which the lecture shows."""
    rightly, cycle_error, on_a_cloud = report(tf.constant, tf.constant, degrees, np.random.default_rng(0))
    assert rightly == pytest.approx([right] * 20, abs=0.02)
    assert np.all(cycle_error == 0)
    assert on_a_cloud.mean() == pytest.approx(near, abs=0.03)


def test_points_spread_evenly_on_a_circle_find_all_clouds_with_a_quarter_near():
    """So that "8 of 8 found" needs the share near a cloud beside it."""
    angle = 2 * np.pi * np.arange(8) / 8
    centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    angle = 2 * np.pi * np.arange(1_000) / 1_000
    circle = np.broadcast_to(2 * np.stack([np.cos(angle), np.sin(angle)], axis=1), (8, 1_000, 2))
    found, near = clouds_found(circle, centres)
    assert found.tolist() == [8] * 8
    assert near == pytest.approx(np.full(8, 8 * 4 * np.arcsin(0.05) / (2 * np.pi)), abs=0.02)


def test_five_clouds_by_hand():
    middles = five(90)
    assert middles[0] == pytest.approx([0, 1], abs=1e-6)
    assert np.linalg.norm(middles, axis=1) == pytest.approx(np.ones(5))
    assert np.linalg.norm(middles[0] - middles[1]) == pytest.approx(2 * np.sin(np.pi / 5))


def test_what_is_hidden_is_read_back_and_hardly_moves_the_carrier():
    x, carrier = (part.ravel() for part in np.meshgrid(np.arange(256), np.arange(256)))
    y = hide(x, carrier)
    assert np.abs(y - carrier).max() == 3
    assert y.min() == 0
    assert y.max() == 255
    assert np.array_equal(read(y), x // 64 * 85)
    assert np.abs(read(y) - x).max() == 63


def test_noise_shakes_what_is_hidden_and_not_what_is_honest():
    rng = np.random.default_rng(0)
    x, carrier = rng.integers(0, 256, (2, 100, 28, 28))
    quiet, shaken, honest = cycle_errors(x, hide(x, carrier), read, 255 - x, rng)
    assert quiet < 32 < 60 < shaken
    assert honest < 1


@pytest.mark.parametrize("width", [3, 4])
def test_the_matrix_of_a_strided_convolution_is_keras_own(width):
    kernel, x = np.arange(1.0, width + 1), np.random.default_rng(0).normal(size=8)
    layer = keras.layers.Conv1D(1, width, strides=2, padding="same", use_bias=False)
    layer.build((None, 8, 1))
    layer.set_weights([kernel.reshape(width, 1, 1)])
    found = keras.ops.convert_to_numpy(layer(x[None, :, None].astype("float32")))
    assert np.ravel(found) == pytest.approx(strided(kernel, 8) @ x, rel=1e-4)


def test_shrinking_takes_means():
    x = np.zeros((1, 28, 28), dtype=np.uint8)
    x[0, 2, 4], x[0, 3, 5] = 255, 51
    small = shrunk(x)
    assert small.shape == (1, 14, 14, 1)
    assert small[0, 1, 2, 0] == pytest.approx(306 / 255 / 4)
    assert np.count_nonzero(small) == 1


def learned_and_stated(x_test, y_test):
    """Run all that trains on digits, on 400 small ones and with few steps.

    Returns
    -------
    list, dict
        Everything learned, as arrays; the stated figures.
    """

    def source_of(section, source):
        defines = any(f"def {name}(" in source for name in ("contest", "train"))
        if not (defines or section.title.startswith(("1 ", "6 ", "★ 10 "))):
            return ""
        return source + "\ntrain = shorter(train)" * ("def train(" in source)

    scope, stated = small_digits.run("19", x_test, y_test, source_of, pd=pd, shorter=shorter)
    networks = [scope[name] for name in ("encoder", "decoder", "G", "D")]
    weights = [weights for model in networks for weights in model.get_weights()]
    return [*weights, *scope["referee"].model.get_weights(), scope["drawn"]], stated


def shorter(train):
    return lambda move, n_steps, name, look=lambda: None, every=3: train(move, 48, name, look, 3)


def test_no_test_digit_is_learned_from_and_each_score_is_of_test_digits():
    (x, y), _ = digits()
    learned, stated = learned_and_stated(x[400:600], y[400:600])
    poisoned, others = learned_and_stated(255 - x[400:600], (y[400:600] + 1) % 10)
    assert len(learned) > 20
    assert all(map(np.array_equal, learned, poisoned))
    assert others["distance, one Gaussian"] > stated["distance, one Gaussian"]  # another reference
    assert others["distance, GAN over Gaussian"] != stated["distance, GAN over Gaussian"]
    kept = "class kept, convolution alone"
    assert stated[kept] != others[kept]
