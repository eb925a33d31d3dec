"""A real browser for the tests marked `browser`; patience and a share of the cores for busy machines."""

import os
import shutil

import pytest
from hypothesis import settings

from tools import MATHJAX, ROOT, THREADS

NPM = ROOT / "docs" / "node_modules"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
settings.register_profile("course", deadline=None)  # a slow example on a busy machine is no failure
settings.load_profile("course")
HALL = {"width": 1280, "height": 720}  # the pixels of a lecture hall's projector

# Else glibc may return memory and take it again at every step of a loop over arrays: lecture 02's search then
# takes five times as long.
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**28))
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**28))
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    # Lectures run side by side: threads beyond the cores would spend their time waiting for one another.
    for variable in THREADS:
        os.environ.setdefault(variable, str(max(1, (os.cpu_count() or 1) // int(workers))))


def pytest_collection_modifyitems(items):
    """Put the file that takes longest first, so that `make test` does not end with one worker alone at it."""
    items.sort(key=lambda item: item.path.name != "test_jupyterlab.py")


def unavailable(reason):
    """Skip the test, but fail it on CI, where nobody would notice that the browser tests were skipped."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="module")
def new_context():
    """Make a fresh session in Chromium, on a projector's pixels. Chromium is closed with the module.

    It cannot stay for longer: Playwright's event loop would upset nbclient's.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        unavailable("no Playwright: `pip install -e .[browser]`")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        unavailable("no Chromium or Chrome: on Debian, `apt-get install chromium fonts-noto-cjk`")
    quiet = ["--disable-gpu", "--disable-quic", "--disable-sync"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=quiet)
        yield lambda **options: chromium.new_context(viewport=HALL, **options)
        chromium.close()


@pytest.fixture(scope="module")
def npm():
    """The folder of what the site and its tests take from npm."""
    if not MATHJAX.exists():
        unavailable("no MathJax and axe-core: `make site` fetches them")
    return NPM


@pytest.fixture
def screenshot():
    """Store what a page shows as build/screenshots/NAME.png, for people to look at."""
    folder = ROOT / "build" / "screenshots"
    return lambda page, name: page.screenshot(path=folder / f"{name}.png")
