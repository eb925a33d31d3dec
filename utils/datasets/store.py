"""Where a dataset comes from: COURSE_DATA, then the cache, then a mirror, then a stand-in.

What every loader needs is here once: the order of search, the policy, and the provenance line. A loader adds
how its dataset is read and checked; `cache` fetches and keeps.
"""

from __future__ import annotations

import functools
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from utils.datasets import cache, download
from utils.datasets.catalogue import DataError, Dataset, File, catalogue, size
from utils.datasets.folders import Found, exists, reading, require_readable

T = TypeVar("T")

POLICIES = ("auto", "real", "stand-in")
AUTO_LIMIT = 60_000_000  # bytes that a load fetches by itself
COMMAND = "python -m utils.datasets"


@dataclass(frozen=True)
class Provenance:
    """Where the data of one load came from. `source` is "COURSE_DATA", "cache", "download" or "stand-in"."""

    name: str
    title: str
    source: str
    path: Path | None
    summary: str
    licence: str

    @property
    def is_stand_in(self) -> bool:
        return self.source == "stand-in"


# How the content of each dataset is checked, by its name in the catalogue; filled by `checks`.
CHECKS: dict[str, cache.Check] = {}
_provenance: dict[str, Provenance] = {}
_failed: dict[str, list[str]] = {}  # per dataset, why its download failed: it is tried once per process


def checks(*names: str) -> Callable[[cache.Check], cache.Check]:
    """Make the decorated function what checks these datasets after a download and in `verify`.

    It is given the files found, and raises DataError if they are wrong or not complete.
    """

    def register(check: cache.Check) -> cache.Check:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return register


def policy() -> str:
    """The value of COURSE_DATA_POLICY, "auto" when it is not set."""
    value = os.environ.get("COURSE_DATA_POLICY") or "auto"
    if value not in POLICIES:
        raise DataError(
            f"COURSE_DATA_POLICY is {value!r}: set it to one of {', '.join(POLICIES)}, or unset it"
        )
    return value


def roots() -> dict[str, Path]:
    """The folders that are searched, in order, by what they are called in a provenance line.

    Raises
    ------
    DataError
        If COURSE_DATA names a folder that does not exist. A wrong setting is wrong under every policy.
    """
    given = {}
    if text := os.environ.get("COURSE_DATA"):
        given["COURSE_DATA"] = Path(text).expanduser().resolve()
        try:
            is_folder = exists(given["COURSE_DATA"]) and given["COURSE_DATA"].is_dir()
            if is_folder:
                with reading(given["COURSE_DATA"]):
                    os.stat(f"{given['COURSE_DATA']}/.")  # which takes leave to enter
        except DataError as error:
            raise DataError(f"COURSE_DATA is {text!r}: {error}") from None
        if not is_folder:
            raise DataError(f"COURSE_DATA is {text!r}, which is not a folder: correct it, or unset it")
    return given | {"cache": cache.root()}


def provenance() -> dict[str, Provenance]:
    """The last load of each dataset in this process, by its name in the catalogue."""
    return dict(_provenance)


def load(
    name: str,
    *,
    read: Callable[[Found], T],
    stand_in: Callable[[], T],
    summarise: Callable[[T], str],
) -> T:
    """Load a dataset from the first place that has it, and print where that was.

    Parameters
    ----------
    name
        The dataset's name in the catalogue.
    read
        Reads the files found; raises DataError, naming the file, if they are not what they should be.
    stand_in
        Makes the data that take the place of the real ones.
    summarise
        One phrase on how much there is.

    Raises
    ------
    DataError
        If a setting is wrong, if the files found are broken, or if nothing is found and the policy is "real".
    """
    dataset = catalogue()[name]
    chosen, places = policy(), roots()
    found, failures = None, []
    if chosen != "stand-in":
        found, failures = _obtain(dataset)
    if found:
        _explained(lambda found: require_readable(filter(Path.is_file, found.paths)), found)
        value = _explained(read, found)
        summary = f"{summarise(value)}, {size(found.bytes)}"
        _announce(Provenance(name, dataset.title, found.source, found.path, summary, dataset.licence))
        return value
    if chosen == "real":
        raise DataError(_no_real_data(dataset, places, failures))
    value = stand_in()
    summary = f"{dataset.stand_in}: {summarise(value)}"
    reason = "; ".join(dict.fromkeys(failures)) + f" | for the real data: {COMMAND} fetch {name}"
    _announce(
        Provenance(name, dataset.title, "stand-in", None, summary, dataset.stand_in_licence),
        because=reason if chosen == "auto" else "COURSE_DATA_POLICY is stand-in",
    )
    return value


def find(dataset: Dataset) -> Found | None:
    """The dataset in COURSE_DATA or the cache; None if neither has it.

    Sizes are compared on every search; hashes only once, after the download, and by `verify`.

    Raises
    ------
    DataError
        If a file in COURSE_DATA has the wrong size or may not be looked at. In the cache, a file of the wrong
        size counts as missing.
    """
    for source, root in roots().items():
        for form in dataset.forms:
            found = Found(dataset, form, source, root / dataset.folder)
            if _explained(lambda found: all(map(exists, found.paths)), found):
                wrong = [file for file in form.files if file.hash and _bytes(found, file) != file.bytes]
                if not wrong:
                    return found
                if source == "COURSE_DATA":
                    raise _at_fault(found, f"{wrong[0].name} does not have {wrong[0].bytes:,} bytes")
    return None


