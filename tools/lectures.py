"""Reads lectures without running them: their cells, sections, claims and facts.

python -m tools.lectures                  print the notebooks' paths, one a line
python -m tools.lectures --backend jax    those of the lectures that also run on that backend of Keras
python -m tools.lectures --dataset mnist  those of the lectures that load that dataset
"""

import argparse
import ast
import inspect
import io
import re
import tokenize
import tomllib
from dataclasses import dataclass, field
from functools import cached_property

import jupytext

from tools import ROOT, ToolError, lecture_scripts, run_tool
from utils import claims

INDEX = "lectures/index.toml"
CALLS = {f"claims.{call.__name__}": inspect.signature(call) for call in (claims.check, claims.exact)}
A_CHINESE_BLOCK = re.compile(r"<details>\n<summary>中文</summary>\n(.*?)\n</details>", re.DOTALL)
USAGE = "claims.check(name, measured, stated, band=(low, high)) or claims.exact(name, value, stated)"


@dataclass(frozen=True)
class Claim:
    """One `claims.check(…)` or, if `exact`, one `claims.exact(…)` of a lecture, as it is written.

    `stand_in` is the band on a stand-in: `band` unless the call gives another; None is not asserted there.
    `explained` says whether a comment stands on the claim's own lines, or right above it or the run of claims
    that it stands in.
    """

    name: str
    stated: str
    exact: bool
    band: claims.Band | None
    stand_in: claims.Band | None
    explained: bool

    def allowed(self, source):
        """Return the band on "real" data, on a "stand-in", or for figures that rest on no data ("none")."""
        return self.stand_in if source == "stand-in" else self.band


@dataclass
class Section:
    """What stands below one `##` heading."""

    lecture: str
    title: str
    cells: list

    @property
    def opening(self):
        """The markdown of the section's first cell."""
        return self.cells[0].source

    @property
    def markdown(self):
        """All the section's prose but the lecturer's asides."""
        prose = [cell for cell in self.cells if cell.cell_type == "markdown" and not is_aside(cell)]
        return "\n\n".join(cell.source for cell in prose)

    @property
    def key(self):
        """What it is called by in its lecture: "5" or "Recap"."""
        return key(self.title)

    @property
    def is_deeper(self):
        """Whether the section goes deeper (★) and is read at home."""
        return self.title.startswith("★ ")

    @property
    def asides(self):
        """The texts of its asides for the lecturer, in order."""
        return [cell.source for cell in self.cells if is_aside(cell)]

    @property
    def minutes(self):
        """How many minutes it takes to teach, which its first aside begins with; None if it does not."""
        says = re.match(r"(\d+) minutes?\.", next(iter(self.asides), ""))
        return int(says[1]) if says else None

    @property
    def claims(self):
        """The section's claims in the order of its code."""
        return [claim for cell in self.cells for claim in claims_of(cell, self.lecture)]


