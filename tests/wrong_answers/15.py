"""Typical wrong answers to lecture 15's exercises, each with words that the reason must hold."""

import numpy as np


def softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def softmax_over_columns(scores, real):
    powers = np.exp(np.where(real, scores, -np.inf))
    return powers / powers.sum(axis=0).clip(1e-300)


WRONG = {
    "causal_mask": [
        (lambda n: np.triu(np.ones((n, n), dtype=bool)), "turned round"),
        (lambda n: np.tril(np.ones((n, n), dtype=bool), -1), "look at itself"),
        (lambda n: np.ones((n, n), dtype=bool), "look ahead"),
        (lambda n: np.triu(np.ones((n, n), dtype=bool), 1), "the opposite"),
        (lambda n: np.tril(np.ones((n, n))), "booleans"),
        (lambda n: np.where(np.tril(np.ones((n, n))) > 0, 0, -np.inf), "booleans"),
        (lambda n: np.eye(n, dtype=bool), "True up to column i"),
        (lambda n: np.arange(n) <= n, "shape (4, 4)"),
    ],
    "weights_without_padding": [
        (lambda scores, real: softmax(scores) * real, "no longer sum to 1"),
        (lambda scores, real: softmax(scores * real), "exp(0) = 1"),
        (lambda scores, real: softmax(scores), "still gets its share"),
        (lambda scores, real: softmax(np.where(real, -1e9, scores)), "turned round"),
        (softmax_over_columns, "wrong axis"),
        (lambda scores, real: softmax(np.where(real, scores, -np.inf)).T, "the transpose"),
        (lambda scores, real: softmax(scores[:, real]), "shape (3, 4)"),
        (lambda scores, real: np.where(real, scores, -np.inf), "over the real keys alone"),
        (lambda scores, real: softmax(np.where(real, scores, -100)), "over the real keys alone"),
        (
            lambda scores, real: np.pad(softmax(scores[:, : real.sum()]), ((0, 0), (0, (~real).sum()))),
            "over the real keys alone",
        ),
    ],
    "bits_per_character": [
        (lambda nats, n_tokens, n_characters: nats * n_tokens / n_characters, "these are nats"),
        (lambda nats, n_tokens, n_characters: nats / np.log(2), "per token"),
        (lambda nats, n_tokens, n_characters: nats / np.log(2) * n_characters / n_tokens, "upside down"),
        (lambda nats, n_tokens, n_characters: nats * np.log(2) * n_tokens / n_characters, "more than a bit"),
        (lambda nats, n_tokens, n_characters: nats / np.log(2) * n_tokens, "the whole text"),
        (lambda nats, n_tokens, n_characters: -nats / np.log(2) * n_tokens / n_characters, "it should be"),
    ],
}
