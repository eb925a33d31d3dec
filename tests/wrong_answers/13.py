"""Typical wrong answers to lecture 13's exercises, each with words that the reason must hold."""

import numpy as np

SETS = {"RNN": 1, "LSTM": 4, "GRU": 3}


def each_clipped_by_itself(gradients, limit):
    return [g * min(1, limit / np.linalg.norm(g)) for g in gradients]


def always_scaled(gradients, limit):
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * limit / length for g in gradients]


def squared_length(gradients, limit):
    squares = sum(np.sum(g**2) for g in gradients)
    return [g * min(1, limit / squares) for g in gradients]


def forgets_the_limit(gradients, limit):
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g / length for g in gradients] if length > limit else gradients


def turned_round(gradients, limit):
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [-g * min(1, limit / length) for g in gradients]


def other_direction(gradients, limit):
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return gradients if length <= limit else [np.array([limit, 0.0]), np.array([[0.0]])]


WRONG = {
    "parameters": [
        (lambda kind, n, m: SETS[kind] * m * (n + m), "the biases are missing"),
        (lambda kind, n, m: SETS[kind] * m * (n + 1), "every unit's last state"),
        (lambda kind, n, m: m * (n + m + 1), "one set of weights"),
        (lambda kind, n, m: SETS[kind] * m * (n + m + 1), "a second bias"),
        (
            lambda kind, n, m: SETS[kind] * m * (n + m + 1) if kind == "RNN" else 3 * m * (n + m + 1),
            "make four sets",
        ),
        (lambda kind, n, m: 12 * SETS[kind] * m * (n + m + 1), "and Keras counts 24"),  # once for each step
        (lambda kind, n, m: np.array([m * n, m * m, m]), "a single number"),
    ],
    "mixed_bits": [
        (lambda p, q, lam: -np.log(lam * p + (1 - lam) * q).mean(), "take log2"),
        (lambda p, q, lam: lam * -np.log2(p).mean() + (1 - lam) * -np.log2(q).mean(), "not the bits"),
        (lambda p, q, lam: -np.log2(lam * q + (1 - lam) * p).mean(), "λ belongs to p"),
        (lambda p, q, lam: np.log2(lam * p + (1 - lam) * q).mean(), "not negative"),
        (lambda p, q, lam: -np.log2(lam * p + (1 - lam) * q).sum(), "not the sum"),
        (lambda p, q, lam: -np.log2((lam * p + (1 - lam) * q).mean()), "then the mean"),
        (lambda p, q, lam: -np.log2(lam * p + (1 - lam) * q), "a single number"),
    ],
    "clip": [
        (each_clipped_by_itself, "over *all* arrays should be 2"),
        (always_scaled, "below the limit 10 and stays"),
        (squared_length, "over *all* arrays should be 2"),
        (lambda gradients, limit: [np.clip(g, -limit, limit) for g in gradients], "over *all* arrays"),
        (forgets_the_limit, "should be 2, and is 1.000"),
        (turned_round, "the sign"),
        (other_direction, "one factor for all arrays"),
        (lambda gradients, limit: np.concatenate([g.ravel() for g in gradients])[:1], "a list of 2 arrays"),
    ],
}
