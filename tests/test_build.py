"""Scripts become executed notebooks, the same each time, and edited notebooks become scripts again."""

import csv
import io
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import nbformat
import pytest

from tools import ROOT, ToolError, build, lecture_scripts, replace_files

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""

SAMPLE = """\
# %% [markdown]
# # A sample

# %% tags=["nbval-check-output"]
from utils import claims

SEED = claims.start("01")

# %%
import sys
import time

print("0 %", file=sys.stderr, flush=True)
time.sleep(0.1)
print("first")
print("100 %", file=sys.stderr, flush=True)
time.sleep(0.1)
print("second")

# %% mystnb={"image": {"alt": "A \\"steep\\" line & 1 < 2"}}
import matplotlib.pyplot as plt

plt.plot([1, 2])
plt.show()


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def f_solution(x):
    return x + 1


# %% [markdown] tags=["instructor"]
# Ask the class.

# %%
import ipywidgets

explored = ipywidgets.interact(lambda x: print("drawn at", x), x=(0, 9))

# %%
import os

print(*(os.environ.get(name) for name in ("COURSE_DATA", "COURSE_DATA_POLICY", "COURSE_SEED")))

# %%
claims.check("one and one", 2, "2 apples", band=(1.5, 2.5))
"""

OTHER = """\
# %%
from utils import claims

claims.start("02")

# %%
claims.check("sides of a triangle", 3, "3", band=(2.5, 3.5))
"""


def course(folder, **lectures):
    """Write a small course with the named lectures and return its root."""
    (folder / "lectures").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    readme = "# A course\n\n<!-- lectures -->\n<!-- /lectures -->\n\n<!-- claims -->\n<!-- /claims -->\n"
    (folder / "README.md").write_text(readme, encoding="utf-8")
    index = ""
    for name, script in lectures.items():
        name = name.removeprefix("_")
        path = folder / "lectures" / f"{name}.py"
        path.write_text(HEADER + script, encoding="utf-8", newline="\n")
        index += f'[{name}]\ntitle = "T"\nquestion = "Q?"\nminutes = 90\ndatasets = []\n'
    (folder / "lectures" / "index.toml").write_text(index, encoding="utf-8")
    return folder


def notebook(root, folder="notebooks", name="01_sample"):
    """Return an .ipynb file of a course."""
    return nbformat.read(root / folder / f"{name}.ipynb", as_version=4)


def text_of(cell):
    """Return what a cell printed."""
    return "".join(output.get("text", "") for output in cell.outputs)


def rows(path):
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def snapshot(root):
    """Return every file's bytes."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What `build.run` did and said of a course: a lecture whose claim fails, then one that succeeds."""
    failing = """\
# %%
from utils import claims

claims.start("00")

# %%
claims.check("a", 2, "1", band=(0, 1))
"""
    root = course(tmp_path_factory.mktemp("course"), _00_broken=failing, _01_sample=SAMPLE)
    kernel = root / "share" / "kernels" / "python3" / "kernel.json"  # what a user's other project left behind
    kernel.parent.mkdir(parents=True)
    kernel.write_text(
        '{"argv": ["no-such-python"], "display_name": "Old", "language": "python"}', encoding="utf-8"
    )
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(root)
        patch.setenv("COURSE_DATA", "data")
        patch.setenv("COURSE_DATA_POLICY", "stand-in")
        patch.setenv("COURSE_SEED", "7")
        patch.setenv("JUPYTER_PATH", str(root / "share"))
        patch.setenv("MPLBACKEND", "agg")
        status = build.run(root)
    return SimpleNamespace(root=root, status=status, out=out.getvalue(), err=err.getvalue())


def test_run_goes_on_after_a_failure_and_tells_of_it(ran):
    assert ran.status == 1
    assert "00_broken, code cell [2]" in ran.err
    assert 'claims.check("a", 2, "1", band=(0, 1))' in ran.err
    assert "ClaimError: a: stated 1; measured 2" in ran.err
    assert "Failed, for the reasons above: 00_broken" in ran.err


def test_run_shows_progress(ran):
    assert re.search(r"01_sample: 100%.* 7/7 ", ran.err)


def test_run_ends_with_the_claims_and_what_it_wrote(ran):
    lines = ran.out.splitlines()
    claims = [re.split("  +", line) for line in lines]
    assert ["00", "a", "1", "2", "0 to 1", "none", "NO"] in claims
    assert ["01", "one and one", "2 apples", "2 apples", "1.5 to 2.5", "none", "yes"] in claims
    written = [ran.root / line.strip() for line in lines[lines.index("Written:") + 1 :]]
    assert written == [
        ran.root / "build" / name for name in ("01_sample.html", "01_sample.ipynb", "claims.csv")
    ]
    assert all(path.exists() for path in written)


