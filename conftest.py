"""Closes the traps of nbval, which runs every stored notebook as a test, and lets tests share the machine.

nbval 0.11.0 lets some broken notebooks pass, waits half an hour for a dead kernel, and buries one failure
under those that follow from it. Each class below is a pytest plugin that closes one such trap. For each,
tests/test_canaries.py has a notebook that shows the trap closed, and open without it (`pytest -p no:NAME`).

A student has pytest and nbval alone (requirements.txt): nothing else is imported here at the top.
"""

import csv
import importlib.metadata
import math
import os
import re
import time
from pathlib import Path
from queue import Empty
from unittest import mock

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

NBVAL = "0.11.0"
ROOT = Path(__file__).parent
PATH_VARIABLES = ("COURSE_DATA", "COURSE_CACHE", "CLAIMS_LOG")
MEMORY_PER_FILE = 2.5e9  # bytes: the 2 GB that a lecture may take, and pytest's own

failed_cell = pytest.StashKey[str]()


class UnrunCells:
    """nbval runs a cell that was stored without having been run, finds nothing to compare, and passes it."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item):
        if is_cell(item) and item.cell.execution_count is None:
            item.raise_cell_error("This cell was stored without having been run: run `make notebooks`")


class SilentErrors:
    """nbval looks for errors among the outputs, where a misspelt magic, which ends its cell, leaves none."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        if not is_cell(item):
            return (yield)
        replies = []
        kernel = item.parent.kernel
        receive = kernel.get_message

        def get_message(stream, timeout):
            message = receive(stream, timeout=timeout)
            if stream == "shell" and message["msg_type"] == "execute_reply":
                replies.append(message["content"])
            return message

        with mock.patch.object(kernel, "get_message", get_message):
            result = yield
        for reply in replies:
            if reply["status"] == "error" and not item.options["check_exception"]:
                error = f"{reply['ename']}: {reply['evalue']}"
                item.raise_cell_error(f"The cell stopped at an error that it did not show: {error}")
        return result


class DeadKernels:
    """nbval waits for a kernel's answer until the timeout of 2,000 s, even if the kernel has died."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        if not is_cell(item):
            return (yield)
        kernel = item.parent.kernel
        receive = kernel.get_message

        def get_message(stream, timeout):
            deadline = time.monotonic() + timeout
            while True:
                try:
                    return receive(stream, timeout=1)
                except Empty:
                    if not kernel.is_alive():
                        item.raise_cell_error(
                            "The kernel died in this cell. Was memory short? `python -m utils.check` tells."
                        )
                    if time.monotonic() >= deadline:
                        raise

        with mock.patch.object(kernel, "get_message", get_message):
            return (yield)


class StillbornKernels:
    """A kernel's ports are picked before it opens them; if another process takes one meanwhile, it dies."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        def start(*args, **options):
            try:
                return RunningKernel(*args, **options)
            except RuntimeError as error:
                if "Kernel died" not in str(error):
                    raise
                return RunningKernel(*args, **options)

        with mock.patch.object(nbval.plugin, "RunningKernel", start):
            return (yield)


class SlowOutputs:
    """nbval waits only 5 s for each output of a finished cell, too little for a busy machine."""

    def pytest_runtest_setup(self, item):
        if is_cell(item):
            item.output_timeout = 60


class Cascades:
    """nbval runs on after a failed cell, and reports everything that follows from it as well."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if is_cell(item) and failed_cell in item.parent.stash:
            pytest.skip(f"{item.parent.stash[failed_cell]} failed before it")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        if is_cell(item) and report.failed:
            item.parent.stash.setdefault(failed_cell, item.name)
        return report


class ComparedStderr:
    """nbval compares a checked cell's stderr, where libraries warn of the machine they run on."""

    def pytest_runtest_setup(self, item):
        if is_cell(item):
            item.parent.skip_compare = {*item.parent.skip_compare, "stderr"}


class RelativePaths:
    """nbval starts kernels in the notebook's folder, where paths relative to ours lead nowhere."""

    def pytest_sessionstart(self):
        for name in PATH_VARIABLES:
            if os.environ.get(name):
                os.environ[name] = str(Path(os.environ[name]).expanduser().absolute())


class ReturnedMemory:
    """glibc may return memory and take it anew at every step of a loop over arrays, five times as slow."""

    def pytest_sessionstart(self):
        os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**28))
        os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**28))


GUARDS = {
    "unrun-cells": UnrunCells,
    "silent-errors": SilentErrors,
    "dead-kernels": DeadKernels,
    "stillborn-kernels": StillbornKernels,
    "slow-outputs": SlowOutputs,
    "cascades": Cascades,
    "compared-stderr": ComparedStderr,
    "relative-paths": RelativePaths,
    "returned-memory": ReturnedMemory,
}


def is_cell(item):
    """Say whether a test is a notebook's cell."""
    return isinstance(item, IPyNbCell)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the notebooks' cells, and let processes side by side begin with what takes longest."""
    for item in items:
        if is_cell(item):
            item.add_marker("notebook")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        opened = {item.path for item in items if item.get_closest_marker("browser")}
        seconds = lecture_seconds(ROOT)
        items.sort(
            key=lambda item: math.inf if item.path in opened else weight(item.path, seconds), reverse=True
        )


def weight(path, seconds):
    """Return about how many seconds a file takes: its lecture's, as measured, or else up to a minute."""
    lecture = re.match(r"(?:test_lecture_)?(\d\d)", path.name)
    return seconds.get(lecture[1], 60) if lecture else 60


def lecture_seconds(root):
    """Return the seconds that each lecture was last measured to take, by its number."""
    files = {path.stem: path for path in (root / "measured" / "runs").glob("[0-9][0-9].csv")}
    rows = {number: list(csv.DictReader(path.open(encoding="utf-8"))) for number, path in files.items()}
    return {number: float(its_rows[-1]["seconds"]) for number, its_rows in rows.items() if its_rows}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Run as many files at a time as memory allows, and more than there are cores: now and then one waits."""
    from utils import machine

    cores = machine.cores()
    return max(1, min(cores + cores // 2, int(machine.memory().available // MEMORY_PER_FILE)))


def pytest_configure(config):
    """Register the guards, unless they were written for another nbval."""
    installed = importlib.metadata.version("nbval")
    if installed != NBVAL:
        raise pytest.UsageError(
            f"conftest.py closes the traps of nbval {NBVAL}, and nbval {installed} is installed: "
            f"`pip install nbval=={NBVAL}`, or check each guard against the new version and change NBVAL"
        )
    for name, guard in GUARDS.items():
        config.pluginmanager.register(guard(), name)
    if os.environ.get("PYTEST_XDIST_WORKER"):
        # Every file may use all cores, so that the last one has them. Threads that wait must then not spin.
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
