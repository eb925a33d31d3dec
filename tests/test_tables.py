"""The rendered tables say what measured/, index.toml and the catalogue hold, and nothing else."""

import os
import shutil
import subprocess
import sys

import pytest

from tools import ROOT, ToolError, tables

PYPROJECT = '[project]\nname = "x"\n[project.urls]\nRepository = "https://github.com/someone/a-course"\n'
MARKED = "Before.\n\n<!-- {name} -->stale<!-- /{name} -->\n\nAfter.\n"
ENTRY = """
[{name}]
title = "{title}"
title_zh = "题目"
question = "{question}"
question_zh = "为什么？"
part = "{part}"
needs = {needs}
minutes = {minutes}
datasets = {datasets}
seconds = 60
peak_mb = 1500
gpu = false
backends = []
headline = "test error"
"""
OTHER = {
    "name": "02_other",
    "title": "Other | else",
    "question": "Why?",
    "part": "Vision",
    "needs": ["01"],
    "minutes": 45,
    "datasets": [],
}
FLATS = {
    "name": "01_flats",
    "title": "Flats",
    "question": "What fixes the price?",
    "part": "Foundations",
    "needs": [],
    "minutes": 80,
    "datasets": ["hdb_resale", "mnist"],
}
HEADER = "claim,stated,measured,low,high,asserted,ok,exact,source,seed,backend,device,versions\n"
CLAIMS = {
    "01": """\
test error,27.8 %,27.79213,26.9,28.7,True,True,False,real,0,numpy,cpu,python 3.11.7
training error,below 0.01 %,1.5e-12,,1e-08,True,True,False,real,0,numpy,cpu,python 3.11.7
parameters,"269,322",269322.0,,,True,True,True,none,0,numpy,cpu,python 3.11.7
five sixths,0.83,0.8333,,,True,True,True,none,0,numpy,cpu,python 3.11.7
""",
    "02": 'not on these,"182,978",182978.0,,,False,True,False,stand-in,0,numpy,cpu,python 3.11.7\n',
}
RUN = """\
seconds,peak_mb,gflops,machine,versions,date,cells
21.4,934.2,297,A processor,python 3.11.7,2025-01-31,abc
"""


