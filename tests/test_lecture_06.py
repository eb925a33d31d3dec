"""Lecture 06: the definitions that carry its point, and that no test digit is learned from."""

from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.signal import correlate2d

import lecture_source
from utils import plotting

convolve1d, convolution_matrix, constant_diagonals, full_convolution = lecture_source.definitions(
    "06", "convolve1d", "convolution_matrix", "constant_diagonals", "full_convolution"
)
convolve2d, parts, convolve, output_size, multiplications = lecture_source.definitions(
    "06", "convolve2d", "parts", "convolve", "output_size", "multiplications"
)
reached_by, receptive_fields, max_pool, circular, zero_padded = lecture_source.definitions(
    "06", "reached_by", "receptive_fields", "max_pool", "circular", "zero_padded"
)
defect, network, shuffle, edge_share = lecture_source.definitions(
    "06", "defect", "network", "shuffle", "edge_share"
)

numbers = st.integers(-9, 9).map(float)  # whole numbers, so that sums in any order are exact
signals = arrays.arrays(float, st.integers(5, 12), elements=numbers)
kernels = arrays.arrays(float, st.integers(1, 5), elements=numbers)
images = arrays.arrays(float, st.tuples(st.integers(3, 7), st.integers(3, 7)), elements=numbers)
patches = arrays.arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 3)), elements=numbers)
rings = arrays.arrays(float, 12, elements=numbers)
threes = arrays.arrays(float, 3, elements=numbers)
moves = st.integers(-12, 12)


def test_convolution_by_hand():
    assert convolve1d(np.array([1, 2, 1, 4, 1]), np.array([1, 4, 1])).tolist() == [10, 10, 18]
    assert convolve1d(np.array([1, 0, 0]), np.array([2, 3])).tolist() == [2, 0]  # not flipped


@given(signals, kernels)
def test_convolution_agrees_with_numpy_in_both_conventions(x, w):
    assert convolve1d(x, w).tolist() == np.correlate(x, w, mode="valid").tolist()
    assert convolve1d(x, w[::-1]).tolist() == np.convolve(x, w, mode="valid").tolist()


@given(rings, rings, threes, numbers)
def test_convolution_is_linear(x, z, w, factor):
    assert convolve1d(x + factor * z, w).tolist() == (convolve1d(x, w) + factor * convolve1d(z, w)).tolist()


@given(kernels, kernels)
def test_convolution_commutes_only_with_the_flip(x, w):
    assert full_convolution(x, w).tolist() == full_convolution(w, x).tolist() == np.convolve(x, w).tolist()
    x_wide, w_wide = np.pad(x, len(w) - 1), np.pad(w, len(x) - 1)
    assert convolve1d(x_wide, w).tolist() == convolve1d(w_wide, x)[::-1].tolist()


@given(rings, threes, moves)
def test_circular_convolution_follows_every_shift(x, w, move):
    def answer(x):
        return circular(x, w)

    assert defect(answer, x, move).max() == 0


@given(rings, moves)
def test_pooling_follows_a_shift_by_multiples_of_its_stride(x, move):
    assert defect(max_pool, x, 2 * move).max() == 0


def test_pooling_and_zero_padding_do_not_follow_every_shift():
    x = np.arange(12.0)
    assert defect(max_pool, x, 1).max() > 0
    of_zero_padding = defect(zero_padded, x, 1)
    assert of_zero_padding.max() > 0
    assert of_zero_padding[2:-2].max() == 0


@given(rings, moves)
def test_global_pooling_behind_circular_convolutions_forgets_the_place(x, move):
    assert network(np.roll(x, move)) == network(x)  # whole numbers: their sum is exact in any order


def test_behind_zero_padding_it_does_not_and_the_defect_of_one_number_is_its_change():
    x = np.arange(12.0)
    assert network(np.roll(x, 1), zero_padded) != network(x, zero_padded)
    assert defect(lambda x: x[:1], x, 1).tolist() == [11]


@given(signals, kernels)
def test_the_matrix_does_what_the_window_does(x, w):
    W = convolution_matrix(w, len(x))
    assert W.shape == (len(x), len(x) - len(w) + 1)
    assert (x @ W).tolist() == convolve1d(x, w).tolist()
    assert constant_diagonals(W)


def test_the_matrix_by_hand_and_with_two_rows_swapped():
    W = convolution_matrix(np.array([1, 4, 2]), 4)
    assert W.tolist() == [[1, 0], [4, 1], [2, 4], [0, 2]]
    assert not constant_diagonals(W[[1, 0, 2, 3]])
    assert not constant_diagonals(W[:, ::-1])


def test_convolution_of_an_image_by_hand():
    x = np.array([[1, 2, 1, 0], [0, 1, 3, 1], [2, 0, 1, 2]])
    assert convolve2d(x, np.array([[1, 2], [0, 1]])).tolist() == [[6, 7, 2], [2, 8, 7]]


@given(images, patches)
def test_convolution_of_an_image_agrees_with_scipy(x, w):
    assert convolve2d(x, w).tolist() == correlate2d(x, w, mode="valid").tolist()


@given(st.integers(5, 7), st.integers(5, 7), st.integers(1, 4), st.integers(1, 3), st.data())
def test_a_filter_adds_its_channels_answers_and_each_filter_makes_a_map(height, width, c, f, data):
    picture = data.draw(arrays.arrays(float, (height, width, c), elements=numbers))
    filters = data.draw(arrays.arrays(float, (3, 3, c, f), elements=numbers))
    maps = convolve(picture, filters)
    assert maps.shape == (height - 2, width - 2, f)
    for k in range(f):
        *channels, total = parts(picture, filters, k)
        by_scipy = [correlate2d(picture[:, :, i], filters[:, :, i, k], mode="valid") for i in range(c)]
        assert np.array_equal(channels, by_scipy)
        assert np.array_equal(total, sum(by_scipy))
        assert np.array_equal(maps[:, :, k], total)


