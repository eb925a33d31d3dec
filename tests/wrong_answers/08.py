"""Typical wrong answers to lecture 08's exercises, each with words that the reason must hold."""

import numpy as np


def softmax(scores, axis=1):
    e = np.exp(scores)
    return e / e.sum(axis=axis, keepdims=True)


WRONG = {
    "activations_held": [
        (lambda L, k: L / k, "these are the checkpoints"),
        (lambda L, k: k, "this is one segment"),
        (lambda L, k: L + k, "one for each segment"),
        (lambda L, k: L, "they do not multiply"),
        (lambda L, k: 2 * np.sqrt(L), "count the checkpoints"),  # the best k, whatever k is asked for
        (lambda L, k: [L / k, k], "a single number"),
    ],
    "cross_entropy_gradient": [
        (lambda s, Y: (Y - softmax(s)) / len(Y), "the sign"),
        (lambda s, Y: softmax(s) - Y, "the risk is their mean"),
        (lambda s, Y: (softmax(s) - Y) / 2, "not always 2"),
        (lambda s, Y: (s - Y) / len(Y), "the softmax is missing"),
        (lambda s, Y: (softmax(s, axis=0) - Y) / len(Y), "axis 1"),
        (lambda s, Y: softmax(s) / len(Y), "what did Y ask for"),
        (lambda s, Y: ((softmax(s) - Y) / len(Y)).T, "the transpose"),
        (lambda s, Y: -np.mean(np.sum(Y * np.log(softmax(s)), axis=1)), "shape (2, 3)"),  # the risk itself
    ],
    "through_skip": [
        (lambda P, H, W, c: c * (P * (H @ W > 0)) @ W.T, "the branch alone"),
        (lambda P, H, W, c: P, "the skip alone"),
        (lambda P, H, W, c: P + (P * (H @ W > 0)) @ W.T, "the scale c"),
        (lambda P, H, W, c: P + c * P @ W.T, "the gate is missing"),
        (lambda P, H, W, c: P + c * (P * (H @ W > 0)) @ W, "takes W transposed"),
        (lambda P, H, W, c: (P + c * P @ W.T) * (H @ W > 0), "add the two paths"),
        (lambda P, H, W, c: P + c * (P * (H > 0)) @ W.T, "looks at HW"),
        (lambda P, H, W, c: P + c * (P * np.sign(H @ W)) @ W.T, "add the two paths"),
        (lambda P, H, W, c: P + c * (P * np.clip(H @ W, 0, 1)) @ W.T, "add the two paths"),
        (lambda P, H, W, c: P + c * (P * (H @ W != 0)) @ W.T, "the gate is missing"),
        (lambda P, H, W, c: P * (H @ W > 0) + c * (P * (H @ W > 0)) @ W.T, "the skip has none"),
    ],
}
