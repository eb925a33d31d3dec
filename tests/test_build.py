"""Scripts become executed notebooks, the same each time, and edited notebooks become scripts again."""

import csv
import io
import os
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import ROOT, ToolError, build, forms, kernels, lectures, measured, replace_files
from utils import machine

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
claims.exact("sides of a triangle", 3, "3")
"""


FACTS = """
[{}]
title = "T"
question = "Q?"
part = "P"
needs = []
minutes = 90
datasets = []
seconds = 60
peak_mb = 1500
gpu = false
backends = []
headline = "one and one"
"""


def course(folder, **lectures):
    """Write a small course with the named lectures and return its root."""
    (folder / "lectures").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for file, table in (("", "lectures"), ("measured/", "claims"), ("data/", "datasets")):
        path = folder / f"{file}README.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# A course\n\n<!-- {table} -->\n<!-- /{table} -->\n", encoding="utf-8")
    index = ""
    for name, script in lectures.items():
        name = name.removeprefix("_")
        path = folder / "lectures" / f"{name}.py"
        path.write_text(HEADER + script, encoding="utf-8", newline="\n")
        index += FACTS.format(name)
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
    assert forms.script_of(notebook(ran.root, "build"), "01_sample", ran.root) == HEADER + SAMPLE


def test_colab_is_asked_for_a_gpu_where_the_index_says_so(tmp_path):
    root = course(tmp_path, _01_sample="# %%\nx = 1\n")
    facts = root / "lectures" / "index.toml"
    facts.write_text(facts.read_text(encoding="utf-8").replace("gpu = false", "gpu = true"), encoding="utf-8")
    [lecture] = lectures.read(root)
    executed, _ = build.execute(lecture, root, tmp_path, tmp_path / "claims")
    assert executed.metadata.accelerator == "GPU"  # where Colab looks for it
    (root / "notebooks").mkdir()
    executed.cells[0].source = "x = 2"
    nbformat.write(executed, root / "notebooks" / "01_sample.ipynb")
    build.sync(root)
    assert (root / "lectures" / "01_sample.py").read_text(encoding="utf-8") == HEADER + "# %%\nx = 2\n"


@pytest.mark.parametrize("lecture", lectures.read(ROOT), ids=lambda lecture: lecture.stem)
def test_every_lecture_survives_the_way_to_a_notebook_and_back(lecture):
    stored = nbformat.reads(build.notebook_text(forms.notebook_of(lecture, ROOT)), as_version=4)
    text = forms.script_of(stored, lecture.stem, ROOT)
    assert text == lecture.text, "run `ruff format`; leave one blank line between cells"


def set_up_a_build(patch):
    """Make settings that a build must not heed, and have it spend no time on measuring the processor."""
    patch.setenv("COURSE_DATA_POLICY", "stand-in")
    patch.setenv("COURSE_SEED", "7")
    patch.setattr(build, "product_rate", lambda: "300")


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    """A course of two lectures whose notebooks were built, for each test to copy."""
    root = course(tmp_path_factory.mktemp("built"), _01_sample=SAMPLE, _02_other=OTHER)
    with pytest.MonkeyPatch.context() as patch:
        set_up_a_build(patch)
        assert build.notebooks(root) == 0
    return root


@pytest.fixture
def built(built_once, tmp_path, monkeypatch):
    """A course of two lectures whose notebooks were built; what it builds again is built as before."""
    set_up_a_build(monkeypatch)
    return shutil.copytree(built_once, tmp_path, dirs_exist_ok=True)


def test_notebooks_are_built_on_real_data_with_seed_0_and_the_same_twice(built):
    assert text_of(notebook(built).cells[1]) == "lecture 01 | data policy real | seed 0\n"
    before = snapshot(built / "notebooks") | snapshot(built / "measured" / "claims")
    build.notebooks(built, ["01"])
    assert snapshot(built / "notebooks") | snapshot(built / "measured" / "claims") == before


def test_rebuilding_a_lecture_replaces_its_files_alone(built):
    script = built / "lectures" / "01_sample.py"
    script.write_text(
        script.read_text(encoding="utf-8").replace('"one and one", 2,', '"one plus one", 2.1,'),
        encoding="utf-8",
    )
    others = {path: path.read_bytes() for path in built.rglob("02*")}
    build.notebooks(built, ["01"])
    assert {path: path.read_bytes() for path in built.rglob("02*")} == others
    claims = measured.rows(built, "claims")
    assert [(row["lecture"], row["claim"], row["exact"]) for row in claims] == [
        ("01", "one plus one", "False"),
        ("02", "sides of a triangle", "True"),
    ]
    runs = measured.rows(built, "runs")
    assert [row["lecture"] for row in runs] == ["01", "02"]
    for row in runs:
        assert 0 < float(row["seconds"]) < 60
        assert 20 < float(row["peak_mb"]) < 2000
        assert row["gflops"] == "300"
        assert f", {machine.cores()} cores" in row["machine"]
        assert row["versions"].startswith("python 3.")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
        assert row["slow"] == "none"
    assert "one plus one" in (built / "measured" / "README.md").read_text(encoding="utf-8")


def test_the_rate_of_multiplying_matrices_is_measured():
    assert 1 < float(build.product_rate(side=1_024)) < 1e6


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
    nbformat.write(forms.notebook_of(lectures.read(root)[0], root), root / "notebooks" / "01_broken.ipynb")
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
    stored = forms.notebook_of(lectures.read(root)[0], root)
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


def test_a_pasted_picture_is_refused_and_stays_in_the_notebook(opened):
    opened.stored.cells[0].source += "\n\n![image.png](attachment:image.png)"
    opened.stored.cells[0].attachments = {"image.png": {"image/png": "iVBORw0KGgo="}}
    opened.save()
    before = snapshot(opened.root)
    for command in (build.sync, build.notebooks):
        with pytest.raises(
            ToolError, match=r"01_sample\.ipynb, cell 1: .*image\.png.* Draw it in a code cell"
        ):
            command(opened.root)
    assert snapshot(opened.root) == before


def test_a_notebook_with_a_merges_marks_is_named(opened):
    (opened.root / "notebooks" / "01_sample.ipynb").write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(ToolError, match=r"notebooks/01_sample\.ipynb is no notebook"):
        build.sync(opened.root)


def edited(path, old, new):
    """Replace some text in a file, as an editor would."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_edit_of_either_form_is_carried_to_the_other_and_never_lost(built, capsys):
    script, stored = built / "lectures" / "01_sample.py", built / "notebooks" / "01_sample.ipynb"
    edited(script, "# A sample", "# A finer sample")
    build.sync(built, ["01"])
    assert "make notebooks" in capsys.readouterr().out  # the notebook has nothing to carry
    assert "# A finer sample" in script.read_text(encoding="utf-8")
    build.notebooks(built, ["01"])
    edited(stored, "# A finer sample", "# A note taken in class")
    before = snapshot(built)
    with pytest.raises(ToolError, match=r"01_sample\.ipynb holds edits .*`make sync`"):
        build.notebooks(built)
    assert snapshot(built) == before
    build.sync(built, ["01"])
    assert "# A note taken in class" in script.read_text(encoding="utf-8")
    edited(script, "taken in class", "after class")
    build.notebooks(built, ["01"])
    assert "# A note after class" in stored.read_text(encoding="utf-8")


