"""Evidence and controls: jobs on a real Dask cluster, what keeps them valid, what is made of results."""

import math
import os
import shutil
import signal
import statistics
import threading
import time

import psutil
import pytest

from tools import ToolError, controls, depends, evidence, jobs, lectures, measured
from tools.jobs import Job, Result
from tools.lectures import Lecture

LECTURE = """\
# %% [markdown]
# # A lecture for tests

# %%
from utils import claims

SEED = claims.start("42")

# %%
claims.check("two", 2, "2", band=(1, 3))
claims.exact("half of five", 5 / 2, "2.5")

# %%
claims.check("seed", SEED, "0", band=(0, 0))
claims.check("three", 3, "3", band=(2, 4))
"""
FACTS = {"datasets": [], "title": "Sample"}
LOADS = "\n# %%\nfrom utils.datasets import load_mnist\n\nload_mnist()\n"


def job(seed=0, extra="", lecture="42_sample"):
    return Job(lecture, LECTURE + extra, seed, "stand-in", "tensorflow")


@pytest.fixture
def root(tmp_path):
    """Return a repository with one lecture, whose results are its own."""
    shutil.copytree(jobs.ROOT / "utils", tmp_path / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(jobs.ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "lectures").mkdir()
    (tmp_path / "lectures" / "42_sample.py").write_text(LECTURE, encoding="utf-8")
    (tmp_path / "lectures" / "index.toml").write_text(
        '[42_sample]\ntitle = "Sample"\ndatasets = []\n', encoding="utf-8"
    )
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


def test_a_job_tells_other_errors_but_none_of_exact_arithmetic():
    wrong = '\n# %%\nclaims.exact("one", 2, "1")\n\n# %%\n1 / 0\n'
    result = jobs.run(job(extra=wrong), threads=1)
    assert result.errors == ["ZeroDivisionError: division by zero"]
    assert len(result.rows) == 3


def test_a_job_keeps_its_memory_though_dask_tells_its_workers_to_return_it(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    kept = 'int(os.environ["MALLOC_TRIM_THRESHOLD_"])'
    extra = f"\n# %%\nimport os\n\nclaims.check('kept', {kept}, 'more', band=(1e8, None))\n"
    assert jobs.run(job(extra=extra), threads=1).rows[-1]["measured"] == 2**28


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
    extra = f"\n# %%\nopen({str(started)!r}, 'a').write('x')\nclaims.check('x', 0, '0', band=(0, 0))\n"
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


def test_a_worker_with_other_code_is_refused_by_name(root, cluster):
    (root / "utils" / "judge.py").write_text("GOOD = 1\n", encoding="utf-8")  # workers have another, or none
    uses_it = LECTURE.replace("from utils import claims", "from utils import claims, judge")
    with pytest.raises(ToolError, match=r"seed 0.*the worker on \S+ has other modules of utils"):
        dict(jobs.run_all([Job("42_sample", uses_it, 0, "real", "jax")], cluster.scheduler_address, root))


def test_workers_started_here_listen_on_loopback_alone(root, monkeypatch):
    heard = []

    def listening(job, *_):
        family = [psutil.Process(os.getppid()), *psutil.Process(os.getppid()).children(recursive=True)]
        for process in family:
            heard.extend(c.laddr.ip for c in process.net_connections("inet") if c.status == "LISTEN")
        return Result([{"claim": address, "source": "none", "measured": 0.0} for address in heard], [])

    monkeypatch.setattr(jobs, "run", listening)
    monkeypatch.setattr(jobs, "judged", lambda rows, claims: rows)
    [(_, result)] = jobs.run_all([job()], None, root)
    assert {row["claim"] for row in result.rows} == {"127.0.0.1"}


# What a result is kept by


def key(root, text=LECTURE, datasets=(), **settings):
    settings = {"seed": 0, "source": "stand-in", "backend": "tensorflow"} | settings
    return Job("42_sample", text, datasets=datasets, **settings).key(root)


@pytest.mark.parametrize(
    "settings",
    [{"text": LECTURE.replace("SEED,", "SEED + 1,")}, {"seed": 1}, {"source": "real"}, {"backend": "jax"}],
)
def test_other_code_or_settings_are_another_result(root, settings):
    assert key(root, **settings) != key(root)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# %%\nclaims.check", "# %%\n# why\nclaims.check"),
        ("# # A lecture for tests", "# # Another title"),
        ('"2", band=(1, 3)', '"two", band=(1, 4), stand_in=None, data=()'),
        ('claims.exact("half of five", 5 / 2, "2.5")', 'claims.exact("a third", 1 / 3, "0.33")'),
        ("band=(2, 4))\n", "band=(2, 4))\n\n# %%\nprint('an exercise, after the last claim')\n"),
        ("from utils import claims\n", "if 'google.colab' in str():\n    x = 1\nfrom utils import claims\n"),
    ],
)
def test_what_measures_nothing_is_no_part_of_it(root, old, new):
    before, after = LECTURE, LECTURE.replace(old, new)
    assert after != before
    if "google.colab" in new:
        before = before.replace(old, "pass\nfrom utils import claims\n")
    if "data=()" in new:
        before = before.replace('2, "2"', '2, "2", data=()')
    assert key(root, after) == key(root, before)


