"""Lecture 08: the definitions that carry its point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lecture_source

tent, deep_tent, draw_tent, pieces, relu = lecture_source.definitions(
    "08", "tent", "deep_tent", "draw_tent", "pieces", "relu"
)
random_network, pieces_on_a_line, stored, naive, products = lecture_source.definitions(
    "08", "random_network", "pieces_on_a_line", "stored", "naive", "products"
)
Tensor, backward, gate, exp, log, total, fold, cross_entropy = lecture_source.definitions(
    "08", "Tensor", "backward", "gate", "exp", "log", "total", "fold", "cross_entropy"
)
shrink, counted, through, checkpointed, signals, likeness = lecture_source.definitions(
    "08", "shrink", "counted", "through", "checkpointed", "signals", "likeness"
)
adam, deep, accuracies_of = lecture_source.definitions("08", "adam", "deep", "accuracies_of")
unexplained, zigzag_start, loss_slice, bending_down = lecture_source.definitions(
    "08", "unexplained", "zigzag_start", "loss_slice", "bending_down"
)
seeds = st.integers(0, 2**32 - 1)


def slopes(f, x, step=1e-6):
    """Return the gradient of f at an array x by central differences."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[place] += step
        behind[place] -= step
        gradient[place] = (f(ahead) - f(behind)) / (2 * step)
    return gradient


def test_the_tent_by_hand():
    assert tent(np.array([0, 0.25, 0.5, 0.75, 1])).tolist() == [0, 0.5, 1, 0.5, 0]
    assert deep_tent(np.array([0.125, 0.25, 0.375]), 2).tolist() == [0.5, 1, 0.5]


@pytest.mark.parametrize("depth", range(1, 11))
def test_each_layer_doubles_the_pieces(depth):
    assert pieces(deep_tent(np.linspace(0, 1, 2**12 + 1), depth)) == 2**depth


@pytest.mark.parametrize(("depth", "said"), [(1, "2 units: 2 pieces"), (10, "20 units: 1,024 pieces")])
def test_the_widget_at_both_ends(depth, said, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: None)
    draw_tent(depth)
    assert said in plt.gca().get_title()
    x, y = plt.gca().lines[-1].get_data()
    plt.close("all")
    assert pieces(y) == 2**depth
    assert np.allclose(y, deep_tent(x, depth))


@given(seeds, st.integers(1, 12))
def test_one_layer_has_at_most_a_piece_more_than_units(seed, width):
    rng = np.random.default_rng(seed)
    assert 1 <= pieces_on_a_line(random_network([width], rng), rng) <= width + 1


def test_pieces_on_a_line_by_hand():
    class Straight:
        def uniform(self, *_):
            return 0.0  # along the first axis

        def normal(self, *_):
            return np.array([1e-4, 1.0])  # at height 1

    # one unit switches at x = −1; the next layer's at relu(x + 1) = 1, where x = 0
    bent, above = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0], [-1.0]])
    assert pieces_on_a_line([bent], Straight()) == 2
    assert pieces_on_a_line([bent, above], Straight()) == 3


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_both_ways_through_the_chain_give_the_gradient(depth):
    w = np.random.default_rng(depth).normal(size=depth)

    def times(a, b):
        return a * b

    wanted = slopes(lambda w: (np.prod(w) * 0.7 - 1) ** 2, w)
    assert stored(w, 0.7, 1.0, times) == pytest.approx(wanted, abs=1e-6)
    assert naive(w, 0.7, 1.0, times) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("depth", [1, 4, 16])
def test_products_of_the_chain_are_counted(depth):
    assert products(stored, depth)[1] == 3 * depth
    assert products(naive, depth)[1] == depth * (2 * depth + 1)


@given(seeds)
def test_a_value_used_twice_collects_twice(seed):
    a, b = np.random.default_rng(seed).normal(size=2)
    t, u = Tensor(a), Tensor(b)
    backward((t + u) * (u + Tensor(1)))
    assert t.grad == pytest.approx(b + 1)
    assert u.grad == pytest.approx(a + 2 * b + 1)


