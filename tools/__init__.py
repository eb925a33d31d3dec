"""What maintainers run at the repository's root: `python -m tools.build`, `tools.tables`, `tools.badges`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# All of MathJax in one file, in the version that JupyterLab renders formulas with; `make test` fetches it.
MATHJAX = ROOT / "docs" / "node_modules" / "mathjax" / "es5" / "tex-svg-full.js"
# What tells NumPy and TensorFlow how many threads to use.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


class ToolError(Exception):
    """Something that a maintainer must put right; the message says what, where and how."""


def lecture_scripts(root, only=()):
    """Return the paths of the lectures' scripts in order.

    Parameters
    ----------
    root : Path
        The repository.
    only : iterable of str
        Beginnings of names, such as "01". Empty means every lecture.

    Raises
    ------
    ToolError
        If there is no lecture, or none for one of the beginnings.
    """
    scripts = sorted((root / "lectures").glob("[0-9][0-9]_*.py"))
    names = ", ".join(script.stem for script in scripts)
    for beginning in only or [""]:
        if not any(script.stem.startswith(beginning) for script in scripts):
            raise ToolError(
                f"no lecture in {root / 'lectures'} begins with {beginning!r}; there are: {names}"
            )
    return [script for script in scripts if script.stem.startswith(tuple(only) or "")]


def replace_files(texts):
    """Write texts (path -> str) as UTF-8 with \\n, all beside their places before the first is replaced."""
    drafts = {path: path.with_name(path.name + ".new") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            drafts[path].write_text(text, encoding="utf-8", newline="\n")
        for path, draft in drafts.items():
            os.replace(draft, path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def run_tool(main):
    """Run a tool's `main`, and exit with its status or with a ToolError's message."""
    sys.stdout.reconfigure(errors="replace")  # a pipe on Windows may lack the letters of a claim
    try:
        raise SystemExit(main())
    except ToolError as error:
        raise SystemExit(f"error: {error}") from None
