"""Typical wrong answers to lecture 10's exercises, each with words that the reason must hold."""

import numpy as np


def without_oneself(D):
    D = D.astype(float)
    np.fill_diagonal(D, np.inf)
    return D


def each(table):
    return 2 * table.diagonal() / (table.sum(axis=0) + table.sum(axis=1))


def f1_of_means(table):
    recall, precision = (np.mean(table.diagonal() / table.sum(axis=axis)) for axis in (1, 0))
    return 2 * precision * recall / (precision + recall)


WRONG = {
    "leave_one_out": [
        (lambda D, y: np.mean(y[D.argmin(axis=1)] != y), "Leave it out"),
        (lambda D, y: np.mean(y[without_oneself(D).argmin(axis=1)] == y), "named rightly"),
        (lambda D, y: 100 * np.mean(y[without_oneself(D).argmin(axis=1)] != y), "in per cent"),
        (lambda D, y: np.sum(y[without_oneself(D).argmin(axis=1)] != y), "one of seven is wrong"),
        (lambda D, y: np.mean(y[D.argmax(axis=1)] != y), "one of seven is wrong"),
        (lambda D, y: np.mean(y[np.where(D == 0, np.inf, D).argmin(axis=1)] != y), "by its place"),
        (lambda D, y: y[without_oneself(D).argmin(axis=1)] != y, "a single number"),
        (lambda D, y: np.mean(y[np.argsort(D, axis=1)[:, 1]] != y), "each finds the other"),
        (
            lambda D, y: np.mean(y[np.where(D.min() == D, np.inf, D).argmin(axis=1)] != y),
            "each finds the other",
        ),
        (lambda D, y: 1 / 7, "each finds the other"),
    ],
    "macro_f1": [
        (each, "return their mean"),
        (lambda table: table.trace() / table.sum(), "*micro* F1"),
        (lambda table: np.mean(table.diagonal() / table.sum(axis=1)), "the mean recall"),
        (lambda table: np.mean(table.diagonal() / table.sum(axis=0)), "the mean precision"),
        (lambda table: table.sum(axis=1) @ each(table) / table.sum(), "counts every class alike"),
        (f1_of_means, "take the mean last"),
        (lambda table: each(table).sum(), "it should be"),
    ],
    "largest_rate": [
        (lambda n: 3 / n, "rule of thumb"),
        (lambda n: 0.05 ** (1 / n), "return p"),
        (lambda n: 1 - 0.95 ** (1 / n), "with a probability of 95 %"),
        (lambda n: 1 - 0.05**n, "the n-th *root*"),
        (lambda n: 100 * (1 - 0.05 ** (1 / n)), "in per cent"),
        (lambda n: 0, "it should be"),
    ],
}
