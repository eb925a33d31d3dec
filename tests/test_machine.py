"""Cores and memory are what a container's limits leave, under both versions of Linux's control groups."""

import os

import psutil
import pytest

from tools import jobs
from utils import machine

GB = 10**9
STAT = f"inactive_anon 5\ninactive_file {GB}\n"


@pytest.fixture(autouse=True)
def _large(monkeypatch):
    """A machine of 64 cores and 256 GB, 200 of them free, whatever runs this test."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    memory = psutil.virtual_memory()._replace(total=256 * GB, available=200 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


@pytest.fixture
def linux(tmp_path):
    """Lay files out as Linux would below / and return that folder."""

    def lay(groups, **files):
        (tmp_path / "proc" / "self").mkdir(parents=True)
        (tmp_path / "proc" / "self" / "cgroup").write_text(groups)
        for name, text in files.items():
            path = tmp_path / "sys" / "fs" / "cgroup" / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return lay


def test_container_of_version_2_has_its_own_limits(linux):
    limits = {"memory_dot_max": f"{4 * GB}\n", "memory_dot_current": f"{3 * GB}\n", "memory_dot_stat": STAT}
    root = linux("0::/\n", cpu_dot_max="250000 100000\n", **limits)
    assert machine.cores(root) == 2
    assert machine.memory(root) == machine.Memory(4 * GB, 2 * GB)  # a file read once may be forgotten


def test_limit_of_a_group_above_holds_too(linux):
    root = linux("0::/slurm/job_7\n", slurm__memory_dot_max=f"{8 * GB}", slurm__memory_dot_current="0",
                 slurm__job_7__memory_dot_max="max", slurm__job_7__memory_dot_current="0",
                 slurm__cpu_dot_max="max 100000", slurm__job_7__cpu_dot_max="400000 100000")  # fmt: skip
    assert machine.cores(root) == 4
    assert machine.memory(root).total == 8 * GB


def test_container_of_version_1_whose_group_is_named_as_outside(linux):
    limits = {
        "memory__memory_dot_limit_in_bytes": f"{4 * GB}",
        "memory__memory_dot_usage_in_bytes": f"{GB}",
        "cpu__cpu_dot_cfs_quota_us": "150000",
        "cpu__cpu_dot_cfs_period_us": "100000",
    }
    root = linux("5:memory:/docker/1f\n3:cpu,cpuacct:/docker/1f\n1:name=systemd:/\n", **limits)
    assert machine.cores(root) == 1
    assert machine.memory(root) == machine.Memory(4 * GB, 3 * GB)


@pytest.mark.parametrize("groups", ["0::/\n", "5:memory:/\n3:cpu,cpuacct:/\n", ""])
def test_without_limits_it_is_the_machine(linux, groups):
    unlimited = {
        "memory_dot_max": "max",
        "memory_dot_current": "5",
        "cpu_dot_max": "max 100000",
        "memory__memory_dot_limit_in_bytes": "9223372036854771712",
        "memory__memory_dot_usage_in_bytes": "5",
        "cpu__cpu_dot_cfs_quota_us": "-1",
        "cpu__cpu_dot_cfs_period_us": "100000",
    }
    root = linux(groups, **unlimited)
    assert machine.cores(root) == 64
    assert machine.memory(root) == machine.Memory(256 * GB, 200 * GB)


def test_jobs_believe_in_no_more_than_there_is(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: machine.Memory(4 * GB, 4 * GB))
    assert jobs.local_workers() == 1
    monkeypatch.setattr(machine, "memory", lambda: machine.Memory(256 * GB, 200 * GB))
    monkeypatch.setattr(machine, "cores", lambda: 3)
    assert jobs.local_workers() == 3
