"""Renders README's tables of lectures and claims from benchmarks/ and lectures/index.toml alone.

python -m tools.tables          write them into README.md
python -m tools.tables --check  exit with 1 if they are not what README.md holds
"""

import argparse
import csv
import re
import tomllib

from tools import ROOT, ToolError, badges, replace_files, run_tool
from utils.claims import describe_band, figure, unit_of

CLAIMS = "benchmarks/claims.csv"
LECTURES = "benchmarks/lectures.csv"


def lectures(index, measured, page="notebooks/{}.ipynb", root=ROOT):
    """Return the table of lectures: a list of rows, its header first.

    Parameters
    ----------
    index : dict
        The content of lectures/index.toml.
    measured : list of dict
        The rows of benchmarks/lectures.csv. A lecture that has none is shown without time and memory.
    page : str
        Where a lecture's page lies, with {} for its name.
    root : Path
        The repository, whose address the Colab badges need.
    """
    by_number = {row["lecture"]: row for row in measured}
    table = [["Lecture", "Question", "To teach", "To run", "Memory", "Data", "Open"]]
    for name, entry in sorted(index.items()):
        row = by_number.get(name[:2])
        table.append(
            [
                f"[{name[:2]} {entry['title']}]({page.format(name)})",
                entry["question"],
                f"{entry['minutes']} min",
                f"{float(row['seconds']):.0f} s" if row else "–",
                f"{float(row['peak_mb']) / 1000:.1f} GB" if row and row["peak_mb"] else "–",
                ", ".join(entry["datasets"]),
                badges.badge(name, root),
            ]
        )
    return table


def claims(rows):
    """Return the table of claims, its header first, from rows of benchmarks/claims.csv or of a claims log."""
    table = [["Lecture", "Claim", "Stated", "Measured", "Allowed", "Data", "Holds"]]
    for row in rows:
        asserted = row["asserted"] in (True, "True")
        table.append(
            [
                row["lecture"],
                row["claim"],
                row["stated"],
                figure(float(row["measured"])) + unit_of(row["stated"]),
                describe_band(number(row["low"]), number(row["high"])) if asserted else "not asserted",
                row["source"],
                ("yes" if row["ok"] in (True, "True") else "NO") if asserted else "–",
            ]
        )
    return table


def number(text):
    """Return the number of a CSV field, or None if it is empty."""
    return None if text in (None, "") else float(text)


def markdown(table):
    """Return a table as Markdown."""
    rows = [[cell.replace("|", r"\|").replace("\n", " ") for cell in row] for row in table]
    rows.insert(1, ["---"] * len(table[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def plain(table):
    """Return a table for the terminal, its columns aligned."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def read_csv(path):
    """Return the rows of a CSV file as dicts of text; none if there is no such file yet."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rendered(root):
    """Return README.md's text with its tables as they should be.

    Raises
    ------
    ToolError
        If README.md lacks a table's markers.
    """
    index = tomllib.loads((root / "lectures" / "index.toml").read_text(encoding="utf-8"))
    measured = read_csv(root / LECTURES)
    text = (root / "README.md").read_text(encoding="utf-8")
    text = between(text, "lectures", markdown(lectures(index, measured, root=root)))
    return between(text, "claims", markdown(claims(read_csv(root / CLAIMS))))


def between(text, name, table, file="README.md"):
    """Return a file's text with what stands between the markers <!-- name --> and <!-- /name --> replaced."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    if not re.search(f"{opening}.*{closing}", text, flags=re.DOTALL):
        raise ToolError(f"{file} has no place for its {name} table: write {opening} and {closing} into it")
    before, _, rest = text.partition(opening)
    after = rest.partition(closing)[2]
    return f"{before}{opening}\n\n{table}\n\n{closing}{after}"


def write(root):
    """Write the tables into README.md."""
    replace_files({root / "README.md": rendered(root)})


def check(root):
    """Raise ToolError if README.md's tables are not what they should be."""
    if (root / "README.md").read_text(encoding="utf-8") != rendered(root):
        raise ToolError("README.md's tables are out of date: run `python -m tools.tables`")


def main():
    """Parse the command line; write or check."""
    parser = argparse.ArgumentParser(prog="python -m tools.tables", description="Renders README's tables.")
    parser.add_argument(
        "--check", action="store_true", help="only say whether README's tables are up to date"
    )
    (check if parser.parse_args().check else write)(ROOT)


if __name__ == "__main__":
    run_tool(main)
