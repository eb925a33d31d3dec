"""Typical wrong answers to lecture 18's exercises, and the words that answer each."""

import numpy as np


def share(betas):
    return np.prod(1 - betas)


def clean(x, noise, a):
    return (x - np.sqrt(1 - a) * noise) / np.sqrt(a)


def same_noise_in_each_step(x0, noise, betas):
    for beta in betas:
        x0 = np.sqrt(1 - beta) * x0 + np.sqrt(beta) * noise
    return x0


WRONG = {
    "jump": [
        (lambda x0, noise, betas: share(betas) * x0 + (1 - share(betas)) * noise, "need a square root"),
        (
            lambda x0, noise, betas: np.sqrt(1 - share(betas)) * x0 + np.sqrt(share(betas)) * noise,
            "have changed places",
        ),
        (
            lambda x0, noise, betas: np.sqrt(1 - betas[-1]) * x0 + np.sqrt(betas[-1]) * noise,
            "the last step alone",
        ),
        (
            lambda x0, noise, betas: np.sqrt(1 - betas.sum()) * x0 + np.sqrt(betas.sum()) * noise,
            "the *sum* of the β",
        ),
        (
            lambda x0, noise, betas: np.sqrt(1 - betas.prod()) * x0 + np.sqrt(betas.prod()) * noise,
            "the product of the β is not the share",
        ),
        (lambda x0, noise, betas: x0 + np.sqrt(1 - share(betas)) * noise, "shrink the signal, too"),
        (lambda x0, noise, betas: np.sqrt(share(betas)) * x0 + noise, "gives 0.6 + 2.4 = 3"),
        (lambda x0, noise, betas: np.sqrt(share(betas)) * x0, "gives 0.6 + 2.4 = 3"),
        (
            lambda x0, noise, betas: np.sqrt(np.cumprod(1 - betas))[:, None] * x0 + noise,
            "return an array of shape (3,)",
        ),
        (
            lambda x0, noise, betas: (
                np.sqrt(np.cumprod(1 - betas)) * x0 + np.sqrt(1 - np.cumprod(1 - betas)) * noise
            ),
            "only the last counts",
        ),
        (same_noise_in_each_step, "so their *variances* add"),
    ],
    "step_back": [
        (lambda x, noise, a, b: clean(x, noise, a), "the guess of the clean x0"),
        (lambda x, noise, a, b: np.sqrt(b) * x + np.sqrt(1 - b) * noise, "x is not clean yet"),
        (
            lambda x, noise, a, b: np.sqrt(b) * (x - np.sqrt(1 - a) * noise) + np.sqrt(1 - b) * noise,
            "divide by √a as well",
        ),
        (
            lambda x, noise, a, b: np.sqrt(b) * clean(x, noise, a) + np.sqrt(1 - a) * noise,
            "mixed in for b, not for a",
        ),
        (
            lambda x, noise, a, b: np.sqrt(a) * clean(x, noise, a) + np.sqrt(1 - b) * noise,
            "scaled for b, not for a",
        ),
        (
            lambda x, noise, a, b: np.sqrt(a) * clean(x, noise, b) + np.sqrt(1 - a) * noise,
            "goes *into* the noise",
        ),
        (lambda x, noise, a, b: b * (x - (1 - a) * noise) / a + (1 - b) * noise, "take their square roots"),
        (lambda x, noise, a, b: np.sqrt(b) * clean(x, noise, a), "x does not belong to b"),
        (
            lambda x, noise, a, b: np.sqrt(b) * (x - np.sqrt(b) * noise) / np.sqrt(a) + np.sqrt(a) * noise,
            "0.8 · 1 + 0.6 · 2 = 2",
        ),
        (lambda x, noise, a, b: x - np.sqrt(1 - a) * noise, "0.8 · 1 + 0.6 · 2 = 2"),
        (
            lambda x, noise, a, b: (np.sqrt(b) * clean(x, noise, a) + np.sqrt(1 - b) * noise).mean(),
            "of shape (2, 2)",
        ),
    ],
    "more_often_right": [
        (lambda: {"half the noise"}, "'w = 2' belongs to them"),
        (lambda: {"w = 2"}, "'half the noise' belongs to them"),
        (lambda: ["w = 2", "half the noise", "twice the noise"], "not 'twice the noise'"),
        (lambda: {"w = 2", "half the noise", "w = -0.5"}, "not 'w = -0.5'"),
        (lambda: {"w = 2", "five steps"}, "none of the four"),
        (lambda: "w = 2", "return a set of names"),
    ],
}
