"""Lecture 10: the definitions that carry its point, and its two sins: seeing answers, choosing by them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from scipy.spatial.distance import cdist
from scipy.stats import binom

import lecture_source

squared_distances, nearest, vote, l1_nearest = lecture_source.definitions(
    "10", "squared_distances", "nearest", "vote", "l1_nearest"
)
errors_by_k, cross_validate, with_wrong_labels = lecture_source.definitions(
    "10", "errors_by_k", "cross_validate", "with_wrong_labels"
)
clouds, cloud_answers, explore = lecture_source.definitions("10", "clouds", "cloud_answers", "explore")
moved, nearest_to_farthest, intrinsic_dimension = lecture_source.definitions(
    "10", "moved", "nearest_to_farthest", "intrinsic_dimension"
)
principal_axes, hinge, cross_entropy, gradient_check, train = lecture_source.definitions(
    "10", "principal_axes", "hinge", "cross_entropy", "gradient_check", "train"
)
most_different, nearer_mean, accuracy_of_folds = lecture_source.definitions(
    "10", "most_different", "nearer_mean", "accuracy_of_folds"
)
bootstrap, bootstrap_limit, wilson, coverage = lecture_source.definitions(
    "10", "bootstrap", "bootstrap_limit", "wilson", "coverage"
)
reliability, best_temperature, lda, qda, k_means = lecture_source.definitions(
    "10", "reliability", "best_temperature", "lda", "qda", "k_means"
)
seeds = st.integers(0, 2**32 - 1)
LOSSES = {"hinge": hinge, "cross_entropy": cross_entropy}


@given(seeds)
def test_distances_nearest_and_l1_agree_with_scipy(seed):
    rng = np.random.default_rng(seed)
    A, B = rng.random((4, 6)), rng.random((9, 6))
    assert squared_distances(A, B) == pytest.approx(cdist(A, B) ** 2, abs=1e-12)
    assert np.array_equal(nearest(cdist(A, B), 5), np.argsort(cdist(A, B), axis=1)[:, :5])
    A, B = rng.integers(256, size=(4, 6), dtype="uint8"), rng.integers(256, size=(9, 6), dtype="uint8")
    gaps = np.abs(A[:, None].astype(int) - B).sum(axis=2)
    assert np.array_equal(l1_nearest(A, B), gaps.argmin(axis=1))


def test_the_majority_decides_and_at_a_tie_the_smallest_digit():
    assert vote(np.array([[3, 5, 5], [9, 4, 7], [2, 2, 2]])).tolist() == [5, 4, 2]


def test_folds_never_ask_a_digit_that_lends_its_own_label():
    # Labels by lot: who sees his own answer is right with k = 1, who does not is right one time in ten.
    rng = np.random.default_rng(0)
    X, y = rng.random((1_000, 8)), rng.integers(10, size=1_000)
    cv = cross_validate(X, y, rng)
    assert cv.shape == (5, 7)
    assert cv[:, 0].mean() == pytest.approx(90, abs=4)


def test_folds_ask_every_digit_once(monkeypatch):
    asked = []

    def spy(labels, truth):
        asked.extend(truth)
        return errors_by_k(labels, truth)

    monkeypatch.setitem(cross_validate.__globals__, "errors_by_k", spy)
    cross_validate(np.random.default_rng(0).random((600, 3)), np.arange(600), np.random.default_rng(0))
    assert sorted(asked) == list(range(600))


def test_wrong_labels_are_wrong_and_as_many_as_said():
    y = np.random.default_rng(1).integers(10, size=20_000).astype("uint8")
    before = y.copy()
    noisy = with_wrong_labels(y, 0.2, np.random.default_rng(0))
    assert np.mean(noisy != y) == pytest.approx(0.2, abs=0.015)
    assert set(noisy.tolist()) == set(range(10))
    assert np.array_equal(y, before)


@pytest.mark.parametrize("k", [1, 199])
def test_the_widget_at_both_ends(k, monkeypatch):
    rng = np.random.default_rng(0)
    own, new = clouds(200, rng), clouds(4_000, rng)
    wrong = {k: np.mean(cloud_answers(k, *own, new[0]) != new[1]) for k in (1, 31, 199)}
    assert 0.159 < wrong[31] < min(wrong[1], wrong[199])
    titles = []
    monkeypatch.setattr(plt, "show", lambda: titles.append(plt.gca().get_title()))
    explore(k, *own, *new)
    plt.close("all")
    on_its_own = np.mean(cloud_answers(k, *own, own[0]) != own[1])
    assert (on_its_own == 0) == (k == 1)  # a point is its own nearest neighbour
    assert titles == [
        f"k = {k}: {100 * on_its_own:.0f} % wrong on its own points, {100 * wrong[k]:.0f} % on new ones"
    ]


def test_all_neighbours_give_one_answer_to_everybody():
    points, labels = clouds(200, np.random.default_rng(0))
    assert len(set(cloud_answers(200, points, labels, points))) == 1


def test_moving_by_a_pixel_moves_to_the_right():
    image = np.zeros((1, 28, 28))
    image[0, 5, 7] = 1
    assert moved(image, 2)[0, 5, 9] == 1


def test_nearest_to_farthest_by_hand():
    assert nearest_to_farthest(np.array([[0.0, 0]]), np.array([[3.0, 4], [0, 1], [6, 8]])) == pytest.approx(
        0.1
    )


def test_points_in_a_plane_fill_two_dimensions_however_many_columns_they_have():
    rng = np.random.default_rng(0)
    plane = rng.random((1_500, 2)) @ rng.normal(size=(2, 50))
    assert intrinsic_dimension(plane) == pytest.approx(2, abs=0.15)


def test_principal_axes_of_a_stretched_cloud():
    rng = np.random.default_rng(0)
    X = 5 + rng.normal(size=(20_000, 3)) * [1, 4, 2]
    centre, variances, axes = principal_axes(X)
    assert centre == pytest.approx([5, 5, 5], abs=0.15)
    assert variances == pytest.approx([16, 4, 1], rel=0.05)
    assert np.abs(axes).argmax(axis=0).tolist() == [1, 2, 0]
    assert np.cov(((X - centre) @ axes).T) == pytest.approx(np.diag(variances), abs=1e-9)


def test_losses_by_hand():
    X, y, W = np.array([[1.0]]), np.array([0]), np.array([[2.0, 1.5, 0, -1]])
    assert hinge(W, X, y)[0] == pytest.approx([0.5])  # of the margins −0.5, 2 and 3 only the first is below 1
    assert cross_entropy(W, X, y)[0] == pytest.approx([np.log(np.exp(W).sum()) - 2])


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_agree_with_scipy(name):
    loss, rng = LOSSES[name], np.random.default_rng(0)
    X, y, W = rng.normal(size=(20, 5)), rng.integers(10, size=20), rng.normal(size=(5, 10))

    def risk(w):
        return loss(w.reshape(5, 10), X, y)[0].mean()

    def gradient(w):
        return loss(w.reshape(5, 10), X, y)[1].ravel()

    assert check_grad(risk, gradient, W.ravel()) < 1e-5
    assert np.median(gradient_check(loss, W, X, y, rng)) < 1e-7


def spoilt(change):
    """Return the hinge loss with a gradient that `change` has spoilt in place."""

    def loss(*args):
        losses, gradient = hinge(*args)
        change(gradient)
        return losses, gradient

    return loss


def set_to_zero(at):
    return lambda gradient: gradient.__setitem__(at, 0)


@pytest.mark.parametrize("factor", [-1, 2])
def test_the_gradient_checks_median_notices_a_wrong_factor(factor):
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(20, 5)), rng.integers(10, size=20), rng.normal(size=(5, 10))
    wrong = gradient_check(spoilt(lambda gradient: np.multiply(gradient, factor, out=gradient)), W, X, y, rng)
    assert np.median(wrong) == pytest.approx(abs(factor - 1) / (1 + abs(factor)), abs=1e-6)


@pytest.mark.parametrize(
    "at", [np.s_[:, 3], np.s_[-1], np.s_[:, :]], ids=["a class", "the bias", "everything"]
)
def test_the_gradient_checks_largest_value_notices_what_is_wrongly_zero(at):
    rng = np.random.default_rng(0)
    X, y = np.column_stack([rng.normal(size=(20, 5)), np.ones(20)]), rng.integers(10, size=20)
    W = rng.normal(size=(6, 10))
    assert gradient_check(hinge, W, X, y, rng).max() < 1e-4
    assert gradient_check(spoilt(set_to_zero(at)), W, X, y, rng).max() == pytest.approx(1)


def test_training_separates_what_can_be_separated():
    rng = np.random.default_rng(0)
    y = rng.integers(10, size=500)
    A = np.column_stack([np.eye(10)[y] + 0.1 * rng.normal(size=(500, 10)), np.ones(500)])
    for loss, eps in ((hinge, 0.02), (cross_entropy, 0.1)):
        assert np.mean((A @ train(loss, A, y, eps, rng, n_steps=300)).argmax(axis=1) == y) > 0.99


def test_features_chosen_inside_a_fold_do_not_see_the_labels_asked():
    # Poison: one column holds the label of the rows that are asked in fold 0, and noise elsewhere.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 50)), np.repeat([0, 1], 50)
    fold = np.arange(100) % 5
    X[fold == 0, 7] = 1_000 * y[fold == 0]
    assert 7 in most_different(X, y, n=1)
    assert 7 not in most_different(X[fold != 0], y[fold != 0], n=1)


def test_choosing_inside_the_folds_reaches_a_half_on_noise_and_all_on_a_signal():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    noise = [accuracy_of_folds(rng.normal(size=(100, 1_000)), y, True) for _ in range(60)]
    assert np.mean(noise) == pytest.approx(50, abs=4 * np.std(noise) / np.sqrt(60))
    X = rng.normal(size=(100, 1_000))
    X[:, 3:23] += 5 * y[:, None]
    assert accuracy_of_folds(X, y, True) == 100


def test_the_nearer_mean_is_fitted_to_the_rows_known_alone():
    X, y = np.array([[0.0], [1], [10], [11]]), np.array([0, 0, 1, 1])
    assert nearer_mean(X, y, np.array([[5.4], [5.6], [99]])).tolist() == [0, 1, 1]


def test_the_bootstrap_comes_to_its_limit():
    right = np.arange(200) >= 20  # 20 errors in 200
    low, high = bootstrap(right, np.random.default_rng(0), n_times=20_000)
    assert [1 - high, 1 - low] == pytest.approx(bootstrap_limit(20, 200), abs=0.006)
    assert bootstrap_limit(0, 100).tolist() == [0, 0]


@pytest.mark.parametrize("errors", [0, 3, 50])
def test_wilsons_ends_are_the_rates_that_the_share_just_contradicts(errors):
    for p in wilson(errors, 100):
        assert abs(errors / 100 - p) == pytest.approx(1.96 * np.sqrt(max(p * (1 - p), 0) / 100), abs=1e-9)


def test_coverage_agrees_with_simulated_tests():
    rng = np.random.default_rng(0)
    counts = binom.rvs(100, 0.01, size=4_000, random_state=rng)
    contains = [low <= 0.01 <= high for low, high in (wilson(count, 100) for count in counts)]
    assert coverage(wilson, 0.01, 100) == pytest.approx(100 * np.mean(contains), abs=2)
    assert coverage(lambda errors, n: (0, 1), 0.3, 10) == pytest.approx(100)


def test_reliability_by_hand():
    p, y = np.array([0.1, 0.45, 0.55, 0.95]), np.array([0, 0, 0, 1])
    confidence, accuracy, count = reliability(p, y, np.array([0.5, 0.75, 1]))
    assert confidence == pytest.approx([55, 92.5])
    assert accuracy == pytest.approx([50, 100])
    assert count.tolist() == [2, 2]


def test_the_best_temperature_undoes_a_factor():
    rng = np.random.default_rng(0)
    scores = 2 * rng.normal(size=4_000)
    y = rng.random(4_000) < 1 / (1 + np.exp(-scores))
    assert best_temperature(scores, y) == pytest.approx(1, rel=0.15)
    assert best_temperature(7 * scores, y) == pytest.approx(7, rel=0.15)


def test_qda_sees_what_lda_cannot():
    # Ten classes around one centre that differ in their spread alone
    rng = np.random.default_rng(0)
    y = np.arange(4_000) % 10
    X = rng.normal(size=(4_000, 6)) * 3.0 ** y[:, None]
    assert np.mean(qda(X, y, X, ridge=0) == y) > 0.7
    assert np.mean(lda(X, y, X) == y) < 0.4


def test_lda_is_right_about_shifted_clouds_of_one_shape():
    rng = np.random.default_rng(0)
    shape, y = rng.normal(size=(10, 10)), np.arange(2_000) % 10
    X = rng.normal(size=(2_000, 10)) @ shape + 20 * np.eye(10)[y]
    assert np.mean(lda(X, y, X) == y) > 0.95


def test_k_means_never_gets_worse_and_finds_three_heaps():
    rng = np.random.default_rng(0)
    heap = np.repeat([0, 1, 2], 50)
    X = np.array([[0.0, 0], [9, 0], [0, 9]])[heap] + rng.normal(size=(150, 2))
    centres, cluster, history = k_means(X, X[[0, 60, 120]])
    assert np.array_equal(cluster, heap)
    assert np.diff(history).max() <= 1e-9
    assert centres[1] == pytest.approx(X[50:100].mean(axis=0))
