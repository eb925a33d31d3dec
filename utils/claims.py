"""Ties every figure that a lecture states to the one that it measures.

A lecture calls `start` once, then `check` wherever it states a figure that chance or data enters, `exact`
where it states arithmetic, and `table` at its end. A measured value outside its band, or arithmetic that
does not print as stated, stops the lecture with a `ClaimError`, and so turns the maintainer's CI red.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from utils import datasets, settings

Band = tuple[float | None, float | None]

_PACKAGES = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "jax")
_SAME_AS_REAL = object()


class ClaimError(AssertionError):
    """A measured figure fell outside the band that its claim allows."""


@dataclass
class _Lecture:
    """The lecture that runs in this process, and its claims by name."""

    name: str
    seed: int
    started: float = field(default_factory=time.perf_counter)
    rows: dict[str, dict] = field(default_factory=dict)


_lecture: _Lecture | None = None


def start(lecture: str) -> int:
    """Begin a lecture, print its settings and return its random seed.

    The seed is 0 unless the environment variable COURSE_SEED holds another whole number >= 0. Settings of the
    user's that would change the lecture are put right for this process, with a line on each.

    Raises
    ------
    ValueError
        If COURSE_SEED is not a whole number >= 0.
    DataError
        If COURSE_DATA_POLICY is none of auto, real and stand-in.
    """
    global _lecture
    text = os.environ.get("COURSE_SEED", "0")
    if not text.isdecimal():
        raise ValueError(f"COURSE_SEED is {text!r}: set it to a whole number >= 0, or unset it for seed 0")
    _lecture = _Lecture(lecture, int(text))
    print(f"lecture {lecture} | data policy {datasets.policy()} | seed {_lecture.seed}")
    for line in settings.settle():
        print(line)
    return _lecture.seed


def check(
    name: str,
    measured: float,
    stated: str,
    *,
    band: Band,
    stand_in: Band | None = _SAME_AS_REAL,
    data: tuple[str, ...] = (),
) -> None:
    """Check one figure that the lecture states against the one just measured.

    Prints `claim: {name} | stated {stated}`, the same on every machine, so that nbval can compare it. Before
    anything is raised, a row of what was measured is appended to the file that CLAIMS_LOG names, if any.
    Checking a claim again, as a re-run cell does, replaces its row in `table`.

    Parameters
    ----------
    name
        What was measured, unique within the lecture.
    measured
        The measured value, in the units of `stated`.
    stated
        The figure as the lecture states it, such as "27.8 %". What follows the first number is its unit.
    band
        Lowest and highest allowed value on real data; None leaves an edge open.
    stand_in
        The band if a dataset in `data` is a stand-in: `band` unless given; None if not asserted there.
    data
        Catalogue names of the datasets that the figure rests on. All must have been loaded.

    Raises
    ------
    ClaimError
        If the measured value is outside its band, or is not a number.
    ValueError
        If the lecture was not started, the band is empty, or a dataset was not loaded.
    """
    row = record(name, measured, stated, band=band, stand_in=stand_in, data=data)
    if not row["ok"]:
        unit = unit_of(stated)
        where = {"real": "real data", "stand-in": "a stand-in", "none": "any machine"}[row["source"]]
        raise ClaimError(
            f"{name}: stated {stated}; measured {figure(row['measured'])}{unit}; "
            f"allowed {describe_band(row['low'], row['high'])}{unit} on {where} "
            f"(lecture {row['lecture']}, seed {row['seed']})"
        )
    print(f"claim: {name} | stated {stated}")


def exact(name: str, value: float, stated: str) -> None:
    """Check a figure of plain arithmetic, which no data, seed or machine can change.

    Prints the same line as `check`, and logs a row of the same form.

    Parameters
    ----------
    name
        What was computed, unique within the lecture.
    value
        The computed value, in the units of `stated`.
    stated
        The figure as the lecture states it. Its first number is compared with `value`, rounded to as many
        digits: "0.02" with 0.0238, "5.0e-7" with 5.023e-7, "62,730" with 62730.

    Raises
    ------
    ClaimError
        If the rounded value does not print as `stated` does.
    ValueError
        If the lecture was not started, or `stated` holds no number.
    """
    run = _started()
    value = float(value)
    holds = _prints_as(value, first_number(stated))
    edge = {"low": None, "high": None, "asserted": True, "ok": holds, "source": "none", "exact": True}
    _log(run, _row(run, name, stated, value, edge))
    if not holds:
        raise ClaimError(f"{name}: stated {stated}; computed {value:.10g} (lecture {run.name})")
    print(f"claim: {name} | stated {stated}")


def record(
    name: str,
    measured: float,
    stated: str,
    *,
    band: Band,
    stand_in: Band | None = _SAME_AS_REAL,
    data: tuple[str, ...] = (),
) -> dict:
    """Log a claim as `check` does and return its row, but raise no ClaimError if it is missed.

    Raises
    ------
    ValueError
        As `check` does.
    """
    run = _started()
    source = _source(name, data)
    if band is None:
        raise ValueError(f"claim {name!r} has no band: without one it could never fail")
    allowed = stand_in if source == "stand-in" and stand_in is not _SAME_AS_REAL else band
    low, high = (None, None) if allowed is None else allowed
    if allowed is not None and ((low is None and high is None) or (None not in (low, high) and low > high)):
        raise ValueError(f"claim {name!r} has the band {allowed}, which is empty or has no edge at all")
    measured = float(measured)
    edges = {"low": None if low is None else float(low), "high": None if high is None else float(high)}
    verdict = {"asserted": allowed is not None, "ok": within(measured, low, high)}
    row = _row(run, name, stated, measured, {**edges, **verdict, "source": source, "exact": False})
    _log(run, row)
    return row


def table():
    """Return this lecture's claims so far as a DataFrame: stated, measured, allowed, and whether each holds.

    Measured claims come first; the last line counts those that are exact arithmetic. The numbers differ from
    run to run, so the cell that shows them is never compared with a stored output.
    """
    import pandas as pd

    claims = _started().rows.values()
    rows = [
        {
            "claim": row["claim"],
            "stated": row["stated"],
            "measured": f"{figure(row['measured'])}{unit_of(row['stated'])}",
            "allowed": describe_band(row["low"], row["high"]) if row["asserted"] else "not asserted here",
            "holds": ("yes" if row["ok"] else "NO") if row["asserted"] else "–",
        }
        for row in claims
        if not row["exact"]
    ]
    if exact_ones := [row for row in claims if row["exact"]]:
        holds = "yes" if all(row["ok"] for row in exact_ones) else "NO"
        rows.append(
            {
                "claim": f"exact arithmetic: {len(exact_ones)} figure{'s' * (len(exact_ones) > 1)}",
                **dict.fromkeys(("stated", "measured", "allowed"), "–"),
                "holds": holds,
            }
        )

    class Table(pd.DataFrame):  # pandas hides the middle of a table of more than 60 rows
        def _repr_html_(self):
            return self.to_html(notebook=True)

    columns = ["claim", "stated", "measured", "allowed", "holds"]
    return Table(pd.DataFrame(rows, columns=columns).set_index("claim"))


def within(value: float, low: float | None, high: float | None) -> bool:
    """Say whether a value lies in a band: anything if both edges are None, else no NaN and no infinity."""
    if low is None and high is None:
        return True
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


def figure(value: float) -> str:
    """Return a measured value as text: in four digits, or as a whole number if it is large."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def describe_band(low: float | None, high: float | None) -> str:
    """Return a band in words: "26.9 to 28.7", "at least 3", "at most 1e-08" or "exactly 26"."""
    if low == high:
        return f"exactly {figure(low)}"
    if low is None:
        return f"at most {figure(high)}"
    if high is None:
        return f"at least {figure(low)}"
    return f"{figure(low)} to {figure(high)}"