def test_edits_of_both_forms_are_for_people_to_join(built):
    edited(built / "lectures" / "01_sample.py", "Ask the class", "Ask them")
    edited(built / "notebooks" / "01_sample.ipynb", "# A sample", "# A better sample")
    before = snapshot(built)
    for command in (build.sync, build.notebooks):
        with pytest.raises(ToolError, match="edit"):
            command(built, ["01"])
    assert snapshot(built) == before


ODD = {
    "a code cell that ends in blanks": (nbformat.v4.new_code_cell("x = 1\n   "), "# %%\nx = 1\n"),
    "a hard break": (
        nbformat.v4.new_markdown_cell("one  \ntwo  \n\n## three  "),
        "# %% [markdown]\n# one\\\n# two\n#\n# ## three\n",
    ),
    "a markdown cell that ends in blanks": (
        nbformat.v4.new_markdown_cell("one\n   "),
        "# %% [markdown]\n# one\n",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_sync_keeps_what_a_notebook_may_hold_and_settles(opened, kind, capsys):
    cell, written = ODD[kind]
    opened.stored.cells.append(cell)
    opened.save()
    build.sync(opened.root)
    assert opened.script.read_text(encoding="utf-8") == f"{HEADER}{SAMPLE}\n{written}"
    assert "rewritten" in capsys.readouterr().out
    build.sync(opened.root)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (nbformat.v4.new_code_cell("x = 1\n# %% then\ny = 2"), "begins with `# %%`"),
        (nbformat.v4.new_markdown_cell("%% per cent of what?"), "begin with %%"),
    ],
)
def test_sync_refuses_a_cell_that_would_become_two(opened, cell, reason):
    opened.stored.cells.append(cell)
    opened.save()
    with pytest.raises(ToolError, match=rf"01_sample\.ipynb, cell 10: .*{reason}"):
        build.sync(opened.root)
    assert opened.script.read_text(encoding="utf-8") == HEADER + SAMPLE


