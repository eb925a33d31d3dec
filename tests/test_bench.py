"""Benchmarks: a promise is kept or named, and benchmarks/README.md says what was measured."""

import time

import pytest

from tools import ROOT, ToolError, bench, measured

MODULE = '''"""A snail against a hare.

Both run a metre.
"""


def measure():
    yield "snail / hare", {value}, "", 20, None
    yield "snail", 2000.0, "s", None, None
'''
README = "# Facts\n\n<!-- speed --><!-- /speed -->\n\nAfter.\n"


@pytest.fixture
def race(tmp_path):
    """Return a function that writes a benchmark whose ratio is `value`, and its repository."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "README.md").write_text(README, encoding="utf-8")

    def write(value, name="race"):
        (tmp_path / "benchmarks" / f"{name}.py").write_text(MODULE.format(value=value), encoding="utf-8")
        return tmp_path

    return write


def readme(root):
    return (root / bench.README).read_text(encoding="utf-8")


def test_what_was_measured_is_written_down(race):
    root = race(41.26)
    bench.bench(root=root)
    ratio, snail = measured.read_csv(root / bench.SPEED)
    assert (ratio["benchmark"], ratio["quantity"], ratio["value"]) == ("race", "snail / hare", "41.26")
    assert (snail["value"], snail["unit"], snail["low"]) == ("2000.0", "s", "")
    assert "### race\n\nA snail against a hare.\n\nBoth run a metre.\n\n| Measured" in readme(root)
    assert "| snail / hare | 41.26 | at least 20 |\n| snail | 2,000 s |  |" in readme(root)
    assert readme(root).endswith("<!-- /speed -->\n\nAfter.\n")


def test_a_missed_promise_is_an_error_and_changes_nothing(race):
    root = race(41.26)
    bench.bench(root=root)
    before = readme(root)
    with pytest.raises(ToolError, match=r"race: snail / hare$"):
        bench.bench(root=race(19.9))
    assert readme(root) == before
    assert measured.read_csv(root / bench.SPEED)[0]["value"] == "41.26"


def test_a_mere_fact_may_be_endless(race):
    root = race(30.0)
    module = root / "benchmarks" / "race.py"
    module.write_text(module.read_text(encoding="utf-8").replace("2000.0", 'float("inf")'), encoding="utf-8")
    bench.bench(root=root)
    assert measured.read_csv(root / bench.SPEED)[1]["value"] == "inf"


def test_one_benchmark_replaces_its_own_rows_only(race):
    root = race(30.0)
    bench.bench(root=race(31.0, "again"))
    race(32.0)
    bench.bench(["race"], root)
    rows = measured.read_csv(root / bench.SPEED)
    assert [(row["benchmark"], row["value"]) for row in rows[::2]] == [("again", "31.0"), ("race", "32.0")]


def test_an_unknown_name_is_refused(race):
    with pytest.raises(ToolError, match="no benchmark is called rase; there are: race"):
        bench.bench(["rase"], race(30.0))


def test_the_sides_take_turns_and_the_median_counts():
    turns, pauses = [], iter([0.001, 0.06, 0.001])
    seconds = bench.median_seconds(
        lambda: turns.append("a"), lambda: (turns.append("b"), time.sleep(next(pauses)))
    )
    assert "".join(turns) == "ababab"
    assert seconds[1] < 0.05


def test_readme_of_this_courses_benchmarks_is_up_to_date():
    assert readme(ROOT) == bench.rendered(ROOT)
