"""What a lecture's figures depend on, as hashes: its code, the modules of utils that it uses, packages, data.

And on nothing else: not on prose, comments, exercises, what claims state and allow, or how utils plots.
"""

import ast
import hashlib
import importlib.metadata
import io
import tokenize
from contextlib import suppress
from functools import cache
from itertools import accumulate

from tools import ToolError, lectures
from utils import datasets
from utils.datasets import store

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "pillow", "keras", "tensorflow", "jax", "torch")
# They print, plot, look at the machine or fetch: what a lecture measures is the same without them.
NO_PART = {f"utils.{name}" for name in ("claims", "exercises", "plotting", "check", "settings", "machine")}
NO_PART |= {f"utils.datasets.{name}" for name in ("catalogue", "download")}
OF_EVERY_DATASET = {"utils.datasets.store", "utils.datasets.cache"}


@cache
def code_hash(name, text):
    """Return a short hash of the code of a lecture's script up to its last measured claim.

    Without comments, without what Colab alone runs, and without what claims state and allow. The text itself
    is cut, since what Python makes of it (`ast.unparse`, tokens) differs between its versions.
    """
    cells = lectures.Lecture(name, text).cells_until(lambda claim: not claim.exact)
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return _hash("\n".join(without_comments(_measuring(source)) for source in code))


def _measuring(code):
    """Return code without what Colab alone runs, and with no more of a claim than what is measured."""
    content = code.encode()  # ast counts columns in bytes
    starts = [0, *accumulate(len(line) + 1 for line in content.split(b"\n"))]
    cut = {}  # (start, end): what takes its place
    for node in ast.walk(ast.parse(code)):
        kept = None
        if isinstance(node, ast.Call) and (kind := ast.unparse(node.func)) in lectures.CALLS:
            given = lectures.arguments(node)
            parts = [given[part] for part in ("name", "measured", "data") if part in given]
            segments = [ast.get_source_segment(code, part) for part in parts]
            kept = "None" if kind == "claims.exact" else f"{kind}({', '.join(segments)})"
        elif isinstance(node, ast.If) and "google.colab" in ast.get_source_segment(code, node.test):
            kept = "pass"
        if kept:
            start = starts[node.lineno - 1] + node.col_offset
            cut[start, starts[node.end_lineno - 1] + node.end_col_offset] = kept
    for (start, end), kept in sorted(cut.items(), reverse=True):
        content = content[:start] + kept.encode() + content[end:]
    return content.decode()


@cache
def without_comments(code):
    """Return code without its comments, blank lines and blanks at its lines' ends."""
    lines = code.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = lines[token.start[0] - 1][: token.start[1]]
    return "\n".join(filter(None, map(str.rstrip, lines)))


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def modules_hash(text, names, root):
    """Return a short hash of the modules of utils that a lecture's text uses, if it loads these datasets."""
    used = sorted(modules(text, names, root))
    return _hash("\0".join(f"{one}\n{without_comments(_read(one, root))}" for one in used))


def modules(text, names, root):
    """Return the modules of utils that the figures depend on: {"utils.judge", "utils.datasets.mnist", …}."""
    code = "\n".join(cell.source for cell in lectures.Lecture("", text).cells if cell.cell_type == "code")
    used, todo = set(), _imported(code, root)
    if names:
        own = {datasets.CHECKS[name].__module__ for name in names}
        helpers = {helper for module in own for helper in _imported(_read(module, root), root)}
        todo |= OF_EVERY_DATASET | own | helpers
    while todo:
        module = todo.pop()
        if module in used | NO_PART or not _file(module, root).exists():
            continue
        used.add(module)
        if not module.startswith("utils.datasets."):  # what these need of one another was added above
            todo |= _imported(_read(module, root), root)
    return used


def _file(module, root):
    return root / f"{module.replace('.', '/')}.py"


def _read(module, root):
    return _file(module, root).read_text(encoding="utf-8")


def _imported(code, root):
    """Return the modules of utils that some code imports; a package itself is none."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if str(name).startswith("utils.") and _file(name, root).exists()}


@cache
def versions():
    """Return the versions of those numerical packages that are installed, as text."""
    found = []
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return "; ".join(found)


def data(names):
    """Return the identities of the real datasets on this machine, as text.

    Raises
    ------
    ToolError
        If one is not there, or if COURSE_DATA_POLICY keeps us from looking.
    """
    if names and datasets.policy() == "stand-in":
        raise ToolError("COURSE_DATA_POLICY is stand-in, and these jobs run on real data: unset it")
    found = {name: store.identity(name) for name in sorted(names)}
    if absent := [name for name, identity in found.items() if identity == "absent"]:
        raise ToolError(
            f"{', '.join(absent)} is not on this machine: run `make data`, as the data are part of a result"
        )
    return "; ".join(f"{name} {identity}" for name, identity in found.items())
