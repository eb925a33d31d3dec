"""The judge of made digits: its figures by hand, that it learns, and that it says the same twice."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tools import ROOT
from utils import judge
from utils.datasets.mnist import digits


def normal(seed, n=40, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def test_importing_it_imports_no_keras():
    script = (
        "import sys, utils.judge; print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_frechet_distance_by_hand():
    a, b = np.array([[-1.0], [1]]) / np.sqrt(2), 3 + np.array([[-1.0], [1]]) * np.sqrt(2)  # sd 1 and 2
    assert judge.frechet_distance(a, b) == pytest.approx(3**2 + (2 - 1) ** 2)


@given(st.integers(0, 50), st.integers(51, 99))
def test_frechet_distance_is_its_formula_symmetric_and_zero_for_the_same(one, other):
    a, b = normal(one), normal(other)
    A, B = np.cov(a.T), np.cov(b.T)
    formula = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(A + B - 2 * np.real(sqrtm(A @ B)))
    assert judge.frechet_distance(a, b) == pytest.approx(formula)
    assert judge.frechet_distance(b, a) == pytest.approx(formula)
    assert judge.frechet_distance(a, a) == pytest.approx(0, abs=1e-7)


def test_frechet_distance_stands_features_that_never_vary():
    a, b = np.pad(normal(0), ((0, 0), (0, 2))), np.pad(normal(1), ((0, 0), (0, 2)))
    assert judge.frechet_distance(a, b) == pytest.approx(judge.frechet_distance(normal(0), normal(1)))


@pytest.mark.parametrize("a", [np.zeros((1, 3)), np.zeros((5, 2)), np.zeros(3)])
def test_frechet_distance_says_what_it_needs(a):
    with pytest.raises(ValueError, match="two sets of at least two rows of one length"):
        judge.frechet_distance(a, np.zeros((5, 3)))


def test_precision_and_recall_by_hand():
    real = np.array([[0.0], [1], [3], [10], [15]])  # reach 1, 1, 2, 5, 5
    made = np.array([[0.5], [4.5], [21], [30]])  # reach 4, 4, 9, 9
    assert judge.precision_recall(real, made, k=1) == (2 / 4, 4 / 5)
    assert judge.precision_recall(made, real, k=1) == (4 / 5, 2 / 4)


def test_precision_falls_for_strangers_and_recall_for_what_is_missing():
    real = np.random.default_rng(0).normal(size=(200, 2))
    half = real[real[:, 0] > 0]
    assert judge.precision_recall(real, np.tile(half, (2, 1)))[0] == 1
    assert judge.precision_recall(real, half)[1] < 0.7
    assert judge.precision_recall(real, real + 100) == (0, 0)


def test_precision_and_recall_need_more_rows_than_neighbours():
    with pytest.raises(ValueError, match="3 neighbours need more than 3 rows in each set, not 3 and 9"):
        judge.precision_recall(np.zeros((3, 2)), np.zeros((9, 2)))


def test_nearest_by_hand_and_for_more_pictures_than_go_at_once():
    stored = np.zeros((3, 784))
    stored[1, :4], stored[2] = 0.5, 1
    asked = np.zeros((1_001, 784))
    asked[1, :4], asked[-1] = 0.25, 1
    found = judge.nearest(asked, stored)
    assert found.shape == (1_001,)
    assert found[[0, 1, -1]] == pytest.approx([0, 0.5, 0], abs=1e-3)


@pytest.mark.parametrize("shape", [(2, 784), (2, 28, 28), (2, 28, 28, 1)])
def test_flat_takes_pictures_of_each_shape(shape):
    flat = judge.flat(np.ones(shape))
    assert (flat.shape, flat.dtype) == ((2, 784), np.float32)


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (np.full((2, 784), 255, dtype="uint8"), "divide by 255"),
        (np.full((2, 784), -0.1), "run from -0.1 to -0.1"),
        (np.full((2, 784), np.nan), "run from nan to nan"),
        (np.zeros((2, 32, 32)), "not (2, 32, 32)"),
        (np.zeros((28, 28)), "not (28, 28)"),
        (np.zeros((0, 784)), "not (0, 784)"),
    ],
)
def test_flat_says_what_is_wrong(pictures, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 (the message is looked at)
        judge.flat(pictures)
    assert said in str(raised.value)


class Brightness:
    """In the place of a network: the brightness of both halves as features, ten classes by brightness."""

    def __call__(self, pictures, training):
        assert training is False
        bright = pictures.mean(axis=1)
        features = np.stack([pictures[:, :392].mean(axis=1), pictures[:, 392:].mean(axis=1)], axis=1)
        return features, np.eye(10)[np.minimum(10 * bright, 9).astype(int)] * 0.8 + 0.02


def test_a_verdict_holds_what_its_parts_say():
    rng = np.random.default_rng(0)
    real, made = (np.clip(rng.random((60, 1)) + 0.1 * rng.normal(size=(60, 784)), 0, 1) for _ in range(2))
    referee = judge.Judge(Brightness(), real)
    verdict = referee.verdict(made)
    features = referee.features(made)
    assert verdict.distance == judge.frechet_distance(features, referee.features(real))
    assert (verdict.precision, verdict.recall) == pytest.approx(
        judge.precision_recall(referee.features(real), features)
    )
    assert verdict.sure == pytest.approx(0.82)
    assert referee.verdict(made[::-1]).distance == pytest.approx(verdict.distance)


def test_bits_tell_how_many_classes_are_made():
    shades = np.repeat((np.arange(10) / 10 + 0.05)[:, None], 784, axis=1)
    shades += np.linspace(-0.01, 0.01, 10)[:, None] * np.arange(784) / 784
    referee = judge.Judge(Brightness(), shades)
    assert referee.verdict(shades).bits == pytest.approx(np.log2(10))
    assert referee.verdict(shades[[0, 0, 0, 0, 5, 5, 5, 5]]).bits == pytest.approx(1)


@pytest.fixture(scope="module")
def learned():
    """A judge trained on the stand-in's digits, and the digits that it has not seen."""
    (x, y), (x_test, y_test) = digits()
    return judge.train(x / 255, y, x_test[:150] / 255, seed=3), x_test[150:] / 255, y_test[150:]


def test_a_trained_judge_names_digits_and_tells_them_from_noise(learned):
    referee, x, y = learned
    probabilities = referee.probabilities(x)
    assert probabilities.shape == (len(x), 10)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == y) > 0.9
    real, noise = referee.verdict(x), referee.verdict(np.random.default_rng(0).random(x.shape))
    assert real.distance < noise.distance / 10
    assert (noise.precision, noise.recall) < (0.1, 0.1) < (real.precision, real.recall)
    assert referee.verdict(x) == real  # nothing is dropped, nothing drawn anew


def test_the_same_seed_gives_the_same_judge(learned):
    referee, x, _ = learned
    (x_train, y_train), (x_test, _) = digits()
    again = judge.train(x_train / 255, y_train, x_test[:150] / 255, seed=3)
    assert np.allclose(again.features(x), referee.features(x), atol=1e-4)


def test_training_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"3 digits need labels of shape \(3,\), not \(2,\)"):
        judge.train(np.zeros((3, 784)), np.zeros(2), np.zeros((5, 784)))