def append(path, text):
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize(
    "name", ["check.py", "claims.py", "exercises.py", "plotting.py", "datasets/catalogue.toml"]
)
def test_what_prints_plots_or_looks_at_the_machine_is_no_part_of_it(root, name):
    before = key(root, LECTURE + LOADS, ("mnist",))
    append(root / "utils" / name, "\n# changed\n" if name.endswith("toml") else "\n# changed\nCHANGED = 1\n")
    assert key(root, LECTURE + LOADS, ("mnist",)) == before


def test_a_changed_loader_changes_the_lectures_that_load_that_dataset_and_no_other(root):
    sets = (("mnist",), ("hdb_resale", "mnist"), ("hdb_resale",), ("chest_xray",), ())
    before = [key(root, LECTURE + LOADS, datasets) for datasets in sets]
    append(root / "utils" / "datasets" / "mnist.py", "\n# a comment\n")
    assert [key(root, LECTURE + LOADS, datasets) for datasets in sets] == before
    append(root / "utils" / "datasets" / "mnist.py", "\nCHANGED = 1\n")
    after = [key(root, LECTURE + LOADS, datasets) for datasets in sets]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, True, False, False, False]
    append(root / "utils" / "datasets" / "store.py", "\nCHANGED = 1\n")
    assert key(root, LECTURE + LOADS, ("chest_xray",)) != after[3]
    assert key(root, LECTURE) == after[4]


def test_a_module_that_a_lecture_uses_counts_with_what_that_uses(root):
    (root / "utils" / "judge.py").write_text("from utils import scale\n", encoding="utf-8")
    (root / "utils" / "scale.py").write_text("ONE = 1\n", encoding="utf-8")
    uses_it = LECTURE.replace("from utils import claims", "from utils import claims, judge")
    before = key(root, uses_it), key(root)
    append(root / "utils" / "scale.py", "TWO = 2\n")
    assert key(root, uses_it) != before[0]
    assert key(root) == before[1]


@pytest.mark.parametrize(("package", "counts"), [("numpy", True), ("sphinx", False), ("jupyterlab", False)])
def test_a_bump_of_a_numerical_package_counts_and_of_the_sites_does_not(root, monkeypatch, package, counts):
    def version(name, real=depends.importlib.metadata.version):
        return "999" if name == package else real(name)

    depends.versions.cache_clear()
    before = key(root)
    monkeypatch.setattr(depends.importlib.metadata, "version", version)
    depends.versions.cache_clear()
    assert (key(root) != before) == counts
    depends.versions.cache_clear()


def test_other_data_under_the_same_name_are_another_result(root, tmp_path, monkeypatch):
    folder = tmp_path / "data" / "concrete"
    folder.mkdir(parents=True)
    monkeypatch.setenv("COURSE_DATA", str(folder.parent))
    monkeypatch.delenv("COURSE_DATA_POLICY", raising=False)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolError, match=r"concrete is not on this machine"):
        key(root, LECTURE, ("concrete",), source="real")
    keys = []
    for content in ("a,b\n1,2\n", "a,b\n1,22\n"):
        (folder / "Concrete_Data.csv").write_text(content, encoding="utf-8")
        keys.append(key(root, LECTURE, ("concrete",), source="real"))
    assert keys[0] != keys[1]
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    with pytest.raises(ToolError, match="COURSE_DATA_POLICY is stand-in"):
        key(root, LECTURE, ("concrete",), source="real")


