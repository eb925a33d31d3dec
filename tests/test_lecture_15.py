"""Lecture 15: the definitions that carry its point, the leak test and the cache before all."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lecture_source

symbols_of, merge, learn_merges, vocabulary, tokenise = lecture_source.definitions(
    "15", "symbols_of", "merge", "learn_merges", "vocabulary", "tokenise"
)
softmax, attention, draw_attention, self_attention, last_output, positions, leak = lecture_source.definitions(
    "15", "softmax", "attention", "draw_attention", "self_attention", "last_output", "positions", "leak"
)
random_scores, slopes, multi_head, layer_norm, forward, write, multiply_adds, saved = (
    lecture_source.definitions(
        "15",
        *("random_scores", "slopes", "multi_head", "layer_norm"),
        *("forward", "write", "multiply_adds", "saved"),
    )
)
strings, share_right, repeats, as_numbers, random_dates = lecture_source.definitions(
    "15", "strings", "share_right", "repeats", "as_numbers", "random_dates"
)
gpt, train_once, bits_by_place, scores_of, weights_of, followers, written_by = lecture_source.definitions(
    "15", "gpt", "train_once", "bits_by_place", "scores_of", "weights_of", "followers", "written_by"
)
seeds = st.integers(0, 2**32 - 1)


def merged_by_hand(symbols, pair, new):
    out, i = [], 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            out, i = [*out, new], i + 2
        else:
            out, i = [*out, symbols[i]], i + 1
    return out


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=30), st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_a_merge_reads_from_the_left_and_never_twice(symbols, pair):
    row = np.array(symbols)
    merged, stays = merge(row, pair, 9)
    assert merged.tolist() == merged_by_hand(symbols, pair, 9)
    assert stays.sum() == len(merged)
    assert row[stays][merged != 9].tolist() == merged[merged != 9].tolist()


def test_merges_are_those_of_the_textbook():
    merges = learn_merges({"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}, 3)
    assert vocabulary(merges)[256:] == [b"ug", b"un", b"hug"]


def test_no_merge_crosses_the_end_of_a_piece():
    # b, a stands across pieces a thousand times, and within none
    assert vocabulary(learn_merges({"ab": 1_000, "cd": 3}, 2))[256:] == [b"ab", b"cd"]


@given(st.text(min_size=1, max_size=40))
def test_no_text_is_out_of_vocabulary(text):
    merges = learn_merges({" the": 5, " then": 3, "aaa": 4}, 6)
    tokens = vocabulary(merges)
    assert b"".join(tokens[i] for i in tokenise(text, merges)).decode() == text


@given(seeds)
def test_attention_is_a_weighted_mean_one_query_at_a_time(seed):
    rng = np.random.default_rng(seed)
    Q, K, V = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    mixed, weights = attention(Q, K, V)
    for i in range(3):
        powers = [np.exp(Q[i] @ K[j] / 2) for j in range(5)]
        assert weights[i] == pytest.approx(np.array(powers) / sum(powers))
        assert mixed[i] == pytest.approx(sum(weights[i, j] * V[j] for j in range(5)))


def test_large_scores_do_not_overflow():
    assert softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])) == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))


@given(seeds)
def test_attention_without_positions_moves_along_with_its_tokens(seed):
    rng = np.random.default_rng(seed)
    X, W, order = rng.normal(size=(6, 4)), rng.normal(size=(3, 4, 4)), rng.permutation(6)
    assert self_attention(X[order], W) == pytest.approx(self_attention(X, W)[order], abs=1e-9)


def test_a_causal_decoder_sees_order_from_its_second_layer_on():
    rng = np.random.default_rng(0)
    X, W, mask = rng.normal(size=(6, 4)), rng.normal(size=(3, 4, 4)), np.tril(np.ones((6, 6), dtype=bool))
    past = np.array([4, 0, 1, 2, 3, 5])
    once, twice = (last_output(X, W, depth, mask) for depth in (1, 2))
    assert last_output(X[past], W, 1, mask) == pytest.approx(once, abs=1e-12)
    assert np.abs(last_output(X[past], W, 2, mask) - twice).max() > 1e-3


def test_positions_know_distances():
    P = positions(50, 16).astype("float64")
    assert P[:, 0] == pytest.approx(np.sin(np.arange(50)), abs=1e-6)
    products = P @ P.T
    assert products[3, 8] == pytest.approx(products[30, 35], abs=1e-4)
    assert products[0, 0] == pytest.approx(8)


def test_scores_spread_with_the_width_and_slopes_end_with_certainty():
    scores = random_scores(64, np.random.default_rng(0), n=2_000)
    assert scores.var() / 64 == pytest.approx(1, abs=0.05)
    assert slopes(np.array([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx(0.25)


def test_the_leak_test_finds_a_leak_of_any_kind():
    rng = np.random.default_rng(0)
    X, W, mask = rng.normal(size=(7, 4)), rng.normal(size=(3, 4, 4)), np.tril(np.ones((7, 7), dtype=bool))
    assert leak(lambda X: self_attention(X, W, mask), X, 5) == 0
    assert leak(lambda X: self_attention(X, W), X, 5) > 0
    assert leak(lambda X: X - X.mean(axis=0), X, 5) > 0  # through a mean over time
    assert leak(lambda X: self_attention(layer_norm(X, 1, 0), W), X, 5) > 0.01  # a norm hides a shift
    shifted = np.tril(np.ones((7, 7), dtype=bool), 1)  # a mask that is one too wide
    assert leak(lambda X: self_attention(X, W, shifted), X, 5) > 0
    assert (
        leak(lambda X: np.where(np.arange(7)[:, None] >= 5, 2 * X, X), X, 5) == 0
    )  # the place itself may move


@pytest.fixture(scope="module")
def small():
    """A small untrained GPT, and its weights for NumPy."""
    import keras

    keras.utils.set_random_seed(0)
    model = gpt(11, 8, n_layers=2, d=16)
    return model, [w.astype("float64") for w in model.get_weights()]


def test_the_gpt_has_no_leak_and_the_one_without_mask_has(small):
    import keras

    symbols = np.arange(8)
    for place in range(1, 8):
        assert leak(scores_of(small[0]), symbols, place) < 1e-6
    keras.utils.set_random_seed(0)
    assert leak(scores_of(gpt(11, 8, n_layers=2, d=16, is_causal=False)), symbols, 5) > 1e-3


def test_a_distance_is_judged_by_what_was_read_and_by_no_symbol_to_come():
    x = np.array([[1, 2, 3, 1, 2, 3, 1]])
    assert repeats(x, 3).tolist() == [[False, False, True, True, True, True]]
    assert repeats(x, 4).tolist() == [[False] * 6]  # rolled round, the last symbol would answer for the first


def test_the_gpt_by_hand_is_that_of_keras(small):
    model, weights = small
    weights = [
        w + 0.1 * np.random.default_rng(1).normal(size=w.shape) for w in weights
    ]  # no gain 1, no bias 0
    before = model.get_weights()
    model.set_weights(weights)
    symbols = np.array([3, 1, 4, 1, 5, 9, 2, 6])
    assert forward(symbols, weights)[0] == pytest.approx(scores_of(model)(symbols), abs=1e-3)
    model.set_weights(before)


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_the_cache_changes_nothing(small, cut):
    symbols = np.array([3, 1, 4, 1, 5, 9, 2, 6])
    whole, grown = forward(symbols, small[1])
    first, cache = forward(symbols[:cut], small[1])
    rest, cache = forward(symbols[cut:], small[1], cache)
    assert np.concatenate([first, rest]) == pytest.approx(whole, abs=1e-9)
    for ours, theirs in zip(cache, grown, strict=True):
        assert ours[0] == pytest.approx(theirs[0], abs=1e-9)
        assert ours[0].shape == (4, 8, 4)


def test_what_is_written_with_a_cache_is_what_is_written_without(small):
    for seed in range(3):
        texts = [
            write(small[1], [3], 9, np.random.default_rng(seed), keeps, window=8) for keeps in (True, False)
        ]
        assert texts[0][0].tolist() == texts[1][0].tolist()
        assert texts[0][1] == pytest.approx(texts[1][1], abs=1e-9)
    assert len(write(small[1], [3], 20, np.random.default_rng(0), False, window=8)[0]) == 20


def test_multiply_adds_are_counted_as_by_hand():
    # two tokens of width 3 after one that is kept: 12·9 each, 2·3 for each of 2 × 3 pairs; 5 scores of 3
    assert multiply_adds(2, 1, 3, 1, 5) == 12 * 2 * 9 + 2 * 2 * 3 * 3 + 15
    assert saved(1, 64, 2, 65) == 1


def test_heads_and_norm():
    import keras

    rng = np.random.default_rng(0)
    layer = keras.layers.MultiHeadAttention(2, 3, use_bias=False)
    X = rng.normal(size=(5, 6)).astype("float32")
    theirs = keras.ops.convert_to_numpy(layer(X[None], X[None]))[0]
    assert multi_head(X, *layer.get_weights()) == pytest.approx(theirs, abs=1e-5)
    norm = keras.layers.LayerNormalization()
    by_keras = keras.ops.convert_to_numpy(norm(X))
    assert layer_norm(X, *norm.get_weights()) == pytest.approx(by_keras, abs=1e-5)


class KnowsNothingButThePast:
    """Gives one symbol, the one just read, a high score: a model whose bits can be told by hand."""

    def predict(self, rows, **_):
        return np.log(np.where(np.eye(4)[rows] > 0, 0.7, 0.1))


def test_bits_are_those_of_the_next_symbol_and_the_far_text_does_not_enter():
    x = np.array([0, 0, 1, 1] * 20)
    found = bits_by_place(KnowsNothingButThePast(), x, window=4)
    assert found == pytest.approx([-np.log2(0.7), -np.log2(0.1)] * 2)


def test_held_out_text_is_priced_and_not_trained_on():
    # poison what must not be looked at: the weights must not move, and the price must
    import keras

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, size=(64, 9))
    model = gpt(6, 8, n_layers=1, d=8, n_heads=2)
    train_once(model, x[:, :-1], x[:, 1:], 8, rate=1e-2)
    before = model.get_weights()
    clean, poisoned = rng.integers(0, 5, size=50), np.full(50, 5)
    bits = [bits_by_place(model, held, window=8).mean() for held in (clean, poisoned)]
    assert bits[1] > bits[0] + 0.5
    for one, other in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_price_does_not_look_at_what_comes_later(small):
    x = np.arange(40) * 7 % 11
    later = x.copy()
    later[8:] = 3  # the first window begins at 0 and prices the symbols 1 to 8
    first = [bits_by_place(small[0], one[:9], window=8) for one in (x, later)]
    assert first[0][:-1] == pytest.approx(first[1][:-1], abs=1e-6)


@given(seeds)
def test_strings_repeat_and_say_where_the_next_symbol_is_certain(seed):
    x, certain = strings(5, np.random.default_rng(seed))
    assert x.shape == (5, 25)
    assert certain.shape == (5, 24)
    for row, known in zip(x, certain, strict=True):
        period = 25 - 1 - known.sum()
        assert 4 <= period <= 12
        assert len(set(row[:period])) == period
        assert np.array_equal(row[period:], row[:-period])
        for t in np.flatnonzero(known):  # the rule that the lecture states is right wherever it is asked
            last = np.flatnonzero(row[:t] == row[t])[-1] if row[t] in row[:t] else None
            assert last is None or row[last + 1] == row[t + 1]


def test_only_certain_symbols_count():
    x, certain = np.array([[0, 1, 2, 0]]), np.array([[False, False, True]])
    assert share_right(np.array([[9, 9, 0]]), x, certain) == 100
    assert share_right(np.array([[1, 2, 9]]), x, certain) == 0


def test_the_attention_shown_is_that_of_the_layer(small):
    rows = np.arange(16).reshape(2, 8) % 11
    A = weights_of(small[0], rows, 0)
    assert A.shape == (2, 4, 8, 8)
    assert A.sum(axis=-1) == pytest.approx(np.ones((2, 4, 8)), abs=1e-5)
    assert not np.triu(A, 1).any()
    table, gain, shift, WQ, WK, *_ = small[1]
    z = layer_norm(table[rows[1]] + positions(8, 16), gain, shift)
    Q, K = (np.einsum("td,dhe->hte", z, W) for W in (WQ, WK))
    by_hand = attention(Q, K, K, np.tri(8, dtype=bool))[1]
    assert A[1] == pytest.approx(by_hand, abs=1e-4)


def test_followers_stand_right_after_an_earlier_occurrence():
    found = followers(np.array([[7, 8, 7, 9, 7]]))[0]
    wanted = {0: [], 1: [], 2: [1], 3: [], 4: [1, 3]}
    assert {i: np.flatnonzero(row).tolist() for i, row in enumerate(found)} == wanted


@pytest.mark.parametrize("token", [1, 24])  # the slider's ends
def test_the_widget_draws_the_row_of_its_token(token, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gca()))
    A = np.tril(np.ones((24, 24)))
    A /= A.sum(axis=1, keepdims=True)
    draw_attention(A, [f"t{i}" for i in range(24)], token)
    [ax] = shown
    assert [line.get_linewidth() for line in ax.lines] == pytest.approx(list(14 * A[token - 1]))
    assert f"Token {token}, t{token - 1}" in ax.get_title(loc="left") + ax.get_title()
    plt.close("all")


def test_dates_are_spelled_in_two_ways_and_mean_one():
    import datetime

    pairs = random_dates(200, np.random.default_rng(0))
    dots = 0
    for written, iso in pairs:
        form = "%d.%m.%Y" if "." in written else "%B %d, %Y"
        dots += "." in written
        assert datetime.datetime.strptime(written, form).date().isoformat() == iso
        assert len(written) <= 18
    assert 60 < dots < 140
    assert as_numbers(["<1", "1"], 3)[:, 0].tolist() != [0, 0]
    assert as_numbers(["1"], 3)[0, 1:].tolist() == [0, 0]


def test_a_date_is_written_without_looking_at_the_answer():
    class Copies:
        """Writes as its k-th sign the k-th of the source; what it will write must not stand there yet."""

        calls = 0

        def predict(self, inputs, **_):
            source, written = inputs
            assert np.all(written[:, self.calls + 1 :] == 1)
            self.calls += 1
            return np.eye(40)[source[:, :10]]

    source = np.arange(2, 22).reshape(2, 10)
    written = written_by(Copies(), source)
    assert written[:, 1:].tolist() == source.tolist()
    assert np.all(written[:, 0] == 1)
