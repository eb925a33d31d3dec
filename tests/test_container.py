"""The container: on the lock, not as root, with a token, and with nothing in it but a fresh checkout.

Nothing builds it here; `make lint` runs hadolint over the Dockerfile. Binder and a devcontainer make theirs
by binder/ and .devcontainer/: one Python for all, and every package from the lock.
"""

import json
import shutil
import subprocess

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


def devcontainer():
    return json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))


def test_one_python_in_container_binder_and_devcontainer(steps):
    version = last(steps, "FROM").removeprefix("python:").partition("-")[0]
    assert (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip() == f"python-{version}"
    assert devcontainer()["image"].endswith(f"/python:{version}")


def test_binder_installs_the_lock_and_the_course_and_reads_nothing_else():
    """It installs at the root, where the lock's `-e .` is the course; pip in an environment.yml would not."""
    assert {path.name for path in (ROOT / "binder").iterdir()} == {"requirements.txt", "runtime.txt"}
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.txt"]


@pytest.mark.skipif(not shutil.which("make"), reason="no make, with which the devcontainer begins")
def test_devcontainer_begins_with_an_environment_that_make_knows_how_to_build():
    facts = devcontainer()
    tool, target = facts["postCreateCommand"].split()
    python = facts["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python.startswith(f"${{containerWorkspaceFolder}}/{target.partition('/')[0]}/")
    known = subprocess.run(
        [tool, "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True
    )
    assert known.returncode == 0, known.stderr
    assert "requirements-dev.txt" in known.stdout
    assert facts["forwardPorts"] == [8888]
