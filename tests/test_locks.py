"""The two locks: what a student needs, and what a maintainer needs besides."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def lines(name):
    """Return a lock's lines without its comments."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(name):
    """Return a lock's pinned versions, by package; a package has several if Pythons differ."""
    found = {}
    for line in lines(name):
        if not line.startswith("-"):
            pin = Requirement(line)
            (version,) = (specifier.version for specifier in pin.specifier)
            found.setdefault(canonicalize_name(pin.name), []).append(version)
    return found


STUDENT, MAINTAINER = pins("requirements.txt"), pins("requirements-dev.txt")


@pytest.mark.parametrize(
    ("needs", "locked"),
    [
        (PROJECT["dependencies"] + EXTRAS["lab"] + EXTRAS["test"], STUDENT),
        (EXTRAS["dev"], STUDENT | MAINTAINER),
    ],
    ids=["student", "maintainer"],
)
def test_lock_has_every_package_that_is_asked_for_in_a_version_that_will_do(needs, locked):
    for need in map(Requirement, needs):
        versions = locked.get(canonicalize_name(need.name), [])
        assert versions, f"{need} is not locked: run `make lock`"
        assert all(need.specifier.contains(version) for version in versions), f"{need}: locked {versions}"


def test_maintainers_lock_begins_with_the_students_and_repeats_nothing():
    assert lines("requirements.txt")[0] == "-e ."
    assert lines("requirements-dev.txt")[0] == "-r requirements.txt"
    assert STUDENT.keys() & MAINTAINER.keys() == set()


def test_students_lock_is_without_the_maintainers_tools():
    tools = {"distributed", "hypothesis", "jupytext", "playwright", "pytest-xdist", "ruff", "sphinx", "uv"}
    assert tools & STUDENT.keys() == set()
    assert tools <= MAINTAINER.keys()


def test_installable_package_pins_nothing_that_a_lecture_imports():
    """An exact pin there would move the packages that Colab has."""
    assert [need for need in PROJECT["dependencies"] if re.search("==|<", need)] == []
