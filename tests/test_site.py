"""The site: built from executed notebooks without a warning, for students and for lecturers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

ROOT = Path(__file__).resolve().parent.parent
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


def sample():
    """A notebook with what lectures hold: maths, a folded Chinese block, an aside, a figure with alt text."""
    figure = v4.new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"})
    return v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            v4.new_markdown_cell("# 99 Sample\n\nHow does $\\hat y = Xw$ look?"),
            v4.new_markdown_cell("## 1 Look\n\n<details>\n<summary>中文</summary>\n\n正文 $x$\n\n</details>"),
            v4.new_markdown_cell("Leave two minutes for questions.", metadata={"tags": ["instructor"]}),
            v4.new_code_cell(
                "raise SystemExit('the site ran a cell')",
                execution_count=1,
                outputs=[figure],
                metadata={"mystnb": {"image": {"alt": "A single pixel"}}},
            ),
        ],
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Build the site of the sample and of every stored notebook; return the folder of its pages."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("lectures"))
    for folder in ("lectures", "notebooks", "benchmarks"):
        shutil.copytree(ROOT / folder, root / folder)
    nbformat.write(sample(), root / "notebooks" / "99_sample.ipynb")
    with (root / "lectures" / "index.toml").open("a", encoding="utf-8") as index:
        index.write('\n["99_sample"]\ntitle = "Sample"\nquestion = "How?"\nminutes = 5\ndatasets = []\n')

    def sphinx(name, *options):
        pages = root / name
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", *options, root / "docs", pages],
            cwd=ROOT,  # where conf.py finds tools/
            env=os.environ | {"PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stdout
        return pages

    return sphinx


@pytest.fixture(scope="module")
def students(build):
    return build("students")


def page(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def test_every_notebook_becomes_a_page_linked_from_the_start(students):
    start = page(students, "index.html")
    for notebook in ["99_sample", *(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))]:
        assert f'href="lectures/{notebook}.html"' in start
        assert (students / "lectures" / f"{notebook}.html").exists()


def test_start_page_shows_both_tables(students):
    start = page(students, "index.html")
    assert "<p>How?</p>" in start  # the question of the sample, from index.toml
    assert "<p>Stated</p>" in start  # a heading of the table of claims


def test_figure_keeps_its_alt_text(students):
    assert 'alt="A single pixel"' in page(students, "lectures/99_sample.html")


def test_students_do_not_see_the_lecturers_asides(students):
    assert "Leave two minutes" not in page(students, "lectures/99_sample.html")


def test_lecturers_see_them(build):
    assert "Leave two minutes" in page(build("lecturers", "-t", "instructor"), "lectures/99_sample.html")
