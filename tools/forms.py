"""A lecture's two forms, script and notebook: each becomes the other, and what one cannot hold is refused."""

import copy
import hashlib
import re
import subprocess
import sys
import tomllib
from itertools import zip_longest

import jupytext
import nbformat
from jupytext.config import JupytextConfiguration

from tools import ToolError


def notebook_of(lecture, root):
    """Return a lecture as a notebook that was not run, with what index.toml asks of Colab."""
    notebook = jupytext.reads(lecture.text, "py:percent", config=_settings(root))
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note of the script's layout
    if lecture.facts.get("gpu"):
        notebook.metadata["accelerator"] = "GPU"
    return notebook


def script_of(notebook, name, root):
    """Return a notebook as the text of a lecture's script: a blank line between cells, then ruff's format.

    Left alone, jupytext puts two blank lines where ruff wants one, and a cell's metadata in the file's order.
    The script made of a notebook that is made of this script is this script.

    Raises
    ------
    ToolError
        If a script could not hold a cell; `name` says of which lecture.
    """
    notebook = copy.deepcopy(notebook)
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"notebooks/{name}.ipynb, cell {number}"
        if cell.get("attachments"):
            raise ToolError(
                f"{where}: a script cannot hold {', '.join(cell.attachments)}, a picture pasted into text."
                " Draw it in a code cell of its own, then delete it from the text"
            )
        if cell.cell_type == "code":
            cell.source = re.sub(r"\A(\s*\n)+|\s+\Z", "", cell.source)
            cell.outputs = []
            if re.search(r"^# ?%%", cell.source, flags=re.MULTILINE):
                raise ToolError(
                    f"{where}: a line of its code begins with `# %%`, which begins a new cell in a script:"
                    " write it without %%"
                )
        else:
            cell.source = _with_hard_breaks(cell.source)
        kept = {key: cell.metadata[key] for key in ("tags", "mystnb", "jupyter") if key in cell.metadata}
        cell.metadata = nbformat.from_dict({**kept, "lines_to_next_cell": 1})
    text = jupytext.writes(notebook, "py:percent", config=_settings(root))
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "lectures/lecture.py", "-"]
    result = subprocess.run(ruff, input=text.encode(), cwd=root, capture_output=True)
    if result.returncode:
        reason = result.stderr.decode(errors="replace").strip()
        raise ToolError(f"notebooks/{name}.ipynb: a cell is not Python that ruff can format: {reason}")
    text = result.stdout.decode()
    _compare(notebook.cells, jupytext.reads(text, "py:percent").cells, name)
    return text


def digest(script):
    """Return a short hash of a script's cells, whatever kernel and tools its header names."""
    cells = script[max(script.find("# %%"), 0) :]
    return hashlib.sha256(cells.encode()).hexdigest()[:12]


def _with_hard_breaks(markdown):
    """Return Markdown without blanks at its lines' ends, which ruff would strip: two become a backslash.

    Either breaks the line, but not before an empty line, in a heading, or inside a fence of backticks.
    """
    lines, fenced = [], False
    for line, following in zip(markdown.split("\n"), [*markdown.split("\n")[1:], ""], strict=True):
        fenced ^= line.lstrip().startswith("```")
        breaks = line.endswith("  ") and line.strip() and following.strip()
        lines.append(line.rstrip() + "\\" * bool(breaks and not fenced and not line.startswith("#")))
    return "\n".join(lines).strip("\n")


def _compare(theirs, back, name):
    """Raise ToolError at the first cell that the script does not give back."""
    for number, (cell, found) in enumerate(zip_longest(theirs, back), start=1):
        kinds = {one.cell_type for one in (cell, found) if one}
        if None in (cell, found) or len(kinds) > 1 or (kinds != {"code"} and cell.source != found.source):
            source = (cell or found).source
            raise ToolError(
                f"notebooks/{name}.ipynb, cell {number}: a script cannot hold it; does a line begin with %%?"
                f"\n\n{source}"
            )


def _settings(root):
    """Return jupytext's settings of pyproject.toml; jupytext itself reads that in the locale's encoding."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return JupytextConfiguration(**project["tool"]["jupytext"])