@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 3), st.integers(1, 4))
def test_output_size_counts_the_places(n, k, p, s):
    places = [i for i in range(0, n + 2 * p, s) if i + k <= n + 2 * p]
    if places:
        assert output_size(n, k, p, s) == len(places)


@pytest.mark.parametrize(("n", "k", "expected"), [(28, 3, 28), (28, 5, 28), (28, 4, 27)])
def test_only_odd_kernels_keep_the_size(n, k, expected):
    assert output_size(n, k, p=(k - 1) // 2) == expected


def test_multiplications_by_hand():
    assert multiplications(2, 3, 1, 1) == 36  # four places, nine each
    assert multiplications(28, 3, 1, 64) == 451_584
    assert multiplications(14, 3, 64, 128) == 14_450_688


def test_receptive_fields_by_hand():
    assert receptive_fields([(3, 1), (2, 2), (3, 1)]) == [3, 4, 8]
    assert receptive_fields([(3, 1), (2, 2), (3, 1), (2, 2)]) == [3, 4, 8, 10]  # the lecture's CNN


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=3))
def test_receptive_fields_end_at_the_last_input_that_reaches_the_first_output(layers):
    n = receptive_fields(layers)[-1]
    answers = np.eye(n + 3)
    for k, s in layers:
        answers = np.array([convolve1d(x, np.ones(k))[::s] for x in answers])
    reached = np.flatnonzero(answers[:, 0])
    assert (reached[0], reached[-1]) == (0, n - 1)
    assert reached_by(0, layers)[-1] == reached.tolist()


def test_max_pooling_by_hand():
    assert max_pool(np.array([3, 1, 4, 1, 5, 9])).tolist() == [3, 4, 9]
    assert max_pool(np.array([3, 1, 4, 1, 5, 9]), k=3).tolist() == [4, 9]


@given(rings, st.sampled_from([1, 2, 3, 4]))
def test_max_pooling_keeps_one_number_of_each_block_and_none_is_larger(x, k):
    blocks = np.split(x, 12 // k)
    assert max_pool(x, k).tolist() == [max(block) for block in blocks]


def test_shuffle_moves_the_pixels_of_all_images_alike():
    x = np.arange(2 * 784).reshape(2, 28, 28)
    order = np.roll(np.arange(784), -1)  # place k shows pixel k + 1
    shuffled = shuffle(x, order)
    assert shuffled.shape == x.shape
    assert shuffled[0, 0, :3].tolist() == [1, 2, 3]
    assert shuffled[1, -1, -1] == 784


def test_edge_share_of_slopes_of_none_and_of_random_filters():
    slope = np.add.outer([1.0, 0, -1], [2.0, 0, -2])  # light to dark, askew
    bump = np.outer([1.0, -2, 1], [1.0, -2, 1])
    random = np.random.default_rng(0).normal(size=(3, 3, 20_000))
    assert edge_share(np.stack([slope, -slope.T, bump, np.ones((3, 3))], axis=2)) == pytest.approx(
        [1, 1, 0, 0]
    )
    assert edge_share(random).mean() == pytest.approx(2 / 9, abs=0.01)  # 2 of 9 directions


def taught(test_part):
    """Run sections 7, 8 and 11 on random digits, and return all trained weights and all stated figures.

    The networks are replaced by a small one, which runs step by step: tracing it for each training would take
    longer than all the steps.

    Parameters
    ----------
    test_part : (images of shape (n, 28, 28), labels of shape (n,))
        What the loader returns as the test part.
    """
    stated, weights = {}, []
    rng = np.random.default_rng(0)
    training_part = rng.integers(0, 256, (200, 28, 28)).astype("uint8"), rng.integers(0, 5, 200)
    claims = SimpleNamespace(
        exact=lambda *_: None,
        check=lambda name, measured, *_, **__: stated.update({name: measured}),
    )

    def small(*_):
        return [keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]

    def compile_untraced(model, **settings):
        keras.Model.compile(model, **settings | {"run_eagerly": True, "steps_per_execution": 1})

    scope = {"np": np, "plt": plt, "plotting": plotting, "keras": keras, "claims": claims, "rng": rng}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.datasets.load_mnist", lambda: (training_part, test_part))
        patch.setattr(plt, "show", lambda: plt.close("all"))
        patch.setattr(keras.Sequential, "compile", compile_untraced)
        keras.utils.set_random_seed(0)
        for section in lecture_source.lecture("06").sections:
            if section.title.startswith(("7 ", "8 ", "★ 11 ")):
                for cell in section.cells:
                    if cell.cell_type == "code":
                        exec(cell.source, scope)
                        scope.update(cnn_layers=small, dense_layers=small, n_epochs=1)
                networks = [scope["cnn"], scope.get("own"), *scope.get("models", {}).values()]
                weights.append([one for model in networks if model for one in model.get_weights()])
    return weights, stated


def test_training_never_sees_the_test_part_and_every_stated_accuracy_is_of_it():
    # Training digits are called 0 to 4: judged on test digits that are called 9, a network is always wrong.
    rng = np.random.default_rng(1)
    weights, stated = taught((rng.integers(0, 256, (50, 28, 28)), np.full(50, 9)))
    others, _ = taught((np.full((50, 28, 28), 255), rng.integers(0, 10, 50)))
    for mine, theirs in zip(weights, others, strict=True):
        assert all(map(np.array_equal, mine, theirs))
    assert all(map(np.array_equal, weights[1], weights[2])), (
        "section 11 leaves section 8's networks as they were"
    )
    assert len(stated) == 14
    assert not any(stated.values()), stated
