"""Shows that each claim's band fits what is measured over many seeds.

python -m tools.evidence                          every lecture, real data and stand-ins
python -m tools.evidence --lectures 01 --seeds 2  two seeds of one lecture
python -m tools.evidence --scheduler tcp://…      on the workers of that Dask scheduler

Ten seeds run on real data, and on stand-ins if a claim has a band of its own there, else five. An interrupted
run goes on where it stopped. A full run's summary goes to measured/evidence/NN.csv, where the rows of sources
and backends that were not asked for stay. What claims allow is no part of it: it is judged by today's bands.
"""

import argparse
import datetime
import math
import statistics

from tools import ROOT, ToolError, depends, jobs, lectures, measured, replace_files, run_tool, tables
from utils.claims import describe_band, figure, within

SOURCES = ("real", "stand-in")
NEAREST, WIDEST = 4, 20  # standard deviations: the nearest edge at least, from edge to edge at most
ENOUGH = 10  # seeds that give a standard deviation worth its name
ON_STAND_INS = 5  # seeds that show whether a band of real data holds there, too
HEADER = ["Claim", "Stated", "Mean ± sd", "Min to max", "n", "Allowed", "Nearest edge", "Flags"]
FAILED, MISSING, NEAR, WIDE, OPEN = "failed", "missing", "near", "wide", "not asserted"


def evidence(only=(), seeds=None, sources=SOURCES, backend="tensorflow", scheduler=None, root=ROOT):
    """Run the jobs, print their summary and, unless `seeds` are too few, keep it in measured/evidence.

    Returns 0, or 1 if a claim failed, is missing, or has a flag that no comment on its lines explains.
    """
    chosen = lectures.read(root, only)
    todo = {
        jobs.Job(one.stem, one.text, seed, source, backend, tuple(one.facts["datasets"])): one
        for one in chosen
        for source in (sources if one.facts["datasets"] else sources[:1])
        for seed in range(seeds or needed(one, source))
    }
    rows = {}  # by lecture and by source
    for job, result in jobs.run_all(todo, scheduler, root):
        if result.errors:
            raise ToolError(f"{job}: the lecture stopped at {result.errors[0]}")
        # A claim on no data is measured whatever the source; it is summed up with the run it was part of.
        source = job.source if job.datasets else "none"
        rows.setdefault((job.lecture, source), []).extend(result.rows)
    unexplained, printed = [], []
    for lecture in chosen:
        summaries = {
            source: summarise(its_rows, source, backend, depends.code_hash(stem, lecture.text))
            for (stem, source), its_rows in rows.items()
            if stem == lecture.stem
        }
        for source, summary in summaries.items():
            wanted = seeds or needed(lecture, source)
            found = judged(summary, lecture, wanted)
            printed += [[lecture.number, source, *line] for line in table(found)[1:]]
            flagged = filter(loud, found)
            unexplained += [f"{lecture.number}, {row['claim']}, {source}: {row['flags']}" for row in flagged]
            if wanted >= needed(lecture, source):
                write(measured.path(root, "evidence", lecture.number), summary, {(source, backend)})
    print("\n" + tables.plain([["Lecture", "Data", *HEADER], *printed]))
    for flag in unexplained:
        print(f"flag: {flag}")
    return 1 if unexplained else 0


def needed(lecture, source):
    """Return how many seeds a lecture's evidence takes on real data, on none, or on a stand-in."""
    own = any(claim.stand_in not in (claim.band, None) for claim in lecture.claims)
    return ON_STAND_INS if source == "stand-in" and not own else ENOUGH


def summarise(rows, source, backend, code):
    """Return one row for each claim, from rows of claims logs: the spread of what was measured over seeds."""
    groups = {}
    for row in rows:
        groups.setdefault(row["claim"], []).append(row)
    common = {"source": source, "backend": backend, "code": code, "machine": measured.machine()}
    common["date"] = datetime.date.today().isoformat()
    return [common | _spread(claim, group) for claim, group in groups.items()]


def _spread(claim, group):
    values = [row["measured"] for row in group]
    sd = statistics.stdev(values) if len(values) > 1 and all(map(math.isfinite, values)) else math.nan
    spread = {"mean": statistics.fmean(values), "sd": sd, "min": min(values), "max": max(values)}
    return {"claim": claim, "n": len(values), **spread, "versions": group[0]["versions"]}


def write(path, summary, asked):
    """Put a summary into a lecture's CSV file in place of the rows whose (source, backend) was asked for."""
    others = [row for row in measured.read_csv(path) if (row["source"], row["backend"]) not in asked]
    rows = sorted(others + summary, key=lambda row: (row["source"], row["backend"]))
    replace_files({path: measured.text("evidence", rows)})