def first_number(stated: str) -> str:
    """Return the first number of a stated figure as written: "−0.50" of "−0.50 (theory: −1/2)".

    Raises
    ------
    ValueError
        If there is none.
    """
    match = re.search(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", stated)
    if match is None:
        raise ValueError(f"the figure stated as {stated!r} holds no number")
    return match[0].rstrip(",")


def unit_of(stated: str) -> str:
    """Return the unit of a stated figure with its leading space: " %" of "27.8 % (slide: 26 %)"."""
    match = re.search(r"\d[\d,.]*+(?:e[-+]?\d+)?+\s*(%|(?!of\b|to\b|or\b)[A-Za-z][\w/]*)", stated)
    return f" {match[1]}" if match else ""


def peak_mb() -> float:
    """Return the largest resident memory of this process so far, in MB (10**6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # not getrusage: on Linux that carries over what the parent process used
        kib = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii", errors="replace"))[1]
        return round(int(kib) * 1024 / 1e6, 1)
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6, 1)
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)


def _prints_as(value: float, number: str) -> bool:
    """Say whether a value, rounded to the digits of a number as written, is that number."""
    written = number.replace(",", "").replace("−", "-")
    mantissa, _, exponent = written.partition("e")
    digits = len(mantissa.partition(".")[2])
    rounded = f"{value:.{digits}{'e' if exponent else 'f'}}"
    return float(rounded) == float(written)  # NaN equals nothing


def _row(run: _Lecture, name: str, stated: str, measured: float, verdict: dict) -> dict:
    """Return a claim's row: what was stated and measured, the verdict, and under what it was measured."""
    return {
        "lecture": run.name,
        "claim": name,
        "stated": stated,
        "measured": measured,
        **verdict,
        "seed": run.seed,
        **_backend(),
        "versions": _versions(),
        "seconds": round(time.perf_counter() - run.started, 3),
        "peak_mb": peak_mb(),
    }


def _log(run: _Lecture, row: dict) -> None:
    """Keep a claim's row for the table, and append it to the file that CLAIMS_LOG names, if any."""
    run.rows[row["claim"]] = row
    if log := os.environ.get("CLAIMS_LOG"):
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _started() -> _Lecture:
    """Return the lecture that runs, or say how to start one."""
    if _lecture is None:
        raise ValueError('no lecture has started: run the set-up cell, which calls claims.start("NN")')
    return _lecture


def _source(name: str, data: tuple[str, ...]) -> str:
    """Say what the figure rests on: "real", "stand-in", or "none" for arithmetic alone."""
    loaded = datasets.provenance()
    if missing := [dataset for dataset in data if dataset not in loaded]:
        raise ValueError(f"claim {name!r} names data that was not loaded: {', '.join(missing)}")
    if not data:
        return "none"
    return "stand-in" if any(loaded[dataset].is_stand_in for dataset in data) else "real"


def _backend() -> dict[str, str]:
    """Ask Keras for its backend and device, but only if the lecture imported it already."""
    if "keras" not in sys.modules:
        return {"backend": "numpy", "device": "cpu"}
    import keras

    device = keras.distribution.list_devices()[0].split(":")[0]
    return {"backend": keras.backend.backend(), "device": device}


def _versions() -> dict[str, str]:
    """Return the versions of Python and of those course packages that this process imported."""
    modules = {"scikit-learn": "sklearn"}
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in _PACKAGES:
        if modules.get(package, package) in sys.modules:
            versions[package] = importlib.metadata.version(package)
    return versions
