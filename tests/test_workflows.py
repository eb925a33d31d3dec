"""The workflows and the supported Python versions: what must agree across files does."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from utils import check

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}


def read(name):
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


@pytest.fixture
def supported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return SpecifierSet(project["requires-python"])


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_workflow_may_only_read_and_no_job_runs_for_ever(name):
    workflow = read(name)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_weekly_issue_is_opened_whichever_job_fails():
    jobs = read("weekly")["jobs"]
    assert set(jobs["report"]["needs"]) == set(jobs) - {"report"}
    assert jobs["report"]["if"] == "failure()"


def test_every_supported_python_is_tested_on_every_change(supported):
    tested = read("pr")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == [f"3.{minor}" for minor in range(30) if f"3.{minor}" in supported]


def test_python_range_is_the_same_everywhere(supported):
    (low, high) = (".".join(map(str, version)) for version in check.PYTHONS)
    assert SpecifierSet(f">={low},<{high}") == supported
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert SpecifierSet(environment["dependencies"][0].removeprefix("python ")) == supported
