"""Lecture 12: the definitions that carry its point, and that no test section is learned from or chosen by."""

from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import lecture_source

iou, moved_down, best_threshold, as_a_move = lecture_source.definitions(
    "12", "iou", "moved_down", "best_threshold", "as_a_move"
)
convolution_matrix, work, work_in_one_pass = lecture_source.definitions(
    "12", "convolution_matrix", "work", "work_in_one_pass"
)
build, flat, multiplications, unevenness = lecture_source.definitions(
    "12", "build", "flat", "multiplications", "unevenness"
)

masks = arrays.arrays(bool, (3, 4))
numbers = st.integers(-9, 9).map(float)  # whole numbers, so that sums in any order are exact


def mask(*rows):
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_iou_by_hand():
    assert iou(mask("##.", ".#."), mask("#..", ".##")) == 0.5
    assert iou(mask("#.."), mask("..#")) == 0
    assert iou(mask("..."), mask("...")) == 1  # nothing to find, and nothing found
    assert iou(mask("###"), mask("#..")) == pytest.approx(1 / 3)  # over the union, not the smaller mask


@given(masks, masks)
def test_iou_is_symmetric_from_0_to_1_and_1_for_equal_masks_alone(a, b):
    assert iou(a, b) == iou(b, a)
    assert 0 <= iou(a, b) <= 1
    assert (iou(a, b) == 1) == np.array_equal(a, b)


def test_moved_down_pairs_each_pixel_with_the_one_below():
    moved, truth = moved_down(mask("#.", ".#", "..")[None])
    assert moved[0].tolist() == mask("#.", ".#").tolist()
    assert truth[0].tolist() == mask(".#", "..").tolist()
    moved, truth = moved_down(mask("#.", ".#", "..")[None], 2)
    assert (moved[0].tolist(), truth[0].tolist()) == ([[True, False]], [[False, False]])


def test_the_best_threshold_is_the_one_with_the_largest_iou():
    scores, truth = np.array([1.0, 2, 3, 4]), np.array([False, False, True, True])
    assert best_threshold(scores, truth, [0, 1, 2, 3]) == 2


def test_an_iou_is_told_as_a_move():
    truth = np.zeros((1, 40, 8), dtype=bool)
    truth[:, 10:30] = True  # of 20 rows, moved by d: 20 - d in both, 20 + d in one or both
    for d in range(12):
        assert as_a_move((20 - d) / (20 + d), truth) == pytest.approx(d)
    assert as_a_move((1 + 19 / 21) / 2, truth) == pytest.approx(0.5)
    assert as_a_move(0, truth) == 11


def test_the_matrix_by_hand():
    W = convolution_matrix(np.array([1, 2, 3]), 7, 2)
    assert W.T.tolist() == [[1, 2, 3, 0, 0, 0, 0], [0, 0, 1, 2, 3, 0, 0], [0, 0, 0, 0, 1, 2, 3]]
    assert (np.array([1, 0, 2]) @ W.T).tolist() == [1, 2, 3, 0, 2, 4, 6]


@given(st.integers(1, 4), st.integers(1, 3), st.data())
def test_the_matrix_is_the_strided_window_and_its_transpose_stamps(k, stride, data):
    n = data.draw(st.integers(k, 9))
    x, w = (data.draw(arrays.arrays(float, size, elements=numbers)) for size in (n, k))
    W = convolution_matrix(w, n, stride)
    assert (x @ W).tolist() == np.correlate(x, w, mode="valid")[::stride].tolist()
    y = data.draw(arrays.arrays(float, W.shape[1], elements=numbers))
    spread = np.zeros((len(y) - 1) * stride + 1)
    spread[::stride] = y
    assert (y @ W.T)[: len(spread) + k - 1].tolist() == np.convolve(spread, w).tolist()


def test_work_by_hand():
    assert work(3, n_maps=8) == work_in_one_pass(3, n_maps=8) == 72  # one place, nine weights, eight maps
    assert work(5, n_maps=2) == 9 * 9 * 2 + 9 * 2 * 2


def test_multiplications_by_hand():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.MaxPooling2D()(keras.layers.Conv2D(4, 3, padding="same")(inputs))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3, padding="same")(x))
    assert multiplications(model) == 9 * 4 + 9 * 4 * 2 / 4


def test_a_flat_answer_is_even_and_a_checkerboard_is_not():
    assert unevenness(keras.layers.UpSampling2D()) == pytest.approx(0)

    def checkerboard(x):
        return np.indices((20, 20)).sum(axis=0)[None, ..., None] % 2 * np.ones((1, 1, 1, 16))

    assert unevenness(checkerboard) == pytest.approx(0.5)


@pytest.mark.parametrize("make", [lambda: build(True, 1), lambda: build(False, 1), lambda: flat(1)])
def test_networks_answer_for_each_pixel_of_any_fitting_size(make):
    answer = keras.ops.convert_to_numpy(make()(np.zeros((1, 16, 24, 1), dtype="float32"), training=False))
    assert answer.shape == (1, 16, 24, 2)
    assert 0 <= answer.min() <= answer.max() <= 1


