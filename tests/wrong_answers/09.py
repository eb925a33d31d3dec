"""Typical wrong answers to lecture 09's exercises, and words that the reason must contain."""

import numpy as np


def damp(d, n, lam):
    s = d**2 / n
    return s / (s + lam)


def singular(X):
    return np.linalg.svd(X, compute_uv=False)


def cosines(x, p):
    k = np.arange(p)
    return np.cos(np.pi * k * np.asarray(x)[:, None]) / np.maximum(k, 1)


def fit(x, y, p):
    return np.linalg.lstsq(cosines(x, p), y, rcond=None)[0]


def rms(residual):
    return np.sqrt(np.mean(residual**2))


def in_place(h, p, rng):
    h *= (rng.random(h.shape) >= p) / (1 - p)
    return h


def by_equations(n, x, y, x_new, y_new, p=12):
    A = cosines(x[:n], p)
    w = np.linalg.solve(A.T @ A + 1e-3 * np.eye(p) * (n < p), A.T @ y[:n])
    return rms(cosines(x_new, p) @ w - y_new)


WRONG = {
    "dropout": [
        (lambda h, p, rng: h * (rng.random(h.shape) >= p), "nothing was divided"),
        (lambda h, p, rng: h * (rng.random(h.shape) >= p) * (1 - p), "multiplied by 1 − p"),
        (lambda h, p, rng: h * (rng.random(h.shape) >= p) / p, "divided by p"),
        (lambda h, p, rng: h * (rng.random(h.shape) < p) / p, "p is the share to drop"),
        (lambda h, p, rng: h * (rng.random(h.shape[1]) >= p) / (1 - p), "for every entry"),
        (lambda h, p, rng: h * (rng.random((len(h), 1)) >= p) / (1 - p), "for every entry"),
        (lambda h, p, rng: h * (rng.random(h.shape) >= 0.5) / 0.5, "a share of 0.2 should be zero"),
        (lambda h, p, rng: h, "or nothing does"),
        (in_place, "changed its input"),
        (lambda h, p, rng: np.where(rng.random(h.shape) < p, 0, 3.75), "must grow by 1.25"),
        (lambda h, p, rng: h.mean() * (rng.random(h.shape) >= p) / (1 - p), "must grow by 1.25"),
        (lambda h, p, rng: h * (rng.random(h.shape) >= 0.2) / 0.8, "with p = 0.5 a share of 0.5"),
        (
            lambda h, p, rng: h * (np.random.default_rng().random(h.shape) >= p) / (1 - p),
            "the rng that is handed in",
        ),
        (lambda h, p, rng: h[rng.random(h.shape) >= p] / (1 - p), "an array of shape (400, 50)"),
    ],
    "effective_parameters": [
        (lambda X, lam: np.sum(1 - damp(singular(X), len(X), lam)), "the parameters that were lost"),
        (lambda X, lam: np.sum(damp(singular(X), 1, lam)), "divide d² by n"),
        (lambda X, lam: np.sum(singular(X) / (singular(X) + lam)), "square the singular values"),
        (lambda X, lam: np.sum(damp(singular(X), X.shape[1], lam)), "not of columns"),
        (lambda X, lam: np.mean(damp(singular(X), len(X), lam)), "the sum is asked for"),
        (lambda X, lam: X.shape[1], "λ must damp"),
        (lambda X, lam: np.sum(damp(singular(X), len(X), 1)), "not for λ = 3"),
        (lambda X, lam: np.sum(damp(singular(X), len(X), lam**2)), "not for λ = 3"),
        (lambda X, lam: lam * np.sum(damp(singular(X), len(X), lam)), "not for λ = 3"),
        (lambda X, lam: np.sum(damp(np.linalg.norm(X, axis=0), len(X), lam)), "column norms"),
        (lambda X, lam: damp(singular(X), len(X), lam), "return a single number"),
    ],
    "error_with": [
        (by_equations, "and minimum_norm"),
        (
            lambda n, x, y, x_new, y_new, p=12: rms(cosines(x_new, p) @ fit(x[:n], y[:n], p) - y_new) ** 2,
            "take its root",
        ),
        (
            lambda n, x, y, x_new, y_new, p=12: rms(cosines(x[:n], p) @ fit(x[:n], y[:n], p) - y[:n]),
            "judge the fit on x_new",
        ),
        (
            lambda n, x, y, x_new, y_new, p=12: rms(cosines(x_new, p) @ fit(x, y, p) - y_new),
            "the first n only",
        ),
        (
            lambda n, x, y, x_new, y_new, p=12: np.mean(
                np.abs(cosines(x_new, p) @ fit(x[:n], y[:n], p) - y_new)
            ),
            "fit, then predict",
        ),
        (
            lambda n, x, y, x_new, y_new, p=12: rms(cosines(x_new, 2) @ fit(x[:n], y[:n], 2) - y_new),
            "use p terms",
        ),
        (
            lambda n, x, y, x_new, y_new, p=12: rms(cosines(x_new, n) @ fit(x[:n], y[:n], n) - y_new),
            "fit, then predict",
        ),
        (
            lambda n, x, y, x_new, y_new, p=12: cosines(x_new, p) @ fit(x[:n], y[:n], p) - y_new,
            "return a single number",
        ),
    ],
}
