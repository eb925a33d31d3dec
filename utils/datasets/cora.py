"""Cora: papers on machine learning, the words that they use, and who cites whom."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np

from utils.datasets import store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found

Graph = tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]

TOPICS = (
    *("theory", "reinforcement learning", "genetic algorithms", "neural networks"),
    *("probabilistic methods", "case-based reasoning", "rule learning"),
)
N_WORDS = 1_433
N_PAPERS = 1_000  # in the stand-in


def load_cora() -> Graph:
    """Load the citation network Cora with the split that was published with it for Planetoid.

    Returns
    -------
    X, y, edges, (train, validation, test)
        X float64 of shape (n, 1433): 1 where a paper uses a word, else 0. y int64 of shape (n,): its topic, a
        place in `TOPICS`. edges int64 of shape (m, 2): pairs i < j of papers of which one cites the other,
        each pair once, sorted. train, validation and test int64: places of papers, disjoint.
        n, m and the parts' sizes are 2,708, 5,278 and 140, 500, 1,000; in the stand-in 1,000 papers, some
        2,000 pairs and 140, 200, 500.

    Raises
    ------
    DataError
        If the files are broken, or missing while COURSE_DATA_POLICY is real.
    """
    return store.load("cora", read=_read, stand_in=papers, summarise=_summarise)


@store.checks("cora")
def check(found: Found) -> None:
    """Raise DataError unless the files hold all papers and citations, and these fit together."""
    X, _, edges, _ = _read(found)
    found.require({"papers": len(X), "citations": len(edges)})


def _summarise(graph: Graph) -> str:
    X, _, edges, _ = graph
    return f"{len(X):,} papers, {len(edges):,} citations"


def _read(found: Found) -> Graph:
    broken = (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, IndexError, ImportError)
    try:
        graph = _read_npz(found.path) if len(found.paths) == 1 else _read_planetoid(found.folder)
    except (*broken, pickle.UnpicklingError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{found.path.name} cannot be read: {error}") from None
    if problem := _misfit(*graph):
        raise DataError(f"{found.path.name} does not hold a citation network: {problem}")
    return graph


def _misfit(X, y, edges, parts) -> str | None:
    """What is wrong with the arrays of a graph, None if nothing is."""
    n, places = len(X), np.concatenate(parts)
    if X.shape != (n, N_WORDS) or y.shape != (n,):
        return f"words of shape {X.shape} and topics of shape {y.shape} do not fit together"
    if not np.isin(y, np.arange(len(TOPICS))).all():
        return f"topics go from {y.min()} to {y.max()}"
    for what, values in (("citations", edges), ("the split", places)):
        if values.size and (values.min() < 0 or values.max() >= n):
            return f"{what} name papers from {values.min()} to {values.max()}, and there are {n}"
    if len(np.unique(places)) < len(places):
        return "the parts of its split overlap"
    return None


def _read_npz(path: Path) -> Graph:
    with np.load(path, allow_pickle=False) as arrays:
        X = np.unpackbits(arrays["features_packed"], axis=1)[:, :N_WORDS]
        parts = tuple(arrays[f"{part}_idx"].astype(np.int64) for part in ("train", "val", "test"))
        return X.astype(np.float64), arrays["labels"].astype(np.int64), _pairs(arrays["edges"]), parts


def _read_planetoid(folder: Path) -> Graph:
    """Read the files of Z. Yang's repository: pickles of Python 2, and the places of the test papers.

    Papers come in the order of `graph`: those of allx first, of which the first 140 train and the next 500
    validate; row k of tx is the paper in line k of test.index.
    """
    allx, tx = (_rows(_unpickle(folder / f"ind.cora.{name}")) for name in ("allx", "tx"))
    ally, ty = (_unpickle(folder / f"ind.cora.{name}").argmax(axis=1) for name in ("ally", "ty"))
    n_train = len(_unpickle(folder / "ind.cora.y"))
    test = np.loadtxt(folder / "ind.cora.test.index", dtype=np.int64)
    X, y = np.zeros((len(allx) + len(tx), allx.shape[1])), np.zeros(len(ally) + len(ty), dtype=np.int64)
    X[: len(allx)], X[test] = allx, tx
    y[: len(ally)], y[test] = ally, ty
    cited = _unpickle(folder / "ind.cora.graph")
    edges = _pairs(np.array([(i, j) for i, others in cited.items() for j in others]))
    return X, y, edges, (np.arange(n_train), np.arange(n_train, n_train + 500), np.sort(test))


def _pairs(edges: np.ndarray) -> np.ndarray:
    """Each unordered pair of two different papers once, as i < j, sorted: shape (m, 2)."""
    edges = np.sort(edges.astype(np.int64).reshape(-1, 2), axis=1)
    return np.unique(edges[edges[:, 0] < edges[:, 1]], axis=0)


class _Matrix:
    """What a pickled sparse matrix of SciPy's is restored as: its arrays, and none of SciPy's code."""


# All that Planetoid's pickles name. A pickle may name any function to call, so nothing else is let in.
_ADMITTED = {
    "numpy.ndarray": np.ndarray,
    "numpy.dtype": np.dtype,
    "numpy.core.multiarray._reconstruct": np.zeros(0).__reduce__()[0],
    "scipy.sparse.csr.csr_matrix": _Matrix,
    "collections.defaultdict": defaultdict,
    "__builtin__.list": list,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        try:
            return _ADMITTED[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not allowed") from None


def _unpickle(path: Path):
    with path.open("rb") as file:
        return _Unpickler(file, encoding="latin1").load()


def _rows(matrix: _Matrix) -> np.ndarray:
    """A compressed sparse matrix of zeros and ones as an array of shape (n, words)."""
    n, n_words = matrix._shape
    dense = np.zeros((n, n_words))
    dense[np.repeat(np.arange(n), np.diff(matrix.indptr)), matrix.indices] = matrix.data
    return dense


def papers() -> Graph:
    """A synthetic citation graph: no paper, word or citation of it is real.

    Papers stand on a circle, cut into fields, each with one topic. A paper cites mostly papers nearby, so
    mostly of its own topic and in its own corner of the graph, and oftener those that are popular (Pareto).
    Words are rarer the later they stand in a list (Zipf): a paper draws some 8 from a list that all share,
    6 from its topic's own and 5 from its field's.

    Returns
    -------
    X, y, edges, (train, validation, test)
        As `load_cora` returns them.
    """
    rng = np.random.default_rng(0)
    n, n_fields = N_PAPERS, 42
    shares = np.array([351, 217, 418, 818, 426, 298, 180]) / 2_708  # Cora's
    topic_of_field = np.repeat(np.arange(7), 6)[rng.permutation(n_fields)]
    fields = np.repeat(np.arange(n_fields), rng.multinomial(n, shares[topic_of_field] / 6))
    y = topic_of_field[fields]
    i = np.repeat(np.arange(n), rng.poisson(rng.pareto(2.0, n) + 1.2))
    near = np.rint(rng.laplace(0, 4, len(i))).astype(np.int64)
    far = rng.integers(n, size=len(i))
    j = np.where(rng.random(len(i)) < 0.06, far, (i + near) % n)
    rank = 1 / np.arange(1, N_WORDS + 1) ** 0.8
    common = rank / rank.sum()
    of_topics, of_fields = ([rng.permutation(common) for _ in range(k)] for k in (len(TOPICS), n_fields))
    X = np.zeros((n, N_WORDS))
    for words, topic, field in zip(X, y, fields, strict=True):
        for chances, mean in ((common, 8), (of_topics[topic], 6), (of_fields[field], 5)):
            words[rng.choice(N_WORDS, rng.poisson(mean), p=chances)] = 1
    names = rng.permutation(n)  # until here, neighbours on the circle have neighbouring numbers
    X[names], y[names] = X.copy(), y.copy()
    order = rng.permutation(n)
    train = np.concatenate([order[y[order] == topic][:20] for topic in range(len(TOPICS))])
    rest = order[~np.isin(order, train)]
    return X, y, _pairs(names[np.stack([i, j], axis=1)]), (train, rest[:200], rest[200:700])
