"""Sphinx settings: the executed notebooks as a site; nothing is run again.

`make site` builds the student edition, without the cells tagged `instructor`. Give sphinx-build
`-t instructor` for the lecturer's edition, which keeps them.
"""

import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # tools/ is not installed

from tools import tables  # noqa: E402

project = "Deep learning lectures"
author = "deep-learning-lectures contributors"
project_copyright = f"{author}, CC BY 4.0"
extensions = ["myst_nb"]
exclude_patterns = ["_build"]

nb_execution_mode = "off"
myst_enable_extensions = ["amsmath", "dollarmath", "substitution"]
index = tomllib.loads((ROOT / "lectures" / "index.toml").read_text(encoding="utf-8"))
measured = tables.read_csv(ROOT / tables.LECTURES)
lectures = tables.lectures(index, measured, page="lectures/{}.ipynb")
claims = tables.claims(tables.read_csv(ROOT / tables.CLAIMS))
myst_substitutions = {"lectures": tables.markdown(lectures), "claims": tables.markdown(claims)}

html_theme = "sphinx_book_theme"
html_title = project


def stage(app) -> None:
    """Copy the notebooks to docs/lectures, where Sphinx can read them, without what this edition leaves out.

    A copy that is already right is left alone, so that Sphinx rebuilds only what changed.
    """
    folder = Path(app.srcdir) / "lectures"
    folder.mkdir(exist_ok=True)
    sources = {path.name: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    for stale in folder.glob("*.ipynb"):
        if stale.name not in sources:
            stale.unlink()
    for name, path in sources.items():
        notebook = nbformat.read(path, as_version=4)
        if not app.tags.has("instructor"):
            notebook.cells = [c for c in notebook.cells if "instructor" not in c.metadata.get("tags", [])]
        text, copy = nbformat.writes(notebook), folder / name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8", newline="\n")


def setup(app) -> None:
    """Stage the notebooks before Sphinx looks for its sources."""
    app.connect("builder-inited", stage)