def test_run_keeps_failed_claims_among_the_rows(ran):
    claims = {row["claim"]: row for row in rows(ran.root / "build" / "claims.csv")}
    assert claims["a"]["ok"] == "False"
    assert claims["one and one"]["measured"] == "2.0"
    assert "seconds" not in claims["a"]
    assert "peak_mb" not in claims["a"]


def test_kernel_has_the_users_settings_with_paths_made_absolute(ran):
    printed = text_of(notebook(ran.root, "build").cells[-2])
    assert printed == f"{ran.root / 'data'} stand-in 7\n"


def test_notebook_holds_nothing_that_differs_between_runs(ran):
    executed = notebook(ran.root, "build")
    assert set(executed.metadata) == {"kernelspec", "language_info"}
    assert "version" not in executed.metadata.language_info
    assert [cell.id for cell in executed.cells] == [f"cell-{n}" for n in range(1, len(executed.cells) + 1)]
    assert {key for cell in executed.cells for key in cell.metadata} == {"tags", "mystnb", "jupyter"}


def test_notebook_keeps_neither_stderr_nor_widgets_but_what_they_show(ran):
    cells = notebook(ran.root, "build").cells
    printing, slider = cells[2], cells[6]
    assert [output.name for output in printing.outputs] == ["stdout"]
    assert printing.outputs[0].text == "first\nsecond\n"
    assert [output.output_type for output in slider.outputs] == ["stream"]
    assert text_of(slider) == "drawn at 4\n"


def test_every_figure_in_the_page_has_its_alt_text(ran):
    page = (ran.root / "build" / "01_sample.html").read_text(encoding="utf-8")
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 1
    assert """alt='A "steep" line &amp; 1 &lt; 2'""" in images[0]


def test_page_folds_solutions(ran):
    page = (ran.root / "build" / "01_sample.html").read_text(encoding="utf-8")
    folded = re.findall(r'<details class="folded">.*?</details>', page, flags=re.DOTALL)
    assert len(folded) == 1
    assert "f_solution" in folded[0]
    assert page.count("f_solution") == folded[0].count("f_solution")


def test_executed_notebook_becomes_its_script_again(ran):
    config = build.jupytext_config(ran.root)
    assert build.script_text(notebook(ran.root, "build"), config, ran.root) == HEADER + SAMPLE


def test_lecture_may_ask_colab_for_a_gpu(tmp_path):
    asking = HEADER.replace("# jupyter:\n", "# jupyter:\n#   accelerator: GPU\n") + "# %%\nx = 1\n"
    root = course(tmp_path, _01_sample="")
    script = root / "lectures" / "01_sample.py"
    script.write_text(asking, encoding="utf-8")
    executed = build.execute(script, tmp_path, tmp_path / "claims")
    assert executed.metadata.accelerator == "GPU"  # where Colab looks for it
    assert build.script_text(executed, build.jupytext_config(root), root) == asking


@pytest.mark.parametrize("script", lecture_scripts(ROOT), ids=lambda script: script.stem)
def test_every_lecture_survives_the_way_to_a_notebook_and_back(script):
    config = build.jupytext_config(ROOT)
    stored = nbformat.reads(build.notebook_text(build.read_script(script, config)), as_version=4)
    text = build.script_text(stored, config, ROOT)
    assert text == script.read_text(encoding="utf-8"), "run `ruff format`; leave one blank line between cells"


