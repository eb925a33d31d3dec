"""The judge of made digits (lectures 17 to 19): a small classifier, and what it says of sets of pictures.

>>> from utils import judge
>>> referee = judge.train(x_train, y_train, x_test)
>>> referee.verdict(made).distance

No single figure of a verdict is enough: lecture 17 shows what fools each. Keras is imported when a judge is
trained and not before, so that `frechet_distance`, `precision_recall` and `nearest` need NumPy alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_FEATURES = 64
N_COMPARED = 2_000  # pictures that precision and recall look at: their cost grows with the square


@dataclass(frozen=True)
class Verdict:
    """What a judge says of a set of pictures.

    Attributes
    ----------
    distance
        Squared Fréchet distance between its features of the pictures and of the reference digits. Small is
        good. It is too large, about in proportion to one over the number of pictures, and not 0 for real
        digits either: compare sets of one size, and give that of as many real digits beside it.
    sure
        Mean of the largest class probability, 0.1 to 1.
    precision, recall
        Share of the pictures that look like reference digits, and of the reference digits that look like
        some picture, 0 to 1 (`precision_recall`, with at most 2,000 of each).
    bits
        Entropy of the classes that it names, log2(10) = 3.32 if all ten are equally frequent.
    """

    distance: float
    sure: float
    precision: float
    recall: float
    bits: float


class Judge:
    """A trained classifier of digits and the features of its reference digits. Made by `train`."""

    def __init__(self, model, reference: np.ndarray):
        """Take a model, rows of pixels -> [features (n, 64), probabilities (n, 10)], and reference digits."""
        self.model = model
        self.reference = self.features(reference)

    def features(self, pictures) -> np.ndarray:
        """Return the last hidden layer's answers (n, 64), float64, to pictures as `flat` takes them."""
        return self._look(pictures)[0].astype(float)

    def probabilities(self, pictures) -> np.ndarray:
        """Return the probabilities of the ten classes, (n, 10), for pictures as `flat` takes them."""
        return self._look(pictures)[1]

    def verdict(self, pictures) -> Verdict:
        """Judge a set of at least four pictures, as `flat` takes them; the same pictures, the same verdict.

        Precision and recall compare at most 2,000 pictures with as many reference digits, drawn at random.
        """
        features, probabilities = self._look(pictures)
        features = features.astype(float)
        frequency = np.bincount(probabilities.argmax(axis=1), minlength=10) / len(probabilities)
        seen = frequency[frequency > 0]
        precision, recall = precision_recall(_some(self.reference), _some(features))
        return Verdict(
            distance=frechet_distance(features, self.reference),
            sure=float(probabilities.max(axis=1).mean()),
            precision=precision,
            recall=recall,
            bits=float(-np.sum(seen * np.log2(seen))),
        )

    def _look(self, pictures):
        import keras

        parts = [self.model(rows, training=False) for rows in _batches(flat(pictures))]
        return [
            np.concatenate([keras.ops.convert_to_numpy(part) for part in one])
            for one in zip(*parts, strict=True)
        ]


