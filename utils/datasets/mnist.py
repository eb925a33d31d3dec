"""MNIST: 70,000 handwritten digits."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

import numpy as np

from utils.datasets import stand_ins, store
from utils.datasets.catalogue import DataError

Split = tuple[np.ndarray, np.ndarray]


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
    return store.load("mnist", read=_read, stand_in=stand_ins.digits, summarise=_summarise, check=check)


def check(found: store.Found) -> None:
    """Raise DataError unless the files hold images and labels that fit together."""
    _read(found)


def _summarise(splits: tuple[Split, Split]) -> str:
    (x_train, _), (x_test, _) = splits
    return f"{len(x_train):,} + {len(x_test):,} images"


def _read(found: store.Found) -> tuple[Split, Split]:
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
