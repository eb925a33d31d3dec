"""Builds the notebooks from the lectures, and carries edited notebooks back.

python -m tools.build run [LECTURE ...]        run lectures on your data; notebooks, HTML, claims in build/
python -m tools.build notebooks [LECTURE ...]  rebuild notebooks/, benchmarks/, README's tables on real data
python -m tools.build sync [LECTURE ...]       carry edits in notebooks/ back to lectures/

A LECTURE is the beginning of its name, such as 01; without any, every lecture is meant.
"""

import argparse
import base64
import copy
import csv
import datetime
import io
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupytext.config import load_jupytext_config
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from PIL import Image
from tqdm import tqdm

from tools import MATHJAX, ROOT, ToolError, lecture_scripts, replace_files, run_tool, tables

CLAIM_COLUMNS = (
    *("lecture", "claim", "stated", "measured", "low", "high", "asserted", "ok"),
    *("source", "seed", "backend", "device", "versions"),
)
LECTURE_COLUMNS = ("lecture", "seconds", "peak_mb", "machine", "versions", "date")
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
        for script in lecture_scripts(root, only):
            try:
                notebook = execute(script, out, log)
            except ToolError as error:
                failed.append(script.stem)
                print(f"error: {error}\n", file=sys.stderr)
                continue
            pages = {
                out / f"{script.stem}.html": html(notebook, script.stem),
                out / f"{script.stem}.ipynb": notebook_text(notebook),
            }
            replace_files(pages)
            written += pages
        rows = read_claims(log)
    replace_files({out / "claims.csv": csv_text(CLAIM_COLUMNS, rows)})
    print("\n" + tables.plain(tables.claims(rows)) + "\n\nWritten:")
    for path in [*written, out / "claims.csv"]:
        print(f"  {path.relative_to(root)}")
    if failed:
        print(f"\nFailed, for the reasons above: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def notebooks(root, only=()):
    """Rebuild the stored notebooks on real data with seed 0, their rows in benchmarks/, and README's tables.

    Each lecture's files are replaced together once it has run; the first that fails stops the build.
    """
    for script in lecture_scripts(root, only):
        folder = root / "notebooks"
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch, "claims.jsonl")
            started = time.perf_counter()
            notebook = execute(script, folder, log, COURSE_DATA_POLICY="real", COURSE_SEED="0")
            seconds = time.perf_counter() - started
            rows = read_claims(log)
        lecture = {
            "lecture": script.stem[:2],
            "seconds": f"{seconds:.1f}",
            "peak_mb": max((row["peak_mb"] for row in rows), default=None),
            "machine": machine(),
            "versions": rows[-1]["versions"] if rows else None,
            "date": datetime.date.today().isoformat(),
        }
        claims_csv, lectures_csv = root / tables.CLAIMS, root / tables.LECTURES
        replace_files(
            {
                folder / f"{script.stem}.ipynb": notebook_text(notebook),
                claims_csv: csv_text(CLAIM_COLUMNS, with_rows_of(script, claims_csv, rows)),
                lectures_csv: csv_text(LECTURE_COLUMNS, with_rows_of(script, lectures_csv, [lecture])),
            }
        )
        tables.write(root)
    return 0


def sync(root, only=()):
    """Carry edited notebooks back to their scripts; one whose notebook has the same cells is not touched."""
    config = jupytext_config(root)
    for script in lecture_scripts(root, only):
        path = root / "notebooks" / f"{script.stem}.ipynb"
        if not path.exists():
            print(f"{script.relative_to(root)}: has no notebook yet; `make notebooks` builds it")
            continue
        ours = read_script(script, config)
        theirs = without_layout(nbformat.read(path, as_version=4))
        before = script_text(ours, config, root)
        ours.cells = theirs.cells  # but not their metadata: JupyterLab notes there who opened them with what
        after = script_text(ours, config, root)
        if after != before:
            replace_files({script: after})
            print(f"{script.relative_to(root)}: rewritten from {path.relative_to(root)}")
    return 0


