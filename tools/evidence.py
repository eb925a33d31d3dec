"""Shows that each claim's band fits what is measured over many seeds.

python -m tools.evidence                          every lecture, seeds 0 to 9, real data and stand-ins
python -m tools.evidence --lectures 01 --seeds 2  two seeds of one lecture
python -m tools.evidence --scheduler tcp://…      on the workers of that Dask scheduler

An interrupted run goes on where it stopped. From ten seeds on the spread is judged, and the summary goes to
benchmarks/evidence.csv, where the rows of lectures, sources and backends that were not asked for stay.
"""

import argparse
import ast
import datetime
import math
import statistics

from tools import ROOT, ToolError, build, jobs, lecture_scripts, replace_files, run_tool, tables
from utils.claims import describe_band, figure

EVIDENCE = "benchmarks/evidence.csv"
COLUMNS = (
    *("lecture", "claim", "stated", "source", "backend", "n", "mean", "sd", "min", "max", "low", "high"),
    *("nearest_edge_sd", "width_sd", "flags", "versions", "machine", "date"),
)
NEAREST, WIDEST = 4, 20  # standard deviations: the nearest edge at least, from edge to edge at most
ENOUGH = 10  # seeds that give a standard deviation worth its name
FAILED, MISSING, NEAR, WIDE, OPEN = "failed", "missing", "near", "wide", "not asserted"


def evidence(lectures, seeds, sources, backend, scheduler, root=ROOT):
    """Run the jobs, print their summary and, from ten seeds on, write it to benchmarks/evidence.csv.

    Returns 0, or 1 if a claim failed, is missing, or has a flag that no comment in its cell explains.
    """
    scripts = {script.stem: script.read_text(encoding="utf-8") for script in lecture_scripts(root, lectures)}
    todo = [
        jobs.Job(stem, text, seed, source, backend)
        for stem, text in scripts.items()
        for source in (sources if uses_data(text) else sources[:1])
        for seed in seeds
    ]
    rows = []
    for job, result in jobs.run_all(todo, scheduler, root):
        if result.errors:
            raise ToolError(f"{job}: the lecture stopped at {result.errors[0]}")
        # A claim on no data is measured whatever the source; it is summed up with the run it was part of.
        source = job.source if uses_data(job.text) else "none"
        rows += [{**row, "source": source, "backend": job.backend} for row in result.rows]
    explained = {(stem[:2], claim) for stem, text in scripts.items() for claim in commented_claims(text)}
    summary = summarise(rows, len(seeds), explained)
    print("\n" + tables.plain(table(summary)))
    if len(seeds) >= ENOUGH:
        write(root / EVIDENCE, summary, {(row["lecture"], row["source"], row["backend"]) for row in summary})
        print(f"\nWritten: {EVIDENCE}")
    unexplained = [row for row in summary if row["flags"] and not row["flags"].endswith("(explained)")]
    for row in unexplained:
        print(f"flag: {row['lecture']}, {row['claim']}, {row['source']}: {row['flags']}")
    return 1 if unexplained else 0


def uses_data(text):
    """Say whether a lecture loads a dataset; if not, real data and stand-ins are the same to it."""
    return "from utils.datasets import" in text


def write(path, summary, asked):
    """Put a summary into the CSV file in place of the rows whose (lecture, source, backend) was asked for."""
    others = [
        row for row in tables.read_csv(path) if (row["lecture"], row["source"], row["backend"]) not in asked
    ]
    rows = sorted(others + summary, key=lambda row: (row["lecture"], row["source"], row["backend"]))
    replace_files({path: build.csv_text(COLUMNS, rows)})


def summarise(rows, n_seeds, explained):
    """Return one row for each claim and source: spread of what was measured, and how its band fits.

    Parameters
    ----------
    rows : list of dict
        Rows of claims logs; `source` and `backend` say under which settings they were measured.
    n_seeds : int
        How many rows each claim should have.
    explained : set of (lecture, claim)
        The claims whose cell has a comment, which may explain a wide or an open band.
    """
    groups = {}
    for row in rows:
        groups.setdefault((row["lecture"], row["claim"], row["source"], row["backend"]), []).append(row)
    return [_summary(group, n_seeds, key[:2] in explained) for key, group in groups.items()]


