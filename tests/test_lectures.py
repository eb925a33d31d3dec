"""Lectures as the tools read them: claims by their signature, facts by the index."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell

from tools import ROOT, ToolError, badges, build, depends, lecture_scripts, lectures, tables
from tools.lectures import Lecture


def claims(code):
    return lectures.claims_of(new_code_cell(code), "05_toy")


def test_a_claim_is_read_however_its_arguments_are_given():
    called = 'claims.check("x", f(1), "2 m", band=(1, 1 + 2), stand_in=None, data=MNIST)'
    named = 'claims.check(name="x", stated="2 m", data=MNIST, band=(1, 3), measured=f(1), stand_in=None)'
    [one], [other] = claims(called), claims(named)
    assert one == other
    assert (one.name, one.stated, one.exact) == ("x", "2 m", False)
    assert [one.allowed(source) for source in ("real", "none", "stand-in")] == [(1, 3), (1, 3), None]
    [exact] = claims('claims.exact("y", 7, stated="7")')
    assert (exact.name, exact.stated, exact.exact) == ("y", "7", True)
    [same] = claims('claims.check("z", 1, "1", band=(0, None))')
    assert same.allowed("stand-in") == (0, None)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            'claims.check("x", 1, "1", (0, 2))',
            r"too many positional arguments; write claims\.check\(name, meas",
        ),
        ('claims.check("x", 1, "1")', "missing a required (keyword-only )?argument: 'band'"),
        ('claims.check("x", 1, band=(0, 2))', "missing a required argument: 'stated'"),
        ('claims.check("x", 1, "1", band=None)', r"its band is None; write band=\(low, high\)"),
        ('claims.check("x", 1, "1", band=(low, 2))', r"its band is \(low, 2\); write it out, in numbers"),
        ('claims.check("x", 1, f"{n} m", band=(0, 2))', "its stated is .*; write it out"),
        ('claims.check("x", 1, "1", band=(0, 2), stand_in=None)', r"stand_in without data=\(…\) never holds"),
        ('claims.check("x", 1, 1, band=(0, 2))', "name and stated are texts"),
        ('claims.check("x", 1, "1", width=2, band=(0, 2))', "unexpected keyword argument 'width'"),
        ('claims.exact("x", "1")', "missing a required argument: 'stated'"),
    ],
)
def test_what_cannot_be_read_is_refused_by_lecture_and_claim(call, reason):
    with pytest.raises(ToolError, match=rf"05_toy, claim 'x': .*{reason}"):
        claims(call)


def test_a_cell_that_is_not_python_is_shown():
    with pytest.raises(ToolError, match=r"05_toy: a cell is not Python \(.*\):\n\nclaims.exact\("):
        claims('claims.exact("x", 1')


def test_two_claims_of_one_name_are_refused():
    twice = '# %%\nclaims.exact("x", 1, "1")\n\n# %%\nclaims.exact("x", 2, "2")\n'
    with pytest.raises(ToolError, match="05_toy: two claims are called 'x'"):
        _ = Lecture("05_toy", twice).claims


def test_what_explains_a_claim_is_a_comment_on_its_lines_or_right_above():
    code = """\
