"""Lecture 09: the definitions that carry its point."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

import lecture_source

start, scores, softmax, gradients, adam, training, accuracy = lecture_source.definitions(
    "09", "start", "scores", "softmax", "gradients", "adam", "training", "accuracy"
)
with_l2, with_dropout, keep_mask, log_loss, stopped_early = lecture_source.definitions(
    "09", "with_l2", "with_dropout", "keep_mask", "log_loss", "stopped_early"
)
undivided, agreement = lecture_source.definitions("09", "undivided", "agreement")
normalised, bn_scores, bn_gradients, batch_accuracy = lecture_source.definitions(
    "09", "normalised", "bn_scores", "bn_gradients", "batch_accuracy"
)
nearest_means, ridge_factors, steps_factors, damped = lecture_source.definitions(
    "09", "nearest_means", "ridge_factors", "steps_factors", "damped"
)
shrinking_cosines, minimum_norm, ridge, feature_errors, wave_errors, draw_fit = lecture_source.definitions(
    "09", "shrinking_cosines", "minimum_norm", "ridge", "feature_errors", "wave_errors", "draw_fit"
)
shifted, mirrored = lecture_source.definitions("09", "shifted", "mirrored")

seeds = st.integers(0, 2**32 - 1)


def problem(seed, parts=4):
    """Return a small network in float64, six rows, one-hot targets: params, X, T."""
    rng = np.random.default_rng(seed)
    shapes = ((5, 4), 4, (4, 3), 3, 4)[:parts]
    return (
        [rng.normal(size=shape) for shape in shapes],
        rng.normal(size=(6, 5)),
        np.eye(3)[rng.integers(3, size=6)],
    )


def risk(s, T):
    return -np.mean(np.sum(T * np.log(softmax(s)), axis=1))


def moved(params, part, values):
    return [*params[:part], values.reshape(params[part].shape), *params[part + 1 :]]


@pytest.mark.parametrize("part", range(4), ids=["W", "b", "V", "c"])
def test_gradient_with_a_mask_agrees_with_differences(part):
    params, X, T = problem(1)
    mask = np.random.default_rng(2).choice([0.0, 2.0], size=(6, 4))

    def masked_risk(values):
        W, b, V, c = moved(params, part, values)
        return risk(np.maximum(X @ W + b, 0) * mask @ V + c, T)

    found = gradients(params, X, T, None, mask)[part].ravel()
    assert found == pytest.approx(approx_fprime(params[part].ravel(), masked_risk), rel=1e-4, abs=1e-6)
    assert masked_risk(params[part].ravel()) != pytest.approx(risk(scores(params, X), T))  # the mask matters


@pytest.mark.parametrize("part", range(5), ids=["W", "beta", "V", "c", "gamma"])
def test_gradient_through_batch_norm_agrees_with_differences(part):
    params, X, T = problem(3, parts=5)

    def batch_risk(values):
        return risk(bn_scores(moved(params, part, values), X, like=X), T)

    found = bn_gradients(params, X, T, None)[part].ravel()
    assert found == pytest.approx(approx_fprime(params[part].ravel(), batch_risk), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("part", range(4), ids=["W", "b", "V", "c"])
def test_l2_pulls_at_the_matrices_only(part):
    params, X, T = problem(4)

    def penalised(values):
        changed = moved(params, part, values)
        return risk(scores(changed, X), T) + 0.15 * sum(np.sum(changed[j] ** 2) for j in (0, 2))

    found = with_l2(params, X, T, None, lam=0.3)[part].ravel()
    assert found == pytest.approx(approx_fprime(params[part].ravel(), penalised), rel=1e-4, abs=1e-6)


def test_adams_first_step_has_the_size_of_the_rate():
    w = np.array([1.0, -2.0, 3.0])
    memory = {"t": 0, "m": [np.zeros(3)], "v": [np.zeros(3)]}
    adam([w], [np.array([0.5, -7.0, 1e-3])], memory, eps=0.01)
    assert w == pytest.approx([0.99, -1.99, 2.99], abs=1e-5)


def test_training_learns_takes_every_option_and_stays_float32():
    rng = np.random.default_rng(0)
    X = rng.random((100, 784), dtype="float32")
    y = (X[:, :392].sum(axis=1) > X[:, 392:].sum(axis=1)).astype(int)
    history = list(training(X, y, rng, start(rng, 16), n_epochs=40))
    assert len(history) == 40
    assert accuracy(scores(history[-1], X), y) > 95 > accuracy(scores(history[0], X), y)
    assert all(part.dtype == "float32" for part in history[-1])
    seen = []
    spy = training(X, y, rng, start(rng, 4), 1, augment=lambda x, rng: seen.append(x) or x, size=30)
    next(spy)
    assert [x.shape for x in seen] == [(30, 784)] * 3  # what does not fill a batch is left for another epoch


def test_training_on_fewer_digits_does_not_look_at_the_others():
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 784), dtype="float32"), rng.integers(10, size=60)
    [one] = training(X[:50], y[:50], np.random.default_rng(1), start(np.random.default_rng(2), 4), 1)
    X[50:], y[50:] = np.nan, 0  # poison what is held out
    [other] = training(X[:50], y[:50], np.random.default_rng(1), start(np.random.default_rng(2), 4), 1)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_early_stopping_takes_the_epoch_that_is_best_on_the_held_out_digits():
    # "networks" without weights: their output biases alone decide
    history = [[np.zeros((2, 1)), np.zeros(1), np.zeros((1, 3)), c] for c in np.eye(3)]
    X = np.ones((4, 2))
    assert stopped_early(history, X, np.array([1, 1, 2, 0])) is history[1]
    assert stopped_early(history, X, np.array([2, 2, 2, 0])) is history[2]
    assert list(inspect.signature(stopped_early).parameters) == ["history", "X", "y"]  # and sees no others


def test_the_mask_keeps_the_mean_and_the_type():
    # 100,000 draws of 0 or 1.25 with p = 0.2: sd of the mean 0.0016
    mask = keep_mask((100_000,), 0.2, np.random.default_rng(0))
    assert mask.dtype == "float32"
    assert sorted(set(mask.tolist())) == [0, 1.25]
    assert mask.mean() == pytest.approx(1, abs=0.008)


def test_dropout_hides_other_pixels_and_units_in_each_row():
    rng = np.random.default_rng(0)
    params = start(rng, 64)
    X, T = np.ones((2, 784), "float32"), np.eye(10, dtype="float32")[[3, 3]]
    one, two = (with_dropout(params, X, T, rng) for _ in range(2))
    assert not np.allclose(one[0], two[0])
    blank = np.mean(np.all(one[0] == 0, axis=1))  # a pixel hidden in both rows has no gradient
    assert blank == pytest.approx(0.04, abs=0.03)


@given(seeds)
def test_halved_weights_are_the_geometric_mean_of_all_masks(seed):
    rng = np.random.default_rng(seed)
    h, W = rng.normal(size=4), rng.normal(size=(4, 3))
    masks = np.array(list(np.ndindex(2, 2, 2, 2)))
    mean = np.prod(softmax(masks * h @ W), axis=0) ** (1 / 16)
    assert mean / mean.sum() == pytest.approx(softmax(h[None] / 2 @ W)[0], abs=1e-12)


def test_log_loss_by_hand():
    p = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert log_loss(p, np.array([0, 1])) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) < 30  # never infinite


def test_normalising_agrees_with_keras_in_both_modes():
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(0)
    z, other = rng.normal(3, 2, size=(2, 50, 4)).astype("float32")
    layer = keras.layers.BatchNormalization(momentum=0)  # no memory: the last batch's statistics
    by_batch = np.asarray(layer(z, training=True))
    assert normalised(z, z) == pytest.approx(by_batch, abs=1e-5)
    assert normalised(other, z) == pytest.approx(np.asarray(layer(other, training=False)), abs=1e-5)


def test_in_test_mode_a_digits_neighbours_do_not_matter_and_in_training_mode_they_do():
    params, X, _ = problem(5, parts=5)
    training_rows = np.random.default_rng(6).normal(size=(20, 5))
    alone = bn_scores(params, X[:1], like=training_rows)
    assert bn_scores(params, X, like=training_rows)[:1] == pytest.approx(alone)
    assert bn_scores(params, X, like=X)[:1] != pytest.approx(bn_scores(params, X[:3], like=X[:3])[:1])
    assert bn_scores(params, X[:1], like=X[:1]) == pytest.approx(bn_scores(params, X[1:2], like=X[1:2]))


def test_batch_accuracy_cuts_whole_batches():
    # gamma 0: beta alone decides, so every row is called class 0
    params = [np.ones((2, 1)), np.ones(1), np.array([[1.0, 0.0]]), np.zeros(2), np.zeros(1)]
    y = np.array([0, 0, 0, 1, 1, 1, 1])
    assert batch_accuracy(params, np.random.default_rng(0).normal(size=(7, 2)), y, 3) == pytest.approx(50)


def test_nearest_neighbours_agree_with_the_library():
    neighbors = pytest.importorskip("sklearn.neighbors")
    rng = np.random.default_rng(0)
    X, y, X_new = rng.random((30, 2)), rng.random(30), rng.random((7, 2))
    found = nearest_means(X, y, X_new)
    assert found.shape == (7, 30)
    for k in (1, 4, 30):
        model = neighbors.KNeighborsRegressor(k).fit(X, y)
        assert found[:, k - 1] == pytest.approx(model.predict(X_new))


@given(seeds)
def test_factors_are_what_ridge_and_descent_do(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(12, 4)), rng.normal(size=(12, 2))
    U, d, Vt = np.linalg.svd(X, full_matrices=False)
    s, eps, w = d**2 / 12, 12 / d[0] ** 2, np.zeros((4, 2))
    for _ in range(7):
        w -= eps * X.T @ (X @ w - Y) / 12
    assert damped(steps_factors(s, 7, eps), U, d, Vt, Y) == pytest.approx(w, abs=1e-9)
    solved = np.linalg.solve(X.T @ X / 12 + 0.3 * np.eye(4), X.T @ Y / 12)
    assert damped(ridge_factors(s, 0.3), U, d, Vt, Y) == pytest.approx(solved, abs=1e-9)


@given(seeds, st.sampled_from([3, 8, 20]))
def test_ridge_is_the_same_from_either_side(seed, p):
    rng = np.random.default_rng(seed)
    A, Y = rng.normal(size=(8, p)), rng.normal(size=(8, 2))
    assert ridge(A, Y, lam=0.5) == pytest.approx(
        np.linalg.solve(A.T @ A + 0.5 * np.eye(p), A.T @ Y), abs=1e-8
    )


def test_the_minimum_norm_hits_every_point_with_the_shortest_weights():
    rng = np.random.default_rng(0)
    A, y, other = rng.normal(size=(5, 9)), rng.normal(size=5), rng.normal(size=9)
    w = minimum_norm(A, y)
    assert pytest.approx(y) == A @ w
    invisible = other - np.linalg.pinv(A) @ (A @ other)  # a direction that changes no fit
    assert np.linalg.norm(w + invisible) > np.linalg.norm(w)
    assert w @ invisible == pytest.approx(0, abs=1e-12)


def test_cosines_by_hand():
    assert shrinking_cosines([0, 0.5, 1], 4) == pytest.approx(
        np.array([[1, 1, 1 / 2, 1 / 3], [1, 0, -1 / 2, 0], [1, -1, 1 / 2, -1 / 3]])
    )


def test_the_wave_peaks_where_terms_equal_points():
    draws = [wave_errors([5, 12, 1_000], np.random.default_rng(seed)) for seed in range(31)]
    few, peak, many = np.median(draws, axis=0)
    assert peak > 20 * max(few, many)


def test_random_features_are_fitted_without_the_new_digits():
    rng = np.random.default_rng(0)
    X, X_new = rng.random((2, 40, 6))
    y, y_new = rng.integers(10, size=(2, 40))
    clean = feature_errors(X, y, X, y, [10, 60], np.random.default_rng(1))
    poisoned = feature_errors(X, y, X_new + 100, y_new, [10, 60], np.random.default_rng(1))
    assert clean.shape == (3, 2, 2)
    assert poisoned[:, :, 1] == pytest.approx(clean[:, :, 1])  # the weights have not moved
    assert (poisoned[0, :, 0] > clean[0, :, 0] + 20).all()  # the verdict has
    assert clean[0, 1, 0] == 0  # with more features than digits the minimum norm hits every label
    assert (np.diff(clean[:, :, 1], axis=0) < 0).all()  # the stronger the ridge, the shorter the weights


def test_the_bug_is_the_mask_without_its_division():
    mask = undivided((1_000,), 0.2, np.random.default_rng(0))
    assert mask.dtype == "float32"
    assert set(mask.tolist()) == {0, 1}
    assert np.array_equal(mask, keep_mask((1_000,), 0.2, np.random.default_rng(0)) * np.float32(0.8))


def test_full_network_and_masks_agree_where_no_unit_decides():
    # output biases alone: every mask says the same; one decisive unit: half of the masks lose it
    params = [np.ones((2, 1)), np.zeros(1), np.zeros((1, 2)), np.array([1.0, 0.0])]
    X = np.ones((400, 2))
    assert agreement(params, X, np.random.default_rng(0)) == (100, 100)
    params = [np.ones((2, 1)), np.zeros(1), np.array([[0.0, 1.0]]), np.array([0.5, 0.0])]
    one, mean = agreement(params, X, np.random.default_rng(0))
    assert 35 < one < 65
    assert mean > 90


@pytest.mark.parametrize("p", [2, 1_000])
def test_the_widget_draws_at_both_ends(p, monkeypatch):
    import matplotlib.pyplot as plt

    titles = []
    monkeypatch.setattr(plt, "show", lambda: titles.append(plt.gca().get_title()))
    draw_fit(p)
    plt.close("all")
    assert titles[0].startswith(f"p = {p}: RMS error")
    assert float(titles[0].split()[-1]) < 1


def test_shifts_move_whole_images_and_lose_nothing_inside():
    image = np.zeros((28, 28), "float32")
    image[10:13, 15] = 1, 2, 3
    found = shifted(np.repeat(image.reshape(1, 784), 500, axis=0), np.random.default_rng(0)).reshape(
        -1, 28, 28
    )
    places = {tuple(np.argwhere(one == 1)[0].tolist()) for one in found}
    assert places == {(10 + down, 15 + right) for down in range(-2, 3) for right in range(-2, 3)}
    assert (found.sum(axis=(1, 2)) == 6).all()
    for one in found[:20]:
        row, column = np.argwhere(one == 1)[0]
        assert one[row : row + 3, column].tolist() == [1, 2, 3]


def test_mirrors_turn_half_of_the_images_left_to_right():
    image = np.arange(784, dtype="float32").reshape(1, 784)
    found = mirrored(np.repeat(image, 400, axis=0), np.random.default_rng(0))
    turned = found[:, 0] == 27
    assert 140 < turned.sum() < 260
    assert np.array_equal(found[turned][0].reshape(28, 28), image.reshape(28, 28)[:, ::-1])
    assert np.array_equal(found[~turned][0], image[0])
