"""Every lecture, opened as people open it: `make lab`, a browser, Run All."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import nbformat
import pytest
from nbformat import v4

from tools import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("make"), reason="no make, and these are the tests of `make lab`"),
]

TOKEN = "open-sesame"
SLOW = 60_000  # ms: a busy machine's first page
LECTURES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SLIDER = """\
import ipywidgets
import matplotlib.pyplot as plt


@ipywidgets.interact(slope=(0.0, 3.0, 0.5))
def draw(slope=1.0):
    plt.plot([0, 1], [0, slope])
    plt.ylim(0, 3)
    plt.show()"""


def read(name, folder=ROOT):
    return nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# A lecture that shows a slider is held to it; the sample holds these tests to it while none does.
WITH_SLIDER = [name for name in LECTURES if "Slider(" in "".join(c.source for c in code_cells(read(name)))]
each_lecture = pytest.mark.parametrize("ran", LECTURES, indirect=True)
each_slider = pytest.mark.parametrize("ran", [*WITH_SLIDER, "98_slider"], indirect=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the checkout to scribble in, with one more notebook, and a function that runs make there."""
    root = tmp_path_factory.mktemp("lab") / "course"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    sample = v4.new_notebook(cells=[v4.new_code_cell(SLIDER)], metadata={"kernelspec": kernel})
    nbformat.write(sample, root / "notebooks" / "98_slider.ipynb")
    # Everything of `make lab` and `make sync` but the environment, which is the one that runs this test.
    make = ["make", "--old-file=.venv/ready", f"IN={Path(sys.executable).parent}"]
    return SimpleNamespace(root=root, make=lambda target: [*make, target])


@pytest.fixture(scope="module")
def lab(course, tmp_path_factory):
    """The server that `make lab` starts, on loopback with a token and nobody's settings: its address."""
    home = tmp_path_factory.mktemp("home")
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "BROWSER": "true",  # the command that does nothing
        "COURSE_DATA_POLICY": "stand-in",
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_PORT": str(port),
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    log = home / "log"
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            course.make("lab"),
            cwd=course.root,
            env=os.environ | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urlopen(f"{address}/api?token={TOKEN}", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.25)
        else:
            pytest.fail(f"`make lab` did not answer within a minute:\n{log.read_text(encoding='utf-8')}")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


@pytest.fixture(scope="module")
def ran(new_context, lab, course, request):
    """A notebook in JupyterLab after Run All: its page, its cells there, and what it holds once saved."""
    name = request.param
    context = new_context()
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(f"{lab}/lab/workspaces/{name}/tree/notebooks/{name}.ipynb?token={TOKEN}")
    idle = page.locator("#jp-main-statusbar").get_by_text("| Idle")
    idle.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    prompts = "[...document.querySelectorAll('.jp-InputPrompt')].map(prompt => prompt.textContent)"
    page.wait_for_function(f"{prompts}.includes('[*]:')")
    page.wait_for_function(f"!{prompts}.includes('[*]:')", timeout=600_000, polling=500)
    idle.wait_for()

    def save():
        page.keyboard.press("Control+s")
        page.locator(".lm-TabBar-tab.jp-mod-dirty").wait_for(state="detached")
        for _ in range(100):  # JupyterLab saves by itself, too, and while it does, the file is empty
            try:
                return read(name, course.root)
            except nbformat.reader.NotJSONError:
                time.sleep(0.1)
        pytest.fail(f"{name}.ipynb was not saved within ten seconds")

    yield SimpleNamespace(name=name, page=page, cells=page.locator(".jp-Notebook .jp-Cell"), save=save)
    for kernel in page.request.get(f"{lab}/api/kernels?token={TOKEN}").json():
        page.request.delete(f"{lab}/api/kernels/{kernel['id']}?token={TOKEN}")
    context.close()


def test_nobody_gets_in_without_the_token(lab):
    with pytest.raises(OSError, match="403"):
        urlopen(f"{lab}/api/contents", timeout=10)


