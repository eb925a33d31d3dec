"""Lecture 13: the definitions that carry its point."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lecture_source

bits, grams, look_up, add_one, own_bits, unseen, fit, probability = lecture_source.definitions(
    "13", "bits", "grams", "look_up", "add_one", "own_bits", "unseen", "fit", "probability"
)
sharpen, write, words, judge, forward, backward = lecture_source.definitions(
    "13", "sharpen", "write", "words", "judge", "forward", "backward"
)
rnn, gru, lstm, newborn, left_over, factor, latch, SideBySide = lecture_source.definitions(
    "13", "rnn", "gru", "lstm", "newborn", "left_over", "factor", "latch", "SideBySide"
)
seeds = st.integers(0, 2**32 - 1)
EVERY = np.arange(65)


def test_a_compressor_pays_one_bit_for_a_half():
    assert bits(np.array([1 / 2, 1 / 4, 1 / 4])) == pytest.approx(5 / 3)


def test_runs_stay_within_their_row_and_ten_symbols_fit():
    assert grams(np.array([[1, 2, 3], [4, 5, 6]]), 2).tolist() == [67, 133, 265, 331]
    assert grams(np.full(10, 64), 10).tolist() == [65**10 - 1]


@given(st.lists(st.integers(0, 3), min_size=4, max_size=40), st.integers(0, 2))
def test_added_ones_are_counted_as_by_hand(symbols, k):
    text = np.array(symbols)
    counts = Counter(tuple(symbols[i : i + k + 1]) for i in range(len(symbols) - k))
    contexts = Counter(tuple(symbols[i : i + k]) for i in range(len(symbols) - k))
    other = [0, 1, 2, 3, 3]
    wanted = [
        (counts[tuple(other[i : i + k + 1])] + 1) / (contexts[tuple(other[i : i + k])] + 65)
        for i in range(len(other) - k)
    ]
    assert add_one(text, np.array(other), k) == pytest.approx(wanted)


def test_own_counts_and_what_was_never_seen():
    # after 0 came 1 and 2, each once: one bit; after 1 and 2 always 0: none; so 2 bits in 4 runs
    assert own_bits(np.array([0, 1, 0, 2, 0]), 1) == pytest.approx(0.5)
    assert unseen(np.array([0, 1, 0, 2]), np.array([0, 1, 2, 0]), 1) == pytest.approx(100 * 1 / 3 * 2)


def every_next(tables, context):
    return probability(tables, context * 65 + EVERY)


@given(seeds, st.integers(0, 4), st.booleans())
def test_kneser_ney_sums_to_one_after_any_context(seed, k, predecessors):
    rng = np.random.default_rng(seed)
    tables = fit(rng.integers(0, 5, size=60), k, predecessors)
    for context in grams(rng.integers(0, 7, size=20), k) if k else [0]:  # some never seen
        assert every_next(tables, context).sum() == pytest.approx(1, abs=1e-12)


def test_kneser_ney_by_hand():
    # 0 1 0 1 2 0: after 1 came 0 and 2, once each. Before 0 stood 1 and 2, before 1 only 0, before 2 only 1:
    # of the four kinds of pairs, two end in 0. Three symbols pay the tax, and 65 share it alike.
    tables = fit(np.array([0, 1, 0, 1, 2, 0]), 1)
    below = (2 - 0.9) / 4 + 0.9 * 3 / 4 / 65
    assert probability(tables, np.array([1 * 65 + 0]))[0] == pytest.approx(0.1 / 2 + 0.9 * 2 / 2 * below)


def test_a_symbol_of_a_single_context_is_not_expected_elsewhere():
    # 2 follows 1 twenty times, 3 follows four other symbols once each. After 0, never seen, 3 is likelier.
    text = np.array([1, 2] * 20 + [4, 3, 5, 3, 6, 3, 7, 3, 8, 3])
    kinds, plain = fit(text, 1), fit(text, 1, predecessors=False)
    assert every_next(kinds, 0)[3] > every_next(kinds, 0)[2]
    assert every_next(plain, 0)[3] < every_next(plain, 0)[2]


def test_held_out_text_is_not_counted():
    # poison what must not be looked at: the tables, and the price of the text so far, must not move
    rng = np.random.default_rng(0)
    text = rng.integers(0, 5, size=400)
    train, held, poisoned = text[:300], text[300:].copy(), text[300:].copy()
    poisoned[50:] = 64
    before = probability(fit(train, 3), grams(held, 4))[:46]
    assert probability(fit(train, 3), grams(poisoned, 4))[:46] == pytest.approx(before)
    assert add_one(train, held, 2)[:48] == pytest.approx(add_one(train, poisoned, 2)[:48])
    assert (
        bits(probability(fit(train, 3), grams(poisoned, 4)))
        > bits(probability(fit(train, 3), grams(held, 4))) + 1
    )


def test_temperature_by_hand_and_at_its_ends():
    p = np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]])
    assert sharpen(p, 0.5)[0] == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert sharpen(p, 1) == pytest.approx(p)
    assert sharpen(p, 0).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert sharpen(p, 1e-3) == pytest.approx(sharpen(p, 0))  # p ** 1000 alone would be 0 / 0
    assert sharpen(p, 1e6) == pytest.approx(1 / 3, abs=1e-5)


@pytest.mark.parametrize("tau", [0, 1, 2.0])  # the slider's ends, and the middle
def test_the_writer_draws_what_the_table_says(tau):
    text = np.array([0, 1, 2] * 50)
    written = write(fit(text, 2), np.array([1, 67]), 30, tau, np.random.default_rng(0))
    assert written.shape == (2, 30)
    assert written.min() >= 0
    assert written.max() < 65
    if tau == 0:
        assert written[0, :3].tolist() == [2, 0, 1]  # after 0 1 comes 2


@pytest.mark.parametrize("tau", [0, 2])
def test_the_widget_at_both_ends(tau, capsys):
    text = np.array([0, 1, 2] * 50)
    scope = {"np": np, "grams": grams, "write": write, "table": fit(text, 5)}
    scope |= {"held": text, "alphabet": "".join(map(chr, 97 + EVERY))}  # "abc" and on
    [cell] = [cell.source for cell in lecture_source.lecture("13").cells if "def show_text(" in cell.source]
    exec(cell, scope)
    scope["show_text"](tau)
    written = capsys.readouterr().out.rstrip("\n")
    assert len(written) == 300
    assert (written == "cab" * 100) == (tau == 0)  # the first five letters are a b c a b


def test_the_writers_frequencies_are_the_tables():
    tables = fit(np.random.default_rng(1).integers(0, 3, size=300), 1)
    first = write(tables, np.zeros(4_000, dtype=np.int64), 1, 1, np.random.default_rng(0))[:, 0]
    shares = np.bincount(first, minlength=65) / 4_000
    assert shares == pytest.approx(every_next(tables, 0), abs=0.04)  # a share's sd is below 0.008


def test_judging_leaves_out_the_ends():
    known, varied = judge(["xx the cat the yy", "zz dog vv"], {"the", "cat"})
    assert known == pytest.approx(75)
    assert varied == pytest.approx(100 * (2 / 3 + 1) / 2)


def small_network(seed, T=6):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=shape) for shape in ((4, 3), (3, 3), 3, (3, 2), 2)]
    return rng.normal(size=(T, 4)), rng.integers(2, size=T), weights


def risk(x, y, weights):
    scores = forward(x, weights)[1]
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y])


@given(seeds)
def test_backpropagation_through_time_is_the_slope(seed):
    x, y, weights = small_network(seed)
    for k, gradient in enumerate(backward(x, y, weights)):
        for index in np.ndindex(weights[k].shape):
            ahead, behind = ([w.copy() for w in weights] for _ in range(2))
            ahead[k][index] += 1e-5
            behind[k][index] -= 1e-5
            slope = (risk(x, y, ahead) - risk(x, y, behind)) / 2e-5
            assert gradient[index] == pytest.approx(slope, abs=1e-7)


def test_a_reach_as_long_as_the_text_cuts_nothing_and_none_at_all_leaves_no_recurrent_gradient():
    x, y, weights = small_network(0)
    for full, cut in zip(backward(x, y, weights), backward(x, y, weights, reach=6), strict=True):
        assert cut == pytest.approx(full)
    assert np.all(backward(x, y, weights, reach=0)[1] == 0)


@pytest.mark.parametrize(
    ("step", "name", "gates"), [(rnn, "SimpleRNN", 1), (gru, "GRU", 3), (lstm, "LSTM", 4)]
)
def test_each_step_is_that_of_keras(step, name, gates):
    import keras

    rng = np.random.default_rng(0)
    layer = getattr(keras.layers, name)(5, return_sequences=True)
    layer.build((None, 7, 3))
    U, W, b = rng.normal(size=(3, 5 * gates)), rng.normal(size=(5, 5 * gates)), rng.normal(size=5 * gates)
    layer.set_weights([U, W, np.stack([b, 0 * b]) if name == "GRU" else b])
    x = rng.normal(size=(2, 7, 3))
    state = np.zeros((2, 10 if name == "LSTM" else 5))
    theirs = keras.ops.convert_to_numpy(layer(x.astype("float32")))
    for t in range(7):
        state = step(state, x[:, t], U, W, b)
        assert state[:, :5] == pytest.approx(theirs[:, t], abs=1e-5)


def test_a_nudge_shrinks_as_the_product_of_jacobians():
    # a linear stretch of tanh: with tiny states the matrix of each step is W, transposed or not
    n = 8
    W = 0.9 * np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]
    left = left_over(rnn, np.eye(n), W, np.zeros(n), 10, np.random.default_rng(1), size=1e-6, scale=1e-6)
    assert left == pytest.approx(0.9 ** np.arange(1, 11), rel=1e-3)


def test_an_open_gate_keeps_a_nudge_and_a_closed_one_does_not():
    n, rng = 6, np.random.default_rng(0)
    U, W = np.zeros((2, 3 * n)), np.zeros((n, 3 * n))
    for bias, kept in ((50, 1), (0, 0.5**8)):
        b = np.concatenate([np.full(n, float(bias)), np.zeros(2 * n)])
        assert left_over(gru, U, W, b, 8, rng)[-1] == pytest.approx(kept)


def test_what_is_left_in_an_lstms_cell_alone_does_not_count():
    n, rng = 6, np.random.default_rng(0)
    U, W = np.zeros((2, 4 * n)), np.zeros((n, 4 * n))
    for output, kept in ((-50, False), (50, True)):  # a cell that keeps all, behind a closed or an open gate
        b = np.concatenate([np.full(n, bias) for bias in (-50.0, 50.0, 0.0, output)])
        left = left_over(lstm, U, W, b, 8, rng)[-1]
        # half of the nudge's square lies in c; h = tanh(c) has slope 1 there, and an old h reaches nothing
        assert left == pytest.approx(0.5**0.5 if kept else 0, abs=0.1 if kept else 1e-9)


def test_tanh_makes_the_factor_smaller_than_the_radius():
    assert 0.84 < factor(0.9, np.random.default_rng(0)) < 0.9


@given(seeds)
def test_the_latch_asks_for_a_symbol_that_is_marked_once_among_the_first_ten(seed):
    x, y = latch(5, 2, np.random.default_rng(seed))
    assert x.shape == (5, 30, 2, 9)
    assert np.all(x[..., :8].sum(axis=-1) == 1)
    assert np.all(x[..., 8].sum(axis=1) == 1)
    assert not x[:, 10:, :, 8].any()
    for row, net in np.ndindex(5, 2):
        assert x[row, x[row, :, net, 8].argmax(), net, y[row, net]] == 1


def test_networks_side_by_side_do_not_mix():
    import keras

    born = [newborn(gru, 9, 4, seed) for seed in (1, 2)]
    U, W, b = (np.stack(part) for part in zip(*born, strict=True))
    V = np.random.default_rng(0).normal(size=(2, 4, 8))
    both = SideBySide(gru, [U, W, b[:, None], V, np.zeros((2, 1, 8))])
    x, _ = latch(3, 2, np.random.default_rng(0))
    scores = keras.ops.convert_to_numpy(both(x))
    for net in range(2):
        state = np.zeros((3, 4))
        for t in range(30):
            state = gru(state, x[:, t, net], *born[net])
        assert scores[:, net] == pytest.approx(state @ V[net], abs=1e-5)
    x[:, :, 1] = 9  # poison one: the other must not notice
    assert keras.ops.convert_to_numpy(both(x))[:, 0] == pytest.approx(scores[:, 0])


def test_newborns_start_as_keras_starts_its_own():
    import keras

    W = newborn(rnn, 3, 16, 7)[1]
    assert np.allclose(W @ W.T, np.eye(16), atol=1e-5)
    theirs = keras.layers.LSTM(16)
    theirs.build((None, 1, 3))
    for ours, weight in zip(newborn(lstm, 3, 16, 7), theirs.get_weights(), strict=True):
        assert ours.shape == weight.shape
        assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(weight), rel=0.3)


def test_a_bias_of_the_keeping_gate_goes_to_that_gate_alone():
    for step, gate in ((gru, 0), (lstm, 1)):
        plain, biased = newborn(step, 3, 4, 7)[2], newborn(step, 3, 4, 7, 4)[2]
        assert np.all(biased[4 * gate : 4 * gate + 4] == 4)
        assert np.delete(biased, range(4 * gate, 4 * gate + 4)) == pytest.approx(
            np.delete(plain, range(4 * gate, 4 * gate + 4))
        )
