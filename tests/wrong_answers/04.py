"""Typical wrong answers to lecture 04's exercises, and words that the reason must contain."""

import numpy as np

WRONG = {
    "max_rate": [
        (lambda X: 2 / np.linalg.eigvalsh(X.T @ X)[-1], "a sum of losses"),
        (lambda X: 2 / np.linalg.eigvalsh(X.T @ X / X.shape[1])[-1], "divide by N, the rows"),
        (lambda X: 1 / np.linalg.eigvalsh(X.T @ X / len(X))[-1], "twice as large"),
        (lambda X: 2 / np.linalg.eigvalsh(X.T @ X / len(X))[0], "the steepest one sets the limit"),
        (lambda X: np.linalg.eigvalsh(X.T @ X / len(X))[-1], "λ_max itself"),
        (lambda X: -2 / np.linalg.eigvalsh(X.T @ X / len(X))[-1], "a rate is positive"),
        (lambda X: 2 / np.linalg.svd(X)[1][0], "squares of X's singular values"),
        (lambda X: 2 / np.diag(X.T @ X / len(X)).max(), "not their diagonal"),
        (lambda X: 2 / np.trace(X.T @ X / len(X)), "the eigenvalues 2 and ⅓"),
        (lambda X: 2 / np.linalg.eigvalsh(X.T @ X / len(X))[1], "with a third the eigenvalues are"),
        (lambda X: 2 / np.linalg.eigvalsh(X.T @ X / len(X)), "return a single number"),
        (lambda X: print(2 / np.linalg.eigvalsh(X.T @ X / len(X))[-1]), "is a `return` missing?"),
    ],
    "best_rates": [
        (lambda: (0.02, 0.1, 0.5), "which rate has forgotten"),
        (lambda: (0.1, 0.1, 0.02), "which rate has forgotten"),
        (lambda: (0.5, 0.5, 0.5), "the lowest floor wins"),
        (lambda: (0.5, 0.5, 0.02), "one of them is still large"),
        (lambda: [0.5, 0.02, 0.02], "one of them is still large"),
        (lambda: np.array([0, 1, 2]), "one of the rates 0.5, 0.1 and 0.02"),
        (lambda: 0.1, "one rate each for 3, 30 and 300 steps"),
        (lambda: {3: 0.5, 30: 0.1, 300: 0.02}, "return an array of shape (3,)"),
    ],
    "tail_average": [
        (lambda walks: walks[len(walks) // 2 :].mean(axis=1), "average over the steps"),
        (lambda walks: walks[len(walks) // 2 :].mean(), "one mean for each walk"),
        (lambda walks: walks[: len(walks) // 2].mean(axis=0), "the first half"),
        (lambda walks: walks.mean(axis=0), "all steps"),
        (lambda walks: walks[-1], "the last step alone"),
        (lambda walks: walks[len(walks) // 2 :].sum(axis=0), "divide by the number of its steps"),
        (lambda walks: -walks[len(walks) // 2 :].mean(axis=0), "average to (1, 4, 1)"),
        (lambda walks: walks[len(walks) // 2 :], "one mean for each walk"),
        (lambda walks: walks[2:].mean(axis=0), "right for four steps"),
        (lambda walks: walks[-2:].mean(axis=0), "right for four steps"),
    ],
}
