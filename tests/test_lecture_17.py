"""Lecture 17: the definitions that carry its point, and that no test digit is learned from."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lecture_source
import small_digits
from utils.datasets.mnist import digits

one_round, squared_error, best_matrix, per_pixel = lecture_source.definitions(
    "17", "one_round", "squared_error", "best_matrix", "per_pixel"
)
kl, elbo, estimates, surprise, Draw = lecture_source.definitions(
    "17", "kl", "elbo", "estimates", "surprise", "Draw"
)
stack, squared, denoiser, decoded = lecture_source.definitions(
    "17", "stack", "squared", "denoiser", "decoded"
)

means, variances = st.floats(-2, 2), st.floats(0.05, 4)


def some_data(seed=0, n=300, d=6):
    """Centred rows (n, d), their covariance, its eigenvalues in falling order and its axes as columns."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    x -= x.mean(axis=0)
    S = x.T @ x / n
    return x, S, *(part[..., ::-1] for part in np.linalg.eigh(S))


def test_an_error_per_pixel_by_hand():
    assert per_pixel(np.array([[1.0, 0], [0, 0]]), np.array([[0.0, 0], [0, 2]])) == 5 / 4


def test_the_error_of_two_matrices_is_that_of_the_rows():
    x, S, *_ = some_data()
    W, U = np.random.default_rng(1).normal(size=(6, 2)), np.random.default_rng(2).normal(size=(2, 6))
    assert squared_error(W, U, S) == pytest.approx(np.mean(np.sum((x - x @ W @ U) ** 2, axis=1)))


def test_rounds_never_raise_the_error_and_end_at_pca():
    _, S, values, axes = some_data()
    W, errors = np.random.default_rng(3).normal(size=(6, 2)), []
    for _ in range(400):
        U, W = one_round(W, S)
        errors.append(squared_error(W, U, S))
    assert np.all(np.diff(errors) < 1e-12)
    assert errors[-1] == pytest.approx(values[2:].sum())
    assert pytest.approx(axes[:, :2] @ axes[:, :2].T, abs=1e-6) == W @ U


def test_no_other_matrix_denoises_better():
    _, S, values, axes = some_data()
    M = best_matrix(values, axes, 0.5)
    assert pytest.approx(np.linalg.solve(S + 0.5 * np.eye(6), S)) == M

    def error(M):
        """The mean of ‖x − (x + noise) M‖² over rows of covariance S and noise of variance ½."""
        return np.trace((np.eye(6) - M).T @ S @ (np.eye(6) - M)) + 0.5 * np.sum(M**2)

    rng = np.random.default_rng(0)
    assert all(error(M) < error(M + 0.01 * rng.normal(size=M.shape)) for _ in range(100))


@given(means, variances, means, variances)
def test_kl_is_the_integral(mean, var, to_mean, to_var):
    z = np.linspace(mean - 12 * np.sqrt(var), mean + 12 * np.sqrt(var), 4_001)

    def log_normal(z, mean, var):
        return -0.5 * (np.log(2 * np.pi * var) + (z - mean) ** 2 / var)

    integrand = np.exp(log_normal(z, mean, var)) * (log_normal(z, mean, var) - log_normal(z, to_mean, to_var))
    assert kl(mean, var, to_mean, to_var) == pytest.approx(np.trapezoid(integrand, z), abs=1e-8)
    assert kl(mean, var, mean, var) == pytest.approx(0, abs=1e-12)


@given(means, variances, means)
def test_the_bound_misses_the_kl_to_the_posterior_and_nothing_else(mean, var, x):
    log_p = -0.5 * np.log(3 * np.pi) - x**2 / 3
    gap = log_p - elbo(mean, var, x)
    assert gap > -1e-12
    assert gap == pytest.approx(kl(mean, var, 2 * x / 3, 1 / 3), abs=1e-10)


def test_both_gradients_are_right_on_average_and_vary_as_stated():
    d = 5
    score, through = estimates(d, 400_000, np.random.default_rng(0))
    helped, _ = estimates(d, 400_000, np.random.default_rng(0), baseline=True)
    for one, tolerance in ((score, 0.1), (through, 0.02), (helped, 0.05)):
        assert one.mean() == pytest.approx(2, abs=tolerance)
    assert score.var() == pytest.approx(30 + 22 * (d - 1) + 4 * (d - 1) ** 2, rel=0.03)
    assert helped.var() == pytest.approx(18 + 6 * (d - 1), rel=0.03)
    assert through.var() == pytest.approx(4, rel=0.03)


