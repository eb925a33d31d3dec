"""Renders the tables of README.md, measured/README.md and data/README.md from what they are about.

python -m tools.tables          write them
python -m tools.tables --check  exit with 1 if they are not what the files hold
"""

import argparse
import re

from tools import ROOT, ToolError, badges, course_map, lectures, measured, replace_files, run_tool
from utils.claims import describe_band, figure, unit_of
from utils.datasets import catalogue


def facts(root, page="notebooks/{}.ipynb"):
    """Return what README and the site say of each lecture, in order: a dict of texts, empty where unknown.

    Parameters
    ----------
    root : Path
        The repository.
    page : str
        Where a lecture's page lies, with {} for its name.
    """
    runs = {row["lecture"]: row for row in measured.rows(root, "runs")}
    stated = {(row["lecture"], row["claim"]): row["stated"] for row in measured.rows(root, "claims")}
    found = []
    for name, entry in sorted(lectures.index(root).items()):
        number, run = name[:2], runs.get(name[:2], {})
        headline = stated.get((number, entry["headline"]))
        found.append(
            {
                "part": entry["part"],
                "title": f"[{number} {entry['title']}]({page.format(name)})",
                "question": entry["question"],
                "headline": f"{entry['headline']}: {headline}" if headline else "",
                "teach": f"{entry['minutes']} min",
                "run": f"{float(run['seconds']):.0f} s" if run else "",
                "memory": f"{float(run['peak_mb']) / 1000:.1f} GB" if run.get("peak_mb") else "",
                "needs": ", ".join(entry["needs"]),
                "data": ", ".join(entry["datasets"]),
                "open": without_badge_image(badges.badge(name, root)),
            }
        )
    return found


def without_badge_image(text):
    """Return Markdown with Colab's badges as plain links: their picture would come from the network."""
    return re.sub(r"!\[(Open in Colab)\]\([^)]*\)", r"\1", text)


def parts(found):
    """Return the lectures' facts by part, in order of the parts' first lectures."""
    by_part = {}
    for one in found:
        by_part.setdefault(one["part"], []).append(one)
    return by_part


def lecture_tables(root):
    """Return README's map, its tables of lectures, one for each part, Binder, and what machine ran them."""
    header = ["Lecture", "It asks", "One of its figures", "To teach", "To run", "Data", "Open in"]
    keys = ("title", "question", "headline", "teach", "run", "data", "open")
    blocks = []
    for part, its_lectures in parts(facts(root)).items():
        rows = [[one[key] or "–" for key in keys] for one in its_lectures]
        table = markdown([header, *rows]).replace("[Open in Colab]", "[Colab]")
        blocks.append(f"**{part}**\n\n{table}")
    anywhere = f"With nothing to install: [open all in Binder]({badges.binder('notebooks', root)})"
    return "\n\n".join([course_map.mermaid(root), *blocks, anywhere, *machines(root)])


def machines(root):
    """Return a sentence on each machine that lectures ran on, with its rate of multiplying matrices."""
    numbers, rates = {}, {}
    for row in measured.rows(root, "runs"):
        numbers.setdefault(row["machine"], []).append(row["lecture"])
        rates.setdefault(row["machine"], []).extend([float(row["gflops"])] if row["gflops"] else [])
    sentences = []
    for machine, its_lectures in numbers.items():
        which = "" if len(numbers) == 1 else f" of {', '.join(its_lectures)}"
        found = sorted(rates[machine])
        rate = f", which multiplies float32 matrices at {found[len(found) // 2]:.0f} GFLOP/s" if found else ""
        sentences.append(f"Seconds{which} were measured on: {machine}{rate}.")
    return sentences


def claims(rows):
    """Return the table of claims, its header first, from rows of measured/claims or of a claims log.

    Exact figures are one line for each lecture, with their number.
    """
    table = [["Lecture", "Claim", "Stated", "Measured", "Allowed", "Data", "Holds"]]
    exact = {}
    for row in rows:
        holds = row["ok"] in (True, "True")
        if row["exact"] in (True, "True"):
            exact.setdefault(row["lecture"], []).append(holds)
            continue
        asserted = row["asserted"] in (True, "True")
        table.append(
            [
                *(row["lecture"], row["claim"], row["stated"]),
                figure(float(row["measured"])) + unit_of(row["stated"]),
                describe_band(number(row["low"]), number(row["high"])) if asserted else "not asserted",
                row["source"],
                ("yes" if holds else "NO") if asserted else "–",
            ]
        )
    for lecture, all_hold in exact.items():
        line = f"exact arithmetic: {len(all_hold)} figures"
        table.append([lecture, line, "–", "–", "–", "none", "yes" if all(all_hold) else "NO"])
    return table


JUDGED = ("distance, ", "precision, ", "recall, ")  # how claims about made digits begin
MADE_DIGITS = """\
## Made digits, by one judge

What the judge of lecture 17 says, there and in 18 and 19, of test digits and of digits that were made. A
distance is Fréchet's, between features. What stands *over*, *less* or *below* something else is a ratio where
its unit is "times", and else a difference."""


def claims_by_lecture(root):
    """Return, as Markdown, a heading and a table of claims by lecture; those on made digits once more."""
    titles = {name[:2]: entry["title"] for name, entry in lectures.index(root).items()}
    rows = measured.rows(root, "claims")
    blocks = []
    for lecture, title in sorted(titles.items()):
        if its_rows := [row for row in rows if row["lecture"] == lecture]:
            table = [line[1:] for line in claims(its_rows)]
            blocks.append(f"## {lecture} {title}\n\n{markdown(table)}")
    if judged := [row for row in rows if row["claim"].startswith(JUDGED)]:
        blocks.append(f"{MADE_DIGITS}\n\n{markdown(claims(judged))}")
    return "\n\n".join(blocks)


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


def between(text, name, table, file="README.md"):
    """Return a file's text with what stands between the markers <!-- name --> and <!-- /name --> replaced."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    if not re.search(f"{opening}.*{closing}", text, flags=re.DOTALL):
        raise ToolError(f"{file} has no place for its {name} table: write {opening} and {closing} into it")
    before, _, rest = text.partition(opening)
    after = rest.partition(closing)[2]
    return f"{before}{opening}\n\n{table}\n\n{closing}{after}"


def rendered(root):
    """Return the files that hold tables with their texts as they should be: path -> text.

    Raises
    ------
    ToolError
        If a file lacks a table's markers.
    """
    contents = {
        "README.md": ("lectures", lecture_tables(root)),
        "measured/README.md": ("claims", claims_by_lecture(root)),
        "data/README.md": ("datasets", markdown(catalogue.table())),
    }
    return {
        root / file: between((root / file).read_text(encoding="utf-8"), name, table, file)
        for file, (name, table) in contents.items()
    }


def write(root):
    """Write the tables into their files."""
    replace_files(rendered(root))


def check(root):
    """Raise ToolError if a file's tables are not what they should be."""
    old = [path for path, text in rendered(root).items() if path.read_text(encoding="utf-8") != text]
    if old:
        names = ", ".join(path.relative_to(root).as_posix() for path in old)
        raise ToolError(f"out of date: the tables of {names}; run `python -m tools.tables`")


def main():
    """Parse the command line; write or check."""
    parser = argparse.ArgumentParser(prog="python -m tools.tables", description="Renders the tables.")
    parser.add_argument("--check", action="store_true", help="only say whether the tables are up to date")
    (check if parser.parse_args().check else write)(ROOT)


if __name__ == "__main__":
    run_tool(main)
