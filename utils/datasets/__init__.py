"""The course's data: one loader per dataset, real first, never silently not.

>>> from utils.datasets import load_hdb
>>> sales = load_hdb()
data: HDB resale flat prices | 182,978 sales, 2017-01 to 2024-06, 2.5 MB | from COURSE_DATA | …

`python -m utils.datasets` lists, fetches and verifies. data/README.md says where each dataset comes from.
"""

from utils.datasets import chest_xray, concrete, hdb, mnist
from utils.datasets.catalogue import DataError
from utils.datasets.chest_xray import load_chest_xray, load_chest_xray_originals
from utils.datasets.concrete import load_concrete
from utils.datasets.hdb import load_hdb
from utils.datasets.mnist import load_mnist
from utils.datasets.store import Provenance, policy, provenance

# How the content of each dataset is checked after a download and by `verify`.
CHECKS = {
    "mnist": mnist.check,
    "hdb_resale": hdb.check,
    "concrete": concrete.check,
    "chest_xray": chest_xray.check,
    "chest_xray_originals": chest_xray.check,
}

__all__ = [
    "CHECKS",
    "DataError",
    "Provenance",
    "load_chest_xray",
    "load_chest_xray_originals",
    "load_concrete",
    "load_hdb",
    "load_mnist",
    "policy",
    "provenance",
]