def judged(rows, lecture, wanted=None):
    """Return rows of a summary, or of its file, with what the lecture's claims state and allow, and flags.

    Rows of claims that the lecture no longer has are left out. `wanted` is the number of seeds that there
    should be: what the lecture needs, unless given.
    """
    claims = {claim.name: claim for claim in lecture.measured}
    return [
        row | _fit(row, claims[row["claim"]], wanted or needed(lecture, row["source"]))
        for row in rows
        if row["claim"] in claims
    ]


def _fit(row, claim, wanted):
    """Return how a claim's band fits its spread."""
    mean, sd, least, most = (float(row[name]) for name in ("mean", "sd", "min", "max"))
    allowed = claim.allowed(row["source"])
    low, high = allowed or (None, None)
    edges = [edge for edge in (low, high) if edge is not None]
    varies = sd > 1e-6 * abs(mean)  # more than float32 rounds: that differs between processors
    nearest = min((abs(edge - mean) for edge in edges), default=math.nan) / sd if varies else math.inf
    width = (edges[1] - edges[0]) / sd if varies and len(edges) == 2 else math.nan
    hard = [FAILED] * (not all(within(value, low, high) for value in (mean, least, most)))
    hard += [MISSING] * (int(row["n"]) < wanted)
    enough = int(row["n"]) >= ENOUGH
    soft = [NEAR] * (enough and nearest < NEAREST) + [WIDE] * (enough and width > WIDEST)
    soft += [OPEN] * (not allowed)
    flags = ", ".join(hard + soft) + (" (explained)" if soft and not hard and claim.explained else "")
    return {"stated": claim.stated, "low": low, "high": high, "nearest_edge_sd": nearest, "flags": flags}


def older(rows, lecture):
    """Return the sources whose evidence was gathered for other code than the lecture's."""
    code = depends.code_hash(lecture.stem, lecture.text)
    return sorted({row["source"] for row in rows if row["code"] != code})


def lacking(rows, lecture):
    """Return what a lecture's evidence lacks: "claim (source)"."""
    claims = [claim.name for claim in lecture.measured]
    sources = SOURCES if lecture.facts["datasets"] else ["none"]
    gathered = {(row["claim"], row["source"]) for row in rows}
    return [f"{claim} ({one})" for one in sources for claim in claims if (claim, one) not in gathered]


def loud(row):
    """Say whether a judged row has a flag that nothing explains."""
    return bool(row["flags"]) and not row["flags"].endswith("(explained)")


def table(rows):
    """Return judged rows as a table: a list of rows, its header first."""
    lines = [HEADER]
    for row in rows:
        mean, sd, least, most = (float(row[name]) for name in ("mean", "sd", "min", "max"))
        spread = f" ± {sd:.2g}" if math.isfinite(sd) else ""  # which one seed has not
        nearest = row["nearest_edge_sd"]
        lines.append(
            [
                *(row["claim"], row["stated"]),
                f"{figure(mean)}{spread}" if math.isfinite(mean) else "–",
                f"{figure(least)} to {figure(most)}" if math.isfinite(mean) else "–",
                str(row["n"]),
                "–" if row["low"] is row["high"] is None else describe_band(row["low"], row["high"]),
                f"{figure(math.floor(10 * nearest) / 10)} sd" if math.isfinite(nearest) else "–",
                row["flags"],
            ]
        )
    return lines


def page(root):
    """Return the evidence as Markdown: each lecture's heading, and a table for each setting it ran under."""
    text = []
    for lecture in lectures.read(root):
        text.append(f"## {lecture.number} {lecture.facts['title']}")
        groups = {}
        rows = measured.read_csv(measured.path(root, "evidence", lecture.number))
        for row in judged(rows, lecture):
            groups.setdefault((row["source"], row["backend"]), []).append(row)
        for (source, backend), group in groups.items():
            last = group[-1]
            text.append(
                f"**Data: {source}.** Gathered on {last['date']} on {last['machine']}, backend {backend}:"
                f" {last['versions']}."
                + " **Of an earlier version of the lecture**, and not of its code as it is now."
                * (source in older(rows, lecture))
            )
            text.append(tables.markdown(table(group)))
        if not groups:
            text.append("Not gathered yet.")
        elif missing := lacking(rows, lecture):
            text.append(f"Not gathered yet: {'; '.join(missing)}.")
    return "\n\n".join(text)


def main():
    """Parse the command line and gather the evidence."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.evidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lectures", nargs="*", default=(), metavar="LECTURE")
    parser.add_argument("--seeds", type=int, help="how many, from 0 on, instead of as many as needed")
    parser.add_argument("--source", nargs="*", choices=SOURCES, default=SOURCES)
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"], default="tensorflow")
    parser.add_argument("--scheduler", help="address of a Dask scheduler; without it, workers start here")
    chosen = parser.parse_args()
    return evidence(chosen.lectures, chosen.seeds, chosen.source, chosen.backend, chosen.scheduler)


if __name__ == "__main__":
    run_tool(main)
