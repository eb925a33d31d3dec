"""Broken notebooks that must turn red, each for its own reason, and sound ones that must stay green.

A canary is written to the `notebooks/` of a temporary folder, beside the real conftest.py and pyproject.toml,
and plain `pytest` runs there. For each guard in conftest.py one canary fares differently without it. That is
seen in the same run, on a second copy of the canary: this file is also the plugin that lifts its guard.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from unittest import mock
from xml.etree import ElementTree

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbformat.v4 import new_code_cell, new_notebook, new_output

from utils import machine

ROOT = Path(__file__).parents[1]
PASSED, SKIPPED = "passed", "skipped"


def cell(source, stored=None, run=True, check=False):
    """Return a code cell as it is stored: with its text on stdout, after a run or not, compared or not."""
    return new_code_cell(
        source,
        outputs=[] if stored is None else [new_output("stream", name="stdout", text=stored)],
        execution_count=1 if run else None,
        metadata={"tags": ["nbval-check-output"]} if check else {},
    )


@dataclass(frozen=True)
class Canary:
    """A notebook's cells, and how each must fare: PASSED, SKIPPED, or a part of its failure's message.

    `unguarded` is how they fare without the guard of that name.
    """

    cells: tuple
    fares: tuple[str, ...]
    guard: str | None = None
    unguarded: tuple[str, ...] = ()


CANARIES = {
    "unrun": Canary(
        cells=(cell("x = 1"), cell("x", run=False), cell("x", run=False)),
        fares=(PASSED, "stored without having been run: run `make notebooks`", SKIPPED),
        guard="unrun-cells",
        unguarded=(PASSED, PASSED, PASSED),
    ),
    "misspelt_magic": Canary(
        cells=(cell("%matplotlb inline\nx = 1 / 0"), cell("2")),
        fares=("error that it did not show: UsageError: Line magic function `%matplotlb` not found", SKIPPED),
        guard="silent-errors",
        unguarded=(PASSED, PASSED),
    ),
    "dying_kernel": Canary(
        cells=(cell("import os\nos._exit(1)"), cell("2")),
        fares=("The kernel died in this cell", SKIPPED),
        guard="dead-kernels",
        unguarded=("Timeout of 3 seconds exceeded while executing cell", SKIPPED),  # nbval's own is 2,000 s
    ),
    "stillborn_kernel": Canary(  # the plugin below takes one of its ports
        cells=(cell("1"),),
        fares=(PASSED,),
        guard="stillborn-kernels",
        unguarded=("Kernel died before replying",),
    ),
    "slow_output": Canary(
        cells=(
            cell(
                "import sys, time\n"
                "sys.stdout.flush_timeout = sys.stderr.flush_timeout = 0  # reply first ...\n"
                "get_ipython().kernel.iopub_thread.schedule(lambda: time.sleep(6))  # ... outputs late"
            ),
        ),
        fares=(PASSED,),
        guard="slow-outputs",
        unguarded=("Timeout of 5 seconds exceeded waiting for output",),
    ),
    "cascade": Canary(
        cells=(cell("x = 1 / 0"), cell("x"), cell("x")),
        fares=("ZeroDivisionError", SKIPPED, SKIPPED),
        guard="cascades",
        unguarded=("ZeroDivisionError", "name 'x' is not defined", "name 'x' is not defined"),
    ),
    "warning_in_checked_cell": Canary(
        cells=(cell("import sys\nprint('a GPU!', file=sys.stderr)\nprint(1)", "1\n", check=True),),
        fares=(PASSED,),
        guard="compared-stderr",
        unguarded=("Cell outputs differ",),
    ),
    "relative_paths": Canary(
        cells=(
            cell("import os\nassert os.path.exists(os.environ['COURSE_DATA'])"),
            cell("assert os.environ['COURSE_CACHE'] == os.path.expanduser('~/cache')"),
        ),
        fares=(PASSED, PASSED),
        guard="relative-paths",
        unguarded=("AssertionError", SKIPPED),
    ),
    "returned_memory": Canary(
        cells=(cell("import os\nassert {name for name in os.environ if name.startswith('MALLOC_')}"),),
        fares=(PASSED,),
        guard="returned-memory",
        unguarded=("AssertionError",),
    ),
    "changed_output": Canary(
        cells=(cell("print(1 + 1)", "2\n", check=True), cell("print(2 + 2)", "5\n", check=True), cell("2")),
        fares=(PASSED, "Cell outputs differ", SKIPPED),
    ),
    "false_claim": Canary(
        cells=(
            cell("from utils import claims\nclaims.start('00')"),
            cell("claims.check('sides of a triangle', 3, '4', band=(3.5, 4.5))"),
            cell("2"),
        ),
        fares=(PASSED, "sides of a triangle: stated 4; measured 3", SKIPPED),
    ),
}
GUARDED = {canary.guard: name for name, canary in CANARIES.items() if canary.guard}
OF_THE_RUN = {"relative-paths", "returned-memory"}  # they act as pytest starts, and are lifted there
LIFTED = {f"without_{guard}.ipynb": {guard} for guard in GUARDED.keys() - OF_THE_RUN}
LIFTED["without_dead-kernels.ipynb"].add("slow-outputs")  # else a minute for what a dead kernel says


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Lift its guard from a canary that is to be seen without."""
    plugins, option, name = item.config.pluginmanager, item.config.option, item.path.name
    lifted = {guard: plugins.unregister(name=guard) for guard in LIFTED.get(name, ())}
    if "dead-kernels" in lifted:
        option.nbval_cell_timeout = 3
    if "stillborn" in name:
        with a_port_taken():
            result = yield
    else:
        result = yield
    option.nbval_cell_timeout = 2000
    for guard, plugin in lifted.items():
        plugins.register(plugin, guard)
    return result


