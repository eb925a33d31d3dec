"""The cache: fetches datasets into it and keeps there what loaders prepare, each whole or not at all.

Below the cache, `.locks/` holds one lock file per dataset folder (they stay; they are empty), and
`.staging-<folder>-<host>-<process>/` exists while that process writes to that folder. Beside what a loader
prepared lies a list of its files, `<name>.files`.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from utils.datasets import catalogue, download
from utils.datasets.catalogue import DataError, Dataset, Form
from utils.datasets.folders import Found, look, owner, some

LOCK_PATIENCE = 1  # seconds to wait for another process before saying so
LOCK_TIMEOUT = 1800  # seconds to wait for another process that is fetching the same files

Check = Callable[[Found], None]


class CacheError(DataError):
    """The cache cannot be written: no fault of the data."""


def root() -> Path:
    """COURSE_CACHE, else data/cache in a checkout, else the user's own cache. It need not exist."""
    if text := os.environ.get("COURSE_CACHE"):
        return Path(text).expanduser().resolve()
    if catalogue.PYPROJECT.is_file():
        return catalogue.PYPROJECT.parent / "data" / "cache"
    import pooch

    return Path(pooch.os_cache("deep-learning-lectures"))


def fetch(
    dataset: Dataset,
    forms: Sequence[Form],
    check: Check,
    find: Callable[[Dataset], Found | None],
    stale: Found | None = None,
) -> tuple[Found | None, list[str]]:
    """Try every mirror of every form once; a form is published to the cache only whole and checked.

    Another process may have fetched the dataset while we waited for the lock: then what `find` finds is
    taken, unless it is the `stale` one that is to be replaced.

    Returns
    -------
    Found or None, list of str
        What was fetched, or why each mirror could not deliver it.

    Raises
    ------
    CacheError
        If the cache cannot be written.
    """
    mirrors = [(form, mirror, catalogue.address(mirror)) for form in forms for mirror in form.mirrors]
    failures = []
    try:
        download.probe([address for _, _, address in mirrors if address])
    except download.DownloadError as error:
        return None, [str(error)]
    with _exclusive(dataset.folder) as staging:
        if not stale and (found := find(dataset)):
            return found, []
        for form, mirror, address in mirrors:
            staged = Found(dataset, form, "download", staging)
            try:
                _fetch_form(staged, address)
                check(staged)
            except (download.DownloadError, DataError) as error:
                failures.append(f"{_said(mirror, address)}: {error}")
            else:
                return _publish(staged, stale), []
    return None, failures


def prepare(relative: str, build: Callable[[Path], None]) -> Path:
    """The folder `relative` in the cache, with exactly the files that `build(folder)` put there.

    It is built the first time it is asked for, and anew when files of it are missing or have another size, as
    on disks that are purged by file. It appears whole or not at all, however many processes ask at once. What
    a system drops there goes.

    Raises
    ------
    CacheError
        If the cache cannot be written, or somebody put files into the folder.
    """
    target = root() / relative
    if not _compare(target)[0]:
        with _exclusive(relative.split("/")[0]) as staging:
            is_whole, added = _compare(target)
            if added:
                raise CacheError(f"{target} holds what no loader put there: {some(added)}; move it elsewhere")
            if not is_whole:
                folder, files = staging / "new", staging / "files"
                folder.mkdir()
                build(folder)
                files.write_text(json.dumps(look(folder)[0], indent=0), encoding="utf-8")
                _make_folder(target.parent)
                if target.exists():
                    target.replace(staging / "old")
                folder.replace(target)
                files.replace(_record(target))
    return target


def _compare(target: Path) -> tuple[bool, list[str]]:
    """Whether a prepared folder holds just what was put there, and what was added; droppings go."""
    try:
        expected = json.loads(_record(target).read_text(encoding="utf-8"))
        there, dropped = look(target) if target.is_dir() else ({}, [])
    except (OSError, ValueError):
        return False, []
    except DataError as error:
        raise CacheError(f"{error} (in {target})") from None
    for path in dropped:
        with _writing(), suppress(FileNotFoundError):  # another process was faster
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return there == expected, [name for name in there if name not in expected]


def _record(target: Path) -> Path:
    return target.with_name(f"{target.name}.files")


def _fetch_form(staged: Found, address: str | None) -> None:
    if address is None:
        raise download.DownloadError("where the repository is, is not known here: utils is not installed")
    for file in staged.form.files:
        if not file.hash:  # pooch would take what another mirror left here for the file itself
            (staged.folder / file.name).unlink(missing_ok=True)
        download.fetch(address + file.name if address.endswith("/") else address, file, staged.folder)


