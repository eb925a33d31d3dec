"""Sphinx settings: the executed notebooks as a site; nothing is run again.

`make site` builds the students' edition, without the cells tagged `instructor`, and the lecturer's, which
keeps them (`sphinx-build -t instructor`). No page asks the network for what its reader has not clicked.
"""

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # tools/ is not installed

from tools import MATHJAX, asked, badges, controls, course_map, evidence, glossary, lectures, tables  # noqa: E402

project = "Deep learning lectures"
author = "deep-learning-lectures contributors"
project_copyright = f"{author}, CC BY 4.0"
extensions = ["myst_nb", "tools.site", "tools.terms"]
exclude_patterns = ["_build", "node_modules"]
if not tags.has("instructor"):  # noqa: F821 (Sphinx puts it here)
    exclude_patterns.append("sheets")
templates_path = ["templates"]

nb_execution_mode = "off"
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "substitution"]

html_theme = "sphinx_book_theme"
html_title = project
html_theme_options = {
    "repository_url": f"https://github.com/{badges.slug(ROOT)}",
    "repository_branch": badges.ref(ROOT),
    "use_repository_button": True,
    "navbar_persistent": [],  # its search button stands in the sidebar, too
    "launch_buttons": {
        "colab_url": "https://colab.research.google.com",
        "binderhub_url": "https://mybinder.org",
        "notebook_interface": "jupyterlab",
    },
}
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = [("language.js", {"defer": "defer"})]
if MATHJAX.exists():  # else Sphinx takes MathJax from the network
    html_static_path.append(str(MATHJAX))
    mathjax_path = MATHJAX.name


def lecture_map(found):
    """Return the lectures as a list in Markdown, by part: what each asks, and what it takes."""
    blocks = []
    for part, its_lectures in tables.parts(found).items():
        blocks.append(f"### {part}")
        for one in its_lectures:
            facts = [f"{one['teach']} to teach", one["run"] and f"{one['run']} to run", one["memory"]]
            facts += [one["needs"] and f"builds on {one['needs']}", one["data"], one["open"]]
            lines = [
                f"- **{one['title']}**",
                one["question"],
                one["headline"] and f"One of its figures: {one['headline']}",
                " · ".join(filter(None, facts)),
            ]
            blocks.append("\n\n  ".join(filter(None, lines)))
    return "\n\n".join(blocks)


def in_both_languages(root):
    """Return the map, the paths and the list of index.md by their names, which end in "_zh" in Chinese."""
    shown = {}
    for language, ending in zip(course_map.LANGUAGES, ("", "_zh"), strict=True):
        pictures = "\n".join(course_map.svg(root, language, kind) for kind in course_map.SIZES)
        shown[f"map{ending}"] = f"```{{raw}} html\n{pictures}\n```"
        shown[f"paths{ending}"] = course_map.paths(root, language)
    return shown | {"lectures_zh": course_map.listed(root)}


myst_substitutions = in_both_languages(ROOT) | {
    "lectures": lecture_map(tables.facts(ROOT)),
    "claims": tables.claims_by_lecture(ROOT),
    "evidence": evidence.page(ROOT),
    "exercises": asked.exercises_page(ROOT),
    "polls": asked.polls_page(ROOT, with_asides=tags.has("instructor")),  # noqa: F821
    "controls": tables.markdown(controls.listed(controls.read(ROOT))),
    "glossary": glossary.page(ROOT),
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
            notebook.cells = [c for c in notebook.cells if not lectures.is_aside(c)]
        for cell in notebook.cells:
            if lectures.is_aside(cell):
                cell.source = asked.boxed(cell.source)
        notebook.cells[0].source = tables.without_badge_image(notebook.cells[0].source)
        notebook.cells[0].source += f"\n\n{course_map.neighbours(ROOT, path.stem)}"
        text, copy = nbformat.writes(notebook), folder / name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8", newline="\n")


def setup(app) -> None:
    """Stage the notebooks before Sphinx looks for its sources."""
    app.connect("builder-inited", stage)
