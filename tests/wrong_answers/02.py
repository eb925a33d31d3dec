"""Typical wrong answers to lecture 02's exercises, and words that the reason must contain."""

from itertools import combinations

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def totals(numbers, counts):
    return [sum(choice) for k in counts for choice in combinations(numbers, k)]


def hills(x, a, b, width):
    return relu(x - a + width) - relu(x - a) - relu(x - b) + relu(x - b - width)


def slope(w, k, x, y):
    return 2 * (w * relu(x - k) - y) * -w * (x > k)


WRONG = {
    "reachable": [
        (lambda numbers: sorted(totals(numbers, range(4))), "listed twice"),
        (lambda numbers: set(totals(numbers, range(4))), "type set: return a sorted list"),
        (lambda numbers: list(dict.fromkeys(totals(numbers, range(4)))), "not sorted"),
        (
            lambda numbers: list(set(totals(numbers, range(4)))),
            "totals of 3, 20, 40 are right, but not sorted",
        ),
        (lambda numbers: sorted(set(totals(numbers, range(4))), reverse=True), "not sorted"),
        (lambda numbers: sorted(set(totals(numbers, [3]))), "0 is missing"),
        (lambda numbers: sorted(set(totals(numbers, range(1, 4)))), "0 is missing"),
        (
            lambda numbers: sorted({a + b + c for a in numbers for b in numbers for c in numbers}),
            "is missing",
        ),
        (lambda numbers: sorted(set(totals((*numbers, *numbers), range(4)))), "at most once"),
        (lambda numbers: sorted(set(totals(numbers, range(len(numbers) + 1)))), "nothing above it"),
        (lambda numbers: len(set(totals(numbers, range(4)))), "type int: return a sorted list"),
        (lambda numbers: sorted(set(totals(numbers[-3:], range(4)))), "nothing above it"),
        (
            lambda numbers: [t + 0.4 if t < 9 else t for t in sorted(set(totals(numbers, range(4))))],
            "nothing above it",
        ),
    ],
    "plateau": [
        (hills, "divide by the width"),
        (lambda x, a, b, width: -hills(x, a, b, width) / width, "upside down"),
        (lambda x, a, b, width: hills(x, a, b, width) / 0.1, "width 0.2 it should be 0.5 at x = 0.2"),
        (lambda x, a, b, width: hills(x, a, b, 0.1) / 0.1, "width 0.2 it should be 0.5 at x = 0.2"),
        (
            lambda x, a, b, width: (
                (relu(x - a) - relu(x - a - width) - relu(x - b) + relu(x - b - width)) / width
            ),
            "should be 0.5 at x = 0.25",
        ),
        (lambda x, a, b, width: ((x >= a) & (x <= b)).astype(float), "should be 0.5 at x = 0.25"),
        (lambda x, a, b, width: float(np.max(hills(x, a, b, width))), "an array of shape (9,)"),
        (
            lambda x, a, b, width: (relu(x - a + width) - relu(x - a) - relu(x - b)) / width,
            "should be 0 at x = 1",
        ),
        (lambda x, a, b, width: hills(x, 0.3, 0.6, width) / width, "a = 0.25"),
        (lambda x, a, b, width: hills(x, a, 2 * a, width) / width, "a = 0.25"),
    ],
    "knot_gradient": [
        (lambda w, k, x, y: np.mean(2 * (w * relu(x - k) - y) * -w), "the hinge is shut"),
        (lambda w, k, x, y: np.mean(2 * (w * relu(x - k) - y) * -w * (x > 0)), "open where x > k"),
        (lambda w, k, x, y: slope(w, k, x, y).sum() / (x > k).sum(), "the mean is over all three points"),
        (lambda w, k, x, y: -np.mean(slope(w, k, x, y)), "the sign is not"),
        (lambda w, k, x, y: np.sum(slope(w, k, x, y)), "the risk is their mean"),
        (lambda w, k, x, y: np.mean(slope(w, k, x, y)) / 2, "the factor 2"),
        (lambda w, k, x, y: np.mean(slope(w, k, x, y)) / w, "the outer weight"),
        (lambda w, k, x, y: -np.mean(slope(w, k, x, y)) / w, "the outer weight"),
        (lambda w, k, x, y: np.mean(2 * (w * relu(x - k) - y) * relu(x - k)), "use the chain rule"),
        (lambda w, k, x, y: np.mean(2 * (w * relu(x - k) - y) * -abs(w) * (x > k)), "keep the sign of w"),
        (slope, "return a single number"),
    ],
}
