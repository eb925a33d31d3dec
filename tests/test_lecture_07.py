"""Lecture 07: the definitions that carry its point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from sklearn import metrics

import lecture_source

bytes_in_memory, images_per_second = lecture_source.definitions("07", "bytes_in_memory", "images_per_second")
confusion, recall, precision, f1 = lecture_source.definitions("07", "confusion", "recall", "precision", "f1")
roc_curve, auc, ranked_right = lecture_source.definitions("07", "roc_curve", "auc", "ranked_right")

# The lecture's vehicles: 1,010 cars of which 10 are missed, 10 trucks and 10 bicycles all called cars.
VEHICLES = np.array([[1_000, 5, 5], [10, 0, 0], [10, 0, 0]])


@st.composite
def labels_and_scores(draw):
    """Return labels with both classes present, and scores with many ties, as integers."""
    y = draw(st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda y: 0 < sum(y) < len(y)))
    return np.array(y), np.array(draw(st.lists(st.integers(-5, 5), min_size=len(y), max_size=len(y))))


def test_memory_is_read_from_the_headers_alone(tmp_path):
    paths = [tmp_path / "wide.jpeg", tmp_path / "high.jpeg"]
    Image.new("L", (300, 200)).save(paths[0])
    Image.new("RGB", (10, 50)).save(paths[1])
    for path in paths:  # cut off the last pixels: who decodes them fails
        path.write_bytes(path.read_bytes()[:-20])
    assert bytes_in_memory(paths).tolist() == [240_000, 2_000]
    assert bytes_in_memory(paths, bytes_per_pixel=1).tolist() == [60_000, 500]


def test_stream_gives_grey_batches_in_order_with_their_labels(tmp_path):
    (stream,) = lecture_source.definitions("07", "stream")  # here, because it imports TensorFlow
    paths = [str(tmp_path / f"{grey}.jpeg") for grey in (0, 100, 255)]
    for path, grey in zip(paths, (0, 100, 255), strict=True):
        Image.new("RGB", (40, 30), (grey,) * 3).save(path)
    batches = list(stream(paths, np.array([0, 1, 1]), size=8, batch_size=2))
    assert [images.shape for images, _ in batches] == [(2, 8, 8, 1), (1, 8, 8, 1)]
    assert np.concatenate([labels for _, labels in batches]).tolist() == [0, 1, 1]
    images = np.concatenate([images for images, _ in batches])
    assert images.dtype == np.float32
    assert images.mean(axis=(1, 2, 3)) == pytest.approx([0, 100, 255], abs=1)


def test_images_per_second_counts_images_and_not_batches(monkeypatch):
    ticks = iter([10.0, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    assert images_per_second([(None, [0, 1, 1]), (None, [1])]) == 2


def test_the_vehicles_by_hand():
    truth = np.repeat([0, 1, 2], [1_010, 10, 10])
    answer = np.repeat([0, 1, 2, 0], [1_000, 5, 5, 20])
    assert confusion(truth, answer, 3).tolist() == VEHICLES.tolist()
    assert recall(VEHICLES) == pytest.approx([1_000 / 1_010, 0, 0])
    assert precision(VEHICLES) == pytest.approx([1_000 / 1_020, 0, 0])
    assert f1(VEHICLES) == pytest.approx([2_000 / 2_030, 0, 0])


def test_rows_of_the_confusion_matrix_are_the_truth():
    assert confusion([0, 0, 0, 1], [1, 1, 0, 1], 2).tolist() == [[1, 2], [0, 1]]


def test_a_class_that_is_never_named_keeps_its_row_and_column():
    assert confusion([0, 1], [0, 0], 3).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


@given(arrays.arrays(int, (3, 3), elements=st.integers(1, 50)))
def test_measures_agree_with_scikit_learn(table):
    truth, answer = np.repeat(np.indices((3, 3)).reshape(2, 9), table.ravel(), axis=1)
    assert confusion(truth, answer, 3).tolist() == metrics.confusion_matrix(truth, answer).tolist()
    theirs = metrics.precision_recall_fscore_support(truth, answer)
    assert precision(table) == pytest.approx(theirs[0])
    assert recall(table) == pytest.approx(theirs[1])
    assert f1(table) == pytest.approx(theirs[2])


@given(arrays.arrays(int, (3, 3), elements=st.integers(1, 50)), st.integers(2, 9))
def test_recall_does_not_depend_on_how_common_a_class_is_and_precision_does(table, times):
    commoner = table * np.array([[times], [1], [1]])
    assert recall(commoner) == pytest.approx(recall(table))
    assert precision(commoner)[0] > precision(table)[0]


def test_roc_curve_by_hand():
    fpr, tpr = roc_curve([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    assert fpr.tolist() == [0, 0, 0.5, 0.5, 1]
    assert tpr.tolist() == [0, 0.5, 0.5, 1, 1]
    assert auc(fpr, tpr) == 0.75


def test_equal_scores_move_together_whatever_their_order():
    for y in ([0, 1, 0, 1], [1, 0, 1, 0]):
        fpr, tpr = roc_curve(y, [1, 1, 1, 1])
        assert fpr.tolist() == [0, 1]
        assert tpr.tolist() == [0, 1]


@given(labels_and_scores())
def test_the_area_is_the_probability_of_ranking_a_pair_rightly(case):
    y, scores = case
    assert auc(*roc_curve(y, scores)) == pytest.approx(ranked_right(y, scores), abs=1e-12)
    assert ranked_right(y, scores) == pytest.approx(metrics.roc_auc_score(y, scores), abs=1e-12)


@given(labels_and_scores())
def test_roc_curve_rises_from_the_origin_to_one_one(case):
    fpr, tpr = roc_curve(*case)
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert (np.diff(fpr) >= 0).all()
    assert (np.diff(tpr) >= 0).all()


@given(labels_and_scores())
def test_only_the_order_of_the_scores_matters(case):
    y, scores = case
    for order_kept in (3 * scores - 7, scores**3, np.exp(scores)):
        assert np.array_equal(roc_curve(y, order_kept), roc_curve(y, scores))


@given(labels_and_scores())
def test_turning_the_scores_round_turns_the_area_round(case):
    y, scores = case
    assert ranked_right(y, -scores) == pytest.approx(1 - ranked_right(y, scores), abs=1e-12)