@pytest.fixture
def course(tmp_path):
    """Return a repository with the files that the tables are made from."""
    files = {
        "pyproject.toml": PYPROJECT,
        "README.md": MARKED.format(name="lectures"),
        "measured/README.md": MARKED.format(name="claims"),
        "data/README.md": MARKED.format(name="datasets"),
        "lectures/index.toml": ENTRY.format(**OTHER) + ENTRY.format(**FLATS),
        "measured/runs/01.csv": RUN,
        **{f"measured/claims/{number}.csv": HEADER + rows for number, rows in CLAIMS.items()},
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def text(root, name="README.md"):
    return (root / name).read_text(encoding="utf-8")


def rows(root, name="README.md"):
    """Return the rows of a file's tables."""
    return [line for line in text(root, name).splitlines() if line.startswith("|")]


def test_tables_of_this_course_are_up_to_date():
    tables.check(ROOT)


def test_lectures_stand_in_their_parts_with_what_was_measured_and_where(course):
    tables.write(course)
    header, rule, flats, *_, other = rows(course)
    assert flats == (
        "| [01 Flats](notebooks/01_flats.ipynb) | What fixes the price? | test error: 27.8 % | 80 min | 21 s "
        "| hdb_resale, mnist | [Colab]"
        "(https://colab.research.google.com/github/someone/a-course/blob/main/notebooks/01_flats.ipynb) |"
    )
    assert other.startswith(r"| [02 Other \| else](notebooks/02_other.ipynb) | Why? | – | 45 min | – | – | ")
    assert (
        f"**Foundations**\n\n{header}\n{rule}\n{flats}\n\n**Vision**\n\n{header}\n{rule}\n{other}\n"
        in text(course)
    )
    assert f"({tables.badges.binder('notebooks', course)})\n" in text(course)
    where = "on: A processor, which multiplies float32 matrices at 297 GFLOP/s."
    assert f"Seconds were measured {where}" in text(course)


def test_seconds_of_several_machines_say_which_is_whose(course):
    other = RUN.replace("A processor", "Another").replace("297", "")
    (course / "measured" / "runs" / "02.csv").write_text(other, encoding="utf-8")
    of_01, of_02 = tables.machines(course)
    assert of_01.startswith("Seconds of 01 were measured on: A processor, which ")
    assert of_02 == "Seconds of 02 were measured on: Another."


def test_claims_show_measured_beside_stated_and_allowed_and_exact_ones_as_a_number(course):
    tables.write(course)
    assert rows(course, "measured/README.md") == [
        "| Claim | Stated | Measured | Allowed | Data | Holds |",
        "| --- | --- | --- | --- | --- | --- |",
        "| test error | 27.8 % | 27.79 % | 26.9 to 28.7 | real | yes |",
        "| training error | below 0.01 % | 1.5e-12 % | at most 1e-08 | real | yes |",
        "| exact arithmetic: 2 figures | – | – | – | none | yes |",
        "| Claim | Stated | Measured | Allowed | Data | Holds |",
        "| --- | --- | --- | --- | --- | --- |",
        "| not on these | 182,978 | 182,978 | not asserted | stand-in | – |",
    ]
    assert "\n## 01 Flats\n" in text(course, "measured/README.md")


def test_claims_on_made_digits_stand_together_once_more(course):
    assert "Made digits" not in tables.claims_by_lecture(course)
    for number, claim, stated in (("01", "distance, GAN", "17"), ("02", "recall, VAE", "0.9")):
        with (course / "measured" / "claims" / f"{number}.csv").open("a", encoding="utf-8") as file:
            file.write(f'"{claim}",{stated},{stated},0,20,True,True,False,real,0,numpy,cpu,python 3.11.7\n')
    _, _, together = tables.claims_by_lecture(course).partition("\n## Made digits, by one judge\n")
    assert [line for line in together.splitlines() if line.startswith("|")] == [
        "| Lecture | Claim | Stated | Measured | Allowed | Data | Holds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| 01 | distance, GAN | 17 | 17 | 0 to 20 | real | yes |",
        "| 02 | recall, VAE | 0.9 | 0.9 | 0 to 20 | real | yes |",
    ]


def test_text_around_the_tables_is_kept_and_writing_again_changes_nothing(course):
    tables.write(course)
    written = text(course)
    assert "stale" not in written
    assert written.startswith("Before.\n\n<!-- lectures -->\n\n```mermaid\n")
    assert written.endswith("\n\n<!-- /lectures -->\n\nAfter.\n")
    tables.write(course)
    assert text(course) == written
    tables.check(course)


@pytest.mark.parametrize("file", ["lectures/index.toml", "measured/claims/01.csv", "measured/runs/01.csv"])
def test_check_refuses_tables_that_lag_behind_their_source(course, file):
    tables.write(course)
    path = course / file
    path.write_text(path.read_text(encoding="utf-8").replace("2", "3"), encoding="utf-8")
    with pytest.raises(ToolError, match=r"README\.md; run `python -m tools\.tables`"):
        tables.check(course)


@pytest.mark.parametrize(("file", "name"), [("README.md", "lectures"), ("measured/README.md", "claims")])
def test_a_file_without_a_place_for_its_table_is_refused(course, file, name):
    path = course / file
    path.write_text(text(course, file).replace(f"<!-- /{name} -->", ""), encoding="utf-8")
    with pytest.raises(ToolError, match=f"{file} .* write <!-- {name} --> and <!-- /{name} --> into it"):
        tables.write(course)
    assert "stale" in text(course, file)


def test_readme_stays_short_at_nineteen_lectures(tmp_path):
    """Those there are, and as many with the longest title and question as are missing to nineteen."""
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("lectures", "measured"):
        shutil.copytree(ROOT / name, tmp_path / name)
    entries = tables.lectures.index(ROOT)
    longest = {fact: max((one[fact] for one in entries.values()), key=len) for fact in ("title", "question")}
    longest |= {"needs": ["02", "10"], "datasets": ["hdb_resale", "mnist"], "part": "Generative models"}
    with (tmp_path / "lectures" / "index.toml").open("a", encoding="utf-8") as index:
        for number in range(len(entries) + 1, 20):
            index.write(ENTRY.format(**FLATS | longest | {"name": f"{number:02}_generative_adversarial"}))
            for kind, content in (("claims", HEADER + CLAIMS["01"]), ("runs", RUN)):
                (tmp_path / "measured" / kind / f"{number:02}.csv").write_text(content, encoding="utf-8")
    readme = tables.between(text(tmp_path), "lectures", tables.lecture_tables(tmp_path))
    assert readme.count("[Colab]") == 19
    assert len(readme.encode()) < 16_000


def test_command_exits_with_1_and_one_line_when_the_tables_lag_behind(course):
    shutil.copytree(ROOT / "tools", course / "tools")
    command = [sys.executable, "-m", "tools.tables", "--check"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # where utils lies
    run = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("error: out of date: the tables of README.md, measured/README.md")
    assert len(run.stderr.splitlines()) == 1
