"""Lecture 07: the definitions that carry its point."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from sklearn import metrics

import lecture_source

pictures, bytes_in_memory = lecture_source.definitions("07", "pictures", "bytes_in_memory")
[images_per_second] = lecture_source.definitions("07", "images_per_second")
confusion, recall, precision, f1 = lecture_source.definitions("07", "confusion", "recall", "precision", "f1")
roc_curve, auc, ranked_right = lecture_source.definitions("07", "roc_curve", "auc", "ranked_right")
linear, threshold_finding = lecture_source.definitions("07", "linear", "threshold_finding")
thumbnail, frame, with_frame_of = lecture_source.definitions("07", "thumbnail", "frame", "with_frame_of")
told_apart, neighbours, against_rest = lecture_source.definitions(
    "07", "told_apart", "neighbours", "against_rest"
)
quantisation, numbered, child = lecture_source.definitions("07", "quantisation", "numbered", "child")

# The lecture's vehicles: 1,010 cars of which 10 are missed, 10 trucks and 10 bicycles all called cars.
VEHICLES = np.array([[1_000, 5, 5], [10, 0, 0], [10, 0, 0]])


@st.composite
def labels_and_scores(draw):
    """Return labels with both classes present, and scores with many ties, as integers."""
    y = draw(st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda y: 0 < sum(y) < len(y)))
    return np.array(y), np.array(draw(st.lists(st.integers(-5, 5), min_size=len(y), max_size=len(y))))


def noise(n, *shape, seed=0):
    return np.random.default_rng(seed).normal(size=(n, *shape))


def test_a_folders_pictures_come_by_name_and_without_what_else_lies_there(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "b.jpeg", "a.jpeg"):
        (tmp_path / name).touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    assert [path.name for path in pictures(tmp_path)] == ["a.jpeg", "b.jpeg"]


def test_a_stray_folder_beside_the_classes_is_no_class(tmp_path):
    (code,) = (cell.source for cell in lecture_source.lecture("07").cells if "train_flow =" in cell.source)
    classes = ["NORMAL", "PNEUMONIA"]
    for folder in (tmp_path / part / name for part in ("train", "test") for name in [*classes, ".strays"]):
        folder.mkdir(parents=True)
        for number in range(5):  # of which the first fifth is for validation
            Image.new("L", (8, 8)).save(folder / f"{number}.jpeg")
    names = {"folder": tmp_path, "SEED": 0, "CLASSES": classes}
    exec(code, names)
    for flow, count in (("train_flow", 8), ("valid_flow", 2), ("test_flow", 10)):
        assert names[flow].class_indices == {"NORMAL": 0, "PNEUMONIA": 1}
        assert names[flow].n == count


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


def test_the_slides_matrix_fits_its_three_figures_by_columns_and_not_by_rows():
    slide = np.array([[47, 187], [0, 390]])
    assert slide.sum(axis=1).tolist() == [234, 390]
    assert slide.trace() / slide.sum() == pytest.approx(0.70, abs=0.001)
    assert precision(slide)[0] == 1
    assert 1 - precision(slide)[1] == pytest.approx(1 / 3, abs=0.01)
    assert recall(slide)[0] == pytest.approx(0.2, abs=0.01)


def test_a_linear_models_answers_do_not_depend_on_the_rows_that_it_is_examined_on():
    X, y, exam = noise(80, 5), np.arange(80) % 2, noise(30, 5, seed=1)
    plain, same = linear(X, y, exam, exam)
    poisoned = np.vstack([exam[:1], exam[1:] * 1e6])
    assert linear(X, y, poisoned)[0][0] == plain[0]
    assert np.array_equal(linear(X, y, exam, poisoned)[0], same)


def test_a_threshold_is_chosen_on_the_sick_of_the_pictures_that_it_is_given():
    y, p = np.repeat([0, 1], [50, 200]), np.random.default_rng(0).random(250)
    threshold = threshold_finding(0.95, y, p)
    assert np.mean(p[y == 1] > threshold) == 0.95
    p[y == 0] = 1  # the healthy have no say
    assert threshold_finding(0.95, y, p) == threshold


def test_a_thumbnail_holds_means_of_squares():
    X = np.kron(np.arange(64.0).reshape(1, 8, 8), np.ones((4, 4)))[..., None]
    assert thumbnail(X).tolist() == [list(range(64))]
    assert thumbnail(X, side=2)[0, 0] == np.arange(64).reshape(8, 8)[:4, :4].mean()


def test_a_frame_does_not_see_what_it_surrounds():
    X = noise(3, 64, 64, 1)
    seen = frame(X)
    assert seen.shape == (3, 64**2 - 56**2)
    X[:, 4:-4, 4:-4] = 1e9  # the lungs, and all that is near them
    assert np.array_equal(frame(X), seen)
    X[:, 3, 30] = 1e9
    assert not np.array_equal(frame(X), seen)


def test_a_picture_in_anothers_frame_keeps_its_inside():
    X, donors = np.zeros((2, 8, 8, 1)), np.ones((2, 8, 8, 1))
    mixed = with_frame_of(donors, X, width=2)
    assert mixed[:, 2:-2, 2:-2].sum() == 0
    assert mixed.sum() == 2 * (64 - 16)
    assert donors.all(), "the donors are left as they were"


def test_two_piles_of_the_same_noise_are_not_told_apart_by_what_was_learned_by_heart():
    aucs = [told_apart(noise(40, 64, seed=k), noise(40, 64, seed=100 + k)) for k in range(5)]
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.15)
    assert told_apart(noise(40, 64), noise(40, 64, seed=1) + 1) > 0.95


def test_neighbours_follow_one_another_and_are_spread_evenly():
    piles = neighbours(np.arange(103), 10)
    assert [pile[0] for pile in piles] == [0, 20, 40, 60, 80]
    assert all((np.diff(pile) == 1).all() and len(pile) == 10 for pile in piles)


def test_a_pile_is_compared_with_the_others_and_not_with_itself():
    whole = np.array([[3.0, 0], [5, 0], [1, 1], [3, 5], [2, 3]])
    assert against_rest(whole[:2], whole).tolist() == [2, -3]


def test_quality_75_has_the_table_that_the_lecture_shows(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.jpeg", quality=75)
    assert quantisation(tmp_path / "a.jpeg")[:8] == (8, 6, 5, 8, 12, 20, 26, 31)


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("NORMAL/IM-0640-0001-0001.jpeg", "NORMAL/IM-0640"),
        ("NORMAL/NORMAL2-IM-1423-0001.jpeg", "NORMAL/NORMAL2-IM-1423"),
        ("PNEUMONIA/person23_bacteria_78.jpeg", "PNEUMONIA/person23_bacteria"),
        ("PNEUMONIA/person1_virus_6.jpeg", "PNEUMONIA/person1_virus"),
        ("NORMAL/phantom-003.jpeg", "NORMAL/phantom-003"),
    ],
)
def test_a_files_name_tells_the_child(name, who):
    assert child(Path("train", name)) == who


def test_a_healthy_pictures_name_tells_series_and_number():
    assert numbered(Path("NORMAL2-IM-0383-0001.jpeg")) == ("NORMAL2-IM-", 383)
    assert numbered(Path("IM-0115-0001.jpeg")) == ("IM-", 115)