@dataclass
class Lecture:
    """A lecture's script, which need not be stored anywhere, and its table in lectures/index.toml."""

    stem: str
    text: str
    facts: dict = field(default_factory=dict)

    @property
    def number(self):
        """The two digits that its name begins with."""
        return self.stem[:2]

    @cached_property
    def cells(self):
        """Its cells as notebook nodes."""
        return jupytext.reads(self.text, "py:percent").cells

    @cached_property
    def sections(self):
        """Its `##` sections in order, without what stands above the first."""
        found = []
        for cell in self.cells:
            if cell.cell_type == "markdown" and (heading := re.match(r"## (.+)", cell.source)):
                found.append(Section(self.stem, heading[1], []))
            if found:
                found[-1].cells.append(cell)
        return found

    @cached_property
    def claims(self):
        """Its claims in order.

        Raises
        ------
        ToolError
            If one is not written as the reader of claims needs it, or two have the same name.
        """
        found = [claim for cell in self.cells for claim in claims_of(cell, self.stem)]
        names = [claim.name for claim in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ToolError(f"{self.stem}: two claims are called {twice[0]!r}; names are unique in a lecture")
        return found

    @property
    def measured(self):
        """Its claims in order but for exact arithmetic."""
        return [claim for claim in self.claims if not claim.exact]

    def cells_until(self, wanted):
        """Return its cells up to the last that holds a claim for which `wanted` is true; all if none does."""
        held = [
            place for place, cell in enumerate(self.cells) if any(map(wanted, claims_of(cell, self.stem)))
        ]
        return self.cells[: held[-1] + 1] if held else self.cells


def index(root):
    """Return lectures/index.toml: each lecture's facts by its script's name."""
    path = root / INDEX
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def read(root, only=()):
    """Return the lectures in order; `only` holds beginnings of names, such as "01", and empty means all.

    Raises
    ------
    ToolError
        If there is no lecture, or none for one of the beginnings, or index.toml lacks one.
    """
    facts = index(root)
    scripts = lecture_scripts(root, only)
    if missing := [script.stem for script in scripts if script.stem not in facts]:
        raise ToolError(f"{INDEX} has no [{missing[0]}]: give the lecture its table there")
    return [Lecture(one.stem, one.read_text(encoding="utf-8"), facts[one.stem]) for one in scripts]


def key(title):
    """Return what a section is called by: the number that its title begins with, else the title."""
    numbered = re.match(r"(?:★ )?(\d+) ", title)
    return numbered[1] if numbered else title


def claims_of(cell, lecture):
    """Return the claims of a cell in order; none if it is prose. `lecture` is named in errors.

    Raises
    ------
    ToolError
        If a claim is called otherwise than utils.claims has it, or holds anything but text and numbers where
        the reader needs them: says which, what and what to write.
    """
    if cell.cell_type != "code" or not any(call in cell.source for call in CALLS):
        return []
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise ToolError(f"{lecture}: a cell is not Python ({error}):\n\n{cell.source}") from None
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    calls = sorted((node for node in nodes if ast.unparse(node.func) in CALLS), key=lambda node: node.lineno)
    comments = _comments(cell.source)
    claim_lines = {line for call in calls for line in _lines(call)}
    found = []
    for call in calls:
        above = call.lineno - 1
        while above in claim_lines:
            above -= 1
        explained = any(line in comments for line in _lines(call)) or comments.get(above, False)
        found.append(_claim(call, explained, lecture))
    return found


def _claim(call, explained, lecture):
    kind = ast.unparse(call.func)
    shown = ast.unparse(call.args[0]) if call.args else ast.unparse(call)

    def refused(why):
        return ToolError(f"{lecture}, claim {shown}: {why}")

    def literal(name):
        if any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(given[name])):
            raise refused(f"its {name} is {ast.unparse(given[name])}; write it out, in numbers or text alone")
        return eval(compile(ast.Expression(given[name]), lecture, "eval"), {"__builtins__": {}})

    try:
        given = arguments(call)
    except TypeError as error:
        raise refused(f"{error}; write {USAGE}") from None
    name, stated, exact = literal("name"), literal("stated"), kind == "claims.exact"
    if not (isinstance(name, str) and isinstance(stated, str)):
        raise refused(f"name and stated are texts, not {name!r} and {stated!r}")
    band = stand_in = None
    if not exact:
        band = stand_in = literal("band")
        if not (isinstance(band, tuple) and len(band) == 2):
            raise refused(f"its band is {band!r}; write band=(low, high), of which one may be None")
        if "stand_in" in given:
            stand_in = literal("stand_in")
            if "data" not in given:
                raise refused("stand_in without data=(…) never holds: name the datasets that it rests on")
    return Claim(name, stated, exact, band, stand_in, explained)


def arguments(call):
    """Return the nodes given to a call of a claim, by the names of its parameters.

    Raises
    ------
    TypeError
        If it is called otherwise than utils.claims has it.
    """
    keywords = {one.arg: one.value for one in call.keywords}
    return CALLS[ast.unparse(call.func)].bind(*call.args, **keywords).arguments


def _lines(call):
    return range(call.lineno, call.end_lineno + 1)


def _comments(code):
    """Return the lines that have a comment for people, and whether each holds nothing else."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    found = [one for one in tokens if one.type == tokenize.COMMENT]
    spoken = [one for one in found if not re.match(r"#\s*(fmt|noqa|type|ruff)\b", one.string)]
    return {one.start[0]: not one.line[: one.start[1]].strip() for one in spoken}


def split_chinese(markdown):
    """Return the markdown without its 中文 blocks, and the blocks' inner text."""
    return A_CHINESE_BLOCK.sub("", markdown), A_CHINESE_BLOCK.findall(markdown)


def folded(text, summary="中文"):
    """Return a block that folds some Markdown below a summary, a 中文 block unless told otherwise."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def tags(cell):
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def is_aside(cell):
    """Say whether a cell speaks to the lecturer alone."""
    return "instructor" in tags(cell)


def main():
    """Print the paths of the notebooks that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.lectures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backend", help="only lectures that also run on this backend of Keras, such as jax")
    parser.add_argument("--dataset", help="only lectures that load this dataset of the catalogue")
    chosen = parser.parse_args()
    for lecture in read(ROOT):
        backends, datasets = lecture.facts["backends"], lecture.facts["datasets"]
        if chosen.backend in (None, *backends) and chosen.dataset in (None, *datasets):
            print(f"notebooks/{lecture.stem}.ipynb")


if __name__ == "__main__":
    run_tool(main)
