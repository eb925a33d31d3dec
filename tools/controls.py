"""Tells falsehoods and sees whether the claims notice: each must turn red what it says it turns red.

python -m tools.controls               every control of tests/controls/, on real data
python -m tools.controls --lecture 01  those of one lecture

A control that stays green is a finding about the claims: they would hold even if the lecture were wrong.
"""

import argparse
import tomllib

from tools import ROOT, ToolError, jobs, lecture_scripts, run_tool, tables

CONTROLS = "tests/controls"


def controls(lecture, source, scheduler, root=ROOT):
    """Run a copy of the lecture for each falsehood; print which claims noticed, and which never did.

    Returns 0, or 1 if a claim did not notice what it must.
    """
    entries = [entry for entry in read(root) if lecture in (None, entry["lecture"])]
    expected = {falsified(entry, source, root): entry for entry in entries}
    table, green = [["Lecture", "Falsehood", "Claim that must go red", "Measured", "Verdict"]], 0
    measured, noticed = set(), set()  # (lecture, claim)
    for job, result in jobs.run_all(expected, scheduler, root):
        entry = expected[job]
        rows = {row["claim"]: row for row in result.rows}
        measured |= {(entry["lecture"], claim) for claim in rows}
        noticed |= {(entry["lecture"], claim) for claim, row in rows.items() if not row["ok"]}
        for claim in entry["red"]:
            row = rows.get(claim)
            verdict = "not reached" if row is None else "GREEN" if row["ok"] else "red"
            green += verdict != "red"
            value = tables.figure(row["measured"]) if row else "–"
            table.append([entry["lecture"], entry["falsehood"], claim, value, verdict])
    print("\n" + tables.plain(table[:1] + sorted(table[1:])))
    if never := sorted(measured - noticed):
        print("\nNo falsehood turned these red yet:", *map(" ".join, never), sep="\n  ")
    if green:
        print(
            f"\n{green} claims did not notice the falsehood: tighten their bands, or measure something else"
        )
    return 1 if green else 0


def read(root):
    """Return the entries of tests/controls/NN.toml: dicts of lecture, falsehood, find, replace, red."""
    return [
        {"lecture": path.stem, **entry}
        for path in sorted((root / CONTROLS).glob("[0-9][0-9].toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["control"]
    ]


def listed(entries):
    """Return the entries as a table: a list of rows, its header first."""
    header = ["Lecture", "Falsehood", "Claims that must go red"]
    return [header] + [[entry["lecture"], entry["falsehood"], "; ".join(entry["red"])] for entry in entries]


def falsified(entry, source, root):
    """Return the job that runs the lecture with the falsehood in it.

    Raises
    ------
    ToolError
        If the text to replace does not occur exactly once in the lecture's script.
    """
    [script] = lecture_scripts(root, [entry["lecture"]])
    text = script.read_text(encoding="utf-8")
    if (count := text.count(entry["find"])) != 1:
        raise ToolError(
            f"{CONTROLS}/{entry['lecture']}.toml, {entry['falsehood']!r}: its text to find occurs"
            f" {count} times in {script.name}, not once: {entry['find']}"
        )
    text = text.replace(entry["find"], entry["replace"])
    return jobs.Job(
        f"{script.stem} ({entry['falsehood']})", text, seed=0, source=source, backend="tensorflow"
    )


def main():
    """Parse the command line and run the controls."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.controls",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lecture", help="only this one's controls, such as 01")
    parser.add_argument("--source", choices=["real", "stand-in"], default="real")
    parser.add_argument("--scheduler", help="address of a Dask scheduler; without it, workers start here")
    chosen = parser.parse_args()
    return controls(chosen.lecture, chosen.source, chosen.scheduler)


if __name__ == "__main__":
    run_tool(main)
