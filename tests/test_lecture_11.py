"""Lecture 11: the definitions that carry its point, and that nothing is learned from the exams."""

import os
from functools import partial
from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lecture_source
from utils import plotting
from utils.datasets import mobilenet as weights_of_mobilenet

REAL = os.environ.get("COURSE_DATA")
needs_real_data = pytest.mark.skipif(not REAL, reason="needs the real data: set COURSE_DATA")

convolution, dense, mobilenet = lecture_source.definitions("11", "convolution", "dense", "mobilenet")
stamp, letter = lecture_source.definitions("11", "stamp", "letter")
hide, occlusion, explore = lecture_source.definitions("11", "hide", "occlusion", "explore")
alphas, grad_cam, derivatives = lecture_source.definitions("11", "alphas", "grad_cam", "derivatives")
heaviest, found, likeness = lecture_source.definitions("11", "heaviest", "found", "likeness")
peak_found, within, always = lecture_source.definitions("11", "peak_found", "within", "always")
with_grey_input, fit_head = lecture_source.definitions("11", "with_grey_input", "fit_head")
thumbnails, random_weights = lecture_source.definitions("11", "thumbnails", "random_weights")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize(("c_in", "c_out", "groups"), [(3, 8, 1), (4, 6, 2), (6, 6, 6)])
def test_a_convolution_is_counted_as_keras_counts_it(c_in, c_out, groups):
    layer = keras.layers.Conv2D(c_out, 3, padding="same", groups=groups)
    layer.build((None, 5, 5, c_in))
    assert convolution(3, c_in, c_out, 5, groups)[0] == layer.count_params()


def test_multiplications_by_hand():
    assert convolution(3, 1, 1, 2) == (10, 36)  # four places, nine each
    assert convolution(3, 4, 4, 2, groups=4) == (40, 144)
    assert dense(3, 2) == (8, 6)


def test_the_network_is_built_as_counted_and_each_layer_has_its_own_weights():
    weights = weights_of_mobilenet.untrained()
    net = mobilenet(weights)
    assert net.count_params() == 467_593
    assert [net.get_layer(f"maps_{k}").output.shape[1] for k in (1, 6, 11, 13)] == [64, 8, 8, 4]
    for name in ("conv_0", "depthwise_9", "pointwise_9", "logits"):
        for array, part in zip(net.get_layer(name).get_weights(), ("kernel", "bias"), strict=True):
            np.testing.assert_array_equal(array, weights[f"{name}/{part}"])


@pytest.mark.real_data
@needs_real_data
def test_our_network_answers_as_the_publishers_file_does(monkeypatch):
    import tensorflow as tf
    from sklearn.datasets import load_sample_image

    from utils.datasets import load_mobilenet, provenance

    monkeypatch.setenv("COURSE_DATA_POLICY", "real")
    net = mobilenet(load_mobilenet())
    path = provenance()["mobilenet"].path / "mobilenet_v1_0.25_128_quant.tflite"
    theirs = tf.lite.Interpreter(model_path=str(path))
    theirs.allocate_tensors()
    for name in ("china.jpg", "flower.jpg"):
        photo = np.asarray(Image.fromarray(load_sample_image(name)).resize((128, 128)))[None]
        theirs.set_tensor(theirs.get_input_details()[0]["index"], photo)
        theirs.invoke()
        p = theirs.get_tensor(theirs.get_output_details()[0]["index"])[0] / 256
        ours = keras.ops.convert_to_numpy(keras.ops.softmax(net(photo / 127.5 - 1)))[0]
        assert ours.argmax() == p.argmax()
        assert np.abs(ours - p).max() < 0.15  # theirs rounds every layer to 8 bits


@pytest.mark.parametrize("cell", [0, 6, 15])
def test_a_stamp_lies_in_its_cell_and_leaves_the_rest_and_the_original_alone(cell):
    pictures = np.zeros((2, 128, 128), dtype=np.uint8)
    stamped = stamp(pictures, [cell, 3], letter())
    assert pictures.max() == 0
    rows, columns = np.nonzero(stamped[0])
    assert set(rows // 32) == {cell // 4}
    assert set(columns // 32) == {cell % 4}
    assert rows.max() - rows.min() < 14 > columns.max() - columns.min()
    assert len(rows) == letter().sum() < 14 * 14
    assert stamped.max() == 255
    black = stamp(pictures + 9, [cell, 3], np.ones((14, 14), dtype=bool), grey=0)
    assert (black[0] == 0).sum() == 196


@pytest.mark.parametrize(("row", "column"), [(0, 0), (96, 96), (0, 96), (40, 8)])
def test_a_hidden_square_takes_the_mean_of_its_own_picture(row, column):
    pictures = np.arange(2 * 128 * 128).reshape(2, 128, 128) % 251
    hidden = hide(pictures, row, column)
    assert hidden.dtype == np.float32
    inside = np.zeros((128, 128), dtype=bool)
    inside[row : row + 32, column : column + 32] = True
    for before, after in zip(pictures, hidden, strict=True):
        np.testing.assert_allclose(after[inside], before.mean(), rtol=1e-6)
        np.testing.assert_array_equal(after[~inside], before[~inside])


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 96), (96, 0), (96, 96)])
def test_the_widget_hides_its_square_at_both_ends_of_each_control(row, column, monkeypatch):
    seen = []
    monkeypatch.setattr(plt, "show", lambda: None)
    picture = np.random.default_rng(0).integers(0, 255, (128, 128))
    explore(row, column, picture, logit=lambda hidden: seen.append(hidden) or [1.26])
    np.testing.assert_array_equal(seen[0], hide(picture[None], row, column))
    assert plt.gca().get_title() + plt.gca().get_title(loc="left") == "z = 1.3"
    plt.close("all")


