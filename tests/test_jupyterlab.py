"""The notebooks as people open them: `make lab` and a browser; Run All in the first lecture."""

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

import jupytext
import nbformat
import pytest
from bs4 import BeautifulSoup

from tools import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("make"), reason="no make, and these are the tests of `make lab`"),
]

TOKEN = "open-sesame"
SLOW = 60_000  # ms: a busy machine's first page
LECTURES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WIDGETS = "98_widgets"
each_lecture = pytest.mark.parametrize("opened", LECTURES, indirect=True)
first_lecture = pytest.mark.parametrize("ran", LECTURES[:1], indirect=True)
widgets = pytest.mark.parametrize("ran", [WIDGETS], indirect=True)


def read(name, folder=ROOT):
    return nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


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
    jupytext.write(jupytext.read(ROOT / "tests" / "widgets.py"), root / "notebooks" / f"{WIDGETS}.ipynb")
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
def jupyterlab(new_context, lab):
    """Open notebooks from the file browser, one after the other: where `make lab` leads, and loaded once."""
    context = new_context()
    context.set_default_timeout(SLOW)
    page = context.new_page()
    with_kernel = True

    def pass_on(route):
        if with_kernel or route.request.method != "POST":  # else the request for a kernel waits, for ever
            route.continue_()

    page.route("**/api/sessions*", pass_on)
    page.goto(f"{lab}/?token={TOKEN}")

    def open_notebook(name, kernel):
        nonlocal with_kernel
        with_kernel = kernel
        for tab in page.get_by_role("tab").filter(has_text=".ipynb").all():
            tab.locator(".lm-TabBar-tabCloseIcon").click()
        page.locator(".jp-Notebook").wait_for(state="detached")
        for running in page.request.get(f"{lab}/api/kernels?token={TOKEN}").json():
            page.request.delete(f"{lab}/api/kernels/{running['id']}?token={TOKEN}")
        page.locator(".jp-DirListing-item", has_text=f"{name}.ipynb").dblclick()
        if kernel:
            page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        return page

    yield open_notebook
    context.close()


@pytest.fixture(scope="module")
def opened(jupyterlab, request):
    """A stored notebook as JupyterLab shows it, and nothing run: its page, and its cells there."""
    page = jupyterlab(request.param, kernel=False)
    return SimpleNamespace(name=request.param, page=page, cells=page.locator(".jp-Notebook .jp-Cell"))


@pytest.fixture(scope="module")
def ran(jupyterlab, course, request):
    """A notebook in JupyterLab after Run All: its page, its cells there, and what it holds once saved."""
    name = request.param
    page = jupyterlab(name, kernel=True)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    prompts = "[...document.querySelectorAll('.jp-InputPrompt')].map(prompt => prompt.textContent)"
    page.wait_for_function(f"{prompts}.includes('[*]:')")
    page.wait_for_function(f"!{prompts}.includes('[*]:')", timeout=600_000, polling=500)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()

    def save(typed=""):
        page.keyboard.press("Control+s")
        page.locator(".lm-TabBar-tab.jp-mod-dirty").wait_for(state="detached")
        for _ in range(100):  # a tab calls itself clean a moment before its file holds what was typed
            try:
                saved = read(name, course.root)
                if any(typed in cell.source for cell in saved.cells):
                    return saved
            except nbformat.reader.NotJSONError:
                pass  # JupyterLab saves by itself, too, and while it does, the file is empty
            page.wait_for_timeout(100)
        pytest.fail(f"{name}.ipynb was not saved within ten seconds")

    return SimpleNamespace(name=name, page=page, cells=page.locator(".jp-Notebook .jp-Cell"), save=save)


def test_nobody_gets_in_without_the_token(lab):
    with pytest.raises(OSError, match="403"):
        urlopen(f"{lab}/api/contents", timeout=10)


@each_lecture
def test_chinese_unfolds_with_its_formulas_typeset(opened, screenshot):
    cells = read(opened.name).cells
    blocks = [re.search(r"<summary>中文</summary>(.*?)</details>", c.source, re.DOTALL) for c in cells]
    formula = re.compile(r"(?<!\\)(\$\$?)(?:[^$\\]|\\.)+\1", re.DOTALL)
    formulas = [len(formula.findall(block[1])) for block in blocks if block]
    assert sum(formulas) > 0
    folds = opened.page.locator(".jp-Notebook details", has=opened.page.get_by_text("中文", exact=True))
    shown = "folds => folds.map(fold => fold.querySelectorAll('mjx-container').length)"
    deadline = time.monotonic() + SLOW / 1000
    while folds.evaluate_all(shown) != formulas and time.monotonic() < deadline:
        opened.page.wait_for_timeout(200)
    assert folds.evaluate_all(shown) == formulas
    assert opened.page.locator("mjx-merror, [data-mjx-error]").count() == 0
    one = folds.nth(formulas.index(max(formulas)))
    inside = one.locator(":scope > :not(summary)").first
    assert not inside.is_visible()
    one.locator("summary").click()
    inside.wait_for()
    screenshot(opened.page, f"{opened.name}-jupyterlab-chinese")


