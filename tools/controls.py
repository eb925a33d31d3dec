"""Tells falsehoods and sees whether the claims notice: each must turn red what it says it turns red.

python -m tools.controls               every control of tests/controls/
python -m tools.controls --lecture 01  those of one lecture

A control runs on stand-ins, or on real data if its entry says `real = true`. A claim that stays green is a
finding: it would hold even if the lecture were wrong.
"""

import argparse
import re
import tomllib
from dataclasses import replace

from tools import ROOT, ToolError, jobs, lectures, run_tool, tables

CONTROLS = "tests/controls"


def controls(only=None, source=None, scheduler=None, root=ROOT):
    """Run a copy of the lecture for each falsehood; print which claims noticed, and which never did.

    `source` runs all on "real" data or on a "stand-in", whatever their entries say. Returns 0, or 1 if a
    claim did not notice what it must.
    """
    by_number = {one.number: one for one in lectures.read(root)}
    entries = [entry for entry in read(root) if only in (None, entry["lecture"])]
    expected = {
        as_far_as(entry["red"], falsified(entry, by_number[entry["lecture"]], source)): entry
        for entry in entries
    }
    table, green = [["Lecture", "Falsehood", "Claim that must go red", "Measured", "Verdict"]], 0
    noticed = set()  # (lecture, claim)
    for job, result in jobs.run_all(expected, scheduler, root):
        entry = expected[job]
        rows = {row["claim"]: row for row in result.rows}
        noticed |= {(entry["lecture"], claim) for claim, row in rows.items() if not row["ok"]}
        for claim in entry["red"]:
            row = rows.get(claim)
            verdict = "not reached" if row is None else "GREEN" if row["ok"] else "red"
            green += verdict != "red"
            value = tables.figure(row["measured"]) if row else "–"
            table.append([entry["lecture"], entry["falsehood"], claim, value, verdict])
    print("\n" + tables.plain(table[:1] + sorted(table[1:])))
    told = {entry["lecture"] for entry in entries}
    claims = {(number, claim.name) for number in told for claim in by_number[number].measured}
    if never := sorted(claims - noticed):
        print("\nNo falsehood turned these red yet:", *map(" ".join, never), sep="\n  ")
    if green:
        print(
            f"\n{green} claims did not notice the falsehood: tighten their bands, or measure something else"
        )
    return 1 if green else 0


def read(root):
    """Return the entries of tests/controls/NN.toml: dicts of lecture, falsehood, find, replace, red, real."""
    return [
        {"lecture": path.stem, "real": False, **entry}
        for path in sorted((root / CONTROLS).glob("[0-9][0-9].toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["control"]
    ]


def listed(entries):
    """Return the entries as a table: a list of rows, its header first."""
    header = ["Lecture", "Falsehood", "Claims that must go red"]
    return [header] + [[entry["lecture"], entry["falsehood"], "; ".join(entry["red"])] for entry in entries]


def falsified(entry, lecture, source=None):
    """Return the job that runs the lecture with the falsehood in it.

    Raises
    ------
    ToolError
        If the text to replace does not occur exactly once in the lecture's script, or if a claim that must go
        red is none of the lecture's measured ones, or cannot go red on a stand-in.
    """
    where = f"{CONTROLS}/{lecture.number}.toml, {entry['falsehood']!r}"
    if (count := lecture.text.count(entry["find"])) != 1:
        raise ToolError(
            f"{where}: its text to find occurs {count} times in {lecture.stem}.py, not once: {entry['find']}"
        )
    source = source or ("real" if entry["real"] else "stand-in")
    claims = {claim.name: claim for claim in lecture.measured}
    for name in entry["red"]:
        if name not in claims:
            raise ToolError(f"{where}: {lecture.stem}.py measures no claim called {name!r}")
        if source == "stand-in" and lecture.facts["datasets"] and claims[name].stand_in is None:
            raise ToolError(f"{where}: {name!r} is not asserted on a stand-in, so write `real = true`")
    text = lecture.text.replace(entry["find"], entry["replace"])
    datasets = tuple(lecture.facts["datasets"])
    return jobs.Job(lecture.stem, text, 0, source, "tensorflow", datasets, entry["falsehood"])


def as_far_as(claims, job):
    """Return a job that ends with the cell of the last of these claims: what follows has no part in them."""
    lecture = lectures.Lecture(job.lecture, job.text)
    dropped = len(lecture.cells) - len(lecture.cells_until(lambda claim: claim.name in claims))
    parts = re.split(r"(?m)^(?=# %%)", job.text)  # the header, and one part for each cell
    return replace(job, text="".join(parts[: len(parts) - dropped]))


def main():
    """Parse the command line and run the controls."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.controls",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lecture", help="only this one's controls, such as 01")
    parser.add_argument("--source", choices=["real", "stand-in"], help="instead of what the entries say")
    parser.add_argument("--scheduler", help="address of a Dask scheduler; without it, workers start here")
    chosen = parser.parse_args()
    return controls(chosen.lecture, chosen.source, chosen.scheduler)


if __name__ == "__main__":
    run_tool(main)