class Mean:
    """In the place of the network: its one map is the picture, brought to 4 × 4 cells."""

    def predict(self, pictures, **_):
        return [None, pictures.reshape(-1, 4, 32, 4, 32).mean(axis=(2, 4))[..., None]]


@pytest.mark.parametrize(("side", "step"), [(32, 32), (32, 16), (16, 16)])
def test_occlusion_is_what_the_logit_loses_and_never_negative(side, step):
    picture = np.full((1, 128, 128), 16.0)
    picture[0, 32:64, 96:128] = 256  # cell 7 is bright: mean 31
    image = occlusion(picture, Mean(), np.float32([2.0]), side=side, step=step)
    assert image.shape == (1, 128, 128)
    assert found(image, np.array([7])) == 100
    assert image.min() == 0
    if (side, step) == (32, 32):
        np.testing.assert_allclose(image[0, 32:64, 96:128], 2 * (256 - 31) / 16)
        assert image[0, :32].max() == 0  # hiding a dark cell makes it brighter: no evidence


def test_derivatives_agree_with_finite_differences_and_belong_to_the_logit():
    pictures, w = 100 + 20 * noise(3, 128, 128), noise(256, seed=1)  # three: an uneven pair of halves
    seen = with_grey_input(mobilenet(weights_of_mobilenet.untrained()), 11, 13)
    of_x, ((_, d_11), (maps, d_13)) = derivatives(pictures, seen, w)
    assert of_x.shape == pictures.shape
    assert d_11.shape == (3, 8, 8, 128)
    np.testing.assert_allclose(16 * alphas(d_13), np.broadcast_to(w, (3, 256)), rtol=1e-5)

    def z(pictures):
        return keras.ops.convert_to_numpy(seen(pictures)[-1]).mean(axis=(1, 2)).astype(float) @ w

    direction = np.sign(of_x) * 0.004  # of 255 grey levels: few ReLUs switch
    change = z(pictures + direction) - z(pictures - direction)
    expected = 2 * (of_x * direction).sum(axis=(1, 2))
    np.testing.assert_allclose(change, expected, rtol=0.1)
    scale = np.abs(maps.mean(axis=(1, 2)) @ w).max()
    assert np.abs(change).max() > 1e-4 * scale  # more than rounding


def test_grad_cam_by_hand():
    maps = np.array([[[[1.0, 2.0], [0.0, 4.0]]]])  # one picture, 1 × 2 places, two maps
    derivative = np.array([[[[3.0, -1.0], [1.0, -1.0]]]])
    assert alphas(derivative).tolist() == [[2, -1]]
    assert grad_cam(maps, derivative).tolist() == [[[0, 0]]]  # 2 − 2, and −4 cut off
    assert grad_cam(maps, -derivative).tolist() == [[[0, 4]]]


def test_the_heaviest_cell_and_the_cell_of_the_largest_pixel():
    image = np.zeros((5, 8, 8))
    image[0, 0:2, 6:8] = 1  # cell 3
    image[1, 3, 3] = 9  # cell 5
    image[2, 2:4, 2:4] = [[1, 1], [1, 1]]
    image[2, 7, 7] = 3  # the largest pixel, but cell 5 is heavier
    image[3, 7, 0] = 1  # cell 12
    assert heaviest(image).tolist() == [3, 5, 5, 12, -1]
    assert found(image, np.array([3, 0, 5, 3, 0])) == 40  # an empty map finds nothing
    pixels = np.kron(image, np.eye(16))  # 128 × 128: each of the 8 × 8 places becomes a diagonal
    assert peak_found(pixels[:4], np.array([3, 5, 15, 0])) == 75


