"""make, `.ci/run` and the browser marker on machines unlike this one: stand-ins play what they call."""

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
        note = f'echo "{name} $* | $COURSE_DATA_POLICY | $COURSE_DATA" >> {tmp_path}/log'
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


def test_ci_runs_all_on_stand_ins_and_then_what_needs_real_data(ci, tmp_path):
    done, log = ci()
    assert done.returncode == 0
    data = tmp_path / "shared" / "data"
    assert passes(log) == ["lint |  | ", "site |  | ", "test | stand-in | ", f"test ARGS=--real |  | {data}"]


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


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
@pytest.mark.parametrize("network", [True, False])
def test_tests_fetch_what_the_browser_needs_and_go_on_without_a_network(machine, tmp_path, network):
    for name in ("touch", "sh", "echo"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    for path in (
        "requirements.txt",
        "requirements-dev.txt",
        "pyproject.toml",
        "docs/package-lock.json",
        ".venv/ready",
    ):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "docs" / "node_modules").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    machine("python", "exit 0")
    machine("npm", "exit 0" if network else "echo no network >&2; exit 1")
    command = [shutil.which("make"), "--silent", f"IN={tmp_path / 'bin'}", "test"]
    done = subprocess.run(
        [*command, "LECTURE=01"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    called = [line.split(" |")[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert called[0].startswith("npm ci ")
    assert called[1].startswith("python -m tools.test 01")
    assert ("what needs them is skipped" in done.stdout) == (not network)


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
def test_clean_spares_what_took_hours(tmp_path):
    for path in ("build/jobs/a.json", "build/site/index.html", "build/claims.csv", "data/cache/mnist.npz"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    for _ in range(2):
        subprocess.run(
            ["make", "-f", ROOT / "Makefile", "clean"], cwd=tmp_path, check=True, capture_output=True
        )
    left = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert left == ["build/jobs/a.json", "data/cache/mnist.npz"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git repository")
def test_checkout_has_plain_line_ends_whatever_git_is_told(tmp_path):
    """With CRLF a shell cannot run .ci/run, and a notebook is not the one that was stored."""
    settings = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run(["git", *settings, "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=tmp_path / "clone", check=True, capture_output=True, text=True
    )
    assert [line for line in listed.stdout.splitlines() if "w/crlf" in line or "w/mixed" in line] == []


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
