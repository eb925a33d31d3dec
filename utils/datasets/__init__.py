"""The course's data: one loader per dataset, real first, never silently not.

>>> from utils.datasets import load_hdb
>>> sales = load_hdb()
data: HDB resale flat prices | 182,978 sales, 2017-01 to 2024-06, 2.5 MB | from COURSE_DATA | …

`python -m utils.datasets` lists, fetches and verifies. data/README.md says where each dataset comes from, and
how one is added: its module, its entry in catalogue.toml, its line below.
"""

from utils.datasets.catalogue import DataError as DataError
from utils.datasets.chest_xray import load_chest_xray as load_chest_xray
from utils.datasets.chest_xray import load_chest_xray_originals as load_chest_xray_originals
from utils.datasets.concrete import load_concrete as load_concrete
from utils.datasets.cora import load_cora as load_cora
from utils.datasets.hdb import load_hdb as load_hdb
from utils.datasets.mnist import load_mnist as load_mnist
from utils.datasets.mobilenet import load_mobilenet as load_mobilenet
from utils.datasets.newsgroups20 import load_newsgroups20 as load_newsgroups20
from utils.datasets.store import CHECKS as CHECKS
from utils.datasets.store import Provenance as Provenance
from utils.datasets.store import policy as policy
from utils.datasets.store import provenance as provenance
from utils.datasets.tiny_shakespeare import load_tiny_shakespeare as load_tiny_shakespeare
from utils.datasets.vnc_em import load_vnc_em as load_vnc_em