def test_surprise_is_summed_over_the_pixels():
    x, ink = np.array([[1.0, 0.25, 0]]), np.array([[0.9, 0.3, 0.2]])
    by_hand = -np.sum(x * np.log(ink) + (1 - x) * np.log(1 - ink))
    found = surprise(x.astype("float32"), np.log(ink / (1 - ink)).astype("float32"))
    assert keras.ops.convert_to_numpy(found) == pytest.approx([by_hand], rel=1e-5)


def test_squared_error_is_summed_over_the_pixels():
    assert keras.ops.convert_to_numpy(squared(np.ones((2, 3)), np.zeros((2, 3)))).tolist() == [3, 3]


def test_a_draw_has_mean_and_standard_deviation_and_costs_its_kl():
    said = np.tile(np.array([[1.0, -2, np.log(0.25), np.log(4)]], dtype="float32"), (20_000, 1))
    layer = Draw(0)
    z = keras.ops.convert_to_numpy(layer(said))
    assert z.mean(axis=0) == pytest.approx([1, -2], abs=0.06)
    assert z.std(axis=0) == pytest.approx([0.5, 2], rel=0.03)
    [loss] = layer.losses
    assert float(loss) == pytest.approx(kl(1, 0.25) + kl(-2, 4), rel=1e-4)


def test_dense_layers_are_relu_but_for_the_last():
    kinds = [layer.activation.__name__ for layer in stack(3, (4, 5, 2), "sigmoid").layers]
    assert kinds == ["relu", "relu", "sigmoid"]
    assert stack(3, (4, 2)).layers[-1].activation.__name__ == "linear"


def test_the_correcting_denoiser_begins_as_its_matrix():
    rng = np.random.default_rng(0)
    x, M, bias = rng.random((3, 784)), 0.01 * rng.normal(size=(784, 784)), rng.normal(size=784)
    model = denoiser(M, bias)
    found = keras.ops.convert_to_numpy(model(x.astype("float32"), training=False))
    assert np.allclose(found, x @ M + bias, atol=1e-4)
    assert [weights.shape for weights in model.trainable_weights][::2] == [(784, 256), (256, 784)]


@pytest.mark.parametrize("code", [(-3.0, 5.0), (7.5, -1.0)])
def test_the_widget_at_both_ends(code, monkeypatch):
    drawn = []

    def note():
        drawn.extend(ax.images[0].get_array() for ax in plt.gcf().axes)
        plt.close("all")

    monkeypatch.setattr(plt, "show", note)
    decoder = stack(2, (8, 784), "sigmoid")
    assert decoded(*code, decoder) is None
    [picture] = drawn
    wanted = keras.ops.convert_to_numpy(decoder(np.array([code], dtype="float32")))
    assert np.allclose(picture, wanted.reshape(28, 28), atol=1e-6)


def learned_and_stated(x_test, y_test):
    """Run all that trains or fits, on 400 small digits and with few steps.

    Returns
    -------
    list, dict
        Everything learned, as arrays; the stated figures.
    """

    def source_of(section, source):
        if not section.title.startswith(("1 ", "3 ", "4 ", "5 ", "6 ", "7 ", "9 ", "10 ")):
            return ""
        return source + "\ntrain = shorter(train)" * ("def train(" in source)

    scope, stated = small_digits.run("17", x_test, y_test, source_of, shorter=shorter)
    networks = [scope[name] for name in ("encoder", "decoder", "to_plane", "alone", "behind", "guess")]
    weights = [weights for model in networks for weights in model.get_weights()]
    judges = scope["referee"].model.get_weights()
    return [*weights, *judges, scope["fifty"].means_, scope["fifty_more"].means_, scope["M"]], stated


def shorter(train):
    return lambda model, loss, n_epochs, name, **start: train(model, loss, 1, name, **start)


def test_no_test_digit_is_learned_from_and_each_score_is_of_test_digits():
    (x, y), _ = digits()
    learned, stated = learned_and_stated(x[400:600], y[400:600])
    poisoned, others = learned_and_stated(255 - x[400:600], (y[400:600] + 1) % 10)
    assert len(learned) > 30
    assert all(map(np.array_equal, learned, poisoned))
    for name in ("PCA, 16 numbers", "autoencoder, 16 numbers", "best matrix, error", "network, error"):
        assert others[name] > 3 * stated[name], name
    assert others["matrix and network, error"] > 3 * stated["matrix and network, error"]
    assert stated["judge, test accuracy"] > 60 > 30 > others["judge, test accuracy"]
    assert stated["named in the plane of PCA"] > 40 > 30 > others["named in the plane of PCA"]
    assert others["distance, VAE's prior"] > stated["distance, VAE's prior"]  # another reference
