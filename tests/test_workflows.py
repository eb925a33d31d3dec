"""The workflows and the supported Python versions: what must agree across files does."""

import tomllib
from pathlib import Path

import pytest
import yaml

from utils import check

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}


def read(name):
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_workflow_may_only_read_and_no_job_runs_for_ever(name):
    workflow = read(name)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_weekly_issue_is_opened_whichever_job_fails():
    jobs = read("weekly")["jobs"]
    assert set(jobs["report"]["needs"]) == set(jobs) - {"report"}
    assert jobs["report"]["if"] == "failure()"


def test_every_python_that_is_chosen_is_tested_on_every_change():
    tested = read("pr")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == [f"3.{minor}" for minor in range(check.PYTHONS[0][1], check.PYTHONS[1][1])]


def test_python_range_is_the_same_everywhere():
    (low, high) = (".".join(map(str, version)) for version in check.PYTHONS)
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["dependencies"][0] == f"python >={low},<{high}"
    asked = f"not {check.PYTHONS[0]} <= sys.version_info < {check.PYTHONS[1]}"
    for script in ("Makefile", ".ci/run"):
        assert asked in (ROOT / script).read_text(encoding="utf-8"), script
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "requires-python"
    ]
    assert requires == f">={low}"  # and no cap, which would refuse a newer Colab
