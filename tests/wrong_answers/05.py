"""Typical wrong answers to lecture 05's exercises, each with words that the reason must hold."""

import numpy as np


def swaps_that_undo(order):
    current, swaps = list(order), []
    for place in range(len(order)):
        found = current.index(place)
        if found != place:
            current[place], current[found] = current[found], current[place]
            swaps.append((place, found))
    return swaps


def swaps_by_bubbles(order):
    current, swaps = list(range(len(order))), []
    for place in range(len(order)):
        for found in range(current.index(order[place]), place, -1):
            current[found], current[found - 1] = current[found - 1], current[found]
            swaps.append((found, found - 1))
    return swaps


def by_the_inverse(W1, b1, W2, order):
    back = np.argsort(order)
    return W1[:, back], b1[back], W2[back]


WRONG = {
    "to_swaps": [
        (
            lambda order: [(k, f) for k, f in enumerate(order) if k < f],
            "and not into",
        ),  # where it was at first
        (swaps_that_undo, "take them in reverse order"),
        (swaps_by_bubbles, "never need more than"),
        (lambda order: list(order), "return a list of pairs of places"),
    ],
    "for_plain_images": [
        (lambda W, order: W[order], "ask which way the rows go"),
        (lambda W, order: W, "should give"),
        (lambda W, order: W[order][order][order], "should give"),  # right for cycles of two and of four
        (lambda W, order: W[np.argsort(order)].T, "the transpose"),
        (lambda W, order: W[:, order[:2] % 2], "should give"),  # columns in the place of rows
    ],
    "shuffle_hidden": [
        (lambda W1, b1, W2, order: (W1[:, order], b1[order], W2), "who listens to a unit"),
        (
            lambda W1, b1, W2, order: (W1[order], b1[order], W2[order]),
            "a unit is a *column* of W1 and a row of W2",
        ),
        (lambda W1, b1, W2, order: (W1[:, order], b1, W2[order]), "left their biases behind"),
        (by_the_inverse, "index with `order` itself"),
        (lambda W1, b1, W2, order: W1[:, order], "the three arrays"),
        (lambda W1, b1, W2, order: (W1[:, order].T, b1[order], W2[order]), "the transpose"),
    ],
}
