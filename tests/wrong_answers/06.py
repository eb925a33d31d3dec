"""Typical wrong answers to lecture 06's exercises, and the words that answer each."""

import numpy as np


def pieces_of_rows(x, k):
    height, width = x.shape
    return x.reshape(height // k, width // k, k, k).max(axis=(2, 3))


def mean_of_blocks(x, k):
    height, width = x.shape
    return x.reshape(height // k, k, width // k, k).mean(axis=(1, 3))


def wrong_axes(x, k):
    height, width = x.shape
    return x.reshape(height // k, k, width // k, k).max(axis=(0, 2))


def transposed_blocks(x, k):
    height, width = x.shape
    return x.reshape(height // k, k, width // k, k).max(axis=(1, 3)).T


def one_dimension_only(x, k):
    return x.reshape(x.shape[0], -1, k).max(axis=2)


def corners(x, k):
    return x[::k, ::k]


def two_by_two_of_each_block(x, k):
    height, width = x.shape
    return x.reshape(height // k, k, width // k, k)[:, :2, :, :2].max(axis=(1, 3))


def always_two(x, k):
    height, width = x.shape
    if height % 2 or width % 2:
        x = x[: height // 2 * 2, : width // 2 * 2]
    return x.reshape(height // 2, 2, width // 2, 2).max(axis=(1, 3))


def search_from_zero(x, k):
    height, width = x.shape
    return np.maximum(x.reshape(height // k, k, width // k, k).max(axis=(1, 3)), 0)


def no_flip(x, w, correlate):
    return correlate(x, w)


def rows_flipped(x, w, correlate):
    return correlate(x, w[::-1])


def columns_flipped(x, w, correlate):
    return correlate(x, w[:, ::-1])


def transposed_weights(x, w, correlate):
    return correlate(x, w.T)


def transposed_and_flipped(x, w, correlate):
    return correlate(x, w[::-1, ::-1].T)


def picture_flipped(x, w, correlate):
    return correlate(x[::-1, ::-1], w)


def answer_flipped(x, w, correlate):
    return correlate(x, w)[::-1, ::-1]


def of_full_size(x, w, correlate):
    return correlate(np.pad(x, len(w) - 1), w[::-1, ::-1])


WRONG = {
    "pool_blocks": [
        (pieces_of_rows, "cut the rows into pieces"),
        (mean_of_blocks, "took the mean"),
        (wrong_axes, "an array of shape (2, 2)"),
        (transposed_blocks, "the transpose"),
        (one_dimension_only, "an array of shape (4, 3)"),
        (corners, "one corner of each block"),
        (always_two, "with k = 3"),
        (two_by_two_of_each_block, "right for k = 2"),
        (search_from_zero, "start at 0"),
    ],
    "true_convolution": [
        (no_flip, "no flip at all"),
        (rows_flipped, "the columns must be flipped as well"),
        (columns_flipped, "the rows must be flipped as well"),
        (transposed_weights, "a flip is not a transpose"),
        (transposed_and_flipped, "do not transpose it"),
        (picture_flipped, "no flip at all"),
        (answer_flipped, "flip the weights, and nothing else"),
        (of_full_size, "an array of shape (7, 7)"),
    ],
    "surviving_digits": [
        (lambda: [0, 1, 8], "an array of shape (3,)"),
        (lambda: [0, 1, 3, 8], "3 is not among the four"),
        (lambda: [0, 2, 5, 8], "2 is not among the four"),
        (lambda: np.isin(np.arange(10), [0, 1, 4, 8]), "an array of shape (10,)"),
        (lambda: [0, 1, 8, 8], "four different whole numbers"),
        (lambda: "0148", "name four digits"),
        (lambda: {0, 6, 8, 9}, "6 is not among the four"),
    ],
}