def test_kept_rows_are_judged_by_todays_bands(root, cluster):
    before = job(seed=5)
    result = dict(jobs.run_all([before], cluster.scheduler_address, root))[before].rows
    text = LECTURE.replace("(0, 0)", "(4, 6)").replace('"0"', '"5, or so"').replace("(2, 4)", "(None, 2)")
    after = Job(**{**before.__dict__, "text": f"# %% [markdown]\n# More prose\n{text}# and a comment\n"})
    [(_, kept)] = jobs.run_all([after], "tcp://nobody-is-asked:1", root)
    assert [(row["claim"], row["stated"], row["ok"]) for row in kept.rows] == [
        ("two", "2", True),
        ("seed", "5, or so", True),
        ("three", "3", False),
    ]
    assert [(row["low"], row["high"]) for row in kept.rows] == [(1, 3), (4, 6), (None, 2)]
    assert jobs.judged(kept.rows, Lecture("42", LECTURE).claims) == result


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
    claims = Lecture("42", f'# %%\nclaims.check("x", 2, "2", {keywords}, data=("mnist",))\n').claims
    [row] = jobs.judged([{"claim": "x", "source": source, "measured": 2.0}], claims)
    assert (row["asserted"], row["ok"]) == verdict


# What is made of the results


def claiming(band=(0, 10), stand_in=..., comment=""):
    """Return a lecture whose one claim allows this."""
    there = "" if stand_in is ... else f", stand_in={stand_in}"
    call = f'claims.check("x", x, "5", band={band}{there}, data=DATA)'
    return Lecture("42_sample", f"# %%\nx = 5\n{call}{comment}\n", FACTS)


def summary(values, source="real"):
    rows = [{"claim": "x", "measured": value, "versions": "python 3"} for value in values]
    return evidence.summarise(rows, source, "jax", "c0de")


TEN = [4.0, 6.0] * 5  # mean 5, sd 1.054


def test_the_summary_by_hand():
    [row] = summary(TEN)
    sd = math.sqrt(10 / 9)
    assert (row["n"], row["mean"], row["min"], row["max"]) == (10, 5, 4, 6)
    assert row["sd"] == pytest.approx(sd) == statistics.stdev(TEN)
    [row] = evidence.judged([row], claiming())
    assert row["nearest_edge_sd"] == pytest.approx(5 / sd)
    assert (row["stated"], row["low"], row["high"], row["flags"]) == ("5", 0, 10, "")


@pytest.mark.parametrize(
    ("values", "lecture", "flags"),
    [
        (TEN, claiming((3, 10)), "near"),
        (TEN, claiming((-20, 30)), "wide"),
        (TEN, claiming((None, 8)), "near"),
        (TEN, claiming((None, 100)), ""),
        (TEN, claiming((5, 10)), "failed, near"),
        (TEN[:9], claiming(), "missing"),
        ([5.0] * 10, claiming((5, 5)), ""),
        ([5.0] * 10, claiming((-1e9, 1e9)), ""),
        ([5.0, 5 + 5e-7] * 5, claiming(), ""),  # float32 rounds so
        (TEN, claiming((-20, 30), comment="  # chance alone is this wide"), "wide (explained)"),
        (TEN, claiming((5, 90), comment="  # nothing explains a failure"), "failed, near, wide"),
        ([math.nan] * 10, claiming(), "failed"),
    ],
)
def test_flags(values, lecture, flags):
    [row] = evidence.judged(summary(values), lecture)
    assert row["flags"] == flags


@pytest.mark.parametrize(
    ("stand_in", "n", "flags"),
    [
        (..., 5, ""),
        ((0, 11), 5, "missing"),
        ((0, 11), 10, ""),
        (None, 5, "not asserted"),
        (..., 4, "missing"),
    ],
)
def test_a_band_of_its_own_on_a_stand_in_takes_ten_seeds(stand_in, n, flags):
    lecture = claiming(stand_in=stand_in)
    assert evidence.needed(lecture, "real") == 10
    [row] = evidence.judged(summary(TEN[:n], "stand-in"), lecture)
    assert row["flags"] == flags


def test_few_seeds_do_not_judge_the_spread():
    [row] = evidence.judged(summary(TEN[:2]), claiming((3, 10)), wanted=2)
    assert row["flags"] == ""


def test_a_run_replaces_only_the_rows_it_was_asked_for(tmp_path):
    path = tmp_path / "42.csv"
    evidence.write(path, summary(TEN), {("real", "jax")})
    evidence.write(path, summary([7.0] * 10, "stand-in"), {("stand-in", "jax")})
    evidence.write(path, summary([8.0] * 10), {("real", "jax")})
    rows = measured.read_csv(path)
    assert [(row["source"], row["mean"], row["code"]) for row in rows] == [
        ("real", "8.0", "c0de"),
        ("stand-in", "7.0", "c0de"),
    ]
    assert evidence.table(evidence.judged(rows, claiming()))[1][:5] == ["x", "5", "8 ± 0", "8 to 8", "10"]


