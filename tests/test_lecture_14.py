"""Lecture 14: the definitions that carry its point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import lecture_source

PARTS, label_lines, words, numbered, bag, take_apart = lecture_source.definitions(
    "14", "PARTS", "label_lines", "words", "numbered", "bag", "take_apart"
)
idf, tf_idf, right, random_lines, naming_lines, thread, commonest, runs = lecture_source.definitions(
    "14", "idf", "tf_idf", "right", "random_lines", "naming_lines", "thread", "commonest", "runs"
)
company, pmi, unit, nearest, draw_nearest, pairs_of, cosines_and_ranks = lecture_source.definitions(
    "14", "company", "pmi", "unit", "nearest", "draw_nearest", "pairs_of", "cosines_and_ranks"
)
skip_gram, draw_pairs, step, analogies, padded, averages = lecture_source.definitions(
    "14", "skip_gram", "draw_pairs", "step", "analogies", "padded", "averages"
)
OPPOSITES, SYNONYMS, RELATIONS = lecture_source.definitions("14", "OPPOSITES", "SYNONYMS", "RELATIONS")
seeds = st.integers(0, 2**32 - 1)

POST = """From: kim@here.edu
Subject: Re: A wheel
Lines: 9

In article <1@there> lee@there.com writes:
> mine is
> bent

Is it round? He said: no
| quoted by a bar

So what.

