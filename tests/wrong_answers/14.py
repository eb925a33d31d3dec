"""Typical wrong answers to lecture 14's exercises, each with words that the reason must hold."""

import numpy as np


def divided_by_places(ids, E):
    mask = (ids > 0)[:, :, None]
    return (E[ids] * mask).mean(axis=1)


def summed(ids, E):
    return (E[ids] * (ids > 0)[:, :, None]).sum(axis=1)


def not_a_number_without_words(ids, E):
    mask = (ids > 0)[:, :, None]
    with np.errstate(invalid="ignore"):
        return (E[ids] * mask).sum(axis=1) / mask.sum(axis=1)


def over_the_wrong_axis(ids, E):
    mask = (ids > 0)[:, :, None]
    return (E[ids] * mask).sum(axis=0) / np.maximum(mask.sum(axis=0), 1)


def probabilities(counts):
    p = counts / counts.sum()
    return p, p.sum(axis=1, keepdims=True), p.sum(axis=0, keepdims=True)


def rows_taken_for_equal(counts):
    p, _, columns = probabilities(counts)
    return np.log(p * len(p) / columns)


def pmi_right(counts):
    p, rows, columns = probabilities(counts)
    return np.log(p / rows / columns)


WRONG = {
    "masked_mean": [
        (lambda ids, E: E[ids].mean(axis=1), "padding is counted"),
        (divided_by_places, "not by the number of places"),
        (summed, "that is the sum"),
        (not_a_number_without_words, "the third row has no words"),
        (over_the_wrong_axis, "return an array of shape (3, 2)"),
        (lambda ids, E: -divided_by_places(ids, E), "the means should be"),
    ],
    "k_max": [
        (lambda p, k: np.sort(p)[-k:], "in another order"),
        (lambda p, k: np.sort(p)[::-1][:k], "in another order"),
        (lambda p, k: np.sort(np.argsort(p)[-k:]), "the places of the largest"),
        (lambda p, k: p[np.sort(np.argsort(p)[:k])], "these are the smallest"),
        (lambda p, k: p[:k], "keep [71, 19, 27, 49]"),
        (lambda p, k: p.max(), "an array of shape (4,)"),
        (lambda p, k: p[p >= np.sort(p)[-k]], "an array of shape (1,)"),
        (lambda p, k: p[np.sort(np.argsort(np.abs(p))[-k:])], "these are the smallest"),
    ],
    "pmi_table": [
        (lambda counts: np.exp(pmi_right(counts)), "take the logarithm"),
        (lambda counts: pmi_right(counts) / np.log(2), "not that to base 2"),
        (lambda counts: -pmi_right(counts), "the sign"),
        (lambda counts: np.log(counts / counts.sum()), "not compared with chance"),
        (lambda counts: np.log(counts / counts.sum(axis=1, keepdims=True)), "the column word, too"),
        (lambda counts: np.log(counts / counts.sum(axis=0, keepdims=True)), "the row word, too"),
        (
            lambda counts: np.log(
                counts / counts.sum(axis=1, keepdims=True) / counts.sum(axis=0, keepdims=True)
            ),
            "into probabilities first",
        ),
        (lambda counts: pmi_right(counts).T, "the transpose"),
        (rows_taken_for_equal, "it should be"),
        (lambda counts: np.maximum(pmi_right(counts), 0), "it should be"),
    ],
}