def test_the_table_never_shows_a_near_edge_as_far_nor_what_is_no_number():
    near = evidence.judged(summary([5.0 - 0.51] * 5 + [5.0 + 0.51] * 5), claiming((2.875, 7.125)))
    assert evidence.table(near)[1][-2:] == ["3.9 sd", "near"]
    assert evidence.table(evidence.judged(summary([math.nan] * 10), claiming()))[1][2:5] == ["–", "–", "10"]
    assert evidence.table(evidence.judged(summary([5.0]), claiming(), wanted=1))[1][2:4] == ["5", "5 to 5"]


@pytest.fixture
def gathered(root, monkeypatch):
    """Run evidence on the one lecture, whose results are made up; return what was asked for, and kept."""

    def gather(text=LECTURE, datasets="[]", errors=(), **settings):
        (root / "lectures" / "42_sample.py").write_text(text, encoding="utf-8")
        index = f'[42_sample]\ntitle = "Sample"\ndatasets = {datasets}\n'
        (root / "lectures" / "index.toml").write_text(index, encoding="utf-8")
        asked = []

        def run_all(todo, scheduler, root):
            asked.extend((one.source, one.seed) for one in todo)
            names = [claim.name for claim in Lecture("42", text).measured]
            rows = [{"claim": name, "measured": 2.5, "versions": ""} for name in names]
            return [(one, Result(rows, list(errors))) for one in todo]

        monkeypatch.setattr(jobs, "run_all", run_all)
        status = evidence.evidence(root=root, **settings)
        return status, asked, measured.rows(root, "evidence")

    return gather


def test_a_lecture_without_data_runs_once_for_each_seed(gathered):
    status, asked, kept = gathered()
    assert status == 1  # the seed is not 2.5
    assert asked == [("real", seed) for seed in range(10)]
    assert {row["source"] for row in kept} == {"none"}
    assert {row["code"] for row in kept} == {depends.code_hash("42_sample", LECTURE)}
    assert [row["claim"] for row in kept] == ["two", "seed", "three"]


def test_a_lecture_with_data_runs_on_stand_ins_too(gathered):
    _, asked, kept = gathered(LECTURE + LOADS, '["mnist"]')
    assert [source for source, _ in asked] == ["real"] * 10 + ["stand-in"] * 5
    assert {row["source"] for row in kept} == {"real", "stand-in"}


def test_too_few_seeds_are_printed_and_not_kept(gathered, capsys):
    _, asked, kept = gathered(seeds=2)
    assert len(asked) == 2
    assert kept == []
    assert "2.5 ± 0" in capsys.readouterr().out


def test_a_lecture_that_stops_is_an_error_not_a_gap(gathered):
    with pytest.raises(
        ToolError, match="42_sample, seed 0, real, tensorflow: the lecture stopped at KeyError"
    ):
        gathered(errors=["KeyError: 'x'"])


# Controls


@pytest.fixture
def falsehoods(root, monkeypatch):
    """Return a repository with one lecture; a function writes its control, answered without running it."""
    (root / "tests" / "controls").mkdir(parents=True)

    def write(find, replace, red, **more):
        entry = {"falsehood": "f", "find": find, "replace": replace, "red": red}
        lines = [
            *(f"{key} = {value!r}" for key, value in entry.items()),
            *(f"{k} = {v}" for k, v in more.items()),
        ]
        text = "\n".join(["[[control]]", *lines])
        (root / "tests" / "controls" / "42.toml").write_text(text, encoding="utf-8")
        return root

    monkeypatch.setattr(
        jobs, "run_all", lambda todo, scheduler, root: [(one, jobs.run(one, 1)) for one in todo]
    )
    return write


def test_a_falsehood_that_is_noticed(falsehoods, capsys):
    root = falsehoods('"two", 2,', '"two", 7,', ["two"])
    assert controls.controls("42", root=root) == 0
    noticed, never = capsys.readouterr().out.split("\nNo falsehood turned these red yet:\n")
    assert "red" in noticed.splitlines()[-1]
    assert never.split() == ["42", "seed", "42", "three"]


