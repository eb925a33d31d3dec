"""Measures what benchmarks/ promises of speed and memory.

python -m tools.bench         every benchmark
python -m tools.bench NAME …  those of benchmarks/NAME.py

A benchmark is a module with a docstring, which says what is compared with what, and a function `measure()`
that yields (quantity, value, unit, low, high); a promise has one edge or two, a mere fact none. Both sides of
a ratio are timed in one run. What was measured goes to benchmarks/speed.csv and into benchmarks/README.md;
where a promise is missed, both stay as they were. Real data is required.
"""

import argparse
import ast
import datetime
import os
import runpy
import statistics
import time

from tools import ROOT, ToolError, measured, replace_files, run_tool, tables
from utils.claims import describe_band, figure, within

README, SPEED = "benchmarks/README.md", "benchmarks/speed.csv"
COLUMNS = ("benchmark", "quantity", "value", "unit", "low", "high", "machine", "date")


def bench(names=(), root=ROOT):
    """Run benchmarks in order, print what each measured, and write it down as soon as it ends.

    Raises
    ------
    ToolError
        If there is no such benchmark, or, once all have run, if a promise was missed.
    """
    known = sorted(path.stem for path in (root / "benchmarks").glob("[a-z]*.py"))
    if unknown := sorted(set(names) - set(known)):
        raise ToolError(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}")
    missed = []
    for name in names or known:
        print(f"{name} …", flush=True)
        rows = []
        for quantity, value, unit, low, high in runpy.run_path(str(root / "benchmarks" / f"{name}.py"))[
            "measure"
        ]():
            rows.append(
                {
                    **{"benchmark": name, "quantity": quantity, "value": float(value), "unit": unit},
                    **{"low": low, "high": high, "machine": measured.machine()},
                    "date": datetime.date.today().isoformat(),
                }
            )
            print("  " + "  ".join(filter(None, table(rows[-1:])[1])), flush=True)
        broken = [row["quantity"] for row in rows if not within(row["value"], row["low"], row["high"])]
        if broken:
            missed += [f"{name}: {quantity}" for quantity in broken]
            continue
        others = [row for row in measured.read_csv(root / SPEED) if row["benchmark"] != name]
        written = sorted(others + rows, key=lambda row: row["benchmark"])
        replace_files({root / SPEED: measured.csv_text(COLUMNS, written)})
        replace_files({root / README: rendered(root)})
    if missed:
        raise ToolError("promises missed (is the machine busy?):\n  " + "\n  ".join(missed))


def table(rows):
    """Return what benchmarks measured as a table: a list of rows, its header first. Takes rows of the CSV."""
    lines = [["Measured", "", "Promised"]]
    for row in rows:
        low, high = tables.number(row["low"]), tables.number(row["high"])
        promised = "" if low is None and high is None else describe_band(low, high)
        lines.append([row["quantity"], f"{figure(float(row['value']))} {row['unit']}".rstrip(), promised])
    return lines


def rendered(root):
    """Return benchmarks/README.md's text with what its benchmarks say of themselves and have measured."""
    rows = measured.read_csv(root / SPEED)
    parts = []
    for name in sorted({row["benchmark"] for row in rows}):
        own = [row for row in rows if row["benchmark"] == name]
        script = root / "benchmarks" / f"{name}.py"
        about = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
        where = f"{own[0]['machine']}, {own[0]['date']}"
        parts.append(f"### {name}\n\n{about}\n\n{tables.markdown(table(own))}\n\n{where}")
    text = (root / README).read_text(encoding="utf-8")
    return tables.between(text, "speed", "\n\n".join(parts), file=README)


def matrix_product(side=4_096):
    """Return a function that multiplies two float32 matrices by Keras, and how many operations that takes.

    At 4,096 × 4,096 that shows what the processor can do when it is asked for nothing else.
    """
    import keras
    import numpy as np

    matrix = keras.ops.convert_to_tensor(np.random.default_rng(0).random((side, side), dtype="float32"))
    return lambda: keras.ops.convert_to_numpy(keras.ops.matmul(matrix, matrix)[0, 0]), 2 * side**3


def product_rate(side=4_096):
    """Return the rate of `matrix_product` here, in GFLOP/s."""
    multiply, operations = matrix_product(side)
    multiply()  # the first sets up
    [seconds] = median_seconds(multiply)
    return operations / seconds / 1e9


def median_seconds(*runs, repeats=3):
    """Return the median of the seconds that each function takes; they take turns.

    Parameters
    ----------
    *runs : callable
        What to time, without arguments.
    repeats : int
        How many turns.

    Returns
    -------
    list of float
    """
    seconds = [[] for _ in runs]
    for _ in range(repeats):
        for run, own in zip(runs, seconds, strict=True):
            started = time.perf_counter()
            run()
            own.append(time.perf_counter() - started)
    return [statistics.median(own) for own in seconds]


def main():
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    os.environ["COURSE_DATA_POLICY"] = "real"  # a stand-in's speed is nobody's
    return bench(parser.parse_args().names)


if __name__ == "__main__":
    run_tool(main)