--
Kim, here
"""


def kept(post, *parts):
    return [line for part, line in label_lines(post) if part in parts]


def test_every_line_has_its_part():
    assert kept(POST, "subject") == ["Subject: Re: A wheel"]
    assert kept(POST, "header") == ["From: kim@here.edu", "Lines: 9"]
    # that a line says "said:" makes it a quotation by the rule, though it is the author's own
    assert kept(POST, "quoted") == [
        "In article <1@there> lee@there.com writes:",
        "> mine is",
        "> bent",
        "Is it round? He said: no",
        "| quoted by a bar",
    ]
    assert kept(POST, "own") == ["", "", "So what.", ""]
    assert kept(POST, "footer") == ["--", "Kim, here"]


@pytest.mark.parametrize(
    ("body", "own", "foot"),
    [
        ("one line", ["one line"], []),
        ("text\n\nlast paragraph", ["text"], ["", "last paragraph"]),  # signature or not: the rule is rough
        ("--\nno signature", ["--", "no signature"], []),  # a first line begins no footer
        ("text\n----\nKim\n\n\n", ["text"], ["----", "Kim"]),
        ("", [""], []),
    ],
)
def test_the_footer_is_what_follows_the_last_empty_line(body, own, foot):
    post = f"Subject: x\n\n{body}"
    assert kept(post, "own") == own
    assert kept(post, "footer") == foot


def test_words_are_small_runs_of_letters():
    assert words("Don't SHOUT, it's 'quoted' x2 e-mail@here.edu") == [
        *("don't", "shout", "it's", "quoted", "x", "e", "mail", "here", "edu")
    ]


@given(st.lists(st.text("ab >:\n-", max_size=60), min_size=1, max_size=4))
def test_the_bag_of_a_post_is_the_sum_of_the_bags_of_its_parts(bodies):
    posts = [f"From: me a\nSubject: b b\n\n{body}" for body in bodies]
    number_of = {}
    rows = take_apart(posts, number_of)
    assert list(rows) == PARTS
    total = sum(bag(rows[part], 50) for part in PARTS)
    assert (total.toarray() == bag(numbered(posts, number_of), 50).toarray()).all()


@given(seeds)
def test_a_bag_does_not_see_the_order(seed):
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, 9, size=n) for n in (7, 0, 3)]
    mixed = [rng.permutation(row) for row in rows]
    assert (bag(rows, 9).toarray() == bag(mixed, 9).toarray()).all()
    assert bag(rows, 9).toarray()[0].tolist() == np.bincount(rows[0], minlength=9).tolist()


def random_bag(rng, n, n_words=12):
    return bag([rng.integers(0, n_words, size=8) for _ in range(n)], n_words)


def test_tf_idf_by_hand():
    # word 0 in both rows, word 1 twice in the second, word 2 in one row alone: left out
    [X] = tf_idf(bag([np.array([0, 2, 3]), np.array([0, 1, 1, 3]), np.array([1])], 4))
    weight = 1 + np.log(4 / 3)  # each of the three words kept is in two of three rows
    second = np.array([1, 1 + np.log(2), 1]) * weight
    assert X.toarray()[1] == pytest.approx(second / np.linalg.norm(second))
    assert X.shape == (3, 3)


def test_test_posts_weigh_nothing():
    # poison what must not be looked at: other test posts change neither the training rows nor a test row
    rng = np.random.default_rng(0)
    train, test = random_bag(rng, 30), random_bag(rng, 10)
    poisoned = sparse.csr_array(sparse.vstack([test[:1], 100 * random_bag(rng, 9, 12)]))
    X, Z = tf_idf(train, test)
    X_poisoned, Z_poisoned = tf_idf(train, poisoned)
    assert (X.toarray() == X_poisoned.toarray()).all()
    assert (Z[:1].toarray() == Z_poisoned[:1].toarray()).all()


def test_accuracy_is_of_the_test_posts():
    # the training labels are fit perfectly; the test labels are wrong on purpose for one post of four
    train = bag([np.array([0, 1]), np.array([1, 0]), np.array([2, 3]), np.array([3, 2])], 4)
    y, y_test = np.array(["a", "a", "b", "b"]), np.array(["a", "b", "b", "b"])
    assert right(train, y, train, y) == 100
    assert right(train, y, train, y_test) == 75


@given(seeds)
def test_random_lines_are_as_many_as_own_ones(seed):
    lines = random_lines(POST, np.random.default_rng(seed)).split("\n")
    body = [line for line in kept(POST, "own", "quoted") if line.strip()]  # empty lines are not counted
    assert len(lines) == sum(bool(line.strip()) for line in kept(POST, "own"))
    places = [body.index(line) for line in lines]
    assert places == sorted(places)  # in their order


def test_random_lines_differ_from_own_ones():
    drawn = {random_lines(POST, np.random.default_rng(seed)) for seed in range(20)}
    assert len(drawn) > 3  # of six that are possible


def test_naming_lines_are_the_quoted_ones_that_say_whom():
    assert naming_lines(POST).split("\n") == [
        "In article <1@there> lee@there.com writes:",
        "Is it round? He said: no",
    ]
    assert naming_lines("Subject: x\n\n> quoted\n| quoted, too\nown") == ""


@pytest.mark.parametrize(
    "subject", ["Black holes", "Re: Black holes", "RE: re: black holes ", "Re : Black holes"]
)
def test_answers_share_the_thread(subject):
    assert thread(f"From: x\nSubject: {subject}\n\nText") == "black holes"
    assert thread("From: x\n\nSubject: not in the header") == ""


def test_runs_have_the_lengths_asked_for():
    assert runs("cat", [1, 2]) == ["c", "a", "t", "ca", "at"]
    assert runs("cat", range(2, 6)) == ["ca", "at", "cat"]
    assert runs("", [1]) == []


def test_the_commonest_words_are_of_the_rows_given():
    rows = [np.array([5, 5, 2]), np.array([2, 5, 1])]
    assert commonest(rows, 9, 2).tolist() == [5, 2]
    assert commonest(rows, 9, 100).tolist() == [5, 2, 1]  # words that never occur are left out


@given(seeds)
def test_company_is_counted_within_rows(seed):
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, 4, size=n) for n in (6, 1, 9)]
    wanted = np.zeros((4, 4))
    for row in rows:
        for i in range(len(row)):
            for j in range(len(row)):
                if 0 < abs(i - j) <= 3:
                    wanted[row[i], row[j]] += 1 - (abs(i - j) - 1) / 3
    assert company(rows, 4, window=3).toarray() == pytest.approx(wanted)


def test_pmi_is_zero_for_independent_words_and_ln_for_others():
    apart = np.outer([1, 2, 3], [1, 2, 3]) * 1.0
    assert pmi(sparse.csr_array(apart), power=1).toarray() == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    friends = sparse.csr_array(np.array([[6.0, 2.0], [2.0, 6.0]]))
    assert pmi(friends).toarray() == pytest.approx(np.log([[1.5, 0.5], [0.5, 1.5]]))


def test_the_nearest_words_and_the_box():
    vocabulary = np.array(["up", "north", "east", "down"])
    vectors = np.array([[0, 2.0], [0.1, 5.0], [1.0, 0.0], [0.0, -3.0]])
    found, cosines = nearest("up", vocabulary, vectors, n=3)
    assert found.tolist() == ["north", "east", "down"]
    assert cosines == pytest.approx([5 / np.hypot(0.1, 5), 0, -1])


@pytest.mark.parametrize(("word", "said"), [("up", ""), ("yen", "'yen' is not among the 2 words")])
def test_the_box_draws_known_words_and_answers_unknown_ones(word, said, capsys, monkeypatch):
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gca().get_title()))
    draw_nearest(word, np.array(["up", "north"]), np.eye(2))
    plt.close("all")
    assert capsys.readouterr().out.startswith(said)
    assert shown == ([] if said else ["Nearest to “up”: north"])


def test_ranks_begin_at_the_nearest_other_word():
    vectors = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 1.0], [-1.0, 0.0]])
    cosines, ranks = cosines_and_ranks(np.array([[0, 1], [0, 2], [0, 3]]), vectors)
    assert ranks.tolist() == [1, 2, 3]
    assert cosines == pytest.approx([1 / np.hypot(1, 0.1), 1 / np.sqrt(2), -1])


def test_pairs_leave_out_what_is_unknown():
    assert pairs_of("a b  c d\ne f", {word: i for i, word in enumerate("abef")}).tolist() == [[0, 1], [2, 3]]
    assert pairs_of("a b", {}).shape == (0, 2)
    assert all(len(text.split()) == 40 for text in (OPPOSITES, SYNONYMS))
    assert [len(text.split()) // 2 for text in RELATIONS.values()] == [12, 12, 17, 13, 14]


@given(seeds)
def test_skip_grams_gradient_is_the_slope(seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(n, 3)) for n in (4, 4, 6)]
    gradients = skip_gram(*arrays)[1:]
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(arrays[which].shape):
            ahead, behind = ([array.copy() for array in arrays] for _ in range(2))
            ahead[which][index] += 1e-5
            behind[which][index] -= 1e-5
            slope = 4 * (skip_gram(*ahead)[0] - skip_gram(*behind)[0]) / 2e-5
            assert gradient[index] == pytest.approx(slope, abs=1e-6)


def test_skip_gram_is_in_balance_at_the_shifted_pmi():
    # two words, counts of true pairs X, random pairs k·#(w)·p(c): at w·c = PMI − ln k the gradient is zero
    X = np.array([[6.0, 2.0], [2.0, 6.0]])
    target = np.log(X * X.sum() / np.outer(X.sum(1), X.sum(0))) - np.log(5)
    W, C = np.eye(2), target.T
    total = np.zeros((2, 2))
    for (a, b), count in np.ndenumerate(X):
        total += count * np.outer(np.eye(2)[b], skip_gram(W[[a]], C[[b]], C)[2])
        total += count * skip_gram(W[[a]], C[[b]], C)[3]  # both words are equally frequent
    assert total == pytest.approx(np.zeros((2, 2)), abs=1e-12)


def test_pairs_stay_within_their_row_and_their_window():
    rows = [np.arange(10), np.arange(10, 20)]
    middle, beside = draw_pairs(rows, np.full(20, 1e-9), np.random.default_rng(0), window=3)
    assert set(np.abs(middle - beside)) == {1, 2, 3}
    assert ((middle < 10) == (beside < 10)).all()
    near, far = (np.sum(np.abs(middle - beside) == k) for k in (1, 3))
    assert near > 2 * far  # every window reaches its neighbours, a third of them the third place


def test_frequent_words_are_skipped_most_of_the_time():
    rows = [np.tile([0, 1], 5_000)]
    middle, _ = draw_pairs(rows, np.array([1e-2, 1e-6]), np.random.default_rng(0))
    assert np.mean(middle == 0) < 0.15  # a tenth of the zeros is kept, and all of the ones


def test_a_step_moves_only_what_was_looked_up_and_adds_up_repeats():
    table, squares = np.ones((4, 2)), np.full((4, 1), 1e-6)
    step(table, squares, np.array([1, 3, 1]), np.array([[1.0, 0], [0, 2.0], [2.0, 0]]), eps=0.5)
    assert table[[0, 2]].tolist() == [[1, 1], [1, 1]]
    assert squares.ravel() == pytest.approx([1e-6, 4.5, 1e-6, 2], abs=2e-6)
    assert table[1] == pytest.approx([1 - 0.5 * 3 / np.sqrt(4.5), 1])


def test_analogies_count_what_they_say():
    # man, woman, king, queen on a grid: the arithmetic is exact. A fifth word lies between woman and king.
    vectors = np.array([[1.0, 0, 1], [1, 1, 0], [-1, 0, 1], [-1, 1, 0], [0, 0.2, 0.4]])
    forbidden, allowed, an_input, near_c = analogies(np.array([[0, 1], [2, 3]]), vectors)
    assert (forbidden, allowed, an_input) == (100, 100, 0)
    # b = a: the sum is c itself, so that an input answers every question
    same = np.array([[1.0, 0, 0], [1, 0.1, 0], [0, 1.0, 0], [0, 1.0, 0.1]])
    forbidden, allowed, an_input, near_c = analogies(np.array([[0, 1], [2, 3]]), same)
    assert (allowed, an_input) == (0, 100)
    assert (forbidden, near_c) == (100, 100)


def test_padding_is_zero_and_words_begin_at_one():
    assert padded([np.array([7, 4]), np.array([2, 0, 9, 5]), np.array([], int)], 3).tolist() == [
        [8, 5, 0],
        [3, 1, 10],
        [0, 0, 0],
    ]


def test_an_average_is_weighed_and_of_the_rows_own_words():
    counts = bag([np.array([0, 0, 1]), np.array([2]), np.array([], int)], 3)
    mean = averages(counts, np.array([[1.0, 0], [0, 1], [5, 5]]), np.array([1, 2, 7.0]))
    assert mean == pytest.approx(np.array([[0.5, 0.5], [5, 5], [0, 0]]))


def test_k_max_keeps_the_order():
    [KMax] = lecture_source.definitions("14", "KMax")
    row = np.array([3, 71, 9, 2, 1, 19, 27, 13, 6, 49], dtype="float32")
    two = np.stack([row, -row], axis=-1)[None]
    assert np.asarray(KMax(4)(two))[0].T.tolist() == [[71, 19, 27, 49], [-3, -2, -1, -6]]
    assert np.asarray(KMax(1)(two))[0].T.tolist() == [[71], [-1]]  # lecture 6's global max


def test_the_mean_leaves_padding_out_and_survives_a_post_without_words():
    [MeanEmbedding] = lecture_source.definitions("14", "MeanEmbedding")
    layer, ids = MeanEmbedding(4, 3), padded([np.array([0, 2]), np.array([], int)], 5)
    means = np.asarray(layer(ids))
    [vectors] = layer.get_weights()
    assert means == pytest.approx(np.array([(vectors[1] + vectors[3]) / 2, np.zeros(3)]), abs=1e-7)


def test_a_network_counts_600_070_or_501_070_numbers_and_survives_an_empty_post():
    [build] = lecture_source.definitions("14", "build")
    ids = padded([np.array([3, 4]), np.array([], int)], 100)
    assert build("side by side").count_params() == 600_070
    model = build("average")
    assert model.count_params() == 501_070
    scores = model.predict(ids, verbose=0)
    assert np.isfinite(scores).all()
    assert scores[1] == pytest.approx(model.get_weights()[-1])  # nothing but the bias
