"""Typical wrong answers to lecture 17's exercises, and the words that answer each."""

import numpy as np


def distances(a, b):
    return np.linalg.norm(a[:, None] - b, axis=-1)


def inside(made, real, reach):
    return (distances(made, real) <= reach).any(axis=1)


def reach_of(real, k):
    return np.sort(distances(real, real), axis=1)[:, k]


def each_point_its_own_neighbour(real, made, k):
    return np.mean(inside(made, real, reach_of(real, k - 1)))


def recall(real, made, k):
    return np.mean(inside(real, made, reach_of(made, k)))


def number_in_place_of_share(real, made, k):
    return float(np.sum(inside(made, real, reach_of(real, k))))


def share_of_the_real_ones(real, made, k):
    return np.sum(inside(made, real, reach_of(real, k))) / len(real)


def in_every_ball(real, made, k):
    return np.mean((distances(made, real) <= reach_of(real, k)).all(axis=1))


def one_answer_for_each_point(real, made, k):
    return inside(made, real, reach_of(real, k))


def always_the_nearest(real, made, k):
    return np.mean(inside(made, real, reach_of(real, 1)))


def first_column_alone(real, made, k):
    return np.mean(inside(made[:, :1], real[:, :1], reach_of(real[:, :1], k)))


def by_another_norm(order):
    def answer(real, made, k):
        def apart(a, b):
            return np.linalg.norm(a[:, None] - b, order, axis=-1)

        return np.mean((apart(made, real) <= np.sort(apart(real, real), axis=1)[:, k]).any(axis=1))

    return answer


def one_reach_for_all(real, made, k):
    return np.mean(inside(made, real, reach_of(real, k).mean()))


WRONG = {
    "draw": [
        (lambda mean, log_var, noise: mean + np.exp(log_var) * noise, "times the *variance*"),
        (lambda mean, log_var, noise: mean + log_var * noise, "turned into a standard deviation"),
        (lambda mean, log_var, noise: mean + log_var / 2 * noise, "*logarithm* of the standard deviation"),
        (
            lambda mean, log_var, noise: mean + np.sqrt(np.abs(log_var)) * noise,
            "square root of the logarithm",
        ),
        (lambda mean, log_var, noise: np.exp(log_var / 2) * noise, "without the mean"),
        (lambda mean, log_var, noise: mean + np.exp(log_var / 2), "the noise is missing"),
        (lambda mean, log_var, noise: mean + np.exp(-log_var / 2) * noise, "the sign"),
        (lambda mean, log_var, noise: mean * noise + np.exp(log_var / 2), "1 + 2 · 1 = 3"),
        (lambda mean, log_var, noise: (mean + np.exp(log_var / 2) * noise).sum(axis=1), "of shape (2, 3)"),
        (lambda mean, log_var, noise: (mean + np.exp(log_var / 2) * noise).T, "the transpose"),
    ],
    "precision": [
        (each_point_its_own_neighbour, "nearest *other* point counts"),
        (recall, "that is the recall"),
        (number_in_place_of_share, "return the share"),
        (share_of_the_real_ones, "divide by the number of made points"),
        (in_every_ball, "one ball is enough"),
        (one_answer_for_each_point, "is one number"),
        (always_the_nearest, "right for k = 1; for k = 2"),
        (first_column_alone, "right on a line; in the plane"),
        (by_another_norm(1), "in the plane the distance is Euclidean"),
        (by_another_norm(np.inf), "in the plane the distance is Euclidean"),
        (one_reach_for_all, "5 of the 8 made points"),
    ],
    "better_than_the_vae": [
        (lambda: {"two hundred"}, "'copies' belongs to them"),
        (lambda: {"copies"}, "'two hundred' belongs to them"),
        (lambda: ["copies", "two hundred", "midpoints"], "not 'midpoints'"),
        (lambda: {"copies", "two hundred", "inverted"}, "not 'inverted'"),
        (lambda: {"copies", "blurred"}, "none of the four"),
        (lambda: "copies", "return a set of names"),
        (lambda: set(), "'copies' belongs to them"),
    ],
}
