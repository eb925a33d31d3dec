"""Sphinx settings: the executed notebooks as a site; nothing is run again.

`make site` builds the students' edition, without the cells tagged `instructor`, and the lecturer's, which
keeps them (`sphinx-build -t instructor`). No page asks the network for what its reader has not clicked.
"""

import re
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # tools/ is not installed

from tools import MATHJAX, badges, controls, evidence, tables  # noqa: E402

project = "Deep learning lectures"
author = "deep-learning-lectures contributors"
project_copyright = f"{author}, CC BY 4.0"
extensions = ["myst_nb"]
exclude_patterns = ["_build", "node_modules"]

nb_execution_mode = "off"
myst_enable_extensions = ["amsmath", "dollarmath", "substitution"]
index = tomllib.loads((ROOT / "lectures" / "index.toml").read_text(encoding="utf-8"))
measured = tables.read_csv(ROOT / tables.LECTURES)
lectures = tables.lectures(index, measured)
claims = tables.claims(tables.read_csv(ROOT / tables.CLAIMS))

html_theme = "sphinx_book_theme"
html_title = project
html_theme_options = {
    "repository_url": f"https://github.com/{badges.slug(ROOT)}",
    "repository_branch": "main",
    "use_repository_button": True,
    "navbar_persistent": [],  # its search button stands in the sidebar, too
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
}
html_static_path = ["static"]
html_css_files = ["course.css"]
if MATHJAX.exists():  # else Sphinx takes MathJax from the network
    html_static_path.append(str(MATHJAX))
    mathjax_path = MATHJAX.name


def without_badge_image(text):
    """Return Markdown with Colab's badges as plain links: their picture would come from the network."""
    return re.sub(r"!\[(Open in Colab)\]\([^)]*\)", r"\1", text)


def lecture_map(table):
    """Return the table of lectures as a list in Markdown: what each asks, and what it takes."""
    cards = []
    for title, question, teach, run, memory, data, colab in table[1:]:
        facts = [f"{teach} to teach", *(fact for fact in (f"{run} to run", memory) if "–" not in fact)]
        facts += [data, without_badge_image(colab)]
        cards.append(f"1. **{title}**\n\n   {question}\n\n   {' · '.join(filter(None, facts))}")
    return "\n".join(cards)


myst_substitutions = {
    "lectures": lecture_map(lectures),
    "claims": tables.markdown(claims),
    "evidence": evidence.page(
        tables.read_csv(ROOT / evidence.EVIDENCE), {name[:2]: entry["title"] for name, entry in index.items()}
    ),
    "controls": tables.markdown(controls.listed(controls.read(ROOT))),
}


def stage(app) -> None:
    """Copy the notebooks to docs/notebooks, where Sphinx can read them, without what this edition leaves out.

    A copy that is already right is left alone, so that Sphinx rebuilds only what changed.
    """
    folder = Path(app.srcdir) / "notebooks"
    folder.mkdir(exist_ok=True)
    sources = {path.name: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    for stale in folder.glob("*.ipynb"):
        if stale.name not in sources:
            stale.unlink()
    for name, path in sources.items():
        notebook = nbformat.read(path, as_version=4)
        if not app.tags.has("instructor"):
            notebook.cells = [c for c in notebook.cells if "instructor" not in c.metadata.get("tags", [])]
        notebook.cells[0].source = without_badge_image(notebook.cells[0].source)
        text, copy = nbformat.writes(notebook), folder / name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8", newline="\n")


def setup(app) -> None:
    """Stage the notebooks before Sphinx looks for its sources."""
    app.connect("builder-inited", stage)