@each_lecture
def test_run_all_runs_every_cell_without_an_error(ran):
    cells = code_cells(ran.save())
    errors = [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not errors, "\n".join(errors[0].traceback)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@each_lecture
def test_claims_table_is_shown_and_every_claim_holds(ran, screenshot):
    cells = ran.save().cells
    (place,) = (i for i, cell in enumerate(cells) if cell.source == "claims.table()")
    table = ran.cells.nth(place).locator("table")
    table.scroll_into_view_if_needed()
    rows = table.locator("tbody tr").all_text_contents()
    stated = [text for cell in code_cells(read(ran.name)) for text in claim_lines(cell)]
    assert len(rows) == len(stated)
    assert all(row.strip().endswith(("yes", "–")) for row in rows)
    assert table.is_visible()
    screenshot(ran.page, f"{ran.name}-jupyterlab-claims")


def claim_lines(cell):
    """Return the lines that a stored cell's claims printed."""
    printed = "".join(output.get("text", "") for output in cell.outputs)
    return re.findall(r"^claim: .*", printed, flags=re.MULTILINE)


@each_lecture
def test_chinese_unfolds_with_its_formulas_typeset(ran, screenshot):
    blocks = [
        re.search(r"<summary>中文</summary>(.*?)</details>", c.source, re.DOTALL)
        for c in read(ran.name).cells
    ]
    assert any(blocks)
    for place, block in enumerate(blocks):
        if not block:
            continue
        folded = ran.cells.nth(place).locator("details", has=ran.page.get_by_text("中文", exact=True))
        first = folded.locator(":scope > :not(summary)").first
        assert not first.is_visible()
        folded.locator("summary").click()
        first.wait_for()
        formulas = re.findall(r"(?<!\\)(\$\$?)(?:[^$\\]|\\.)+\1", block[1], re.DOTALL)
        if formulas:
            folded.locator("mjx-container").nth(len(formulas) - 1).wait_for()
            screenshot(ran.page, f"{ran.name}-jupyterlab-chinese")
        assert folded.locator("mjx-container").count() == len(formulas)
    assert ran.page.locator("mjx-merror, [data-mjx-error]").count() == 0


@each_lecture
def test_solutions_are_folded(ran):
    solutions = [i for i, c in enumerate(read(ran.name).cells) if "solution" in c.metadata.get("tags", [])]
    assert solutions
    for place in solutions:
        cell = ran.cells.nth(place)
        cell.scroll_into_view_if_needed()
        assert cell.locator(".jp-InputPlaceholder").is_visible()
        assert not cell.locator(".jp-InputArea-editor").is_visible()


@each_slider
def test_slider_redraws_its_figure(ran, screenshot):
    handle = ran.page.locator(".widget-slider .noUi-handle").first
    handle.wait_for()
    cell = ran.page.locator(".jp-CodeCell", has=handle)
    figure = cell.locator("img").first
    before = figure.get_attribute("src")
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    changed = "([figure, before]) => figure.isConnected ? figure.src != before : true"
    ran.page.wait_for_function(changed, arg=[figure.element_handle(), before])
    figure.wait_for()
    assert figure.get_attribute("src") != before
    screenshot(ran.page, f"{ran.name}-jupyterlab-slider")


@pytest.mark.parametrize("ran", [name for name in LECTURES if name[:2] == "02"], indirect=True)
def test_numbers_typed_into_the_box_are_played(ran, screenshot):
    box = ran.page.locator(".widget-text input")
    box.wait_for()
    misses = ran.page.locator(".jp-CodeCell", has=box).locator("tbody tr").last.locator("td")
    assert misses.count() == 6
    before = misses.all_text_contents()
    box.fill("359")
    # Of 3, 5 and 9 on the targets 12, 1, 20, 4, 10, 19: 3 + 9, none, all, 3 or 5, 9, all.
    played = ["0", "1", "3", "1", "1", "2"]
    assert before != played
    for place, miss in enumerate(played):
        misses.nth(place).get_by_text(miss, exact=True).wait_for()
    screenshot(ran.page, f"{ran.name}-jupyterlab-box")


@pytest.mark.parametrize("ran", LECTURES[:1], indirect=True)
def test_edit_reaches_the_script_with_make_sync_and_not_before(ran, course):
    script = course.root / "lectures" / f"{ran.name}.py"
    before = script.read_text(encoding="utf-8")
    set_up = ran.page.locator(".jp-CodeCell").first
    set_up.scroll_into_view_if_needed()
    set_up.locator(".cm-content").click()
    ran.page.keyboard.press("Control+End")
    ran.page.keyboard.type("\n# written in JupyterLab")
    edited = code_cells(ran.save())[0].source
    assert edited.endswith("\n# written in JupyterLab")
    assert script.read_text(encoding="utf-8") == before
    subprocess.run(course.make("sync"), cwd=course.root, check=True, capture_output=True)
    untouched = edited.removesuffix("\n# written in JupyterLab")
    assert before.count(untouched) == 1
    assert script.read_text(encoding="utf-8") == before.replace(untouched, edited)
