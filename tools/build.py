"""Builds the notebooks from the lectures, and carries edited notebooks back.

python -m tools.build run [LECTURE ...]        run lectures on your data; notebooks, HTML, claims in build/
python -m tools.build notebooks [LECTURE ...]  rebuild notebooks/, measured/ and the tables, on real data
python -m tools.build sync [LECTURE ...]       carry edits in notebooks/ back to lectures/

A LECTURE is the beginning of its name, such as 01; without any, every lecture is meant.
"""

import argparse
import base64
import datetime
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from PIL import Image

from tools import (
    MATHJAX,
    ROOT,
    ToolError,
    forms,
    kernels,
    lectures,
    measured,
    replace_files,
    run_tool,
    tables,
)

SLOW = 5  # seconds of a cell from which on a lecturer wants to know before class
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def run(root, only=()):
    """Run lectures with the user's settings; write their notebooks, HTML and claims.csv to build/.

    A lecture that fails does not stop the others. Prints the claims and the paths of what was written.
    Returns 0, or 1 if a lecture failed.
    """
    out = root / "build"
    out.mkdir(exist_ok=True)
    written, failed = [], []
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "claims.jsonl")
        for lecture in lectures.read(root, only):
            try:
                notebook, _ = execute(lecture, root, out, log)
            except ToolError as error:
                failed.append(lecture.stem)
                print(f"error: {error}\n", file=sys.stderr)
                continue
            pages = {
                out / f"{lecture.stem}.html": html(notebook, lecture.stem),
                out / f"{lecture.stem}.ipynb": notebook_text(notebook),
            }
            replace_files(pages)
            written += pages
        rows = measured.read_log(log)
    columns = ("lecture", *measured.COLUMNS["claims"])
    replace_files({out / "claims.csv": measured.csv_text(columns, rows)})
    print("\n" + tables.plain(tables.claims(rows)) + "\n\nWritten:")
    for path in [*written, out / "claims.csv"]:
        print(f"  {path.relative_to(root)}")
    if failed:
        print(f"\nFailed, for the reasons above: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def notebooks(root, only=()):
    """Rebuild the stored notebooks on real data with seed 0, their files in measured/, and the tables.

    Each lecture's files are replaced together once it has run; the first that fails stops the build.

    Raises
    ------
    ToolError
        Before anything runs, if a stored notebook holds an edit that is not in its script.
    """
    chosen = lectures.read(root, only)
    for lecture in chosen:
        if stored := stored_notebook(lecture, root):
            theirs, ours, agreed = both_forms(stored, lecture, root)
            if forms.digest(theirs) not in (forms.digest(ours), agreed):
                raise ToolError(
                    f"notebooks/{lecture.stem}.ipynb holds edits that lectures/{lecture.stem}.py lacks: `make"
                    " sync` carries them over. A new notebook would lose them; to do without, delete this one"
                )
    for lecture in chosen:
        folder = root / "notebooks"
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch, "claims.jsonl")
            started = time.perf_counter()
            notebook, ran = execute(lecture, root, folder, log, COURSE_DATA_POLICY="real", COURSE_SEED="0")
            seconds = time.perf_counter() - started
            rows = measured.read_log(log)
        facts = {
            "seconds": f"{seconds:.1f}",
            "peak_mb": max((row["peak_mb"] for row in rows), default=None),
            "gflops": product_rate(),
            "machine": measured.machine(),
            "versions": rows[-1]["versions"] if rows else None,
            "date": datetime.date.today().isoformat(),
            "cells": forms.digest(forms.script_of(notebook, lecture.stem, root)),
            "slow": slow(ran),
        }
        replace_files(
            {
                folder / f"{lecture.stem}.ipynb": notebook_text(notebook),
                measured.path(root, "claims", lecture.number): measured.text("claims", rows),
                measured.path(root, "runs", lecture.number): measured.text("runs", [facts]),
            }
        )
        tables.write(root)
    return 0


def sync(root, only=()):
    """Carry edited notebooks back to their scripts; where the cells are the same, nothing is touched.

    Raises
    ------
    ToolError
        If a script could not hold a cell, or if both were edited: nothing of that lecture is changed then.
    """
    for lecture in lectures.read(root, only):
        script, notebook = f"lectures/{lecture.stem}.py", f"notebooks/{lecture.stem}.ipynb"
        stored = stored_notebook(lecture, root)
        if not stored:
            print(f"{script}: has no notebook yet; `make notebooks` builds it")
            continue
        theirs, ours, agreed = both_forms(stored, lecture, root)
        if theirs == ours:
            agree(lecture, ours, root)
            continue
        if forms.digest(theirs) == agreed:
            print(f"{script}: edited since its notebook was built; `make notebooks` brings that up to date")
            continue
        if agreed not in (None, forms.digest(ours)):
            raise ToolError(
                f"{script} and {notebook} were both edited since they were last the same: carry one's edits"
                " into the other by hand, or undo them (`git diff` shows those of the script)"
            )
        replace_files({root / script: theirs})
        agree(lecture, theirs, root)
        print(f"{script}: rewritten from {notebook}")
    return 0