def _said(mirror: str, address: str | None) -> str:
    """A mirror as a person says it: its host, or the release."""
    if not mirror.startswith("release:"):
        return download.host_of(mirror)
    release = mirror.removeprefix("release:").rstrip("/")
    return f"release {release} of {(catalogue.repository() or 'the repository').partition('://')[2]}"


def _publish(staged: Found, stale: Found | None) -> Found:
    """Move the files to the cache; those of a `stale` form that would be found before them go.

    pooch makes files that only their owner may read; in the cache they have the mode of any new file.
    """
    target = Found(staged.dataset, staged.form, "download", root() / staged.dataset.folder)
    _make_folder(target.folder)
    any_new = staged.folder / "any-new-file"
    any_new.touch()
    for old, new in zip(staged.paths, target.paths, strict=True):
        old.chmod(stat.S_IMODE(any_new.stat().st_mode))
        _make_folder(new.parent)
        os.replace(old, new)
    if stale:
        for path in set(stale.paths) - set(target.paths):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return target


def _make_folder(folder: Path) -> None:
    """Make a folder of the cache, open to whom the cache itself is open, such as a group that shares it."""
    cache = root()
    cache.mkdir(parents=True, exist_ok=True)
    for part in reversed([folder, *folder.parents][: len(folder.relative_to(cache).parts)]):
        if not part.is_dir():
            part.mkdir(exist_ok=True)
            with suppress(PermissionError):  # another process was faster
                part.chmod(stat.S_IMODE(cache.stat().st_mode))


@contextmanager
def _exclusive(folder: str) -> Iterator[Path]:
    """An empty staging folder in the cache, while no other process writes to `folder` of the cache.

    Reading has errors of its own (`folders.reading`), so an OSError that comes out is one of writing.
    """
    staging = root() / f".staging-{folder}-{platform.node() or 'localhost'}-{os.getpid()}"
    with _writing():
        _make_folder(root() / ".locks")
        lock = _acquire(folder)
        try:
            for left in _stagings(folder):  # by processes that were killed
                shutil.rmtree(left, ignore_errors=True)
            staging.mkdir()
            try:
                yield staging
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        finally:
            lock.release()


def _acquire(folder: str):
    """The lock on a folder of the cache; one line says for whom we wait if that takes long."""
    import filelock

    cache = root()
    path = cache / ".locks" / f"{folder}.lock"
    lock = filelock.FileLock(path, mode=0o600 | cache.stat().st_mode & 0o666)
    try:
        lock.acquire(timeout=LOCK_PATIENCE)
    except filelock.Timeout:
        print(f"data: waiting for {_holder(folder)}", file=sys.stderr, flush=True)
        try:
            lock.acquire(timeout=LOCK_TIMEOUT)
        except filelock.Timeout:
            raise CacheError(f"{_holder(folder)} still holds {path}: wait for it, or end it") from None
    return lock


def _holder(folder: str) -> str:
    """Who writes to a folder of the cache now, as far as the name of the staging folder tells."""
    for staging in _stagings(folder):
        host, _, process = staging.name.removeprefix(f".staging-{folder}-").rpartition("-")
        return (
            f"process {process} of {owner(staging)} on {host}, which fetches or prepares {folder} in {root()}"
        )
    return f"another process, which brings {folder} to {root()}"


def _stagings(folder: str) -> list[Path]:
    """The staging folders for a folder of the cache, the newest first."""

    def age(path: Path) -> float:
        with suppress(FileNotFoundError):  # its process has just come to an end
            return -path.stat().st_mtime
        return 0.0

    return sorted(root().glob(f".staging-{folder}-*"), key=age)


@contextmanager
def _writing() -> Iterator[None]:
    """Turn an error of writing to the cache into one that says whose fault it is, and what can be done."""
    try:
        yield
    except OSError as error:
        reason, remedy = error.strerror or str(error), ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "make room there, or "
        elif isinstance(error, PermissionError) and isinstance(error.filename, str):
            closed = Path(error.filename)
            closed = next(path for path in (closed, *closed.parents) if os.path.lexists(path))
            reason += f": {closed} belongs to {owner(closed)}"
        raise CacheError(
            f"cannot write to the cache {root()} ({reason}): {remedy}let COURSE_CACHE name another folder"
        ) from None
