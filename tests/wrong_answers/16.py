"""Typical wrong answers to lecture 16's exercises, each with words that the reason must hold."""

import numpy as np


def degrees_of_A(A):
    d = A.sum(axis=1)
    return (A + np.eye(len(A))) / np.sqrt(np.outer(d, d))


def one_side(A):
    B = A + np.eye(len(A))
    return B / np.sqrt(B.sum(axis=1, keepdims=True))


def without_self(A):
    d = A.sum(axis=1)
    return A / np.sqrt(np.outer(d, d))


def row_means(A):
    B = A + np.eye(len(A))
    return B / B.sum(axis=1, keepdims=True)


def degrees_of_one_graph(A):
    d = np.resize([3, 3, 4, 2], len(A))
    return (A + np.eye(len(A))) / np.sqrt(np.outer(d, d))


def exactly(A, rows, k):
    return np.sum(np.linalg.matrix_power(A, k)[rows].sum(axis=0) > 0)


def walks(A, rows, k):
    return np.linalg.matrix_power(A + np.eye(len(A)), k)[rows].sum()


def once_for_each(A, rows, k):
    return np.sum(np.linalg.matrix_power(A + np.eye(len(A)), k)[rows] > 0)


def one_too_far(A, rows, k):
    return np.sum(np.linalg.matrix_power(A + np.eye(len(A)), k + 1)[rows].sum(axis=0) > 0)


def only_new(A, rows, k):
    return np.sum(np.linalg.matrix_power(A + np.eye(len(A)), k)[rows].sum(axis=0) > 0) - len(rows)


def names_of_nodes(A, rows, k):
    return np.flatnonzero(np.linalg.matrix_power(A + np.eye(len(A)), k)[rows].sum(axis=0))


WRONG = {
    "to_S": [
        (without_self, "nobody is their own neighbour"),
        (row_means, "on *both* sides"),
        (one_side, "scaled on one side only"),
        (degrees_of_A, "the degrees are those of A"),
        (lambda A: A + np.eye(4), "without scaling"),
        (lambda A: A, "should be 0.333"),
        (lambda A: A.sum(axis=1), "an array of shape (4, 4)"),
        (degrees_of_one_graph, "for a graph of 6 nodes"),
    ],
    "rename": [
        (lambda edges, order: order[edges], "the wrong direction"),
        (lambda edges, order: edges, "still have their old names"),
        (lambda edges, order: np.argsort(order)[edges][:, ::-1], "runs backwards"),
        (lambda edges, order: np.argsort(order)[edges].T, "the transpose"),
        (lambda edges, order: edges[order], "the first edge joined"),  # reorders the edges
        (lambda edges, order: np.array([10, 11, 12, 13])[edges], "the new names are 0 to 3"),
    ],
    "reached": [
        (exactly, "of *exactly*"),
        (walks, "counts walks"),
        (once_for_each, "count it once"),
        (one_too_far, "is the count for"),
        (only_new, "leaves out the nodes that were given"),
        (names_of_nodes, "a single number"),
    ],
}
