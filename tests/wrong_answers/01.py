"""Lecture 01: typical wrong answers to its exercises, and words that the reason must contain."""

import numpy as np


def one_hot_transposed(codes, k):
    return np.eye(k)[:, codes]


def one_hot_as_wide_as_the_largest_code(codes, k):
    return np.eye(codes.max() + 1)[codes]


def one_hot_counted_from_one(codes, k):
    return np.eye(k)[codes - 1]


def one_hot_renumbered(codes, k):
    return np.eye(k)[np.unique(codes, return_inverse=True)[1]]


def one_hot_codes_in_place_of_ones(codes, k):
    return np.eye(k)[codes] * codes[:, None]


def one_hot_codes_as_they_are(codes, k):
    return codes


def one_hot_zeros_and_ones_exchanged(codes, k):
    return 1 - np.eye(k)[codes]


def one_hot_of_five_columns(codes, k):
    return np.eye(5)[codes]


def noise_added(rmse, noise):
    return rmse + noise


def noise_ignored(rmse, noise):
    return rmse


def noise_alone(rmse, noise):
    return max(rmse, noise)


def noise_without_the_root(rmse, noise):
    return rmse**2 + noise**2


def noise_averaged(rmse, noise):
    return (rmse + noise) / 2


def noise_subtracted(rmse, noise):
    return abs(rmse**2 - noise**2) ** 0.5


def noise_halved(rmse, noise):
    return (rmse**2 + noise**2 / 2) ** 0.5


def noise_and_one(rmse, noise):
    return noise + 1.0


def noise_for_3_and_4_only(rmse, noise):
    return 5.0


def ridge_scalar_added(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha, X.T @ y)


def ridge_identity_of_rows(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha * np.eye(len(X)), X.T @ y)


def ridge_without_alpha(X, y, alpha):
    return np.linalg.lstsq(X, y, rcond=None)[0]


def ridge_wrong_sign(X, y, alpha):
    return np.linalg.solve(X.T @ X - alpha * np.eye(X.shape[1]), X.T @ y)


def ridge_times_rows(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha * len(X) * np.eye(X.shape[1]), X.T @ y)


def ridge_half_alpha(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha / 2 * np.eye(X.shape[1]), X.T @ y)


def ridge_predictions(X, y, alpha):
    return X @ np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


def ridge_column(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)[:, None]


WRONG = {
    "one_hot": [
        (one_hot_transposed, "the transpose"),
        (one_hot_as_wide_as_the_largest_code, "even if some code never occurs"),
        (one_hot_counted_from_one, "the code 3 has its one in column 2"),
        (one_hot_renumbered, "the code 3 has its one in column 2"),
        (one_hot_codes_in_place_of_ones, "each row needs one 1 and zeros elsewhere"),
        (one_hot_codes_as_they_are, "an array of shape (4,)"),
        (one_hot_zeros_and_ones_exchanged, "each row needs one 1 and zeros elsewhere"),
        (one_hot_of_five_columns, "the code 0 with k = 2 should give [[1, 0]]"),
    ],
    "with_noise": [
        (noise_added, "half the time it pushes back"),
        (noise_ignored, "nobody can predict a coin"),
        (noise_alone, "the smaller still adds"),
        (noise_without_the_root, "take the root"),
        (noise_averaged, "noise never makes a model better"),
        (noise_subtracted, "do not subtract"),
        (noise_halved, "mean *squared* error"),
        (noise_and_one, "for 8 and 6 you say 7"),
        (noise_for_3_and_4_only, "for 8 and 6 you say 5"),
    ],
    "ridge": [
        (ridge_scalar_added, "every entry"),
        (ridge_identity_of_rows, "a row for each *column* of X"),
        (ridge_without_alpha, "alpha changed nothing"),
        (ridge_wrong_sign, "wrong sign"),
        (ridge_times_rows, "multiplied by the number of rows"),
        (ridge_half_alpha, "(0.71, 1.43)"),
        (ridge_predictions, "one weight for each column of X"),
        (ridge_column, "an array of shape (2, 1)"),
    ],
}