def stored_notebook(lecture, root):
    """Return a lecture's stored notebook, or None if there is none.

    Raises
    ------
    ToolError
        If the file is no notebook.
    """
    path = root / "notebooks" / f"{lecture.stem}.ipynb"
    try:
        return nbformat.read(path, as_version=4) if path.exists() else None
    except (nbformat.reader.NotJSONError, nbformat.ValidationError):
        raise ToolError(
            f"notebooks/{path.name} is no notebook (did a merge leave its marks in it?): restore or delete it"
        ) from None


def both_forms(stored, lecture, root):
    """Return a stored notebook and its lecture as scripts, and the digest that they last shared or None.

    Both headers are the lecture's: in a notebook's, JupyterLab notes who opened it with what.
    """
    ours = forms.notebook_of(lecture, root)
    before = forms.script_of(ours, lecture.stem, root)
    ours.cells = stored.cells
    rows = measured.read_csv(measured.path(root, "runs", lecture.number))
    return forms.script_of(ours, lecture.stem, root), before, rows[0]["cells"] if rows else None


def agree(lecture, text, root):
    """Note, where the lecture was run, that script and notebook now have the cells of this text."""
    path = measured.path(root, "runs", lecture.number)
    rows = measured.read_csv(path)
    if rows and rows[0]["cells"] != forms.digest(text):
        replace_files({path: measured.text("runs", [{**rows[0], "cells": forms.digest(text)}])})


def execute(lecture, root, folder, log, **settings):
    """Run a lecture in a fresh kernel; return its notebook with outputs, the same whenever these are.

    And beside it the code cells, each with its seconds.

    The kernel's working folder is where the notebook will lie, its claims are appended to `log`, and the
    settings are environment variables over our own.

    Raises
    ------
    ToolError
        If a cell fails or warns, or the kernel does.
    """
    notebook = forms.notebook_of(lecture, root)
    ran = kernels.execute(notebook, lecture.stem, folder, log, **settings)
    return cleaned(notebook), ran


def slow(ran):
    """Return what measured/runs says of the cells that took long: "digest seconds; …", or "none".

    A cell is known by the digest of its source, so that an edit of it, and no other, makes its seconds void.
    """
    found = [f"{forms.digest(cell.source)} {seconds:.1f}" for cell, seconds in ran if seconds > SLOW]
    return "; ".join(found) or "none"


def product_rate(side=4_096):
    """Return the rate at which Keras multiplies matrices of that side here, in GFLOP/s; None if that failed.

    In a process of its own, so that Keras's memory is given back before the next lecture runs.
    """
    code = f"from tools.bench import product_rate; print(f'{{product_rate({side}):.0f}}')"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    return ran.stdout.split()[-1] if ran.returncode == 0 else None


def cleaned(notebook):
    """Drop from an executed notebook, in place, what differs between runs or keeps GitHub from showing it."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata.language_info.pop("version", None)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in cell.outputs
                if output.get("name") != "stderr" and WIDGET_VIEW not in output.get("data", {})
            ]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = with_palette(output.data["image/png"])
    return notebook


def with_palette(png):
    """Return a figure (base64 of a PNG) in at most 256 colours: the same to the eye, a third of the bytes."""
    figure = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    small = io.BytesIO()
    figure.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def notebook_text(notebook):
    """Return a notebook as the text of an .ipynb file."""
    return nbformat.writes(notebook) + "\n"


def html(notebook, name):
    """Return an executed notebook as a page of HTML, with its figures' alt texts and its solutions folded.

    If MathJax was fetched, it goes into the page, which then needs neither a network nor a second file.
    """
    exporter = HTMLExporter(template_name="course", extra_template_basedirs=[str(ROOT / "tools" / "html")])
    resources = {"metadata": {"name": name}}
    if MATHJAX.exists():
        resources["mathjax"] = MATHJAX.read_text(encoding="utf-8")
    return exporter.from_notebook_node(notebook, resources)[0]


def main():
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["run", "notebooks", "sync"])
    parser.add_argument("lectures", nargs="*", metavar="LECTURE")
    arguments = parser.parse_args()
    actions = {"run": run, "notebooks": notebooks, "sync": sync}
    return actions[arguments.action](ROOT, arguments.lectures)


if __name__ == "__main__":
    run_tool(main)
