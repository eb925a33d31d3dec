"""Single definitions of lectures, to test on their own without running the lecture."""

from __future__ import annotations

import ast
import dis
from functools import cache
from types import CodeType

from tools import ROOT, lecture_scripts
from tools.lectures import Lecture

STEMS = [script.stem for script in lecture_scripts(ROOT)]


@cache
def lecture(stem: str) -> Lecture:
    """Return a lecture; "01" is enough of its name."""
    [script] = lecture_scripts(ROOT, [stem])
    return Lecture(script.stem, script.read_text(encoding="utf-8"))


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
                f"{lecture(stem).stem}: {name} is computed, so nothing that uses it can be tested alone"
            )
        needed[statement.lineno] = statement
        for used in _globals(compile(ast.Module([statement], []), stem, "exec")) & bound.keys():
            need(used)

    for name in names:
        if name not in bound:
            raise LookupError(f"{lecture(stem).stem} defines no {name}")
        need(name)
    namespace: dict = {}
    module = ast.Module([needed[line] for line in sorted(needed)], [])
    exec(compile(module, stem, "exec"), namespace)
    return tuple(namespace[name] for name in names)


def defined(stem: str) -> set[str]:
    """Return the names of the functions and classes that a lecture defines at its top level."""
    bound = _bound(stem).items()
    return {name for name, node in bound if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@cache
def _bound(stem: str) -> dict[str, ast.stmt]:
    """Return which top-level statement binds each name: imports, definitions, plain assignments."""
    source = "\n".join(cell.source for cell in lecture(stem).cells if cell.cell_type == "code")
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