OPERATIONS = {
    "add, repeated over rows": lambda t: t + Tensor(np.ones((4, 2, 3))),
    "product, repeated over rows": lambda t: t * Tensor(np.arange(24.0).reshape(4, 2, 3)),
    "square": lambda t: t * t,
    "matrix from the left": lambda t: Tensor(np.arange(8.0).reshape(4, 2)) @ t,
    "matrix from the right": lambda t: t @ Tensor(np.arange(6.0).reshape(3, 2) - 2),
    "matrix for each start": lambda t: t @ Tensor(np.arange(24.0).reshape(4, 3, 2)),
    "ReLU": gate,
    "exp": exp,
    "log": lambda t: log(t * t + Tensor(1)),
    "sum over an axis": lambda t: total(t, axis=-1) * t,
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_against_central_differences(operation):
    x = np.array([[0.3, -1.2, 0.7], [-0.4, 1.5, 2.0]])
    weights = 1 + np.arange(24)  # else a gradient put into a wrong place could hide in the sum

    def value(t):
        y = OPERATIONS[operation](t)
        return total(y * Tensor(weights[: y.value.size].reshape(y.value.shape)))

    t = Tensor(x)
    backward(value(t))
    assert t.grad == pytest.approx(slopes(lambda x: value(Tensor(x)).value.item(), x), rel=1e-6, abs=1e-6)


def test_fold_adds_up_what_was_repeated():
    assert fold(np.ones((4, 2, 3)), (1, 3)).tolist() == [[8, 8, 8]]
    assert fold(np.ones((4, 2, 3)), (4, 1, 3)).tolist() == [[[2, 2, 2]]] * 4
    assert fold(np.array(5.0), ()) == 5


def test_a_second_backward_pass_starts_from_nothing():
    t = Tensor(3)
    y = t * t
    for _ in range(2):
        backward(y)
        assert t.grad == 6


def test_cross_entropy_and_its_gradient_by_hand():
    scores, Y = Tensor(np.log([[1.0, 3, 1], [2, 1, 1]])), np.array([[0, 1, 0], [0, 0, 1]])
    risk = cross_entropy(scores, Y)
    assert risk.value == pytest.approx(np.mean([np.log(5 / 3), np.log(4)]))
    backward(risk)
    assert scores.grad == pytest.approx(np.array([[0.2, -0.4, 0.2], [0.5, 0.25, -0.75]]) / 2)
    assert np.isfinite(cross_entropy(Tensor(np.array([[1e5, 0, -1e5]])), Y[:1]).value)


def test_shrink_takes_means_of_four_pixels():
    images = np.zeros((1, 28, 28), dtype=np.uint8)
    images[0, 0, :4] = 255, 255, 0, 51
    assert shrink(images)[0, :3] == pytest.approx([0.5, 0.05, 0])
    assert shrink(np.full((2, 28, 28), 255)).tolist() == [[1] * 196] * 2


@pytest.mark.parametrize("k", [1, 3, 6, 12])
def test_checkpoints_change_the_work_and_not_the_gradient(k):
    rng = np.random.default_rng(0)
    Ws, X, P = rng.normal(size=(12, 5, 5)), rng.normal(size=(7, 5)), rng.normal(size=(7, 5))
    one = 7 * 5 * 5
    counted["products"] = 0
    _, wanted = through(Ws, X, P)
    assert counted["products"] == 12 * one
    gradients = checkpointed(Ws, X, P, k)
    assert counted["products"] == (12 + 24 - k) * one
    assert np.allclose(gradients, wanted, rtol=1e-12)


def test_through_gives_the_gradient():
    rng = np.random.default_rng(1)
    Ws, X, P = rng.normal(size=(3, 4, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 4))

    def value(Ws, X):
        for W in Ws:
            X = relu(X @ W)
        return np.sum(P * X)

    error, gradients = through(Ws, X, P)
    assert np.array(gradients) == pytest.approx(slopes(lambda Ws: value(Ws, X), Ws), abs=1e-6)
    assert error == pytest.approx(slopes(lambda X: value(Ws, X), X), abs=1e-6)


def test_a_skip_with_an_empty_branch_passes_everything():
    X = np.random.default_rng(0).normal(size=(9, 5))
    forward, back, _ = signals(X, 2, relu, lambda z: z > 0, np.random.default_rng(0), skip=0, depth=7)
    assert forward == pytest.approx(np.ones(8))
    assert back == pytest.approx(np.full(8, back[0]))


def test_signals_in_wide_linear_layers_keep_the_gain():
    X = np.random.default_rng(0).normal(size=(50, 20))
    for gain in (1, 4):
        forward, back, h = signals(
            X, gain, lambda z: z, np.ones_like, np.random.default_rng(1), depth=3, width=500
        )
        assert forward == pytest.approx(float(gain) ** np.arange(4), rel=0.1)
        assert back / back[0] == pytest.approx(float(gain) ** np.arange(4), rel=0.1)
        assert h.shape == (50, 500)


def test_likeness_by_hand():
    assert likeness(np.array([[1.0, 0], [0, 2], [3, 3]])) == pytest.approx((0 + 2 * 0.5**0.5) / 3)


def test_adams_first_step_has_the_size_of_the_rate():
    t = Tensor([[3.0, -2.0]])
    adam([t], lambda: total(t * t), 1, rate=0.1)
    assert t.value == pytest.approx(
        np.array([[2.95, -1.95]])
    )  # half the rate: it falls to zero after one step


def test_deep_by_hand_with_and_without_skip():
    theta = [Tensor(v) for v in ([[1.0]], [[0.0]], [[2.0]], [[-1.0]], [[10.0]], [[5.0]])]
    X = Tensor([[3.0], [-1.0]])
    assert deep(theta, X).value.ravel().tolist() == [55, 5]  # the first map has no ReLU
    assert deep(theta, X, skip=0.5).value.ravel().tolist() == [60, -5]


def two_heaps(rng, n):
    y = rng.integers(2, size=n)
    return rng.normal(size=(n, 196)) + 3 * (2 * y[:, None] - 1), y


def test_held_out_digits_are_judged_and_not_looked_at():
    rng = np.random.default_rng(0)
    seen, (X, y) = two_heaps(rng, 256), two_heaps(rng, 50)

    def found(y):
        return accuracies_of(2, 2, None, seen, (X, y), np.random.default_rng(1), n_epochs=25)

    right = found(y)
    assert right.shape == (3,)
    assert right.min() > 95
    assert found(1 - y) == pytest.approx(
        100 - right
    )  # poisoned: the verdict turns round, the networks do not


def test_a_zigzag_starts_with_its_kinks_inside():
    W, b, *_ = zigzag_start([50], np.random.default_rng(0), 8)
    assert np.abs(b.value / W.value).max() <= 1


def test_unexplained_by_hand():
    y = np.array([[1.0], [3.0]])
    assert unexplained(np.array([[[2.0], [2.0]], [[1.0], [3.0]]]), y).tolist() == [1, 0]


def test_bowls_and_saddles():
    u, v = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
    assert bending_down(u**2 + v**2) == 0
    assert bending_down(u * v) == 100
    assert bending_down(u**2 + v**2 + 3 * u * v) == 100


def test_the_middle_of_a_slice_is_its_start():
    flats = np.random.default_rng(0).normal(size=(20, 3))
    for skip in (None, 0.5):
        R = loss_slice([4, 4], skip, flats, np.random.default_rng(1), side=3)
        one = loss_slice([4, 4], skip, flats, np.random.default_rng(1), side=1)
        assert R.shape == (3, 3)
        assert np.isfinite(R).all()
        assert one.shape == (1, 1)