@contextmanager
def a_port_taken():
    """Take one of the next kernel's ports after they were picked, and before the kernel opens them."""
    pick = KernelManager.write_connection_file

    def pick_and_lose(manager, **options):
        pick(manager, **options)
        if not taken:
            taken.append(socket.create_server((manager.ip, manager.shell_port)))

    taken = []
    with mock.patch.object(KernelManager, "write_connection_file", pick_and_lose):
        yield
    taken[0].close()


def run_pytest(folder, canaries, *options):
    """Run pytest over canaries in a folder; return its exit status and how the cells of each file fared."""
    (folder / "notebooks").mkdir()
    (folder / "data").mkdir()
    for file in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / file, folder)
    for stem, canary in canaries.items():
        nbformat.write(new_notebook(cells=list(canary.cells)), folder / "notebooks" / f"{stem}.ipynb")
    quick = ["-p", "no:hypothesispytest"]  # a second each, and no canary needs it
    command = [sys.executable, "-m", "pytest", "--color=no", "--junitxml=report.xml", *quick, *options]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "PYTEST_"))}
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent), ours.get("PYTHONPATH"))))
    environment = {**ours, "PYTHONPATH": path, "COURSE_DATA": "data", "COURSE_CACHE": "~/cache"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    report = folder / "report.xml"
    assert report.exists(), run.stdout + run.stderr
    fared = {stem: () for stem in canaries}
    for case in ElementTree.parse(report).iter("testcase"):
        stem = case.get("classname").split(".")[1]
        fared[stem] += (PASSED if len(case) == 0 else case[0].tag + ": " + (case[0].text or ""),)
    return run.returncode, fared


def assert_fared(fared, expected):
    """Compare how cells fared with what was expected of each."""
    assert len(fared) == len(expected)
    for seen, wanted in zip(fared, expected, strict=True):
        if wanted in (PASSED, SKIPPED):
            assert seen.startswith(wanted)
        else:
            assert seen.startswith(("failure", "error"))
            assert wanted in seen


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What `run_pytest` returns for all canaries, each also without its guard."""
    without = {f"without_{guard}": CANARIES[name] for guard, name in GUARDED.items()}
    apart = {stem: without.pop(stem) for stem in [f"without_{guard}" for guard in OF_THE_RUN]}
    options = [f"-pno:{guard}" for guard in OF_THE_RUN]
    with ThreadPoolExecutor() as pool:
        together = pool.submit(
            run_pytest, tmp_path_factory.mktemp("canaries"), CANARIES | without, "-p", Path(__file__).stem
        )
        _, fared = run_pytest(tmp_path_factory.mktemp("apart"), apart, *options)
    status, fared_together = together.result()
    return status, fared_together | fared


@pytest.fixture(scope="module")
def conftest():
    """The real conftest.py as a module."""
    spec = importlib.util.spec_from_file_location("guards", ROOT / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_canaries_turn_the_run_red(ran):
    status, _ = ran
    assert status == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("name", CANARIES)
def test_canary_fares_as_it_must(ran, name):
    _, fared = ran
    assert_fared(fared[name], CANARIES[name].fares)


@pytest.mark.parametrize("guard", GUARDED)
def test_without_its_guard_the_trap_is_open(ran, guard):
    _, fared = ran
    assert_fared(fared[f"without_{guard}"], CANARIES[GUARDED[guard]].unguarded)


def test_every_guard_has_a_canary(conftest):
    assert set(GUARDED) == set(conftest.GUARDS)


def test_skipped_cells_name_the_failed_one(ran):
    _, fared = ran
    assert "Cell 0 failed before it" in fared["cascade"][2]


def test_another_nbval_is_refused(conftest, monkeypatch, pytestconfig):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.12.0")
    with pytest.raises(pytest.UsageError, match=r"nbval 0\.12\.0 is installed.*pip install nbval==0\.11\.0"):
        conftest.pytest_configure(pytestconfig)


def test_processes_side_by_side_begin_with_what_takes_longest(conftest, monkeypatch, tmp_path):
    (tmp_path / "measured" / "runs").mkdir(parents=True)
    for number, seconds in {"01": 17.3, "06": 122.2, "07": 42.4}.items():
        (tmp_path / "measured" / "runs" / f"{number}.csv").write_text(f"seconds,peak_mb\n{seconds},1000\n")
    monkeypatch.setattr(conftest, "ROOT", tmp_path)
    names = ["test_a.py", "test_lecture_01.py", "01_a.ipynb", "06_b.ipynb", "07_c.ipynb", "test_browser.py"]
    browser = {"test_browser.py": {"browser": True}}
    items = [
        SimpleNamespace(path=Path(name), get_closest_marker=browser.get(name, {}).get) for name in names * 2
    ]
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    conftest.pytest_collection_modifyitems(items)
    assert [item.path.name for item in items] == names * 2  # a student alone reads on in order
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    conftest.pytest_collection_modifyitems(items)
    order = list(dict.fromkeys(item.path.name for item in items))
    assert order == [
        "test_browser.py",
        "06_b.ipynb",
        "test_a.py",
        "07_c.ipynb",
        "test_lecture_01.py",
        "01_a.ipynb",
    ]


@pytest.mark.parametrize(
    ("cores", "gigabytes", "files"), [(2, 24, 3), (1, 24, 1), (8, 24, 9), (2, 4, 1), (2, 6, 2), (1, 1, 1)]
)
def test_as_many_files_run_as_memory_and_cores_allow(conftest, monkeypatch, cores, gigabytes, files):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(machine, "memory", lambda: machine.Memory(gigabytes * 10**9, gigabytes * 10**9))
    assert conftest.pytest_xdist_auto_num_workers() == files


def test_guards_are_written_for_the_pinned_nbval(conftest):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"nbval=={conftest.NBVAL}" in project["optional-dependencies"]["test"]
