"""Seconds from `make lab` to the first figure of lecture 01, in Chromium.

The notebook lies there without outputs. From the start of the command are timed: the server's first answer,
the notebook in JupyterLab with its kernel idle, and, after *Run All*, the first figure on the screen. The
*script* is the least that figure can cost: the same cells up to it, by Python alone. Three turns of both.
"""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import nbformat
from playwright.sync_api import sync_playwright

from tests.conftest import BROWSERS, HALL
from tools import ROOT

TOKEN = "open-sesame"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def measure():
    """Time both sides; yield the medians of the seconds, and their ratio."""
    names = ("server answers", "notebook, kernel idle", "first figure", "script")
    with tempfile.TemporaryDirectory() as folder:
        course, script = copy_of_course(Path(folder))
        turns = [(*in_browser(course), by_script(course, script)) for _ in range(3)]
    medians = dict(zip(names, map(statistics.median, zip(*turns, strict=True)), strict=True))
    for name, median in medians.items():
        yield name, median, "s", None, None
    yield "first figure / script", medians["first figure"] / medians["script"], "", None, None


def copy_of_course(folder):
    """Copy the checkout, strip lecture 01 of outputs; return the copy, and the cells to its first figure."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (path,) = (folder / "notebooks").glob("01_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    drawn = [any("image/png" in output.get("data", {}) for output in cell.outputs) for cell in cells]
    script = folder / "script.py"
    text = "\n".join(cell.source for cell in cells[: drawn.index(True) + 1])
    script.write_text(text, encoding="utf-8")
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)
    return folder, script


def by_script(course, script):
    """Return the seconds that Python takes to the first figure."""
    started = time.perf_counter()
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(course)}
    subprocess.run([sys.executable, script], cwd=course, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def in_browser(course):
    """Return the seconds to the server's answer, to an idle kernel and to the first figure."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"BROWSER": "true", "JUPYTER_PORT": str(port), "JUPYTER_TOKEN": TOKEN}
    settings |= {f"JUPYTER{name}_DIR": str(course / ".lab") for name in ("_CONFIG", "LAB_WORKSPACES")}
    make = ["make", "--old-file=.venv/ready", f"IN={Path(sys.executable).parent}", "lab"]
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright, open(os.devnull, "w") as silence:
        chromium = playwright.chromium.launch(executable_path=browser, args=QUIET)
        page = chromium.new_page(viewport=HALL)
        page.set_default_timeout(300_000)
        started = time.perf_counter()
        server = subprocess.Popen(
            make,
            cwd=course,
            env=os.environ | settings,
            stdout=silence,
            stderr=silence,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            while not answers(f"{address}/api?token={TOKEN}"):
                time.sleep(0.05)
            seconds = [time.perf_counter() - started]
            (notebook,) = (course / "notebooks").glob("01_*.ipynb")
            page.goto(f"{address}/lab/tree/notebooks/{notebook.name}?token={TOKEN}")
            page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
            seconds.append(time.perf_counter() - started)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            page.locator(".jp-OutputArea-output img").first.wait_for()
            return [*seconds, time.perf_counter() - started]
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=60)
            chromium.close()


def answers(address):
    """Say whether a server answers there."""
    try:
        urlopen(address, timeout=5).close()
    except OSError:
        return False
    return True
