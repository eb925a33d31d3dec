"""Lecture 04's ten thousand SGD walks of 100 steps, against the plain loop that they replace.

- *Plain*: the lecture's `plain_walk`, once per walk: Python floats, a list, `random.choice`. No slow-downs
  are built in. A NumPy generator called once per step, the other obvious loop, takes about six times as long.
- *Array*: the lecture's `sgd`, all walks in one array. Both must settle on the variance that theory gives.
- *Peak memory*: the most that Python objects and arrays took at any time (`tracemalloc`).
"""

import random
import tracemalloc
from itertools import repeat

import numpy as np

from tests.lecture_source import definitions
from tools import ToolError
from tools.bench import median_seconds

N_WALKS, N_STEPS, EPS = 10_000, 100, 0.1


def measure():
    """Time both, compare their variance with theory's, and take the array's memory at two lengths."""
    plain_walk, sgd, last, standardise = definitions("04", "plain_walk", "sgd", "last", "standardise")
    rng = np.random.default_rng(0)
    targets = standardise(rng.standard_normal(1_000))

    def plain():
        listed, chance = targets.tolist(), random.Random(0)
        return [plain_walk(1.0, listed, EPS, N_STEPS, chance)[-1] for _ in range(N_WALKS)]

    def array(n_steps=N_STEPS):
        return last(sgd(np.ones(N_WALKS), targets, repeat(EPS, n_steps), rng))

    for walks in (plain(), array()):
        if abs(np.var(walks) / (EPS / (2 - EPS)) - 1) > 5 * np.sqrt(2 / N_WALKS):
            raise ToolError(f"the walks settle on the variance {np.var(walks):.4f}, not ε / (2 − ε)")
    plain_seconds, array_seconds = median_seconds(plain, array)
    yield "plain", plain_seconds, "s", None, None
    yield "array", array_seconds, "s", None, None
    yield "plain / array", plain_seconds / array_seconds, "", 20, None
    short, long = peak_mb(array, N_STEPS), peak_mb(array, 10 * N_STEPS)
    yield "array, peak memory", short, "MB", None, None
    yield "array, peak memory of ten times the steps / of these", long / short, "", None, 1.1


def peak_mb(run, *arguments):
    """Return the most memory, in MB, that a function's Python objects and arrays took at any time."""
    tracemalloc.start()
    run(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