def test_likeness_is_of_ranks_cell_by_cell_and_of_each_picture_with_its_own():
    maps = np.arange(32.0).reshape(2, 4, 4) % 19
    assert likeness(maps, np.exp(maps)) == pytest.approx(1)
    assert likeness(maps, -maps) == pytest.approx(-1)
    assert likeness(maps, maps[::-1]) < 0.9
    within_cells = np.kron(maps, [[0, 1], [0, 0]])  # the same cells, other pixels
    assert likeness(np.kron(maps, [[0, 0], [1, 0]]), within_cells) == pytest.approx(1)


@pytest.mark.parametrize("side", [4, 8])
def test_the_middle_of_a_place_is_where_its_window_lies(side):
    n_strides = {4: 5, 8: 4}[side]
    settings = {"strides": 2, "padding": "same", "kernel_initializer": "ones"}
    net = keras.Sequential([keras.Input((128, 1))])
    for _ in range(n_strides):
        net.add(keras.layers.Conv1D(1, 3, **settings))
    reached = keras.ops.convert_to_numpy(net(np.eye(128, dtype="float32")[..., None]))[..., 0] > 0
    for place in range(side - 1):  # the last window is cut off by the border
        pixels = np.flatnonzero(reached[:, place])
        assert (pixels[0] + pixels[-1]) / 2 == 128 * (place + 1) / side - 1


def test_within_measures_from_middle_to_middle():
    maps = np.zeros((3, 4, 4))
    maps[0, 1, 1] = maps[1, 0, 0] = maps[2, 2, 1] = 1  # middles at 63, 31 and (95, 63)
    cells = np.array([5, 5, 5])  # the stamp's middle: 47.5, 47.5
    assert within(maps, cells) == pytest.approx(200 / 3)
    assert within(maps, cells, reach=16) == pytest.approx(100 / 3)
    assert within(0 * maps, np.array([0, 0, 0])) == 0  # an empty map finds nothing
    assert within(np.eye(64)[[18]].reshape(1, 8, 8), np.array([5]), reach=1) == 100  # (2, 2): 47, 47


@pytest.mark.parametrize("side", [4, 8])
def test_a_map_that_does_not_know_the_stamp_finds_a_quarter_at_most(side):
    shares = [within(always(place, side), np.arange(16)) for place in range(side * side)]
    assert max(shares) == 25
    assert within(always(0, side), np.arange(16), reach=128) == 100


def test_a_head_is_a_scaled_logistic_regression():
    F, y = noise(60, 5) * [1, 10, 0.1, 1, 1], np.arange(60) % 2
    F[:, 4] = 3  # a dead feature
    F[:, 0] += y
    w, b = fit_head(F, y)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=0.05)).fit(F, y).decision_function(F)
    np.testing.assert_allclose(F @ w + b, theirs, atol=1e-4)


def test_thumbnails_are_means_of_blocks():
    pictures = np.zeros((1, 128, 128))
    pictures[0, :4, 4:8] = 16
    tiny = thumbnails(pictures, 32)
    assert tiny.shape == (1, 32, 32)
    assert tiny[0, 0, 1] == 16
    assert tiny.sum() == 16


def code_of(title):
    """Return the code of a section's cells, by the beginning of its title."""
    [section] = [one for one in lecture_source.lecture("11").sections if one.title.startswith(title)]
    return [cell.source for cell in section.cells if cell.cell_type == "code"]


def test_a_mask_lets_through_what_its_name_says():
    scope = {"np": np}
    [cell] = [source for source in code_of("7 ") if "masks = {" in source]
    exec(cell, scope)
    masks = scope["masks"]
    assert {name: mask.sum() for name, mask in masks.items()} == {
        "four corners": 64,
        "outer 2 pixels": 240,
        "centre half": 256,
        "whole picture": 1024,
    }
    assert not masks["four corners"][4:28].any()
    assert not masks["four corners"][:, 4:28].any()
    assert masks["centre half"][8:24, 8:24].all()


def test_random_weights_keep_shapes_and_have_hes_variance():
    weights = {
        "depthwise_1/kernel": np.ones((3, 3, 500, 1)),
        "logits/kernel": np.ones((256, 50)),
        "logits/bias": np.ones(50),
    }
    drawn = random_weights(weights, np.random.default_rng(0))
    assert {name: one.shape for name, one in drawn.items()} == {k: v.shape for k, v in weights.items()}
    assert drawn["depthwise_1/kernel"].var() == pytest.approx(2 / 9, rel=0.1)
    assert drawn["logits/kernel"].var() == pytest.approx(2 / 256, rel=0.1)
    assert not drawn["logits/bias"].any()


