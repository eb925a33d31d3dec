"""Typical wrong answers to lecture 03's exercises, and words that the reason must contain."""

import numpy as np

ONES = np.ones((2, 2))


def softmax(z, axis=1):
    return np.exp(z) / np.exp(z).sum(axis=axis, keepdims=True)


def losses(z, labels, axis=1):
    return -np.log(softmax(z, axis)[np.arange(len(labels)), labels])


def stable_losses(z, labels):
    z = z - z.max(axis=1, keepdims=True)
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels]


def shifted_by_the_largest_of_all(z, labels):
    return losses(z - z.max(), labels).mean()


WRONG = {
    "xnor_network": [
        (lambda: (ONES, [0, -1], [-1, 2], 0), "right but for a constant"),
        (lambda: (ONES, [0, -1], [1, -2], 0), "this is XOR itself"),
        (lambda: (ONES, [0, 1], [-1, 2], 1), "never cuts anything off"),
        (lambda: (ONES, [0, -1], [[-1], [2]], 1), "w: it returned an array of shape (2, 1)"),
        (lambda: (ONES, [[0, -1]], [-1, 2], 1), "c: it returned an array of shape (1, 2)"),
        (lambda: (ONES, [0, -1], [-1, 2], [1]), "b: it returned an array of shape (1,)"),
        (lambda: (ONES, [0, -1], [-1, 2]), "the four parts"),
        (lambda: ([1, 1], [0, -1], [-1, 2], 1), "W: it returned an array of shape (2,)"),
        (lambda: (ONES, [0, -1], [-1, 1], 1), "the answers should be 1, 0, 0, 1, and yours are 1, 0, 0, 0"),
    ],
    "entropy_from_scores": [
        (lambda z, labels: losses(z, labels).mean(), "beware of exp(2000)"),
        (losses, "an array of shape (2,): return a single number, the mean over the examples"),
        (lambda z, labels: -losses(z, labels).mean(), "the sign is wrong"),
        (lambda z, labels: losses(z, labels).sum(), "this is the sum"),
        (lambda z, labels: losses(z, labels, axis=0).mean(), "runs down the columns"),
        (lambda z, labels: losses(z, labels).mean() / np.log(2), "in bits"),
        (lambda z, labels: -z[np.arange(len(labels)), labels].mean(), "it is 0.7513"),
        (
            lambda z, labels: stable_losses(z, np.argmax(z, axis=1)).mean(),
            "the largest score instead of the label",
        ),
        (lambda z, labels: stable_losses(z, labels).sum() / z.size, "averaged over classes too"),
        (lambda z, labels: -np.log(softmax(z) + 1e-12)[np.arange(len(z)), labels].mean(), "beware of exp"),
        (shifted_by_the_largest_of_all, "beware of exp(2000) and log(0)"),
        (lambda z, labels: stable_losses(z, labels).reshape(1, -1), "return a single number"),
    ],
    "entropy_on_xor": [
        (lambda: 0, "no line separates them"),
        (lambda: 0.25, "squared error"),
        (lambda: 0.5, "that is the probability"),
        (lambda: np.log(10), "among ten classes"),
        (lambda: 1.0, "in bits"),
        (lambda: -0.693, "not negative"),
        (lambda: 2 * np.log(2), "of two examples, or of both classes"),
        (lambda: 4 * np.log(2), "the sum over the four cases"),
        (lambda: float("nan"), "not nan"),
        (lambda: 0.68, "by section 1's symmetry"),
        (lambda: 0.35, "by section 1's symmetry"),
        (lambda: [0.5, 0.5], "return a single number"),
    ],
}
