"""Evidence and controls: jobs on a real Dask cluster, and what is made of their results."""

import math
import os
import shutil
import signal
import statistics
import threading
import time

import pytest

from tools import ToolError, controls, evidence, jobs, tables
from tools.jobs import Job, Result

LECTURE = """\
# %% [markdown]
# # A lecture for tests

# %%
from utils import claims

SEED = claims.start("42")

# %%
claims.check("two", 2, "2", band=(1, 3))

# %%
claims.check("seed", SEED, "0", band=(0, 0))
claims.check("three", 3, "3", band=(2, 4))
"""


def job(seed=0, extra="", lecture="42_sample"):
    return Job(lecture, LECTURE + extra, seed, "stand-in", "tensorflow")


@pytest.fixture
def root(tmp_path):
    """Return a repository whose results are its own."""
    shutil.copytree(jobs.ROOT / "utils", tmp_path / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(jobs.ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def cluster():
    """Start two worker processes."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0) as cluster:
        yield cluster


def test_a_job_measures_on_after_a_missed_claim_even_in_its_cell():
    result = jobs.run(job(seed=5), threads=1)
    assert [(row["claim"], row["ok"], row["seed"]) for row in result.rows] == [
        ("two", True, 5),
        ("seed", False, 5),
        ("three", True, 5),
    ]
    assert result.errors == []


def test_a_job_tells_other_errors():
    result = jobs.run(job(extra="\n# %%\n1 / 0\n"), threads=1)
    assert result.errors == ["ZeroDivisionError: division by zero"]
    assert len(result.rows) == 3


def test_a_job_whose_worker_is_killed_is_run_again(root, cluster, tmp_path):
    started = tmp_path / "started"  # each run notes its kernel's parent, which is the worker
    note = f"open({str(started)!r}, 'a').write(f'{{os.getppid()}}\\n')"
    extra = f"\n# %%\nimport os, time\n{note}\ntime.sleep(3)\n"

    def kill_the_first_worker():
        while not (started.exists() and started.read_text().endswith("\n")):
            time.sleep(0.05)
        victim = int(started.read_text().split()[0])
        os.kill(victim, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    killer = threading.Thread(target=kill_the_first_worker)
    killer.start()
    done = dict(jobs.run_all([job(0, extra), job(1, extra)], cluster.scheduler_address, root))
    killer.join()
    assert sorted(one.seed for one in done) == [0, 1]
    assert all(len(result.rows) == 3 for result in done.values())
    assert len(started.read_text().split()) == 3, "the killed job should have started again, and it alone"


def test_an_interrupted_run_goes_on_where_it_stopped(root, cluster, tmp_path):
    started = tmp_path / "started"
    extra = f"\n# %%\nopen({str(started)!r}, 'a').write('x')\n"
    todo = [job(seed, extra) for seed in range(3)]
    interrupted = jobs.run_all(todo[:1], cluster.scheduler_address, root)
    next(interrupted)
    interrupted.close()
    assert started.read_text() == "x"
    assert len(dict(jobs.run_all(todo, cluster.scheduler_address, root))) == 3
    assert started.read_text() == "xxx"
    assert len(dict(jobs.run_all(todo, "tcp://nobody-is-asked:1", root))) == 3
    assert started.read_text() == "xxx"


def test_a_result_with_errors_is_not_kept(root, cluster):
    bad = job(extra="\n# %%\n1 / 0\n")
    [(_, result)] = jobs.run_all([bad], cluster.scheduler_address, root)
    assert result.errors
    assert not (root / jobs.RESULTS / f"{bad.key(root)}.json").exists()


@pytest.mark.parametrize(
    "changed", ["text", "seed", "source", "backend", "utils/claims.py", "requirements.txt"]
)
def test_a_result_is_kept_for_just_what_it_depends_on(root, changed):
    before = job()
    settings = {"text": LECTURE + "\n# %%\nx = 1\n", "seed": 1, "source": "real", "backend": "jax"}
    after = Job(**{**before.__dict__, changed: settings[changed]}) if changed in settings else before
    key = before.key(root)
    if after is before:
        with (root / changed).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        jobs._code_hash.cache_clear()
    assert after.key(root) != key


def test_kept_rows_are_judged_by_todays_bands(root, cluster):
    before = job(seed=5)
    measured = dict(jobs.run_all([before], cluster.scheduler_address, root))[before].rows
    text = LECTURE.replace("(0, 0)", "(4, 6)").replace('"0"', '"5, or so"').replace("(2, 4)", "(None, 2)")
    after = Job(**{**before.__dict__, "text": f"# %% [markdown]\n# More prose\n{text}# and a comment\n"})
    [(_, kept)] = jobs.run_all([after], "tcp://nobody-is-asked:1", root)
    assert [(row["claim"], row["stated"], row["ok"]) for row in kept.rows] == [
        ("two", "2", True),
        ("seed", "5, or so", True),
        ("three", "3", False),
    ]
    assert [(row["low"], row["high"]) for row in kept.rows] == [(1, 3), (4, 6), (None, 2)]
    assert jobs.judged(kept.rows, LECTURE) == measured


@pytest.mark.parametrize(
    ("keywords", "source", "verdict"),
    [
        ("band=(1, 3)", "stand-in", (True, True)),
        ("band=(1, 3), stand_in=(5, 6)", "stand-in", (True, False)),
        ("band=(1, 3), stand_in=(5, 6)", "real", (True, True)),
        ("band=(5, 6), stand_in=None", "stand-in", (False, True)),
        ("band=(5, 6), stand_in=None", "none", (True, False)),
    ],
)
def test_rows_are_judged_by_the_band_of_their_source(keywords, source, verdict):
    text = f'# %%\nclaims.check("x", 2, "2", {keywords}, data=("mnist",))\n'
    [row] = jobs.judged([{"claim": "x", "source": source, "measured": 2.0}], text)
    assert (row["asserted"], row["ok"]) == verdict


def test_a_band_that_is_computed_is_part_of_the_code():
    text = '# %%\nwide = 2\nclaims.check("x", 2, "2", band=(1, 3))\n'
    other = text.replace("band=(1, 3)", "band=(0, 4)")
    assert jobs._without_bands(text)[0] == jobs._without_bands(other)[0]
    computed = text.replace("(1, 3)", "(1, wide)")
    assert jobs._without_bands(computed)[0] != jobs._without_bands(computed.replace("1, w", "0, w"))[0]


def rows(measured, low=0.0, high=10.0, ok=True, asserted=True):
    common = {
        "lecture": "42",
        "claim": "x",
        "stated": "5",
        "source": "real",
        "backend": "jax",
        "versions": "",
    }
    return [
        {**common, "measured": value, "low": low, "high": high, "ok": ok, "asserted": asserted}
        for value in measured
    ]


TEN = [4.0, 6.0] * 5  # mean 5, sd 1.054


def test_the_summary_by_hand():
    [row] = evidence.summarise(rows(TEN), 10, set())
    sd = math.sqrt(10 / 9)
    assert (row["n"], row["mean"], row["min"], row["max"]) == (10, 5, 4, 6)
    assert row["sd"] == pytest.approx(sd) == statistics.stdev(TEN)
    assert row["nearest_edge_sd"] == pytest.approx(5 / sd)
    assert row["width_sd"] == pytest.approx(10 / sd)
    assert row["flags"] == ""


@pytest.mark.parametrize(
    ("group", "flags"),
    [
        (rows(TEN, 3, 10), "near"),
        (rows(TEN, -20, 30), "wide"),
        (rows(TEN, None, 8), "near"),
        (rows(TEN, None, 100), ""),
        (rows(TEN, None, None, asserted=False), "not asserted"),
        (rows(TEN, ok=False), "failed"),
        (rows(TEN[:9]), "missing"),
        (rows([5.0] * 10, 5, 5), ""),
        (rows([5.0] * 10, -1e9, 1e9), ""),
    ],
)
def test_flags(group, flags):
    [row] = evidence.summarise(group, 10, set())
    assert row["flags"] == flags


def test_a_comment_explains_a_wide_band_but_no_failure():
    explained = {("42", "x")}
    assert evidence.summarise(rows(TEN, -20, 30), 10, explained)[0]["flags"] == "wide (explained)"
    assert evidence.summarise(rows(TEN, -20, 30, ok=False), 10, explained)[0]["flags"] == "failed, wide"


def test_few_seeds_do_not_judge_the_spread():
    assert evidence.summarise(rows(TEN[:2], 3, 10), 2, set())[0]["flags"] == ""


def test_comments_are_found_by_claim():
    text = LECTURE + '\n# %%\n# why it is wide\nclaims.check("four", 4, "4", band=(0, 99))\n'
    assert evidence.commented_claims(text) == {"four"}


def test_a_run_replaces_only_the_rows_it_was_asked_for(tmp_path):
    path = tmp_path / "evidence.csv"
    for low, asked in ((0.0, ("42", "real", "jax")), (1.0, ("42", "real", "jax"))):
        evidence.write(path, evidence.summarise(rows(TEN, low), 10, set()), {asked})
    other = [{**row, "lecture": "41"} for row in rows(TEN)]
    evidence.write(path, evidence.summarise(other, 10, set()), {("41", "real", "jax")})
    assert [(row["lecture"], row["low"]) for row in tables.read_csv(path)] == [("41", "0.0"), ("42", "1.0")]
    assert evidence.table(tables.read_csv(path))[1][:4] == ["41", "real", "x", "5"]


@pytest.fixture
def falsehoods(root, monkeypatch):
    """Return a repository with one lecture; a function writes its control, answered without running it."""
    (root / "lectures").mkdir()
    (root / "lectures" / "42_sample.py").write_text(LECTURE, encoding="utf-8")
    (root / "tests" / "controls").mkdir(parents=True)

    def write(find, replace, red):
        entry = {"falsehood": "f", "find": find, "replace": replace, "red": red}
        text = "\n".join(["[[control]]", *(f"{key} = {value!r}" for key, value in entry.items())])
        (root / "tests" / "controls" / "42.toml").write_text(text, encoding="utf-8")
        return root

    monkeypatch.setattr(
        jobs, "run_all", lambda todo, scheduler, root: [(one, jobs.run(one, 1)) for one in todo]
    )
    return write


def test_a_falsehood_that_is_noticed(falsehoods, capsys):
    root = falsehoods('"two", 2,', '"two", 7,', ["two"])
    assert controls.controls("42", "stand-in", None, root) == 0
    noticed, never = capsys.readouterr().out.split("\nNo falsehood turned these red yet:\n")
    assert "red" in noticed.splitlines()[-1]
    assert never.split() == ["42", "seed", "42", "three"]


def test_a_falsehood_that_goes_unnoticed_is_a_finding(falsehoods, capsys):
    root = falsehoods('"two", 2,', '"two", 2.5,', ["two", "four"])
    assert controls.controls("42", "stand-in", None, root) == 1
    said = capsys.readouterr().out
    assert "GREEN" in said
    assert "not reached" in said
    assert "2 claims did not notice" in said


def test_a_control_must_find_its_text_exactly_once(falsehoods):
    root = falsehoods("claims.check", "", [])
    with pytest.raises(ToolError, match=r"'f'.* occurs 3 times in 42_sample\.py, not once"):
        controls.controls("42", "stand-in", None, root)


def test_the_courses_controls_fit_their_lectures():
    for entry in controls.read(jobs.ROOT):
        assert controls.falsified(entry, "real", jobs.ROOT).text
        assert entry["red"], f"{entry['falsehood']}: name the claims that must go red"


@pytest.mark.parametrize(
    ("loads", "ran", "summed_up"),
    [
        ("", ["real"], {"none"}),
        ("from utils.datasets import load_mnist\n", ["real", "stand-in"], {"real", "stand-in"}),
    ],
)
def test_a_lecture_without_data_runs_once(root, monkeypatch, loads, ran, summed_up):
    (root / "lectures").mkdir()
    (root / "lectures" / "42_sample.py").write_text(f"# %%\n{loads}", encoding="utf-8")
    asked = []

    def run_all(todo, scheduler, root):
        asked.extend(job.source for job in todo)
        return [(job, Result(rows([5.0]), [])) for job in todo]

    monkeypatch.setattr(jobs, "run_all", run_all)
    monkeypatch.setattr(evidence, "write", lambda *_: None)
    summaries = []
    monkeypatch.setattr(evidence, "table", lambda summary: summaries.append(summary) or [[""]])
    evidence.evidence((), range(1), ["real", "stand-in"], "jax", None, root)
    assert asked == ran
    assert {row["source"] for row in summaries[0]} == summed_up


def test_a_lecture_that_stops_is_an_error_not_a_gap(root, monkeypatch):
    (root / "lectures").mkdir()
    (root / "lectures" / "42_sample.py").write_text(LECTURE, encoding="utf-8")
    monkeypatch.setattr(
        jobs, "run_all", lambda todo, scheduler, root: [(todo[0], Result([], ["KeyError: 'x'"]))]
    )
    with pytest.raises(
        ToolError, match="42_sample, seed 0, real, tensorflow: the lecture stopped at KeyError"
    ):
        evidence.evidence((), range(1), ["real"], "tensorflow", None, root)