def verify(found: Found) -> None:
    """Hash every file that has a hash in the catalogue, and check the content of the whole.

    Raises
    ------
    DataError
        If anything is not as it should be.
    """
    import pooch

    _explained(lambda found: require_readable(found.sizes()), found)
    for file in found.form.files:
        algorithm, _, expected = (file.hash or "").partition(":")
        if expected and pooch.file_hash(found.folder / file.name, algorithm) != expected:
            raise _at_fault(found, f"{file.name} has the wrong {algorithm}")
    _explained(CHECKS[found.dataset.name], found)


def identity(name: str) -> str:
    """What a load of this dataset would read now, in a word that changes when the data do.

    It is "stand-in" under that policy, "absent" if neither COURSE_DATA nor the cache has the data (a load
    would fetch them or stand in), and otherwise 16 hexadecimal digits of a hash: of the catalogue's hashes
    where the files have any (a load compares their sizes, `verify` the hashes), else of the content. Nothing
    is fetched.

    Raises
    ------
    DataError
        If a setting is wrong or the files may not be read.
    """
    roots()
    if policy() == "stand-in":
        return "stand-in"
    if not (found := find(catalogue()[name])):
        return "absent"
    if found.form.is_hashed:
        parts = [file.hash for file in found.form.files]
    else:
        with reading(found.path):
            parts = [
                f"{path.relative_to(found.folder).as_posix()} {_content(path, size, path.stat().st_mtime_ns)}"
                for path, size in found.sizes().items()
            ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def fetch(dataset: Dataset, *, again: bool = False, attempts: int = 3) -> Found:
    """Fetch a dataset of any size into the cache, unless COURSE_DATA or the cache has it.

    With `again`, files in the cache are fetched again unless their hashes show that they are right; the old
    files stay if that fails.

    Raises
    ------
    DataError
        If no mirror could deliver it after `attempts` rounds; the message lists what was tried.
    """
    found = find(dataset)
    if found and not (again and found.source == "cache" and not _is_final(found)):
        return found
    for attempt in range(attempts):
        if attempt:
            time.sleep(attempt)
            download.forget_hosts()
        fetched, tried = cache.fetch(dataset, dataset.downloads, CHECKS[dataset.name], find, stale=found)
        if fetched:
            return fetched
    raise DataError(f"{dataset.title} could not be fetched.\n" + "\n".join(f"  {line}" for line in tried))


def too_large(dataset: Dataset) -> bool:
    """Whether a load leaves the download of this dataset to `make data`."""
    return all(form.bytes > AUTO_LIMIT for form in dataset.downloads)


def _obtain(dataset: Dataset) -> tuple[Found | None, list[str]]:
    """The dataset, fetched if need be; or why it could not be fetched."""
    if found := find(dataset):
        return found, []
    small = [form for form in dataset.downloads if form.bytes <= AUTO_LIMIT]
    large = [form.bytes for form in dataset.downloads if form.bytes > AUTO_LIMIT]
    if small and dataset.name not in _failed:
        try:
            found, failures = cache.fetch(dataset, small, CHECKS[dataset.name], find)
        except DataError as error:
            found, failures = None, [str(error)]
        if found:
            return found, []
        _failed[dataset.name] = failures
    untried = [f"a download of {size(min(large))} is not started by itself"] if large else []
    return None, _failed.get(dataset.name, []) + untried


def _is_final(found: Found) -> bool:
    """Whether hashes show that the files found are right: fetching them again would change nothing."""
    if not found.form.is_hashed:
        return False
    try:
        verify(found)
    except DataError:
        return False
    return True


def _bytes(found: Found, file: File) -> int:
    return (found.folder / file.name).stat().st_size


@functools.cache
def _content(path: Path, _size: int, _modified: int) -> str:
    """The hash of a file's content, taken anew when its size or time has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _explained(use: Callable[[Found], T], found: Found) -> T:
    """`use(found)`, whose DataError gains where the file is and what to do."""
    try:
        return use(found)
    except cache.CacheError:
        raise
    except DataError as error:
        raise _at_fault(found, str(error)) from None


def _at_fault(found: Found, problem: str) -> DataError:
    if found.source == "COURSE_DATA":
        remedy = "replace it there, or unset COURSE_DATA"
    else:
        remedy = f"`{COMMAND} fetch {found.dataset.name}` fetches it again"
    return DataError(f"{problem} (in {found.folder}): {remedy}")


def _no_real_data(dataset: Dataset, places: dict[str, Path], failures: list[str]) -> str:
    names = " or ".join(", ".join(form.names) for form in dataset.forms)
    unset = [] if "COURSE_DATA" in places else ["COURSE_DATA: not set"]
    missing = [f"{source}: {root / dataset.folder} has no {names}" for source, root in places.items()]
    return "\n".join(
        [
            f"{dataset.title}: not found, and COURSE_DATA_POLICY=real allows no stand-in. Tried:",
            *(f"  {line}" for line in unset + missing + failures),
            "Do one of these:",
            f"  with a network, run `{COMMAND} fetch {dataset.name}`;",
            f"  let COURSE_DATA name a folder that has {dataset.folder}/ with {names};",
            "  set COURSE_DATA_POLICY=auto to go on with a stand-in.",
        ]
    )


def _announce(new: Provenance, because: str = "") -> None:
    """Print the provenance line, unless the last load of this dataset printed the same one."""
    old = _provenance.get(new.name)
    if old and old.source == "download" and new.source == "cache" and old.path == new.path:
        new = replace(new, source="download")
    if new == old:
        return
    _provenance[new.name] = new
    if new.is_stand_in:
        print(f"data: {new.title} | STAND-IN, NOT THE REAL DATA: {new.summary} | because {because}")
    else:
        origin = "downloaded" if new.source == "download" else f"from {new.source}"
        print(f"data: {new.title} | {new.summary} | {origin} | {new.licence}")
