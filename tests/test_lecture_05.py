"""Lecture 05: the definitions that carry its point, and what it says of saved models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

import lecture_source

random_swaps, shuffle, probabilities, descend, test_error, recipes_met = lecture_source.definitions(
    "05", "random_swaps", "shuffle", "probabilities", "descend", "test_error", "recipes_met"
)
test_error.__test__ = False  # pytest would take the lecture's function for a test
seeds = st.integers(0, 2**32 - 1)


@given(st.integers(1, 30), st.integers(0, 60), seeds)
def test_swaps_neither_lose_nor_double_anything(n, n_swaps, seed):
    order = random_swaps(n, n_swaps, np.random.default_rng(seed))
    assert sorted(order) == list(range(n))


@given(st.integers(1, 30), st.integers(0, 3), seeds)
def test_a_swap_moves_two_things_or_none(n, n_swaps, seed):
    order = random_swaps(n, n_swaps, np.random.default_rng(seed))
    assert np.sum(order != np.arange(n)) <= 2 * n_swaps


def test_many_swaps_make_all_orders_equally_likely():
    # 6,000 shuffles of 3 things: each of the 6 orders 1,000 times, with a standard deviation of 29
    rng = np.random.default_rng(0)
    seen = [tuple(random_swaps(3, 40, rng).tolist()) for _ in range(6_000)]
    counts = {order: seen.count(order) for order in set(seen)}
    assert len(counts) == 6
    assert all(abs(count - 1_000) < 150 for count in counts.values())


def test_pixels_at_home_follow_the_formula():
    # 1 + (n − 1)(1 − 2/n)^t for n = 10, t = 8 is 2.51; a mean over 20,000 shuffles has a sd of 0.01
    rng = np.random.default_rng(0)
    at_home = [np.sum(random_swaps(10, 8, rng) == np.arange(10)) for _ in range(20_000)]
    assert np.mean(at_home) == pytest.approx(1 + 9 * 0.8**8, abs=0.06)


def test_shuffle_puts_pixel_order_k_in_place_k():
    images = np.arange(2 * 784).reshape(2, 28, 28)
    order = np.roll(np.arange(784), -1)  # every place takes the next place's pixel
    assert shuffle(images, order)[0, 0, 0] == 1
    assert shuffle(images, order)[1, 27, 27] == 784


@given(seeds)
def test_the_inverse_order_undoes_a_shuffle(seed):
    rng = np.random.default_rng(seed)
    images, order = rng.integers(256, size=(3, 28, 28)), rng.permutation(784)
    assert np.array_equal(shuffle(shuffle(images, order), np.argsort(order)), images)


def test_probabilities_by_hand():
    # pixels 255 and 51 are 1 and 0.2; the first layer finds 0.8 and −0.8, the second again; logits 0.8 and 0
    weights = [
        np.array([[1.0, -1.0], [-1.0, 1.0]]),
        np.zeros(2),
        np.array([[1.0, -1.0], [0.0, 0.0]]),
        np.zeros(2),
        np.array([[1.0, 0.0], [7.0, 0.0]]),
        np.zeros(2),
    ]
    e = np.exp(0.8)
    assert probabilities(np.array([[255, 51]]), weights) == pytest.approx(np.array([[e, 1]]) / (e + 1))


@given(seeds)
def test_rows_moved_along_undo_the_shuffle_exactly(seed):
    rng = np.random.default_rng(seed)
    X, order = 255 * rng.random((5, 12)), rng.permutation(12)
    W1, *rest = [rng.normal(size=shape) for shape in ((12, 7), 7, (7, 6), 6, (6, 3), 3)]
    assert probabilities(X[:, order], [W1[order], *rest]) == pytest.approx(
        probabilities(X, [W1, *rest]), abs=1e-12
    )


class MeanModel:
    """Predicts the mean of what it was fitted to, whatever the features."""

    def fit(self, X, y):
        self.mean = y.mean()

    def predict(self, X):
        return np.full(len(X), self.mean)


def test_rows_held_back_are_not_looked_at():
    # the mean of 1, 2, 3 is 2; the rows held back lie 2 and 4 above it
    X, y = np.zeros((5, 1)), np.array([1.0, 2, 3, 4, 6])
    assert test_error(MeanModel(), X, y, 3) == pytest.approx(np.sqrt((2**2 + 4**2) / 2))
    poisoned, model = y.copy(), MeanModel()
    poisoned[3:] = 1e9
    test_error(model, X, poisoned, 3)
    assert model.mean == 2


def test_a_recipe_is_all_but_the_age():
    # trained on a and b; held back are a at another age, b at its own, and one that is new
    table = np.array([[1, 2, 28], [3, 4, 28], [1, 2, 7], [3, 4, 28], [1, 4, 28]])
    assert recipes_met(table, 2) == pytest.approx(200 / 3)


def problem(seed):
    """Return a small classification problem and a random start: X, one-hot Y, W, V."""
    rng = np.random.default_rng(seed)
    return (
        rng.random((9, 6)),
        np.eye(3)[rng.integers(3, size=9)],
        rng.normal(size=(6, 4)),
        rng.normal(size=(4, 3)),
    )


def risk(X, Y, W, V):
    return -np.mean(np.sum(Y * np.log(softmax(np.maximum(X @ W, 0) @ V, axis=1)), axis=1))


@pytest.mark.parametrize("seed", range(5))  # not any seed: a difference across ReLU's kink is no slope
def test_a_step_of_descent_goes_down_the_gradient(seed):
    X, Y, *start = problem(seed)
    stepped = descend(X, Y, *start, n_steps=1, eps=1.0)
    for k, (before, after) in enumerate(zip(start, stepped, strict=True)):
        for index in np.ndindex(before.shape):
            ahead, behind = ([w.copy() for w in start] for _ in range(2))
            ahead[k][index] += 1e-6
            behind[k][index] -= 1e-6
            slope = (risk(X, Y, *ahead) - risk(X, Y, *behind)) / 2e-6
            assert before[index] - after[index] == pytest.approx(slope, abs=1e-5)


@given(seeds)
def test_training_from_a_permuted_start_gives_the_permuted_network(seed):
    X, Y, W, V = problem(seed)
    order = np.random.default_rng(seed).permutation(6)
    W_plain, V_plain = descend(X, Y, W, V, n_steps=20, eps=0.1)
    W_shuffled, V_shuffled = descend(X[:, order], Y, W[order], V, n_steps=20, eps=0.1)
    assert W_shuffled == pytest.approx(W_plain[order], abs=1e-12)
    assert V_shuffled == pytest.approx(V_plain, abs=1e-12)


def test_keras_loads_a_saved_rescaling_but_not_a_saved_lambda(tmp_path):
    import keras

    pixels = np.array([[0.0, 51.0, 255.0]], dtype="float32")
    for name, layer in (
        ("lambda", keras.layers.Lambda(lambda x: x / 255)),
        ("rescaling", keras.layers.Rescaling(1 / 255)),
    ):
        keras.Sequential([keras.Input((3,)), layer]).save(tmp_path / f"{name}.keras")
    loaded = keras.saving.load_model(tmp_path / "rescaling.keras")
    assert np.asarray(loaded(pixels)) == pytest.approx(np.array([[0, 0.2, 1]]), abs=1e-6)
    with pytest.raises(ValueError, match="safe_mode"):
        keras.saving.load_model(tmp_path / "lambda.keras")
    unsafe = keras.saving.load_model(tmp_path / "lambda.keras", safe_mode=False)
    assert np.asarray(unsafe(pixels)) == pytest.approx(np.array([[0, 0.2, 1]]), abs=1e-6)
