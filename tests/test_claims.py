"""Claims: what a lecture states is printed, logged, and held against what it measured."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from utils import claims, datasets
from utils.datasets import Provenance


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Start a lecture with seed 0 and one stand-in and one real dataset loaded; return its log's rows."""
    for name in ("COURSE_SEED", "COURSE_DATA_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMS_LOG", str(tmp_path / "claims.jsonl"))
    loaded = {
        name: Provenance(name, name.title(), source, Path(), "3 rows", "CC0")
        for name, source in (("digits", "stand-in"), ("flats", "cache"))
    }
    monkeypatch.setattr(datasets, "provenance", lambda: loaded)
    claims.start("42")

    def rows():
        return [json.loads(line) for line in (tmp_path / "claims.jsonl").read_text("utf-8").splitlines()]

    return rows


def test_start_prints_lecture_policy_and_seed(log, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_SEED", "7")
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    assert claims.start("05") == 7
    assert capsys.readouterr().out == "lecture 05 | data policy stand-in | seed 7\n"


@pytest.mark.parametrize("text", ["-1", "0.5", "seven", ""])
def test_a_seed_that_is_no_whole_number_is_refused(log, monkeypatch, text):
    monkeypatch.setenv("COURSE_SEED", text)
    with pytest.raises(ValueError, match=r"COURSE_SEED is .* whole number >= 0"):
        claims.start("05")


def test_a_claim_that_holds_prints_nothing_that_differs_between_machines(log, capsys):
    claims.check("test error", 27.81, "27.8 % (slide: 26 %)", band=(27, 28.5), data=("flats",))
    assert capsys.readouterr().out.splitlines()[-1] == "claim: test error | stated 27.8 % (slide: 26 %)"


def test_a_row_holds_everything_about_a_claim(log):
    claims.check("test error", 27.81, "27.8 %", band=(27, None), data=("flats",))
    [row] = log()
    assert {key: row[key] for key in ("lecture", "claim", "stated", "measured", "low", "high")} == {
        "lecture": "42",
        "claim": "test error",
        "stated": "27.8 %",
        "measured": 27.81,
        "low": 27.0,
        "high": None,
    }
    assert {key: row[key] for key in ("asserted", "ok", "source", "seed")} == {
        "asserted": True,
        "ok": True,
        "source": "real",
        "seed": 0,
    }
    assert row["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert row["seconds"] >= 0
    assert row["peak_mb"] > 10


def test_a_missed_band_says_what_was_stated_measured_and_allowed_and_is_logged_first(log):
    message = "gap: stated 27.8 %; measured 31.42 %; allowed 27 to 28.5 % on real data (lecture 42, seed 0)"
    with pytest.raises(claims.ClaimError, match=f"^{re.escape(message)}$"):
        claims.check("gap", 31.4159, "27.8 %", band=(27, 28.5), data=("flats",))
    assert [row["ok"] for row in log()] == [False]


def test_a_missed_band_can_be_recorded_without_an_error(log, capsys):
    row = claims.record("gap", 31.4159, "27.8 %", band=(27, 28.5), data=("flats",))
    assert (row["measured"], row["ok"]) == (31.4159, False)
    assert log() == [row]
    assert claims.table().loc["gap", "holds"] == "NO"
    assert "claim:" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("measured", "band", "holds"),
    [
        (5, (5, 5), True),
        (4.99, (5, None), False),
        (1e9, (5, None), True),
        (5.01, (None, 5), False),
        (-1e9, (None, 5), True),
        (float("nan"), (None, 5), False),
        (float("inf"), (5, None), False),
    ],
)
def test_edges_belong_to_the_band_and_an_open_edge_admits_no_infinity(log, measured, band, holds):
    if holds:
        claims.check("x", measured, "5", band=band)
    else:
        with pytest.raises(claims.ClaimError):
            claims.check("x", measured, "5", band=band)


def test_a_stand_in_has_its_own_band(log):
    claims.check("error", 40, "27.8 %", band=(27, 28), stand_in=(35, 45), data=("flats", "digits"))
    with pytest.raises(claims.ClaimError, match="allowed 35 to 45 % on a stand-in"):
        claims.check("error", 27.5, "27.8 %", band=(27, 28), stand_in=(35, 45), data=("digits",))
    with pytest.raises(claims.ClaimError, match="on real data"):
        claims.check("error", 40, "27.8 %", band=(27, 28), stand_in=(35, 45), data=("flats",))


def test_the_stand_in_band_defaults_to_the_real_one(log):
    with pytest.raises(claims.ClaimError, match="allowed 27 to 28 % on a stand-in"):
        claims.check("error", 40, "27.8 %", band=(27, 28), data=("digits",))


def test_a_claim_can_be_left_open_on_stand_ins_only(log):
    claims.check("error", 99, "27.8 %", band=(27, 28), stand_in=None, data=("digits",))
    assert [(row["asserted"], row["ok"], row["low"]) for row in log()] == [(False, True, None)]
    with pytest.raises(claims.ClaimError):
        claims.check("error", 99, "27.8 %", band=(27, 28), stand_in=None, data=("flats",))


def test_a_claim_about_data_that_was_not_loaded_is_refused(log):
    with pytest.raises(ValueError, match="'error' names data that was not loaded: mnist"):
        claims.check("error", 1, "1", band=(0, 2), data=("mnist",))


@pytest.mark.parametrize("band", [(None, None), (2, 1)])
def test_a_band_that_is_empty_or_open_on_both_sides_is_refused(log, band):
    with pytest.raises(ValueError, match="has the band"):
        claims.check("error", 1, "1", band=band)


@pytest.mark.parametrize("call", [claims.check, claims.record])
def test_a_band_must_be_there_and_be_named(log, call):
    with pytest.raises(ValueError, match="claim 'error' has no band: without one it could never fail"):
        call("error", 1, "1", band=None)
    with pytest.raises(TypeError):
        call("error", 1, "1", (0, 2))
    with pytest.raises(TypeError):
        call("error", 1, "1")


@pytest.mark.parametrize(
    ("value", "stated"),
    [
        (0.0238, "0.02"),
        (0.0238, "0.024 (slide: 0.02)"),
        (5.023e-7, "5.0e-7"),
        (62_730, "62,730 parameters"),
        (-0.5, "−0.50"),
        (-1e-9, "0"),
        (182, "182 of 210"),
        (True, "1"),
    ],
)
def test_exact_arithmetic_prints_as_stated(log, capsys, value, stated):
    claims.exact("terms", value, stated)
    assert capsys.readouterr().out.splitlines()[-1] == f"claim: terms | stated {stated}"
    assert [(row["exact"], row["ok"], row["source"]) for row in log()] == [(True, True, "none")]


@pytest.mark.parametrize(
    ("value", "stated"),
    [(0.0251, "0.02"), (62_731, "62,730"), (0.5, "−0.5"), (float("nan"), "0"), (5.1e-7, "5.0e-7")],
)
def test_arithmetic_that_prints_otherwise_is_refused_and_logged_first(log, value, stated):
    with pytest.raises(claims.ClaimError, match=f"^terms: stated {stated}; computed "):
        claims.exact("terms", value, stated)
    assert [row["ok"] for row in log()] == [False]


def test_an_exact_figure_must_be_a_number(log):
    with pytest.raises(ValueError, match="stated as 'many' holds no number"):
        claims.exact("terms", 1, "many")


def test_the_table_shows_what_was_at_stake_first(log):
    claims.exact("parameters", 9, "9")
    claims.check("error", 27.8, "27.8 %", band=(27, 28), data=("flats",))
    claims.exact("terms", 3, "3")
    table = claims.table()
    assert list(table.index) == ["error", "exact arithmetic: 2 figures"]
    assert table["holds"].tolist() == ["yes", "yes"]


def test_a_claim_without_a_lecture_says_what_to_run():
    code = "from utils import claims; claims.check('x', 1, '1', band=(0, 2))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "no lecture has started: run the set-up cell" in run.stderr


def test_the_table_shows_measured_beside_stated_and_forgets_re_run_cells(log):
    for measured in (1, 27.8123):
        claims.check("error", measured, "27.8 %", band=(0, 28), data=("flats",))
    claims.check("gap", 3, "6 points", band=(5, 7), stand_in=None, data=("digits",))
    table = claims.table()
    assert table.loc["error"].tolist() == ["27.8 %", "27.81 %", "0 to 28", "yes"]
    assert table.loc["gap"].tolist() == ["6 points", "3 points", "not asserted here", "–"]


def test_the_table_shows_every_row_however_many(log):
    for number in range(100):
        claims.check(f"claim {number}", 1, "1", band=(0, 2))
    assert claims.table()._repr_html_().count("<tr") == 100 + 2  # and two lines of heading


def test_a_missed_claim_stands_in_the_table(log):
    with pytest.raises(claims.ClaimError):
        claims.check("error", 99, "27.8 %", band=(0, 28), data=("flats",))
    assert claims.table().loc["error", "holds"] == "NO"


@pytest.mark.parametrize(
    ("stated", "unit"),
    [
        ("27.8 % (slide: 26 %)", " %"),
        ("less than 1 cent", " cent"),
        ("182,978", ""),
        ("below 1e-7", ""),
        ("16 of 120", ""),
        ("S$ 4,850", ""),
        ("6.3 points", " points"),
    ],
)
def test_the_unit_follows_the_figure(stated, unit):
    assert claims.unit_of(stated) == unit


def test_peak_memory_sees_what_this_process_used():
    code = "from utils import claims; a = claims.peak_mb(); b = b'x' * 10**8; print(claims.peak_mb() - a)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 60 < float(run.stdout) < 140


def test_claims_and_exercises_leave_keras_and_tensorflow_alone():
    code = (
        "import sys; from utils import claims, exercises, datasets; claims.start('01'); "
        "claims.check('x', 1, '1', band=(0, 2)); "
        "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_keras_is_asked_for_backend_and_device_once_it_is_imported(log):
    code = (
        "import keras; from utils import claims; claims.start('05'); claims.check('x', 1, '1', band=(0, 2)); "
        "row = claims._started().rows['x']; print(row['backend'], row['device'], sorted(row['versions']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    backend, device, versions = run.stdout.splitlines()[-1].split(maxsplit=2)
    assert backend in ("tensorflow", "jax", "torch")
    assert device in ("cpu", "gpu")
    assert "keras" in versions
