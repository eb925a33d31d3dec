"""MNIST: 70,000 handwritten digits."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

import numpy as np

from utils.datasets import store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found

Split = tuple[np.ndarray, np.ndarray]
N_TRAINING_DIGITS = 1_500  # in the stand-in


def load_mnist() -> tuple[Split, Split]:
    """Load the handwritten digits of MNIST.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images uint8, 0 (paper) to 255 (ink), of shape (n, 28, 28); labels uint8, 0 to 9, of shape (n,).
        n is 60,000 and 10,000; in the stand-in 1,500 and 297.

    Raises
    ------
    DataError
        If the files are broken, or missing while COURSE_DATA_POLICY is real.
    """
    return store.load("mnist", read=_read, stand_in=digits, summarise=_summarise)


@store.checks("mnist")
def check(found: Found) -> None:
    """Raise DataError unless the files hold images and labels that fit together."""
    _read(found)


def _summarise(splits: tuple[Split, Split]) -> str:
    (x_train, _), (x_test, _) = splits
    return f"{len(x_train):,} + {len(x_test):,} images"


def _read(found: Found) -> tuple[Split, Split]:
    try:
        arrays = _read_npz(found.path) if len(found.paths) == 1 else [_read_idx(path) for path in found.paths]
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{found.path.name} cannot be read: {error}") from None
    train, test = tuple(arrays[:2]), tuple(arrays[2:])
    for x, y in (train, test):
        fits = x.shape == (len(y), 28, 28) and y.ndim == 1 and x.dtype == y.dtype == np.uint8
        if not fits or y.max(initial=0) > 9:
            raise DataError(f"{found.path.name} does not hold digits of 28 by 28 pixels with labels 0 to 9")
    return train, test


def _read_npz(path: Path) -> list[np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")]


def _read_idx(path: Path) -> np.ndarray:
    """One array of unsigned bytes in the idx format (http://yann.lecun.com/exdb/mnist/).

    Two zero bytes, the type (8), the number of dimensions, each dimension as a big-endian int32, the values.
    """
    content = gzip.decompress(path.read_bytes())
    if content[:3] != b"\0\0\x08":
        raise ValueError("not an idx file of unsigned bytes")
    n_dimensions = content[3]
    shape = np.frombuffer(content, dtype=">i4", count=n_dimensions, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * n_dimensions).reshape(shape).copy()


def digits() -> tuple[Split, Split]:
    """Real handwritten digits in the place of MNIST: 1,500 to train on and 297 to test, shuffled.

    Source: the 8 by 8 digits that ship with scikit-learn (E. Alpaydin and C. Kaynak, UCI dataset 80),
    enlarged to 20 by 20 and set in the middle of 28 by 28 pixels, as MNIST's are.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images uint8 of shape (n, 28, 28), labels uint8 of shape (n,).
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    source = load_digits()
    x = np.zeros((len(source.images), 28, 28), dtype=np.uint8)
    for canvas, image in zip(x, source.images, strict=True):
        pixels = Image.fromarray((image * 255 / 16).astype(np.uint8))
        canvas[4:24, 4:24] = np.asarray(pixels.resize((20, 20), Image.Resampling.BICUBIC))
    y = source.target.astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:N_TRAINING_DIGITS], order[N_TRAINING_DIGITS:]
    return (x[train], y[train]), (x[test], y[test])
