"""`make lab`, `.ci/run` and the browser marker on machines unlike this one: stand-ins play what they call."""

import os
import shutil
import subprocess
import sys

import pytest

from tools import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


@pytest.fixture
def machine(tmp_path):
    """A folder with all the commands that .ci/run finds; a function adds one, which notes its calls."""
    (tmp_path / "bin").mkdir()
    for name in ("dirname", "env", "realpath"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))

    def command(name, does):
        path = tmp_path / "bin" / name
        note = f'echo "{name} $* | $COURSE_DATA_POLICY | $PYTEST_ADDOPTS" >> {tmp_path}/log'
        path.write_text(f"#!/bin/sh\n{note}\n{does}\n", encoding="utf-8")
        path.chmod(0o755)

    return command


@pytest.fixture
def ci(machine, tmp_path):
    """Run .ci/run on that machine, beside shared data: its exit status, and what was called."""
    (tmp_path / "course" / ".ci").mkdir(parents=True)
    (tmp_path / "shared" / "data").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tmp_path / "course" / ".ci")
    for name in ("make", "git", "apt-get", "dpkg-query", "python3"):
        machine(name, "exit 0")

    def run():
        settings = {"PATH": str(tmp_path / "bin"), "COURSE_DATA_POLICY": "real", "COURSE_DATA": "/elsewhere"}
        done = subprocess.run(
            [tmp_path / "course" / ".ci" / "run"], env=settings, capture_output=True, text=True, timeout=60
        )
        return done, (tmp_path / "log").read_text(encoding="utf-8").splitlines()

    return run


def passes(log):
    return [line.removeprefix("make ") for line in log if line.startswith("make ")]


def test_ci_installs_a_browser_and_chinese_letters_where_they_are_missing(ci, machine):
    machine("dpkg-query", "exit 1")
    _, log = ci()
    (install,) = (line for line in log if line.startswith("apt-get install"))
    assert {"chromium", "fonts-noto-cjk"} <= set(install.split())
    assert "python3" not in install.split()


def test_ci_installs_nothing_where_all_is_there(ci, machine):
    machine("chromium", "exit 0")
    _, log = ci()
    assert not [line for line in log if line.startswith("apt-get")]


def test_ci_opens_the_browser_on_stand_ins_alone(ci):
    done, log = ci()
    assert done.returncode == 0
    assert passes(log) == ["lint |  | ", "site |  | ", "test | stand-in | ", "test | real | -m 'not browser'"]


def test_ci_runs_every_pass_and_fails_if_one_failed(ci, machine):
    machine("make", '[ "$1" != lint ]')
    done, log = ci()
    assert done.returncode == 1
    assert done.stderr == "failed: make lint\n"
    assert len(passes(log)) == 4


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
@pytest.mark.parametrize(("user", "may"), [("0", True), ("1000", False)])
def test_lab_lets_root_in_only_if_that_is_the_user(machine, tmp_path, user, may):
    machine("id", f"echo {user}")
    command = ["make", "--dry-run", "--old-file=.venv/ready", "lab"]
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert "jupyter lab" in done.stdout, done.stderr
    assert ("--allow-root" in done.stdout) == may


@pytest.mark.parametrize(("on_ci", "outcome"), [("", "SKIPPED"), ("true", "ERROR")])
def test_browser_tests_say_why_they_cannot_run_and_fail_on_ci(tmp_path, on_ci, outcome):
    pytest.importorskip("playwright")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text("def test_it(new_context): ...", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rsE", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env=os.environ | {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT), "CI": on_ci},
        capture_output=True,
        text=True,
    )
    assert f"\n{outcome} " in done.stdout
    assert "no Chromium or Chrome: on Debian, `apt-get install chromium fonts-noto-cjk`" in done.stdout
