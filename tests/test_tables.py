"""README's tables say what benchmarks/ and lectures/index.toml hold, and nothing else."""

import os
import shutil
import subprocess
import sys

import pytest

from tools import ROOT, ToolError, tables

PYPROJECT = '[project]\nname = "x"\n[project.urls]\nRepository = "https://github.com/someone/a-course"\n'
README = """\
Before.

<!-- lectures -->stale<!-- /lectures -->

Between.

<!-- claims --><!-- /claims -->

After.
"""
INDEX = """\
[02_other]
title = "Other | else"
question = "Why?"
minutes = 45
datasets = []

[01_flats]
title = "Flats"
question = "What fixes the price?"
minutes = 90
datasets = ["hdb_resale", "mnist"]
"""
CLAIMS = """\
lecture,claim,stated,measured,low,high,asserted,ok,source,seed,backend,device,versions
01,test error,27.8 %,27.79213,26.9,28.7,True,True,real,0,numpy,cpu,python 3.11.7
01,training error,below 0.01 %,1.5e-12,,1e-08,True,True,real,0,numpy,cpu,python 3.11.7
02,not on these,"182,978",182978.0,,,False,True,stand-in,0,numpy,cpu,python 3.11.7
"""
LECTURES = (
    "lecture,seconds,peak_mb,machine,versions,date\n01,21.4,934.2,A processor,python 3.11.7,2025-01-31\n"
)


@pytest.fixture
def course(tmp_path):
    """A course with one lecture that was measured and one that was not."""
    files = {
        "pyproject.toml": PYPROJECT,
        "README.md": README,
        "lectures/index.toml": INDEX,
        "benchmarks/claims.csv": CLAIMS,
        "benchmarks/lectures.csv": LECTURES,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def readme_rows(root):
    """Return the rows of README's tables."""
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("|")]


def test_readme_of_this_course_holds_the_tables():
    tables.check(ROOT)


def test_lectures_stand_in_order_with_what_was_measured(course):
    tables.write(course)
    flats, other = readme_rows(course)[2:4]
    assert flats == (
        "| [01 Flats](notebooks/01_flats.ipynb) | What fixes the price? | 90 min | 21 s | 0.9 GB "
        "| hdb_resale, mnist | [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        "(https://colab.research.google.com/github/someone/a-course/blob/main/notebooks/01_flats.ipynb) |"
    )
    assert other.startswith(r"| [02 Other \| else](notebooks/02_other.ipynb) | Why? | 45 min | – | – |  | ")


def test_claims_show_measured_beside_stated_and_allowed(course):
    tables.write(course)
    assert readme_rows(course)[6:] == [
        "| 01 | test error | 27.8 % | 27.79 % | 26.9 to 28.7 | real | yes |",
        "| 01 | training error | below 0.01 % | 1.5e-12 % | at most 1e-08 | real | yes |",
        "| 02 | not on these | 182,978 | 182,978 | not asserted | stand-in | – |",
    ]


def test_text_around_the_tables_is_kept_and_writing_again_changes_nothing(course):
    tables.write(course)
    text = (course / "README.md").read_text(encoding="utf-8")
    assert "stale" not in text
    assert text.startswith("Before.\n\n<!-- lectures -->\n\n| Lecture |")
    assert " |\n\n<!-- /lectures -->\n\nBetween.\n\n<!-- claims -->\n\n| Lecture |" in text
    assert text.endswith(" |\n\n<!-- /claims -->\n\nAfter.\n")
    tables.write(course)
    assert (course / "README.md").read_text(encoding="utf-8") == text
    tables.check(course)


@pytest.mark.parametrize("file", ["lectures/index.toml", "benchmarks/claims.csv", "benchmarks/lectures.csv"])
def test_check_refuses_tables_that_lag_behind_their_source(course, file):
    tables.write(course)
    path = course / file
    path.write_text(path.read_text(encoding="utf-8").replace("9", "8"), encoding="utf-8")
    with pytest.raises(ToolError, match=r"out of date: run `python -m tools\.tables`"):
        tables.check(course)


@pytest.mark.parametrize("name", ["lectures", "claims"])
def test_readme_without_a_place_for_a_table_is_refused(course, name):
    readme = course / "README.md"
    readme.write_text(README.replace(f"<!-- /{name} -->", ""), encoding="utf-8")
    with pytest.raises(ToolError, match=f"write <!-- {name} --> and <!-- /{name} --> into it"):
        tables.write(course)
    assert "stale" in readme.read_text(encoding="utf-8")


def test_pages_of_lectures_may_lie_elsewhere():
    index = {"01_flats": {"title": "Flats", "question": "", "minutes": 90, "datasets": []}}
    assert tables.lectures(index, [], page="{}.html")[1][0] == "[01 Flats](01_flats.html)"


def test_command_exits_with_1_and_one_line_when_the_tables_lag_behind(course):
    shutil.copytree(ROOT / "tools", course / "tools")
    command = [sys.executable, "-m", "tools.tables", "--check"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # where utils lies
    run = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == "error: README.md's tables are out of date: run `python -m tools.tables`\n"