def train(x, y, reference, *, seed: int = 0, n_epochs: int = 4) -> Judge:
    """Train a judge: 784 pixels, 256 and 64 ReLU units with dropout between, ten classes.

    Seeds Keras's random numbers with `seed`, and shows a bar.

    Parameters
    ----------
    x
        Digits to train on, as `flat` takes them. Keras keeps what a model was fitted to: a tensor of shape
        (n, 784) that others were fitted to as well is kept only once.
    y
        Their labels, whole numbers from 0 to 9, of shape (n,).
    reference
        Real digits not among them, with which made ones are compared.
    n_epochs
        At least so many; more where there are few digits, so that 300 steps are taken.

    Raises
    ------
    ValueError
        If pictures are not as `flat` takes them, or labels and digits differ in number.
    """
    rows, y, reference = flat(x), np.asarray(y), flat(reference)
    if y.shape != (len(rows),):
        raise ValueError(f"{len(rows):,} digits need labels of shape ({len(rows)},), not {y.shape}")
    import keras
    from tqdm import tqdm
    from tqdm.keras import TqdmCallback

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((784,))
    hidden = keras.layers.Dropout(0.2)(keras.layers.Dense(256, activation="relu")(inputs))
    features = keras.layers.Dense(N_FEATURES, activation="relu")(hidden)
    probabilities = keras.layers.Dense(10, activation="softmax")(features)
    batch_size = min(250, len(rows))
    steps = -(-len(rows) // batch_size)
    n_epochs = max(n_epochs, -(-300 // steps))
    rate = keras.optimizers.schedules.CosineDecay(4e-3, n_epochs * steps)
    classifier = keras.Model(inputs, probabilities)
    classifier.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", steps_per_execution=min(20, steps)
    )
    bar = TqdmCallback(verbose=0, tqdm_class=tqdm, desc="judge")
    if not keras.ops.is_tensor(x) or x.shape != rows.shape:
        x = keras.ops.convert_to_tensor(rows)
    del rows
    classifier.fit(x, y, batch_size=batch_size, epochs=n_epochs, verbose=0, callbacks=[bar])
    return Judge(keras.Model(inputs, [features, probabilities]), reference)


def flat(pictures) -> np.ndarray:
    """Return pictures as rows of float32, (n, 784).

    Parameters
    ----------
    pictures
        Of shape (n, 28, 28), (n, 28, 28, 1) or (n, 784), 0 (paper) to 1 (ink).

    Raises
    ------
    ValueError
        If they have another shape, there are none, or they hold anything but numbers from 0 to 1.
    """
    pictures = np.asarray(pictures)
    if pictures.shape[1:] not in {(784,), (28, 28), (28, 28, 1)} or not len(pictures):
        raise ValueError(f"digits have the shape (n, 28, 28) or (n, 784), not {pictures.shape}")
    low, high = pictures.min(), pictures.max()
    if not 0 <= low <= high <= 1:  # NaN, too
        raise ValueError(
            f"pixels run from 0 (paper) to 1 (ink); these run from {low:g} to {high:g}:"
            " divide by 255, or clip what lies outside"
        )
    return pictures.reshape(len(pictures), 784).astype("float32", copy=False)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the squared Fréchet distance between the normal distributions fitted to two sets of rows.

    ‖m_a − m_b‖² + tr(A + B − 2(A^½ B A^½)^½), with means m and covariances A and B: Dowson and Landau 1982;
    with a network's features it is the FID of Heusel et al. 2017.

    Parameters
    ----------
    a, b
        Of shapes (n, d) and (m, d), with n and m at least 2.

    Raises
    ------
    ValueError
        If the sets do not have the same number of columns, or one has fewer than two rows.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"two sets of at least two rows of one length are needed, not {a.shape} and {b.shape}"
        )
    A, B = (np.atleast_2d(np.cov(rows.T)) for rows in (a, b))
    variances, axes = np.linalg.eigh(A)
    root = axes * np.sqrt(np.maximum(variances, 0)) @ axes.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ B @ root), 0)).sum()
    return float(np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2) + np.trace(A) + np.trace(B) - 2 * cross)


def precision_recall(real: np.ndarray, made: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Return precision and recall of made rows against real ones (Kynkäänniemi et al. 2019).

    Each row of a set owns a ball that reaches to its k-th nearest neighbour within the set. Precision is the
    share of made rows that lie in some real row's ball, recall that of real rows in some made row's ball.

    Parameters
    ----------
    real, made
        Features of shapes (n, d) and (m, d), with n and m larger than k.

    Raises
    ------
    ValueError
        If a set has not more than k rows.
    """
    if min(len(real), len(made)) <= k:
        raise ValueError(
            f"{k} neighbours need more than {k} rows in each set, not {len(real)} and {len(made)}"
        )

    def share(points, owners):
        """Return the share of points that lie in the ball of at least one owner."""
        reach = [np.partition(_squared_distances(some, owners), k, axis=1)[:, k] for some in _batches(owners)]
        reach = np.concatenate(reach)  # place k: at 0 is the owner itself
        inside = [(_squared_distances(some, owners) <= reach).any(axis=1) for some in _batches(points)]
        return float(np.mean(np.concatenate(inside)))

    return share(made, real), share(real, made)


def nearest(pictures, stored) -> np.ndarray:
    """Return for each picture the Euclidean distance to the nearest of the stored ones, of shape (n,).

    Both as `flat` takes them. A sampler that copies its training digits has distances near 0 here.
    """
    pictures, stored = flat(pictures), flat(stored)
    return np.sqrt(
        np.concatenate([_squared_distances(rows, stored).min(axis=1) for rows in _batches(pictures, 100)])
    )


def _squared_distances(a, b):
    """Return the squared Euclidean distances (n, m) between the rows of a (n, d) and of b (m, d)."""
    of_a, of_b = (np.einsum("ij,ij->i", rows, rows) for rows in (a, b))  # without a copy of many rows
    return np.maximum(of_a[:, None] + of_b - 2 * (a @ b.T), 0)


def _batches(rows, size=500):
    """Return rows in parts of at most `size`."""
    return np.array_split(rows, -(-len(rows) // size))


def _some(rows):
    """Return at most N_COMPARED rows, drawn at random and always the same."""
    return rows[np.random.default_rng(0).permutation(len(rows))[:N_COMPARED]]
