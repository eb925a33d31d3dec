"""Closes the traps of nbval, which runs every stored notebook as a test.

nbval 0.11.0 lets some broken notebooks pass, waits half an hour for a dead kernel, and buries one failure
under those that follow from it. Each class below is a pytest plugin that closes one such trap. For each,
tests/test_canaries.py has a notebook that shows the trap closed, and open without it (`pytest -p no:NAME`).
"""

import importlib.metadata
import os
import time
from pathlib import Path
from queue import Empty
from unittest import mock

import pytest
from nbval.plugin import IPyNbCell

NBVAL = "0.11.0"
PATH_VARIABLES = ("COURSE_DATA", "COURSE_CACHE", "CLAIMS_LOG")

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
                os.environ[name] = str(Path(os.environ[name]).absolute())


GUARDS = {
    "unrun-cells": UnrunCells,
    "silent-errors": SilentErrors,
    "dead-kernels": DeadKernels,
    "slow-outputs": SlowOutputs,
    "cascades": Cascades,
    "compared-stderr": ComparedStderr,
    "relative-paths": RelativePaths,
}


def is_cell(item):
    """Say whether a test is a notebook's cell."""
    return isinstance(item, IPyNbCell)


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