def xrays(folder, test_of):
    """Write X-rays of noise, in training the sick brighter; `test_of(label)` is the test's grey."""
    rng = np.random.default_rng(0)
    for part, label, n, grey in (
        ("train", "NORMAL", 40, 80),
        ("train", "PNEUMONIA", 40, 150),
        ("test", "NORMAL", 12, test_of("NORMAL")),
        ("test", "PNEUMONIA", 12, test_of("PNEUMONIA")),
    ):
        (folder / part / label).mkdir(parents=True)
        for k in range(n):
            pixels = np.clip(grey + 15 * rng.normal(size=(32, 32)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / part / label / f"{k:02}.jpeg")


def mapped(pictures, seen, w):
    """In the place of derivatives, and at no cost: maps that hang on the pictures, and on no network."""
    layers = [thumbnails(pictures, side)[..., None] for side in (8, 4)]
    return pictures / 255, [(maps, maps) for maps in layers]


def taught(folder):
    """Run sections 2 to 8 on a folder of X-rays; return heads, held-out and stated figures."""
    stated, weights = {}, []
    claims = SimpleNamespace(
        exact=lambda *_: None,
        check=lambda name, measured, *_, **__: stated.update({name: measured}),
    )
    arrays = weights_of_mobilenet.untrained()
    names = arrays.pop("labels")  # its first layer is blind to brightness, random ones are not
    arrays = random_weights(arrays, np.random.default_rng(1)) | {"labels": names}
    scope = {"claims": claims, "SEED": 0, "keras": keras, "np": np, "plt": plt, "plotting": plotting}

    def small(n_steps):
        layers = [keras.layers.Rescaling(1 / 60, offset=-2), keras.layers.Flatten(), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(1e-3), loss, run_eagerly=True)
        weights.append(model)
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.datasets.load_chest_xray", lambda: folder)
        patch.setattr("utils.datasets.load_mobilenet", lambda: arrays)
        patch.setattr(plt, "show", lambda: plt.close("all"))
        patch.setattr("ipywidgets.interact", lambda *_, **__: None)
        keras.utils.set_random_seed(0)
        for section in lecture_source.lecture("11").sections:
            if section.title[:2] in ("1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "8 "):
                for cell in section.cells:
                    if cell.cell_type == "code":
                        exec(cell.source, scope)
                        scope["occlusion"] = lambda pictures, *_, **__: np.ones(pictures.shape)
                        scope["small_cnn"], scope["derivatives"] = small, mapped
                        if "def train(" in cell.source:
                            scope["train"] = partial(scope["train"], n_steps=10)
    learned = [scope["w"], *(array for model in weights for array in model.get_weights())]
    held_out = [curve[:, 0] for curve in scope["curves"].values()] + [scope["by_mask"]["four corners"][0]]
    return learned, held_out, stated


def test_nothing_is_learned_from_the_test_folder_and_every_stated_auc_is_of_an_exam(tmp_path):
    # In one test folder the healthy are the brighter ones: who learned from training is always wrong there.
    xrays(tmp_path / "reversed", lambda label: {"NORMAL": 150, "PNEUMONIA": 80}[label])
    xrays(tmp_path / "white", lambda label: 250)
    learned, held_out, stated = taught(tmp_path / "reversed")
    others, others_held_out, _ = taught(tmp_path / "white")
    assert len(learned) == len(others) > 8
    assert all(map(np.array_equal, learned, others))
    assert all(map(np.array_equal, held_out, others_held_out))
    of_test = {
        name: value
        for name, value in stated.items()
        if ", all pictures" in name or (name.endswith(", test") and "shuffled" not in name)
    }
    assert len(of_test) == 6
    assert max(of_test.values()) < 0.1, of_test
    assert held_out[-1] > 0.9  # the corners alone, on pictures like those of the training


def fooled_digits(y_exam):
    """Run section 10 on digits of two kinds; return what was learned, and the stated accuracies."""
    stated, rng = {}, np.random.default_rng(0)
    y = np.arange(300) % 2
    x = np.zeros((300, 28, 28), dtype=np.uint8)
    x[y == 0, :, :14] = x[y == 1, :, 14:] = 20
    check = SimpleNamespace(check=lambda name, measured, *_, **__: stated.update({name: measured}))
    scope = {"np": np, "rng": rng, "softmax": softmax, "claims": check}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.datasets.load_mnist", lambda: ((x, y), (x, y_exam)))
        for source in code_of("★ 10 "):
            if "inputs[:1]" in source:
                return scope["W"], stated
            exec(source, scope)


def test_a_step_along_the_sign_fools_a_random_one_does_not_and_the_exam_teaches_nothing():
    y = np.arange(300) % 2
    W, stated = fooled_digits(y)
    assert stated == {"after a step along the sign": 0, "after a step of random signs": 100}
    others, stated = fooled_digits(1 - y)
    np.testing.assert_array_equal(W, others)
    assert stated["after a step of random signs"] == 0