PROSE = st.text(alphabet="ab#%-+`\n \\$<>:.\t1*", max_size=40).map(nbformat.v4.new_markdown_cell)
LINES = (
    "x = 1",
    "# %% a",
    "# note",
    "   ",
    "",
    "def f():",
    "    return 2",
    "s = '''",
    "'''",
    "#%%x",
    "# %%",
    "# +",
    "%%time",
)
CODE = st.lists(st.sampled_from(LINES), max_size=6).map("\n".join).map(nbformat.v4.new_code_cell)


@settings(max_examples=25, deadline=None)
@given(st.lists(PROSE | CODE, min_size=1, max_size=4))
def test_whatever_a_notebook_holds_settles_at_once_or_is_refused(cells):
    try:
        script = forms.script_of(nbformat.v4.new_notebook(cells=cells), "x", ROOT)
    except ToolError:
        return
    back = forms.notebook_of(lectures.Lecture("x", script), ROOT)
    assert [cell.cell_type for cell in back.cells] == [cell.cell_type for cell in cells]
    assert forms.script_of(back, "x", ROOT) == script


TROUBLED = """
import os, sys, time

if "ipykernel_launcher" in sys.orig_argv:
    with open({started!r}, "a+") as file:
        file.write("x")
        file.seek(0)
        if len(file.read()) <= {n_troubled}:
            {trouble}
"""


def trouble_kernels(root, monkeypatch, trouble, n_troubled):
    """Let the first kernels that start meet with some trouble, given as a statement of Python."""
    (root / "site").mkdir()
    code = TROUBLED.format(started=str(root / "started"), trouble=trouble, n_troubled=n_troubled)
    (root / "site" / "sitecustomize.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{root / 'site'}{os.pathsep}{ROOT}")


@pytest.mark.parametrize(
    ("trouble", "n_troubled", "reason"),
    [("os._exit(1)", 2, "no kernel started"), ("time.sleep(20)", 1, "no kernel started within 3 s")],
)
def test_a_kernel_that_does_not_start_fails_its_lecture_alone(
    tmp_path, monkeypatch, capsys, trouble, n_troubled, reason
):
    root = course(tmp_path, _01_sample=OTHER, _02_other=OTHER)
    trouble_kernels(root, monkeypatch, trouble, n_troubled)
    monkeypatch.setattr(kernels, "STARTUP", 3)
    assert build.run(root) == 1
    said = capsys.readouterr()
    assert f"01_sample: {reason}" in said.err
    assert "Failed, for the reasons above: 01_sample" in said.err
    assert "02_other.ipynb" in said.out


def test_a_kernel_that_dies_as_it_starts_is_started_once_more(tmp_path, monkeypatch):
    root = course(tmp_path, _01_sample=OTHER)
    trouble_kernels(root, monkeypatch, "os._exit(1)", 1)  # as if another process had taken one of its ports
    assert build.run(root) == 0
    assert (root / "started").read_text() == "xx"


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