def execute(script, folder, log, **settings):
    """Run a lecture in a fresh kernel of this environment, with a progress bar.

    Parameters
    ----------
    script : Path
        The lecture.
    folder : Path
        The kernel's working folder: where the notebook will lie.
    log : Path
        The file to which the claims are appended, as JSON lines.
    **settings
        Environment variables for the kernel, over our own.

    Returns
    -------
    NotebookNode
        The notebook with its outputs, the same whenever the outputs are.

    Raises
    ------
    ToolError
        If a cell fails, warns on stderr, or ends the kernel: says which, its source and the error.
    """
    notebook = read_script(script, jupytext_config(script.parents[1]))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    bar = tqdm(total=len(code), desc=script.stem, unit="cell")
    running = []
    client = kernel_client(
        notebook,
        on_cell_execute=lambda cell, cell_index: running.append(cell),
        on_cell_executed=lambda cell, cell_index, execute_reply: bar.update(),
    )
    try:
        with bar:
            client.execute(cleanup_kc=True, cwd=str(folder), env=kernel_environment(log, settings))
    except CellExecutionError as error:
        raise failure(script, code, running[-1], f"{error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise failure(script, code, running[-1], "the kernel died; was memory short?") from None
    except CellTimeoutError:
        raise failure(script, code, running[-1], "its output did not arrive within 60 s") from None
    for cell in code:
        for output in cell.outputs:
            if output.get("name") == "stderr" and "Warning:" in output.text:
                raise failure(script, code, cell, f"it warns:\n{output.text.strip()}")
    return cleaned(notebook)


def kernel_client(notebook, **options):
    """Return what runs a notebook in a fresh kernel of this environment, with nbclient's further options."""
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[])),  # none but our own
        extra_arguments=["--log-level=ERROR"],  # ipykernel warns that it talks to us without encryption
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=True,
        iopub_timeout=60,
        raise_on_iopub_timeout=True,  # else outputs that come late on a slow machine are lost
        **options,
    )
    # nbclient can play the front end of an Output widget, and then writes to the kernel while waiting for its
    # reply, which it then may never hear. Without that part, what a slider draws is an ordinary output.
    client.widget_registry.clear()
    return client


def kernel_environment(log, settings):
    """Return the environment variables for a kernel, which runs in another folder than we do."""
    paths = {name: os.environ[name] for name in ("COURSE_DATA", "COURSE_CACHE") if os.environ.get(name)}
    return {
        "COURSE_SEED": "0",
        **os.environ,
        **{name: str(Path(path).absolute()) for name, path in paths.items()},
        "CLAIMS_LOG": str(log),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # a user's own would lose the figures
        **settings,
    }


def failure(script, code, cell, reason):
    """Return the error that names the failed one of a lecture's code cells, counted from 1 as in In [1]."""
    return ToolError(f"{script.stem}, code cell [{code.index(cell) + 1}]:\n\n{cell.source}\n\n{reason}")


def cleaned(notebook):
    """Drop from an executed notebook, in place, what differs between runs or keeps GitHub from showing it."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata.language_info.pop("version", None)
    for number, cell in enumerate(without_layout(notebook).cells, start=1):
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


def without_layout(notebook):
    """Drop, in place, jupytext's notes of the blank lines between a script's cells."""
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


def jupytext_config(root):
    """Return the jupytext settings of the repository's pyproject.toml."""
    return load_jupytext_config(str(root / "lectures"))


def read_script(script, config):
    """Return a lecture's script as a notebook that was not run."""
    return without_layout(jupytext.reads(script.read_text(encoding="utf-8"), "py:percent", config=config))


def script_text(notebook, config, root):
    """Return a notebook as the text of a lecture's script: a blank line between cells, then ruff's format.

    Left alone, jupytext puts two blank lines where ruff wants one, and a cell's metadata in the file's order.

    Raises
    ------
    ToolError
        If a cell is not Python.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in ("tags", "mystnb", "jupyter") if key in cell.metadata}
        cell.metadata = nbformat.from_dict({**kept, "lines_to_next_cell": 1})
    text = jupytext.writes(notebook, "py:percent", config=config)
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "lectures/lecture.py", "-"]
    result = subprocess.run(ruff, input=text.encode(), cwd=root, capture_output=True)
    if result.returncode:
        raise ToolError(f"a cell is not Python that ruff can format: {result.stderr.decode().strip()}")
    return result.stdout.decode()


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


def read_claims(log):
    """Return the rows of a claims log, versions as text; none if no lecture made a claim."""
    if not log.exists():
        return []
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [
        {**row, "versions": "; ".join(f"{name} {version}" for name, version in row["versions"].items())}
        for row in rows
    ]


def with_rows_of(script, path, rows):
    """Return the rows of a CSV file with those of one lecture replaced, in the lectures' order."""
    others = [row for row in tables.read_csv(path) if row["lecture"] != script.stem[:2]]
    return sorted(others + rows, key=lambda row: row["lecture"])


def csv_text(columns, rows):
    """Return rows (dicts, which may hold more than the columns) as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def machine():
    """Return the name of this machine's processor and its number of logical cores."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")  # Linux, where platform does not know the processor's name
    if cpuinfo.exists() and (
        model := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8"))
    ):
        name = model[1]
    return f"{name}, {os.cpu_count()} cores"


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
