"""What this process may use of its machine: the cores and the memory that a container's limits leave it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path("/")


@dataclass(frozen=True)
class Memory:
    """Bytes that there are in all, and bytes that a new process may still take."""

    total: int
    available: int


def cores(root: Path = ROOT) -> int:
    """Return how many cores this process may use: those it may run on, but no more than its share of time."""
    may_use = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for group in _groups("cpu", root):
        quota, _, period = _text(group / "cpu.max").partition(" ")  # version 2 of control groups
        quota = quota or _text(group / "cpu.cfs_quota_us")  # version 1
        period = period or _text(group / "cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal():  # not "max", and not -1
            may_use = min(may_use, int(quota) // int(period))
    return max(1, may_use)


def memory(root: Path = ROOT) -> Memory:
    """Return the memory of the machine, or of the container if that has less.

    What a container's processes read from files and no longer use counts as available, as on a machine.
    """
    machine = psutil.virtual_memory()
    total, available = machine.total, machine.available
    for group in _groups("memory", root):
        limit = _text(group / "memory.max") or _text(group / "memory.limit_in_bytes")
        used = _text(group / "memory.current") or _text(group / "memory.usage_in_bytes")
        if limit.isdecimal() and used.isdecimal():
            lines = _text(group / "memory.stat").splitlines()
            counts = dict(line.split() for line in lines if len(line.split()) == 2)
            idle = int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
            total = min(total, int(limit))
            available = min(available, max(0, int(limit) - int(used) + idle))
    return Memory(total, available)


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders in which Linux keeps this process's limits: its control group's, and those above it.

    In a container the group's path may be the host's, which is not there; its limits are then at the top.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if controllers else "")
        group = top / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(top))


def _text(path: Path) -> str:
    """Return what a file says, or nothing where it does not exist or may not be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