# of the cell
x = measure(color="#ff0000")  # of this line
claims.check("a", x, "1", band=(0, 2))
claims.check("b", x, "#1", band=(0, 2))  # its own
# above two
claims.check(
    "c",
    x,
    "1",
    band=(0, 2),
)
claims.check("d", x, "1", band=(0, 2))
y = 1
claims.check("e", x, "1", band=(0, 2))
claims.check(
    "f",
    x,
    "1",
    band=(0, 2),  # a chi square's
)
claims.check("g", x, "1", band=(0, 2))  # fmt: skip
"""
    assert [claim.name for claim in claims(code) if claim.explained] == ["b", "c", "d", "f"]


def test_a_lecture_that_the_index_lacks_is_named(tmp_path):
    (tmp_path / "lectures").mkdir()
    (tmp_path / "lectures" / "20_new.py").write_text("# %%\n", encoding="utf-8")
    with pytest.raises(ToolError, match=r"lectures/index\.toml has no \[20_new\]"):
        lectures.read(tmp_path)


def test_notebooks_are_listed_for_a_backend_or_a_dataset(capsys, monkeypatch):
    facts = lectures.index(ROOT)

    def listed(*options):
        monkeypatch.setattr(sys, "argv", ["lectures", *options])
        lectures.main()
        return capsys.readouterr().out.splitlines()

    everything = listed()
    assert everything == [f"notebooks/{script.stem}.ipynb" for script in lecture_scripts(ROOT)]
    on_jax = [path for path in everything if "jax" in facts[path[10:-6]]["backends"]]
    assert 0 < len(on_jax) < len(everything)
    assert listed("--backend", "jax") == on_jax
    with_mnist = [path for path in everything if "mnist" in facts[path[10:-6]]["datasets"]]
    assert listed("--dataset", "mnist") == with_mnist


def test_pyproject_is_ascii():
    """JupyterLab's jupytext reads it in the locale's encoding, which on some Windows knows few letters."""
    (ROOT / "pyproject.toml").read_text(encoding="ascii")


@pytest.mark.parametrize(
    ("command", "letters"),
    [("tools.build sync 01", "cp932"), ("tools.tables --check", "cp950"), ("tools.lectures", "ascii")],
)
def test_tools_work_where_the_locale_has_few_letters(command, letters):
    settings = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONIOENCODING": letters}
    environment = {**os.environ, **settings}
    environment.pop("LANG", None)
    run = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, env=environment, capture_output=True
    )
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.fixture
def twentieth(tmp_path):
    """A copy of the course with lecture 05 once more, as lecture 20; only index.toml was edited by hand."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for folder in ("tools", "utils", "tests", "lectures", "notebooks", "measured", "data", "docs"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=lambda path, names: ignored(path, names) | {"cache"}
        )
    for file in ("pyproject.toml", "README.md", "conftest.py"):
        shutil.copy(ROOT / file, tmp_path)
    [original] = lecture_scripts(ROOT, ["05"])

    def copied(old, new):
        text = (ROOT / old).read_text(encoding="utf-8")
        for before, after in (
            ("# 5 · ", "# 20 · "),
            ('"05"', '"20"'),
            ('\\"05\\"', '\\"20\\"'),
            (original.stem, "20_toy"),
        ):
            text = text.replace(before, after)
        (tmp_path / new).parent.mkdir(exist_ok=True)
        (tmp_path / new).write_text(text, encoding="utf-8")

    copied(f"lectures/{original.name}", "lectures/20_toy.py")
    copied(f"notebooks/{original.stem}.ipynb", "notebooks/20_toy.ipynb")
    for folder, ending in (("measured/claims", "csv"), ("measured/runs", "csv"), ("tests/controls", "toml")):
        copied(f"{folder}/05.{ending}", f"{folder}/20.{ending}")
    evidence = (ROOT / "measured/evidence/05.csv").read_text(encoding="utf-8")
    old = depends.code_hash(original.stem, original.read_text(encoding="utf-8"))
    new = depends.code_hash("20_toy", (tmp_path / "lectures/20_toy.py").read_text(encoding="utf-8"))
    (tmp_path / "measured/evidence/20.csv").write_text(evidence.replace(old, new), encoding="utf-8")
    index = tmp_path / "lectures" / "index.toml"
    text = index.read_text(encoding="utf-8")
    entry = re.search(rf"^\[{original.stem}\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)[1]
    index.write_text(f"{text}\n[20_toy]\n{entry}", encoding="utf-8")
    return tmp_path


def test_a_new_lecture_needs_no_shared_file_but_the_index(twentieth, capsys, monkeypatch):
    badges.check(twentieth)
    tables.write(twentieth)
    assert "notebooks/20_toy.ipynb" in (twentieth / "README.md").read_text(encoding="utf-8")
    monkeypatch.setattr(lectures, "ROOT", twentieth)
    monkeypatch.setattr(sys, "argv", ["lectures", "--backend", "jax", "--dataset", "mnist"])
    lectures.main()
    assert "notebooks/20_toy.ipynb" in capsys.readouterr().out
    build.sync(twentieth, ["20"])
    assert capsys.readouterr().out == ""
    tests = ["tests/test_lecture_contract.py", "tests/test_evidence.py", "-k", "20_toy"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider"],
        cwd=twentieth,
        env={**os.environ, "PYTHONPATH": str(twentieth)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^\d\d passed", run.stdout, re.MULTILINE)
