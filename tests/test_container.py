"""The container: on the lock, not as root, with a token, and with nothing in it but a fresh checkout.

Nothing builds it here; `make lint` runs hadolint over the Dockerfile.
"""

import json

import pytest

from tools import ROOT
from utils import check


@pytest.fixture
def steps():
    """The Dockerfile's instructions: pairs such as ("USER", "1000")."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def last(steps, name):
    """Return what follows the last instruction of a name."""
    return [argument for step, argument in steps if step == name][-1]


def test_python_is_one_that_the_course_is_tested_with(steps):
    version = last(steps, "FROM").removeprefix("python:").partition("-")[0]
    assert check.PYTHONS[0] <= tuple(map(int, version.split("."))) < check.PYTHONS[1]


def test_server_runs_as_nobody_special(steps):
    assert int(last(steps, "USER")) >= 1000
    assert steps.index(("USER", last(steps, "USER"))) < [name for name, _ in steps].index("CMD")


def test_server_asks_for_a_token(steps):
    command = json.loads(last(steps, "CMD"))
    assert command[:2] == ["jupyter", "lab"]
    assert not any(word in option for option in command for word in ("token", "password", "allow-root"))


def test_course_data_is_a_volume(steps):
    assert last(steps, "ENV") == f"COURSE_DATA={last(steps, 'VOLUME')}"


def test_what_git_ignores_stays_outside():
    """A file of .git's or a build's, copied into the image, would be served to everybody."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored += [f"docs/{line}" for line in (ROOT / "docs" / ".gitignore").read_text().splitlines()]
    outside = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    outside = {line.removeprefix("**/") for line in outside}
    assert {line.rstrip("/") for line in ignored} | {".git"} <= outside
