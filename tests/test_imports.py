"""No module of utils and tools needs itself in a circle; what every lecture imports starts at once."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("utils", "tools")
    for path in (ROOT / package).rglob("*.py")
}


def imported(path: Path) -> set[str]:
    """The modules of ours that one imports anywhere, inside functions and for types too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            # `from package import name` needs the module package.name if there is one, else the package.
            whole = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in whole.values()}
    return names & set(MODULES)


def test_no_import_leads_back_to_where_it_started():
    graph = {module: imported(path) for module, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 20  # they were read
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"an import circle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("module", ["utils.datasets", "utils.claims", "utils.exercises"])
def test_what_every_lecture_imports_pulls_in_nothing_heavy(module):
    heavy = ["keras", "tensorflow", "sklearn", "scipy", "pooch", "requests", "matplotlib", "PIL"]
    script = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"