def kernels(model):
    """Return the shapes of a model's convolutions: (3, 3, maps in, maps out)."""
    return [layer.kernel.shape for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def test_the_twin_has_layers_weights_and_counts_of_the_unet():
    def built(skips):
        keras.utils.set_random_seed(0)
        return build(skips, 1, side=32)

    unet, twin = built(True), built(False)
    assert all(map(np.array_equal, unet.get_weights(), twin.get_weights()))
    assert multiplications(unet) == multiplications(twin)
    # What the prose says could be merged away: half of each kernel behind a concatenation.
    assert sum(np.prod(shape) // 2 for shape in kernels(twin)[5:-1:2]) == 12_096


def test_the_rate_falls_to_nothing_and_then_so_again():
    optimizer = flat(4).optimizer
    rates = []
    for step in range(8):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert rates[:4] == pytest.approx([0.01 * (1 + np.cos(np.pi * k / 4)) / 2 for k in range(4)])
    assert rates[4:] == pytest.approx(rates[:4])


def reaches_without_the_bottom(skips):
    """Return whether the picture reaches the answer though the bottom of the U gives nothing but zeros."""
    keras.utils.set_random_seed(0)
    model = build(skips, 1, side=32)
    [bottom] = [
        layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D) and layer.filters == 64
    ]
    bottom.set_weights([np.zeros(weights.shape) for weights in bottom.get_weights()])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype("float32")
    one, other = keras.ops.convert_to_numpy(model(pictures, training=False))
    return not np.allclose(one, other)


def test_only_the_skips_lead_past_the_bottom():
    assert reaches_without_the_bottom(skips=True)
    assert not reaches_without_the_bottom(skips=False)


def test_the_flat_network_sees_eleven_pixels_by_as_many_products_as_the_prose_says():
    assert sum(map(np.prod, kernels(flat(1)))) == 5_316
    keras.utils.set_random_seed(0)
    model = flat(1)
    pictures = np.full((2, 31, 31, 1), 128, dtype="float32")
    pictures[1, 15, 15] = 255
    one, other = keras.ops.convert_to_numpy(model(pictures, training=False))
    rows, columns = np.nonzero(np.abs(one - other).max(axis=-1) > 1e-9)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 20, 10, 20)


def draw_at(threshold, monkeypatch):
    """Move the slider of section 7 to a threshold; return what it returns and the titles that it draws."""
    [at_threshold] = lecture_source.definitions("12", "at_threshold")
    titles = []

    def note():
        titles.extend(ax.get_title() for ax in plt.gcf().axes)
        plt.close("all")

    monkeypatch.setattr(plt, "show", note)
    truth = np.zeros((4, 256, 256), dtype=bool)
    truth[:, :, :128] = True
    says = {"U-Net": np.where(truth, 0.9, 0.2)[..., None], "twin": np.full((4, 256, 256, 1), 0.5)}
    return at_threshold(threshold, says, truth), titles


@pytest.mark.parametrize(
    ("threshold", "found"),
    [(0.05, {"U-Net": 0.5, "twin": 0.5}), (0.3, {"U-Net": 1, "twin": 0.5}), (0.95, {"U-Net": 0, "twin": 0})],
)
def test_the_widget_at_both_ends(threshold, found, monkeypatch):
    returned, titles = draw_at(threshold, monkeypatch)
    assert returned == found
    assert titles == [f"{net}: IoU {value:.2f}" for net, value in found.items()]


def judged(test_part):
    """Run all that trains or chooses, on random sections and with networks of one layer.

    Parameters
    ----------
    test_part : (images, membranes, mitochondria), each of shape (4, 256, 256)
        What the loader returns as the last four of ten sections. In the first six, dark pixels are membranes
        and bright ones mitochondria.

    Returns
    -------
    list, dict, dict
        All trained weights, with the blur and threshold chosen for each mask; the stated figures; the IoUs of
        each network at its own threshold.
    """
    images = np.random.default_rng(0).integers(0, 256, (10, 256, 256)).astype("uint8")
    data = [images, images < 100, images > 200]
    for pictures, of_test in zip(data, test_part, strict=True):
        pictures[-4:] = of_test
    stated = {}
    claims = SimpleNamespace(
        exact=lambda *_: None, check=lambda name, measured, *_, **__: stated.update({name: measured})
    )

    def small(*_, **__):
        inputs = keras.Input((None, None, 1))
        outputs = keras.layers.Conv2D(2, 1, activation="sigmoid")(keras.layers.Rescaling(1 / 100, -1)(inputs))
        model = keras.Model(inputs, outputs)
        model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", run_eagerly=True)
        return model

    scope = {"SEED": 0, "claims": claims, "keras": keras}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.datasets.load_vnc_em", lambda: data)
        patch.setattr(plt, "show", lambda: plt.close("all"))
        keras.utils.set_random_seed(0)
        for section in lecture_source.lecture("12").sections:
            if section.title.startswith(("1 ", "2 ", "3 ", "4 ", "6 ", "7 ", "8 ", "9 ")):
                for cell in section.cells:
                    if cell.cell_type == "code" and "multiplications" not in cell.source:
                        exec(cell.source, scope)
                        scope.update(build=small, flat=small, n_steps=5)
    networks = [scope[name] for name in ("unet", "twin", "shallow")]
    weights = [weights for model in networks for weights in model.get_weights()]
    return [*weights, *map(np.array, scope["chosen"].values())], stated, scope["own"]


def test_no_test_section_is_learned_from_or_chosen_by_and_every_score_is_of_the_test():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (4, 256, 256)).astype("uint8")
    learned, stated, scores = judged((images, images < 100, images > 200))
    # In these sections it is the other way round: what was learned must find nothing.
    poisoned, others, found = judged((255 - images, images < 100, images > 200))
    assert all(map(np.array_equal, learned, poisoned))
    for net, of_net in scores.items():
        assert of_net["membranes"] > 0.8, net
        assert found[net]["membranes"] < 0.3, net
    assert stated["one threshold, membranes"] > 0.8 > 0.3 > others["one threshold, membranes"]
    assert set(scores) == {"U-Net", "twin", "U-Net, twice", "twin, twice", "no U"}
