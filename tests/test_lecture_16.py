"""Lecture 16: the definitions that carry its point, and that labels which must not be looked at are not."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

import lecture_source

block, add_up, random_network, adjacency, propagation = lecture_source.definitions(
    "16", "block", "add_up", "random_network", "adjacency", "propagation"
)
forward, gradients, start, coins, train = lecture_source.definitions(
    "16", "forward", "gradients", "start", "coins", "train"
)
accuracy, regression, spread, smooth, nearest_mean = lecture_source.definitions(
    "16", "accuracy", "regression", "spread", "smooth", "nearest_mean"
)
spread_out, rewired, random_split, link_auc, draw_strangers, read_out = lecture_source.definitions(
    "16", "spread_out", "rewired", "random_split", "link_auc", "draw_strangers", "read_out"
)
seeds = st.integers(0, 2**32 - 1)
KITE = np.array([[0, 1], [1, 2], [2, 0], [2, 3]])  # section 1's graph without its arrows


@given(seeds)
def test_a_block_does_not_know_the_names_of_its_nodes(seed):
    rng = np.random.default_rng(seed)
    V, E, u = rng.normal(size=(7, 3)), rng.normal(size=(20, 2)), rng.normal(size=2)
    begin, end = rng.integers(7, size=(2, 20))
    updates = [random_network(n_in, n_out, rng) for n_in, n_out in ((10, 4), (9, 3), (9, 2))]
    order = rng.permutation(7)
    name = np.argsort(order)
    old, new = (
        block(V, E, u, begin, end, *updates),
        block(V[order], E, u, name[begin], name[end], *updates),
    )
    for ours, theirs in zip(new, (old[0][order], old[1], old[2]), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_an_edge_hears_its_beginning_and_its_end_and_a_node_what_ends_at_it():
    # one edge from node 0 to node 1; weights tell the four inputs of an edge apart
    V, E, u = np.array([[2.0], [3.0]]), np.array([[5.0]]), np.array([7.0])
    first, ends = np.array([0]), np.array([1])
    V_new, E_new, u_new = block(
        V, E, u, first, ends, lambda rows: rows @ [[1], [10], [100], [1_000]], add_up, add_up
    )
    assert E_new == pytest.approx(np.array([[5 + 20 + 300 + 7_000]]))
    assert V_new == pytest.approx(np.array([[2 + 7], [3 + 7_325 + 7]]))
    assert u_new == pytest.approx(np.array([7_325 + 9 + 7_335 + 7]))


def test_edges_join_both_ways_and_doubles_count_once():
    A = adjacency(np.array([[0, 1], [1, 0], [0, 1], [1, 2]]), 4).toarray()
    assert np.array_equal(A, [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])


def test_propagation_by_hand():
    S = propagation(adjacency(KITE, 5)).toarray()  # node 4 has no neighbour
    third, root8, root12 = 1 / 3, 1 / np.sqrt(8), 1 / np.sqrt(12)
    expected = [
        [third, third, root12, 0, 0],
        [third, third, root12, 0, 0],
        [root12, root12, 0.25, root8, 0],
        [0, 0, root8, 0.5, 0],
        [0, 0, 0, 0, 1],
    ]
    np.testing.assert_allclose(S, expected, atol=1e-15)


def problem(seed=0, n=12):
    """Return a random graph of n papers with 5 words and 7 topics: S, X, y, places of labelled papers."""
    rng = np.random.default_rng(seed)
    S = propagation(adjacency(rng.integers(n, size=(2 * n, 2)), n))
    return S, sp.csr_matrix(rng.random((n, 5))), np.arange(n) % 7, np.arange(n // 2)


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_gradients_are_slopes_of_the_loss(depth, skips):
    S, X, y, rows = problem()
    rng = np.random.default_rng(1)
    W = start([5, *[6] * (depth - 1), 7], rng)
    factors = coins((depth - 1, 12, 6), rng)

    def loss(W):
        scores = forward(S, X, W, skips, factors)[2]
        return -np.mean(np.log(softmax(scores, axis=1)[rows, y[rows]]))

    inputs, slopes, scores = forward(S, X, W, skips, factors)
    error = np.zeros_like(scores)
    error[rows] = (softmax(scores[rows], axis=1) - np.eye(7)[y[rows]]) / len(rows)
    for k, found in enumerate(gradients(S, W, inputs, slopes, error, skips)):
        direction = np.random.default_rng(k).normal(size=W[k].shape)
        ahead, behind = ([*W[:k], W[k] + h * direction, *W[k + 1 :]] for h in (1e-6, -1e-6))
        slope = (loss(ahead) - loss(behind)) / 2e-6
        assert np.sum(found * direction) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_every_path_through_a_network_with_skips_passes_the_graph_once_per_layer():
    # S that doubles: if a path went around an S, the scores would not be 2^4 times those without a graph
    _, X, _, _ = problem()
    W = start([5, 6, 6, 6, 7], np.random.default_rng(0))
    one, two = (factor * sp.eye(12, format="csr") for factor in (1, 2))
    np.testing.assert_allclose(forward(two, X, W, True)[2], 16 * forward(one, X, W, True)[2])


def test_dropout_drops_half_and_doubles_the_rest():
    factors = coins((100, 100), np.random.default_rng(0))
    assert set(np.unique(factors)) == {0, 2}
    assert factors.mean() == pytest.approx(1, abs=0.05)  # standard deviation 0.01


def test_training_without_dropout_draws_no_coins():
    S, X, y, rows = problem()
    rng = np.random.default_rng(0)
    train(S, X, y, rows, rng, n_epochs=3, dropout=False)
    other = np.random.default_rng(0)
    start([5, 16, 7], other)
    assert rng.random() == other.random()


def test_training_lowers_the_loss_on_its_own_rows():
    _, X, y, rows = problem(n=42)
    scores = train(sp.eye(42, format="csr"), X, y, rows, np.random.default_rng(0), n_epochs=400)
    assert accuracy(scores, y, rows) > 2 * 100 / 7


@pytest.mark.parametrize(
    "fit",
    [
        lambda S, X, y, rows: train(S, X, y, rows, np.random.default_rng(0), n_epochs=5),
        lambda S, X, y, rows: train(S, X, y, rows, np.random.default_rng(0), 4, True, n_epochs=5),
        lambda S, X, y, rows: spread(S, y, rows, n_steps=5),
        lambda S, X, y, rows: nearest_mean(smooth(S, X.toarray(), 2), y, rows),
        lambda S, X, y, rows: regression(X.toarray(), y, rows[:14], rows[14:]),
    ],
    ids=["train", "train deep", "spread", "nearest mean", "regression"],
)
def test_topics_of_other_papers_are_not_looked_at(fit):
    S, X, y, rows = problem(n=42)
    poisoned = y.copy()
    poisoned[len(rows) :] = 10**6
    np.testing.assert_array_equal(fit(S, X, y, rows), fit(S, X, poisoned, rows))


def test_labels_spread_by_hand():
    # a path 0 - 1 - 2 with labels at both ends: the middle is between them, and the ends keep theirs
    A = adjacency(np.array([[0, 1], [1, 2]]), 3)
    scores = spread(A, np.array([3, 6, 5]), np.array([0, 2]))
    assert np.array_equal(scores[[0, 2]], np.eye(7)[[3, 5]])
    np.testing.assert_allclose(scores[1], [0, 0, 0, 0.5, 0, 0.5, 0])


def test_the_nearest_mean_goes_by_direction():
    Z = np.array([[2.0, 0], *[[0.0, 1.0]] * 6, [1, 0.9], [3, 3.1]])
    scores = nearest_mean(Z, np.array([0, 1, 2, 3, 4, 5, 6, 0, 0]), np.arange(7))
    assert scores[7].argmax() == 0
    assert scores[8].argmax() == 1


@pytest.mark.parametrize(
    ("k", "said"),
    [
        (0, "k = 0: own topic 100%, in the picture 100%"),
        (2, "k = 2: own topic 54%, in the picture 100%"),
        (32, "k = 32: own topic 50%, in the picture 100%"),
    ],
)
def test_the_widget_draws_where_the_words_come_from(k, said, monkeypatch):
    import matplotlib.pyplot as plt

    [draw] = lecture_source.definitions("16", "draw_weights")
    monkeypatch.setattr(plt, "show", lambda: None)
    S, y = propagation(adjacency(KITE, 5)), np.array([0, 0, 1, 1, 0])
    draw(k, (S, y, 2, np.arange(4), np.zeros((4, 2))))
    assert plt.gca().get_title() == said
    plt.close("all")


def test_the_widget_tells_what_lies_outside_the_picture(monkeypatch):
    import matplotlib.pyplot as plt

    [draw] = lecture_source.definitions("16", "draw_weights")
    monkeypatch.setattr(plt, "show", lambda: None)
    S = sp.csr_matrix(np.full((4, 4), 0.25))
    draw(1, (S, np.array([0, 0, 1, 1]), 0, np.array([0, 1, 2]), np.zeros((3, 2))))
    assert plt.gca().get_title() == "k = 1: own topic 50%, in the picture 75%"
    plt.close("all")


def test_distances_do_not_see_lengths():
    assert spread_out(np.array([[1.0, 0], [5.0, 0]])) == 0
    assert spread_out(np.array([[1.0, 0], [0, 5.0]])) == pytest.approx(np.sqrt(2))


@given(seeds)
def test_a_rewired_graph_keeps_degrees_but_for_loops(seed):
    rng = np.random.default_rng(seed)
    edges = rng.integers(9, size=(15, 2))
    new = rewired(edges, rng)
    lost = np.bincount(edges.ravel(), minlength=9) - np.bincount(new.ravel(), minlength=9)
    assert (lost >= 0).all()
    assert (lost % 2 == 0).all()  # a loop has two ends at one node
    assert (new[:, 0] != new[:, 1]).all()


@given(seeds)
def test_a_split_is_disjoint_and_teaches_all_topics_alike(seed):
    y = np.random.default_rng(seed).permutation(np.arange(300) % 7)
    rows, validation, test = random_split(y, 50, 90, np.random.default_rng(seed))
    assert list(np.bincount(y[rows])) == [20] * 7
    assert (len(validation), len(test)) == (50, 90)
    assert len(np.unique([*rows, *validation, *test])) == 280


def test_pairs_are_told_apart_by_direction():
    Z = np.array([[1.0, 0], [7.0, 0.1], [0, 3.0], [0, 0]])
    assert link_auc(Z, np.array([[0, 1]]), np.array([[0, 2], [2, 3]])) == 1
    assert link_auc(Z, np.array([[0, 2]]), np.array([[0, 1]])) == 0


def test_strangers_are_different_and_not_joined():
    A = adjacency(KITE, 5)
    strangers = draw_strangers(500, A, np.random.default_rng(0))
    assert {tuple(sorted(pair)) for pair in strangers.tolist()} == {
        (0, 3),
        (1, 3),
        (0, 4),
        (1, 4),
        (2, 4),
        (3, 4),
    }


@given(seeds)
@settings(max_examples=20)
def test_no_weights_tell_two_triangles_from_a_hexagon_until_triangles_are_counted(seed):
    rng = np.random.default_rng(seed)
    triangles = adjacency(np.array([[0, 1], [1, 2], [2, 0], [3, 4], [4, 5], [5, 3]]), 6).toarray()
    hexagon = adjacency(np.stack([np.arange(6), (np.arange(6) + 1) % 6], axis=1), 6).toarray()
    W = [rng.normal(size=shape) for shape in ((1, 8), (8, 8), (8, 8))]
    same = [read_out(A, np.ones((6, 1)), W) for A in (triangles, hexagon)]
    np.testing.assert_allclose(*same, atol=1e-12)
    told = [read_out(A, np.diag(A @ A @ A)[:, None] / 2, W) for A in (triangles, hexagon)]
    assert np.abs(told[0] - told[1]).max() > 1e-3


def test_the_keras_layer_multiplies_by_S():
    keras = pytest.importorskip("keras")
    [Propagate] = lecture_source.definitions("16", "Propagate")
    S, H = propagation(adjacency(KITE, 5)), np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(Propagate(S)(H)), S @ H, atol=1e-6)