def test_the_first_lecture_builds_the_same_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    script = lecture_scripts(ROOT)[0]
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda n: build.execute(script, tmp_path, tmp_path / f"claims-{n}"), (1, 2))
    assert build.notebook_text(first) == build.notebook_text(second)


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A course of two lectures whose notebooks were built."""
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    monkeypatch.setenv("COURSE_SEED", "7")
    root = course(tmp_path, _01_sample=SAMPLE, _02_other=OTHER)
    assert build.notebooks(root) == 0
    return root


def test_notebooks_are_built_on_real_data_with_seed_0_and_the_same_twice(built):
    assert text_of(notebook(built).cells[1]) == "lecture 01 | data policy real | seed 0\n"
    before = snapshot(built / "notebooks")
    claims = (built / "benchmarks" / "claims.csv").read_bytes()
    build.notebooks(built, ["01"])
    assert snapshot(built / "notebooks") == before
    assert (built / "benchmarks" / "claims.csv").read_bytes() == claims


def test_rebuilding_a_lecture_replaces_its_rows_alone(built):
    script = built / "lectures" / "01_sample.py"
    script.write_text(
        script.read_text(encoding="utf-8").replace('"one and one", 2,', '"one plus one", 2.1,'),
        encoding="utf-8",
    )
    build.notebooks(built, ["01"])
    claims = rows(built / "benchmarks" / "claims.csv")
    assert [(row["lecture"], row["claim"]) for row in claims] == [
        ("01", "one plus one"),
        ("02", "sides of a triangle"),
    ]
    lectures = rows(built / "benchmarks" / "lectures.csv")
    assert [row["lecture"] for row in lectures] == ["01", "02"]
    for row in lectures:
        assert 0 < float(row["seconds"]) < 60
        assert 20 < float(row["peak_mb"]) < 2000
        assert f"{os.cpu_count()} cores" in row["machine"]
        assert row["versions"].startswith("python 3.")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
    assert "one plus one" in (built / "README.md").read_text(encoding="utf-8")


BROKEN = {
    "an exception": ("# %%\n1 / 0", "ZeroDivisionError: division by zero"),
    "a misspelt magic": ("# %%\n%matplotlb inline", "UsageError: Line magic function `%matplotlb` not found"),
    "a dead kernel": ("# %%\nimport os\n\nos._exit(1)", "the kernel died"),
    "a warning": ("# %%\nimport warnings\n\nwarnings.warn('too old')", "UserWarning: too old"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_lecture_stops_the_build_and_leaves_every_file_as_it_was(tmp_path, kind):
    cells, reason = BROKEN[kind]
    root = course(tmp_path, _01_broken=f"# %%\nx = 1\n\n{cells}\n")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "01_broken.ipynb").write_text("the old one", encoding="utf-8")
    before = snapshot(root)
    with pytest.raises(ToolError) as caught:
        build.notebooks(root)
    source = cells.partition("\n")[2]
    assert str(caught.value).startswith(f"01_broken, code cell [2]:\n\n{source}\n\n")
    assert reason in str(caught.value)
    assert snapshot(root) == before


@pytest.fixture
def opened(tmp_path):
    """A course whose notebook has not been edited; a function that stores edits of it; and the script."""
    root = course(tmp_path, _01_sample=SAMPLE)
    script = root / "lectures" / "01_sample.py"
    stored = build.read_script(script, build.jupytext_config(root))
    (root / "notebooks").mkdir()

    def save():
        nbformat.write(stored, root / "notebooks" / "01_sample.ipynb")

    save()
    return SimpleNamespace(root=root, script=script, stored=stored, save=save)


def test_sync_carries_an_edit_back(opened, capsys):
    opened.stored.cells[0].source = "# A better sample"
    opened.save()
    build.sync(opened.root)
    assert opened.script.read_text(encoding="utf-8") == (HEADER + SAMPLE).replace(
        "# A sample", "# A better sample"
    )
    assert "rewritten" in capsys.readouterr().out


def test_sync_leaves_the_script_alone_if_no_cell_was_edited(opened, capsys):
    opened.stored.metadata.kernelspec.display_name = "Python 3.12 of a student"
    opened.stored.cells[1].metadata.scrolled = True
    opened.save()
    loose = (HEADER + SAMPLE).replace('SEED = claims.start("01")', "SEED = claims.start('01')")
    opened.stored.cells[1].source = opened.stored.cells[1].source.replace('"', "'")
    opened.script.write_text(loose, encoding="utf-8")
    build.sync(opened.root)
    assert opened.script.read_text(encoding="utf-8") == loose
    assert capsys.readouterr().out == ""


def test_sync_refuses_a_cell_that_is_not_python(opened):
    opened.stored.cells[1].source = "from utils import ("
    opened.save()
    with pytest.raises(ToolError, match="is not Python"):
        build.sync(opened.root)
    assert opened.script.read_text(encoding="utf-8") == HEADER + SAMPLE


def test_sync_mentions_a_lecture_without_a_notebook(tmp_path, capsys):
    build.sync(course(tmp_path, _01_sample=SAMPLE))
    assert "has no notebook yet; `make notebooks` builds it" in capsys.readouterr().out


def test_unknown_lecture_is_refused_with_those_that_exist(tmp_path):
    root = course(tmp_path, _01_sample=SAMPLE)
    with pytest.raises(ToolError, match=r"begins with '09'; there are: 01_sample"):
        build.sync(root, ["09"])


def test_no_file_is_replaced_unless_all_can_be_written(tmp_path):
    (tmp_path / "a").write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        replace_files({tmp_path / "a": "new", tmp_path / "b": "not text: \ud800"})
    assert snapshot(tmp_path) == {tmp_path / "a": b"old"}