@pytest.mark.parametrize("lecture", lectures.read(jobs.ROOT), ids=lambda lecture: lecture.stem)
def test_a_control_ends_with_the_last_claim_that_must_go_red(lecture):
    claims = [claim.name for claim in lecture.measured]
    middle = claims[len(claims) // 2]
    whole = jobs.Job(lecture.stem, lecture.text, 0, "real", "tensorflow")
    run = lectures.Lecture(lecture.stem, controls.as_far_as([claims[0], middle], whole).text)
    assert [cell.source for cell in run.cells] == [cell.source for cell in lecture.cells[: len(run.cells)]]
    assert middle in {claim.name for claim in lectures.claims_of(run.cells[-1], lecture.stem)}


def test_a_falsehood_that_goes_unnoticed_is_a_finding(falsehoods, capsys):
    root = falsehoods('"two", 2,', '"two", 2.5,', ["two"])
    assert controls.controls("42", root=root) == 1
    said = capsys.readouterr().out
    assert "GREEN" in said
    assert "1 claims did not notice" in said


@pytest.mark.parametrize(
    ("find", "red", "reason"),
    [
        ("claims.check", [], r"42\.toml, 'f'.* occurs 3 times in 42_sample\.py, not once"),
        ("# # A", ["four"], r"42\.toml, 'f': 42_sample\.py measures no claim called 'four'"),
        ("# # A", ["half of five"], "measures no claim called 'half of five'"),
    ],
)
def test_a_control_fits_its_lecture_or_is_refused(falsehoods, find, red, reason):
    root = falsehoods(find, "", red)
    with pytest.raises(ToolError, match=reason):
        controls.controls("42", root=root)


def test_a_control_runs_on_stand_ins_unless_it_says_real(falsehoods):
    lecture = Lecture(
        "42_sample", LECTURE.replace("2, 4)", "2, 4), stand_in=None, data=()"), {"datasets": ["mnist"]}
    )
    [entry] = controls.read(falsehoods("# # A", "", ["two"]))
    assert controls.falsified(entry, lecture).source == "stand-in"
    [entry] = controls.read(falsehoods("# # A", "", ["three"]))
    with pytest.raises(ToolError, match="'three' is not asserted on a stand-in, so write `real = true`"):
        controls.falsified(entry, lecture)
    [entry] = controls.read(falsehoods("# # A", "", ["three"], real="true"))
    assert controls.falsified(entry, lecture).source == "real"


@pytest.mark.parametrize("lecture", lectures.read(jobs.ROOT), ids=lambda lecture: lecture.stem)
def test_the_lectures_controls_fit_it_and_name_every_measured_claim(lecture):
    entries = [entry for entry in controls.read(jobs.ROOT) if entry["lecture"] == lecture.number]
    named = set()
    for entry in entries:
        assert controls.falsified(entry, lecture).text
        assert entry["red"], f"{entry['falsehood']}: name the claims that must go red"
        named |= set(entry["red"])
    unnamed = [claim.name for claim in lecture.measured if claim.name not in named]
    assert not unnamed, f"no falsehood of tests/controls/{lecture.number}.toml turns these red: {unnamed}"


def test_evidence_of_other_code_and_what_it_lacks_are_named():
    lecture = Lecture("42_sample", LECTURE, {"datasets": []})
    names = [claim.name for claim in lecture.measured]
    ours = depends.code_hash(lecture.stem, lecture.text)
    rows = [{"claim": name, "source": "none", "code": ours} for name in names]
    assert (evidence.older(rows, lecture), evidence.lacking(rows, lecture)) == ([], [])
    rows[0]["code"] = "another"
    assert evidence.older(rows, lecture) == ["none"]
    assert evidence.lacking(rows[1:], lecture) == [f"{names[0]} (none)"]


@pytest.mark.parametrize("lecture", lectures.read(jobs.ROOT), ids=lambda lecture: lecture.stem)
def test_the_lectures_evidence_is_of_its_code_and_fits_its_bands(lecture):
    rows = measured.read_csv(measured.path(jobs.ROOT, "evidence", lecture.number))
    older, lacking = evidence.older(rows, lecture), evidence.lacking(rows, lecture)
    anew = f'run `make evidence ARGS="--lectures {lecture.number}"`'
    assert not older, f"evidence older than the code ({', '.join(older)}): {anew}"
    assert not lacking, f"evidence lacks {'; '.join(lacking)}: {anew}"
    flagged = [row for row in evidence.judged(rows, lecture) if evidence.loud(row)]
    for row in flagged:
        pytest.fail(
            f"{row['claim']}, {row['source']}: {row['flags']}; set its band anew, or say why beside it"
        )
