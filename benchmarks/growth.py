"""How the course's own work grows from its first seven lectures to all of them.

- *Reading*: every script's cells, sections and claims (`tools.lectures.read`): lint and tables begin so.
- *Collecting*: pytest lists the cells of every stored notebook, with which `make test` begins.
- *Site*: Sphinx builds the students' edition from nothing.

Seven and all take turns. A ratio of 1 is work in proportion to the number of lectures; what pages and tables
have of each other would show above it. What the lectures themselves take stands in `measured/`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tools import ROOT, lecture_scripts, lectures
from tools.bench import median_seconds

FEW = 7


def measure():
    """Do each work on seven lectures and on all, in turns; yield seconds, and the ratio per lecture."""
    names = [script.stem for script in lecture_scripts(ROOT)]
    with tempfile.TemporaryDirectory() as folder:
        roots = [excerpt(Path(folder) / str(len(some)), some) for some in (names[:FEW], names)]
        for work in (reading, collecting, site):
            few, every = median_seconds(*(partial(work, root) for root in roots))
            yield f"{work.__name__}: {FEW} lectures", few, "s", None, None
            yield f"{work.__name__}: {len(names)} lectures", every, "s", None, None
            ratio = (every / len(names)) / (few / FEW)
            yield f"{work.__name__}: seconds per lecture, {len(names)} / {FEW}", ratio, "", None, 1.1


def excerpt(root, names):
    """Copy the course with some of its lectures to a folder, and return that."""
    for folder in ("docs", "lectures", "notebooks", "measured", "tests/controls"):
        skip = shutil.ignore_patterns("node_modules", "_build", *others(folder, names))
        shutil.copytree(ROOT / folder, root / folder, ignore=skip)
    shutil.rmtree(root / "docs" / "notebooks", ignore_errors=True)
    for file in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / file, root)
    for file in ("course.toml", "glossary.toml"):  # paths and terms name lectures that are not here
        (root / "lectures" / file).unlink()
    index = root / "lectures" / "index.toml"
    tables = re.split(r"(?m)^(?=\[)", index.read_text(encoding="utf-8"))
    kept = [table for table in tables if not table.startswith("[") or table[1 : table.index("]")] in names]
    index.write_text("".join(kept), encoding="utf-8")
    return root


def others(folder, names):
    """Return the names of a folder's files that belong to other lectures."""
    numbers = {name[:2] for name in names}
    found = (path.name for path in (ROOT / folder).rglob("[0-9][0-9]*.*"))
    return [name for name in found if name[:2] not in numbers]


def reading(root):
    """Read every script."""
    for lecture in lectures.read(root):
        assert all((lecture.sections, lecture.claims))


def collecting(root):
    """Let pytest list every notebook's cells."""
    run(root, "pytest", "--collect-only", "-qq", "notebooks")


def site(root):
    """Build the site."""
    run(ROOT, "sphinx", "-q", "-E", root / "docs", root / "site")
    shutil.rmtree(root / "site")


def run(root, module, *arguments):
    """Run a module there."""
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=root, check=True, capture_output=True)
