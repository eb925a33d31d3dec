"""Where measured facts lie, a file for each lecture, and the machine they were measured on.

measured/claims/NN.csv    every stated figure beside the measured one   renewed by `make notebooks`
measured/runs/NN.csv      seconds, memory, machine, slow cells of it    renewed by `make notebooks`
measured/evidence/NN.csv  each claim's spread over seeds                renewed by `make evidence`
"""

import csv
import io
import json
import platform
import re
from pathlib import Path

from utils.machine import cores

FOLDER = "measured"
COLUMNS = {
    "claims": (
        *("claim", "stated", "measured", "low", "high", "asserted", "ok", "exact"),
        *("source", "seed", "backend", "device", "versions"),
    ),
    "runs": ("seconds", "peak_mb", "gflops", "machine", "versions", "date", "cells", "slow"),
    "evidence": (
        *("claim", "source", "backend", "n", "mean", "sd", "min", "max"),
        *("code", "versions", "machine", "date"),
    ),
}


def path(root, kind, lecture):
    """Return the file of a lecture's claims, runs or evidence; `lecture` is its number, such as "01"."""
    return root / FOLDER / kind / f"{lecture}.csv"


def rows(root, kind):
    """Return the rows of every lecture in order, as dicts of text, each with its `lecture`."""
    files = sorted((root / FOLDER / kind).glob("[0-9][0-9].csv"))
    return [{"lecture": file.stem, **row} for file in files for row in read_csv(file)]


def text(kind, its_rows):
    """Return rows as the text of a lecture's file."""
    return csv_text(COLUMNS[kind], its_rows)


def read_csv(file):
    """Return the rows of a CSV file as dicts of text; none if there is no such file yet."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def csv_text(columns, its_rows):
    """Return rows (dicts, which may hold more than the columns) as the text of a CSV file."""
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(its_rows)
    return written.getvalue()


def read_log(log):
    """Return the rows of a claims log, versions as text; none if no lecture made a claim."""
    if not log.exists():
        return []
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [
        {**row, "versions": "; ".join(f"{name} {version}" for name, version in row["versions"].items())}
        for row in logged
    ]


def machine():
    """Return the name of this machine's processor, and of how many cores we may use."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")  # Linux, where platform does not know the processor's name
    if cpuinfo.exists() and (
        model := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8"))
    ):
        name = model[1]
    return f"{name}, {cores()} cores"
