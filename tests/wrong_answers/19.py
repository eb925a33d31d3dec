"""Typical wrong answers to lecture 19's exercises, and the words that answer each."""

import numpy as np


def plain_step(x, y, eps):
    return x - eps * y, y + eps * x


def in_turn(x, y, eps):
    x = x - eps * y
    return x, y + eps * x


def from_the_trial(x, y, eps):
    return plain_step(*plain_step(x, y, eps), eps)


def up_and_down(x, y, eps):
    x_ahead, y_ahead = plain_step(x, y, eps)
    return x + eps * y_ahead, y - eps * x_ahead


def own_gradients(x, y, eps):
    x_ahead, y_ahead = plain_step(x, y, eps)
    return x - eps * x_ahead, y + eps * y_ahead


def y_first(x, y, eps):
    x_ahead, y_ahead = plain_step(x, y, eps)
    return y + eps * x_ahead, x - eps * y_ahead


def twice_the_step(x, y, eps):
    x_ahead, y_ahead = plain_step(x, y, eps)
    return x - 2 * eps * y_ahead, y + 2 * eps * x_ahead


WRONG = {
    "best_discriminator": [
        (lambda p, q, k: p / (p + q), "where does k come in"),
        (lambda p, q, k: k * p / (k * p + q), "k belongs to the made points"),
        (lambda p, q, k: k * q / (p + k * q), "probability of *made*"),
        (lambda p, q, k: k * p / (p + q), "cannot exceed 1"),
        (lambda p, q, k: p / (k * q), "ratio of densities"),
        (lambda p, q, k: np.log(p / (k * q)), "that is the logit"),
        (lambda p, q, k: p / (p + 3 * q), "wrong for k = 0.5"),
        (lambda p, q, k: p / (p + max(k, 1) * q), "wrong for k = 0.5"),
        (lambda p, q, k: p / (p + k + q), "0.4 / 0.7"),
        (lambda p, q, k: (p / (p + k * q)).mean(), "of shape (3,)"),
    ],
    "look_ahead": [
        (plain_step, "that is the plain step"),
        (in_turn, "that is a step in turn"),
        (from_the_trial, "step from where you were"),
        (up_and_down, "x goes down, y goes up"),
        (own_gradients, "x's gradient is y"),
        (y_first, "return x first"),
        (twice_the_step, "the step (0.86, 0.68)"),
        (lambda x, y, eps: x - eps * (y + eps * x), "of shape (2,)"),
        (lambda x, y, eps: (0.86, 0.68), "from (−2, 3)"),
        (lambda x, y, eps: (x - eps * y - eps**2, y + eps * x - eps**2 * y), "from (−2, 3)"),
    ],
    "which_arrive": [
        (lambda: {"look ahead", "in turn, −0.5"}, "0.65 of the distance"),
        (lambda: {"in turn"}, "not 'in turn': it goes round"),
        (lambda: {"at once", "look ahead"}, "not 'at once'"),
        (lambda: ["look ahead", "in turn, 0.5"], "not 'in turn, 0.5'"),
        (lambda: set(), "'look ahead' belongs to them"),
        (lambda: {"look-ahead"}, "none of the five"),
        (lambda: "look ahead", "return a set of names"),
    ],
}
