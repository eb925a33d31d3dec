"""A real browser for the tests marked `browser`, and patience for busy machines."""

import os
import shutil

import matplotlib
import pytest
from hypothesis import settings

from tools import MATHJAX, ROOT

NPM = ROOT / "docs" / "node_modules"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
settings.register_profile("course", deadline=None)  # a slow example on a busy machine is no failure
settings.load_profile("course")
HALL = {"width": 1280, "height": 720}  # the pixels of a lecture hall's projector


def unavailable(reason):
    """Skip the test, but fail it on CI, where nobody would notice that the browser tests were skipped."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(autouse=True)
def unstyled_figures():
    """Give each test Matplotlib as it found it: cells that a test runs may choose the course's style."""
    with matplotlib.rc_context():
        yield


@pytest.fixture(scope="module")
def new_context():
    """Make a fresh session in Chromium, on a projector's pixels. Chromium is closed with the module.

    It cannot stay for longer: Playwright's event loop would upset nbclient's.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        unavailable("no Playwright: `pip install -r requirements-dev.txt`")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        unavailable("no Chromium or Chrome: on Debian, `apt-get install chromium fonts-noto-cjk`")
    quiet = ["--disable-gpu", "--disable-quic", "--disable-sync"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=quiet)
        # Without animations, half-way through which a test would look: the oldest theme scrolls smoothly.
        yield lambda **options: chromium.new_context(viewport=HALL, reduced_motion="reduce", **options)
        chromium.close()


@pytest.fixture(scope="module")
def npm():
    """The folder of what the site and its tests take from npm."""
    if not MATHJAX.exists():
        unavailable("no MathJax and axe-core: `make test` fetches them where there is a network")
    return NPM


@pytest.fixture
def screenshot():
    """Store what a page shows as build/screenshots/NAME.png, for people to look at."""
    folder = ROOT / "build" / "screenshots"
    return lambda page, name: page.screenshot(path=folder / f"{name}.png")
