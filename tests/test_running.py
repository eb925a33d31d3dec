"""What `make test` runs: everything, what concerns a lecture or a change, or what needs real data."""

import subprocess
from types import SimpleNamespace

import pytest
import requests

from tools import ROOT, ToolError, test
from utils.datasets import store

INDEX = """\
[01_a]
datasets = ["mnist"]
[02_b]
datasets = []
[03_c]
datasets = ["mnist", "chest_xray"]
"""
NOTEBOOKS = ["notebooks/01_a.ipynb", "notebooks/02_b.ipynb", "notebooks/03_c.ipynb"]


@pytest.fixture
def course(tmp_path):
    """A course of three lectures in a repository of its own, and git there."""

    def git(*command):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)

    for name in ("lectures/01_a.py", "lectures/02_b.py", "lectures/03_c.py", *NOTEBOOKS):
        write(tmp_path, name)
    for name in (
        "tests/test_lecture_02.py",
        "tests/test_lecture_contract.py",
        "utils/claims.py",
        "utils/check.py",
    ):
        write(tmp_path, name)
    (tmp_path / "lectures" / "index.toml").write_text(INDEX)
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "A")
    git("config", "user.email", "a@example.org")
    git("add", "--all")
    git("commit", "--quiet", "--message=The course")
    git("switch", "--quiet", "--create=change")
    return SimpleNamespace(root=tmp_path, git=git)


def write(root, name, text="x = 1\n"):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("lectures/02_b.py", ["notebooks/02_b.ipynb"]),
        ("notebooks/03_c.ipynb", ["notebooks/03_c.ipynb"]),
        ("utils/claims.py", NOTEBOOKS),
        ("utils/datasets/new.py", NOTEBOOKS),
        ("requirements.txt", NOTEBOOKS),
        ("conftest.py", NOTEBOOKS),
        ("utils/check.py", []),
        ("README.md", []),
        ("tests/test_lecture_02.py", []),
        ("lectures/04_not_built_yet.py", []),
    ],
)
@pytest.mark.parametrize("committed", [True, False])
def test_change_runs_its_notebooks_and_all_if_they_share_it(course, name, run, committed):
    (course.root / name).parent.mkdir(parents=True, exist_ok=True)
    write(course.root, name, "x = 2\n")
    if committed:
        course.git("add", "--all")
        course.git("commit", "--quiet", "--message=A change")
    assert test.changed(course.root, "main") == run


def test_what_others_changed_since_does_not_count(course):
    course.git("switch", "--quiet", "main")
    write(course.root, "utils/claims.py", "x = 2\n")
    course.git("commit", "--quiet", "--all", "--message=Theirs")
    course.git("switch", "--quiet", "change")
    assert test.changed(course.root, "main") == []


def test_commit_that_git_does_not_know_is_refused(course):
    with pytest.raises(ToolError, match="nowhere"):
        test.changed(course.root, "nowhere")


def test_lecture_is_its_notebook_its_tests_and_what_is_asked_of_all(course):
    assert test.concerning(course.root, "02") == [
        "notebooks/02_b.ipynb",
        "tests/test_lecture_02.py",
        "tests/test_lecture_contract.py",
        "-k",
        "02",
    ]
    with pytest.raises(ToolError, match="names 3 lectures"):
        test.concerning(course.root, "0")


@pytest.fixture
def without(monkeypatch, course):
    """Run on real data without some datasets, for which assets are awaited: the status, and the notebooks."""
    given = []
    monkeypatch.setattr(
        test, "pytest", lambda *arguments, **settings: given.append((arguments, settings)) or 0
    )

    def run(*missing, answer):
        monkeypatch.setattr(store, "find", lambda dataset: None if dataset.name in missing else dataset)
        monkeypatch.setattr(test, "awaited", lambda dataset: answer)
        status = test.on_real_data(course.root)
        ((arguments, settings),) = given
        assert settings == {"COURSE_DATA_POLICY": "real"}
        assert arguments[-3:] == ("tests", *test.ON_REAL_DATA)
        return status, list(arguments[:-3])

    return run


def test_every_lecture_runs_on_real_data_that_is_here(without):
    assert without(answer=[]) == (0, NOTEBOOKS)


def test_lecture_that_waits_for_a_release_is_named_and_left_out(without, capsys):
    assert without("chest_xray", answer=["https://example.org/data-1/x.zip"]) == (0, NOTEBOOKS[:2])
    said = capsys.readouterr().err
    assert "03_c: left out, for there is no chest_xray here; nobody has published https://example.org" in said


def test_data_that_should_be_here_fail_the_run(without, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert without("mnist", answer=[]) == (1, NOTEBOOKS[1:2])
    assert capsys.readouterr().err.startswith("::error::01_a, 03_c: left out, for there is no mnist here")


@pytest.mark.parametrize(("status", "is_awaited"), [(404, True), (200, False), (None, False)])
def test_release_is_awaited_only_if_it_says_that_it_has_no_such_asset(monkeypatch, status, is_awaited):
    def head(url, **options):
        if status is None:
            raise requests.ConnectionError
        return SimpleNamespace(status_code=status)

    monkeypatch.setattr(requests, "head", head)
    monkeypatch.setattr(
        "utils.datasets.catalogue.address", lambda mirror: f"https://x/{mirror[8:]}", raising=False
    )
    files = [SimpleNamespace(name="a.zip")]
    forms = [
        SimpleNamespace(mirrors=mirrors, files=files) for mirrors in (["release:data-1/"], ["https://y/"])
    ]
    assert test.awaited(SimpleNamespace(downloads=forms)) == ["https://x/data-1/a.zip"] * is_awaited


def test_pytest_is_asked_for_several_files_at_a_time(monkeypatch):
    calls = []
    monkeypatch.setattr(subprocess, "call", lambda command, **options: calls.append((command, options)) or 3)
    assert test.pytest("notebooks", COURSE_DATA_POLICY="real") == 3
    ((command, options),) = calls
    assert {"--numprocesses=auto", "--dist=loadfile", "notebooks"} <= set(command)
    assert options["cwd"] == ROOT
    assert options["env"]["COURSE_DATA_POLICY"] == "real"