@each_lecture
def test_solutions_are_folded(opened):
    cells = read(opened.name).cells
    solutions = [i for i, cell in enumerate(cells) if "solution" in cell.metadata.get("tags", [])]
    assert solutions
    for place in solutions:
        cell = opened.cells.nth(place)
        cell.scroll_into_view_if_needed()
        assert cell.locator(".jp-InputPlaceholder").is_visible()
        assert not cell.locator(".jp-InputArea-editor").is_visible()


@each_lecture
def test_claims_table_is_shown_as_it_was_stored(opened):
    cells = read(opened.name).cells
    (place,) = (i for i, cell in enumerate(cells) if cell.source == "claims.table()")
    (stored,) = (output.data["text/html"] for output in cells[place].outputs if "data" in output)
    table = opened.cells.nth(place).locator("table")
    table.scroll_into_view_if_needed()
    assert table.is_visible()
    rows = BeautifulSoup(stored, "html.parser").select("tbody tr")
    assert table.locator("tbody tr").count() == len(rows) > 0


@first_lecture
def test_run_all_runs_every_cell_without_an_error(ran):
    cells = code_cells(ran.save())
    errors = [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not errors, "\n".join(errors[0].traceback)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@first_lecture
def test_every_claim_holds_in_the_table_that_run_all_shows(ran, screenshot):
    cells = ran.save().cells
    (place,) = (i for i, cell in enumerate(cells) if cell.source == "claims.table()")
    table = ran.cells.nth(place).locator("table")
    table.scroll_into_view_if_needed()
    rows = table.locator("tbody tr").all_text_contents()
    assert rows
    assert all(row.strip().endswith(("yes", "–")) for row in rows)
    screenshot(ran.page, f"{ran.name}-jupyterlab-claims")


@first_lecture
def test_edit_reaches_the_script_with_make_sync_and_not_before(ran, course):
    script = course.root / "lectures" / f"{ran.name}.py"
    before = script.read_text(encoding="utf-8")
    note = "# written in JupyterLab"
    set_up = ran.page.locator(".jp-CodeCell").first
    editor = set_up.locator(".cm-content")
    editor.click()
    editor.press("Control+End")
    editor.press_sequentially(f"\n{note}")
    set_up.get_by_text(note).wait_for()
    edited = code_cells(ran.save(typed=note))[0].source
    assert edited.endswith(f"\n{note}")
    assert script.read_text(encoding="utf-8") == before
    subprocess.run(course.make("sync"), cwd=course.root, check=True, capture_output=True)
    untouched = edited.removesuffix(f"\n{note}")
    assert before.count(untouched) == 1
    assert script.read_text(encoding="utf-8") == before.replace(untouched, edited)


@widgets
def test_slider_redraws_its_figure(ran, screenshot):
    handle = ran.page.locator(".widget-slider .noUi-handle").first
    handle.wait_for()
    figure = ran.page.locator(".jp-CodeCell", has=handle).locator("img").first
    before = figure.get_attribute("src")
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    changed = "([figure, before]) => figure.isConnected ? figure.src != before : true"
    ran.page.wait_for_function(changed, arg=[figure.element_handle(), before])
    figure.wait_for()
    assert figure.get_attribute("src") != before
    screenshot(ran.page, "widgets-jupyterlab-slider")


@widgets
def test_each_other_control_reaches_its_function(ran):
    cell = ran.page.locator(".jp-CodeCell", has=ran.page.locator(".widget-text"))
    cell.get_by_text("3 abc one False").wait_for()
    cell.locator(".widget-slider .noUi-handle").press("ArrowRight")
    cell.get_by_text("4 abc one False").wait_for()
    cell.locator(".widget-text input").fill("xyz")
    cell.get_by_text("4 xyz one False").wait_for()
    cell.locator("select").select_option("two")
    cell.get_by_text("4 xyz two False").wait_for()
    cell.locator("input[type=checkbox]").check()
    cell.get_by_text("4 xyz two True").wait_for()
    ran.page.get_by_role("button", name="Press", exact=True).click()
    ran.page.get_by_text("pressed", exact=True).wait_for()