def _summary(group, n_seeds, is_explained):
    first = group[0]
    measured = [row["measured"] for row in group]
    mean, sd = statistics.fmean(measured), statistics.stdev(measured) if len(measured) > 1 else math.nan
    edges = [edge for edge in (first["low"], first["high"]) if edge is not None]
    varies = sd > 1e-9 * abs(mean)
    nearest = min((abs(edge - mean) for edge in edges), default=math.nan) / sd if varies else math.inf
    width = (edges[1] - edges[0]) / sd if varies and len(edges) == 2 else math.nan
    hard = [FAILED] * (not all(row["ok"] for row in group)) + [MISSING] * (len(group) < n_seeds)
    judged = len(group) >= ENOUGH
    soft = [NEAR] * (judged and nearest < NEAREST) + [WIDE] * (judged and width > WIDEST)
    soft += [OPEN] * (not first["asserted"])
    flags = ", ".join(hard + soft) + (" (explained)" if soft and not hard and is_explained else "")
    return {
        **{
            key: first[key]
            for key in ("lecture", "claim", "stated", "source", "backend", "low", "high", "versions")
        },
        **{"n": len(group), "mean": mean, "sd": sd, "min": min(measured), "max": max(measured)},
        **{"nearest_edge_sd": nearest, "width_sd": width, "flags": flags},
        **{"machine": build.machine(), "date": datetime.date.today().isoformat()},
    }


def commented_claims(text):
    """Return the names of the claims in a script whose cell has a comment."""
    names = set()
    for cell in text.split("\n# %%"):
        code = cell.partition("\n")[2]
        if cell.startswith(" [markdown]") or "claims.check(" not in code or "#" not in code:
            continue
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
        names |= {call.args[0].value for call in calls if ast.unparse(call.func) == "claims.check"}
    return names


def table(summary):
    """Return the summary as a table: a list of rows, its header first. Takes rows of the CSV file as well."""
    header = ["Lecture", "Data", "Claim", "Stated", "Mean ± sd", "Min to max", "n", "Allowed"]
    rows = [[*header, "Nearest edge", "Flags"]]
    for row in summary:
        mean, least, most = (figure(float(row[name])) for name in ("mean", "min", "max"))
        low, high = tables.number(row["low"]), tables.number(row["high"])
        nearest = float(row["nearest_edge_sd"])
        rows.append(
            [
                *(row["lecture"], row["source"], row["claim"], row["stated"]),
                *(f"{mean} ± {float(row['sd']):.2g}", f"{least} to {most}", str(row["n"])),
                "–" if low is None and high is None else describe_band(low, high),
                f"{figure(round(nearest, 1))} sd" if math.isfinite(nearest) else "–",
                row["flags"],
            ]
        )
    return rows


def page(rows, titles):
    """Return the evidence as Markdown: each lecture's heading, and a table for each setting it ran under.

    Parameters
    ----------
    rows : list of dict
        The rows of benchmarks/evidence.csv; none if there is no evidence yet.
    titles : dict
        The lectures' titles by their numbers.
    """
    text = []
    for lecture, title in sorted(titles.items()):
        text.append(f"## {lecture} {title}")
        groups = {}
        for row in rows:
            if row["lecture"] == lecture:
                groups.setdefault((row["source"], row["backend"]), []).append(row)
        for (source, backend), group in groups.items():
            last = group[-1]
            text.append(
                f"**Data: {source}.** Gathered on {last['date']} on {last['machine']}, backend {backend}:"
                f" {last['versions']}."
            )
            text.append(tables.markdown([row[2:] for row in table(group)]))
        if not groups:
            text.append("Not gathered yet.")
    return "\n\n".join(text)


def main():
    """Parse the command line and gather the evidence."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.evidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lectures", nargs="*", default=(), metavar="LECTURE")
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0 on")
    parser.add_argument("--source", nargs="*", choices=["real", "stand-in"], default=["real", "stand-in"])
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"], default="tensorflow")
    parser.add_argument("--scheduler", help="address of a Dask scheduler; without it, workers start here")
    chosen = parser.parse_args()
    return evidence(chosen.lectures, range(chosen.seeds), chosen.source, chosen.backend, chosen.scheduler)


if __name__ == "__main__":
    run_tool(main)
