"""Reads lectures without running them: their cells, and single definitions to test on their own."""

from __future__ import annotations

import ast
import dis
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

import jupytext

ROOT = Path(__file__).resolve().parent.parent
STEMS = sorted(path.stem for path in (ROOT / "lectures").glob("[0-9]*.py"))
INDEX = tomllib.loads((ROOT / "lectures/index.toml").read_text(encoding="utf-8"))


@cache
def script(stem: str) -> Path:
    """Return the path of a lecture's script; "01" is enough of its name."""
    [path] = (ROOT / "lectures").glob(f"{stem}*.py")
    return path


@cache
def cells(stem: str) -> list:
    """Return the lecture's cells as notebook nodes, read from its script."""
    return jupytext.read(script(stem), fmt="py:percent").cells


@dataclass
class Section:
    """What stands below one `##` heading."""

    title: str
    cells: list

    @property
    def opening(self) -> str:
        """The markdown of the section's first cell."""
        return self.cells[0].source

    @property
    def markdown(self) -> str:
        """All the section's prose but the lecturer's asides."""
        return "\n\n".join(
            cell.source for cell in self.cells if cell.cell_type == "markdown" and not aside(cell)
        )

    @property
    def code(self) -> str:
        """All the section's code."""
        return "\n".join(cell.source for cell in self.cells if cell.cell_type == "code")


def sections(stem: str) -> list[Section]:
    """Return the lecture's `##` sections in order, without what stands above the first."""
    found: list[Section] = []
    for cell in cells(stem):
        if cell.cell_type == "markdown" and (match := re.match(r"## (.+)", cell.source)):
            found.append(Section(match[1], []))
        if found:
            found[-1].cells.append(cell)
    return found


def aside(cell) -> bool:
    """Tell whether a cell speaks to the lecturer alone."""
    return "instructor" in tags(cell)


def tags(cell) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def split_chinese(markdown: str) -> tuple[str, list[str]]:
    """Return the markdown without its 中文 blocks, and the blocks' inner text."""
    block = re.compile(r"<details>\n<summary>中文</summary>\n(.*?)\n</details>", re.DOTALL)
    return block.sub("", markdown), block.findall(markdown)


def claim_calls(code: str) -> list[ast.Call]:
    """Return the `claims.check(...)` calls in some code."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == "claims.check"]


def stated(call: ast.Call) -> str:
    """Return the figure that a claim states."""
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    return ast.literal_eval(call.args[2] if len(call.args) > 2 else arguments["stated"])


def definitions(stem: str, *names: str) -> tuple:
    """Return functions and classes of a lecture, with what they need from its top level, and nothing run.

    Imports, other definitions and constants written as literals are followed. A definition that needs
    anything else cannot be tested on its own.

    Raises
    ------
    LookupError
        If the lecture does not define a name, or defines it by a computation.
    """
    bound = _bound(stem)
    needed: dict[int, ast.stmt] = {}

    def need(name: str) -> None:
        statement = bound[name]
        if statement.lineno in needed:
            return
        if isinstance(statement, ast.Assign) and not _is_literal(statement.value):
            raise LookupError(
                f"{script(stem).name}: {name} is computed, so nothing that uses it can be tested alone"
            )
        needed[statement.lineno] = statement
        for used in _globals(compile(ast.Module([statement], []), stem, "exec")) & bound.keys():
            need(used)

    for name in names:
        if name not in bound:
            raise LookupError(f"{script(stem).name} defines no {name}")
        need(name)
    namespace: dict = {}
    module = ast.Module([needed[line] for line in sorted(needed)], [])
    exec(compile(module, str(script(stem)), "exec"), namespace)
    return tuple(namespace[name] for name in names)


def defined(stem: str) -> set[str]:
    """Return the names of the functions and classes that a lecture defines at its top level."""
    bound = _bound(stem).items()
    return {name for name, node in bound if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@cache
def _bound(stem: str) -> dict[str, ast.stmt]:
    """Return which top-level statement binds each name: imports, definitions, plain assignments."""
    source = "\n".join(cell.source for cell in cells(stem) if cell.cell_type == "code")
    bound: dict[str, ast.stmt] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Import(names) | ast.ImportFrom(names=names):
                bound |= {(alias.asname or alias.name.split(".")[0]): node for alias in names}
            case ast.FunctionDef(name) | ast.ClassDef(name):
                bound[name] = node
            case ast.Assign(targets):
                bound |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return bound


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _globals(code: CodeType) -> set[str]:
    """Return the global names that some code and the functions inside it look up."""
    found = {
        step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    return found.union(*(_globals(inner) for inner in code.co_consts if isinstance(inner, CodeType)))
