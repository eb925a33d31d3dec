"""Where a dataset comes from: COURSE_DATA, then the cache, then a mirror, then a stand-in.

Everything that every loader needs is here once: the order of search, the policy, downloads that leave nothing
half-written, what is prepared in the cache, and the provenance line. A loader adds how its dataset is read.

Below the cache, `.locks/` holds one lock file per dataset folder (they stay; they are empty), and
`.staging-<folder>/` exists while something is being written to that folder.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from utils.datasets import download
from utils.datasets.catalogue import DataError, Dataset, Form, catalogue

T = TypeVar("T")

POLICIES = ("auto", "real", "stand-in")
AUTO_LIMIT = 50_000_000  # bytes that a load fetches by itself
LOCK_TIMEOUT = 1800  # seconds to wait for another process that is fetching the same files
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


@dataclass(frozen=True)
class Found:
    """A form of a dataset whose files are all in `folder`."""

    dataset: Dataset
    form: Form
    source: str
    folder: Path

    @property
    def paths(self) -> list[Path]:
        return [self.folder / file.name for file in self.form.files]

    @property
    def path(self) -> Path:
        """The file, or for a form of several their folder."""
        return self.paths[0] if len(self.paths) == 1 else self.folder

    @property
    def bytes(self) -> int:
        files = [file for path in self.paths for file in (path.rglob("*") if path.is_dir() else [path])]
        return sum(file.stat().st_size for file in files)

    def require(self, counts: dict[str, int]) -> None:
        """Raise DataError if the content counts less than the catalogue says that complete content has."""
        for what, least in self.form.expect.items():
            if counts.get(what, 0) < least:
                raise DataError(
                    f"{self.path.name} is not complete: {counts.get(what, 0):,} {what} instead of {least:,}"
                )


class CacheError(DataError):
    """The cache cannot be written: no fault of the data."""


Check = Callable[[Found], None]

_provenance: dict[str, Provenance] = {}
_failed: dict[str, list[str]] = {}  # per dataset, why its download failed: it is tried once per process


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
        if not given["COURSE_DATA"].is_dir():
            raise DataError(f"COURSE_DATA is {text!r}, which is not a folder: correct it, or unset it")
    return given | {"cache": cache_root()}


def cache_root() -> Path:
    """COURSE_CACHE, else data/cache in a checkout, else the user's own cache. It need not exist."""
    if text := os.environ.get("COURSE_CACHE"):
        return Path(text).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "data" / "cache"
    import pooch

    return Path(pooch.os_cache("deep-learning-lectures"))


def provenance() -> dict[str, Provenance]:
    """The last load of each dataset in this process, by its name in the catalogue."""
    return dict(_provenance)


def load(
    name: str,
    *,
    read: Callable[[Found], T],
    stand_in: Callable[[], T],
    summarise: Callable[[T], str],
    check: Check,
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
    check
        Raises DataError if files just downloaded are wrong or not complete.

    Raises
    ------
    DataError
        If a setting is wrong, if the files found are broken, or if nothing is found and the policy is "real".
    """
    dataset = catalogue()[name]
    chosen, places = policy(), roots()
    found, failures = None, []
    if chosen != "stand-in":
        found, failures = _obtain(dataset, check)
    if found:
        value = _explained(read, found)
        summary = f"{summarise(value)}, {size(found.bytes)}"
        _announce(Provenance(name, dataset.title, found.source, found.path, summary, dataset.licence))
        return value
    if chosen == "real":
        raise DataError(_no_real_data(dataset, places, failures))
    value = stand_in()
    summary = f"{dataset.stand_in}: {summarise(value)}"
    reason = "; ".join(dict.fromkeys(failures)) + " | for the real data: make data"
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
        If a file in COURSE_DATA has the wrong size. In the cache such a file counts as missing.
    """
    for source, root in roots().items():
        for form in dataset.forms:
            found = Found(dataset, form, source, root / dataset.folder)
            if all(path.exists() for path in found.paths):
                wrong = [file for file in form.files if file.hash and _bytes(found, file) != file.bytes]
                if not wrong:
                    return found
                if source == "COURSE_DATA":
                    raise _at_fault(found, f"{wrong[0].name} does not have {wrong[0].bytes:,} bytes")
    return None


def verify(found: Found, check: Check) -> None:
    """Hash every file that has a hash in the catalogue, and check the content of the whole.

    Raises
    ------
    DataError
        If anything is not as it should be.
    """
    import pooch

    for file in found.form.files:
        algorithm, _, expected = (file.hash or "").partition(":")
        if expected and pooch.file_hash(found.folder / file.name, algorithm) != expected:
            raise _at_fault(found, f"{file.name} has the wrong {algorithm}")
    _explained(check, found)


def fetch(dataset: Dataset, check: Check, *, again: bool = False, attempts: int = 3) -> Found:
    """Fetch a dataset of any size into the cache, unless COURSE_DATA or the cache has it.

    With `again`, files in the cache are fetched again unless their hashes show that they are right; the old
    files stay if that fails.

    Raises
    ------
    DataError
        If no mirror could deliver it after `attempts` rounds; the message lists what was tried.
    """
    found = find(dataset)
    if found and not (again and found.source == "cache" and not _is_final(found, check)):
        return found
    for attempt in range(attempts):
        if attempt:
            time.sleep(attempt)
            download.forget_hosts()
        fetched, tried = _download(dataset, dataset.downloads, check, stale=found)
        if fetched:
            return fetched
    raise DataError(f"{dataset.title} could not be fetched.\n" + "\n".join(f"  {line}" for line in tried))


def prepare(relative: str, build: Callable[[Path], None]) -> Path:
    """The folder `relative` in the cache, filled by `build(folder)` the first time it is asked for.

    It appears whole or not at all, however many processes ask at once.
    """
    target = cache_root() / relative
    if not target.is_dir():
        with _exclusive(relative.split("/")[0]) as staging:
            if not target.is_dir():
                build(staging)
                target.parent.mkdir(parents=True, exist_ok=True)
                staging.replace(target)
    return target


def size(n_bytes: float) -> str:
    """A number of bytes as a person says it: 2.5 MB."""
    for unit, n in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= n:
            return f"{n_bytes / n:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"


def too_large(dataset: Dataset) -> bool:
    """Whether a load leaves the download of this dataset to `make data`."""
    return all(form.bytes > AUTO_LIMIT for form in dataset.downloads)


def _obtain(dataset: Dataset, check: Check) -> tuple[Found | None, list[str]]:
    """The dataset, fetched if need be; or why it could not be fetched."""
    if found := find(dataset):
        return found, []
    if too_large(dataset):
        smallest = min(form.bytes for form in dataset.downloads)
        return None, [f"a download of {size(smallest)} is not started by itself"]
    if dataset.name not in _failed:
        small = [form for form in dataset.downloads if form.bytes <= AUTO_LIMIT]
        try:
            found, failures = _download(dataset, small, check)
        except DataError as error:
            found, failures = None, [str(error)]
        if found:
            return found, []
        _failed[dataset.name] = failures
    return None, _failed[dataset.name]


def _download(
    dataset: Dataset, forms: Sequence[Form], check: Check, stale: Found | None = None
) -> tuple[Found | None, list[str]]:
    """Try every mirror of every form once; a form is published to the cache only whole and checked.

    Another process may have fetched the dataset while we waited for the lock: then theirs is taken, unless it
    is the `stale` one that is to be replaced.
    """
    failures = []
    download.probe([mirror for form in forms for mirror in form.mirrors])
    with _exclusive(dataset.folder) as staging:
        if not stale and (found := find(dataset)):
            return found, []
        for form in forms:
            for mirror in form.mirrors:
                staged = Found(dataset, form, "download", staging)
                try:
                    _fetch_form(staged, mirror)
                    check(staged)
                except (download.DownloadError, DataError) as error:
                    failures.append(f"{download.host_of(mirror)}: {error}")
                else:
                    return _publish(staged, stale), []
    return None, failures


def _fetch_form(staged: Found, mirror: str) -> None:
    for file in staged.form.files:
        if not file.hash:  # pooch would take what another mirror left here for the file itself
            (staged.folder / file.name).unlink(missing_ok=True)
        url = mirror + file.name if mirror.endswith("/") else mirror
        download.fetch(url, file, staged.folder)


def _publish(staged: Found, stale: Found | None) -> Found:
    """Move the files to the cache; those of a `stale` form that would be found before them go."""
    target = Found(staged.dataset, staged.form, "download", cache_root() / staged.dataset.folder)
    target.folder.mkdir(parents=True, exist_ok=True)
    for old, new in zip(staged.paths, target.paths, strict=True):
        os.replace(old, new)
    if stale:
        for path in set(stale.paths) - set(target.paths):
            path.unlink()
    return target


@contextmanager
def _exclusive(folder: str) -> Iterator[Path]:
    """An empty staging folder in the cache, while no other process writes to `folder` of the cache."""
    import filelock

    cache = cache_root()
    staging = cache / f".staging-{folder}"
    lock = cache / ".locks" / f"{folder}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(lock, timeout=LOCK_TIMEOUT):
            shutil.rmtree(staging, ignore_errors=True)  # a process that was killed may have left one
            staging.mkdir()
            try:
                yield staging
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except filelock.Timeout:
        raise CacheError(f"another process holds {lock}: wait for it, or end it") from None
    except OSError as error:
        raise CacheError(
            f"cannot write to the cache {cache} ({error}):"
            " make room there, or let COURSE_CACHE name another folder"
        ) from None


def _is_final(found: Found, check: Check) -> bool:
    """Whether hashes show that the files found are right: fetching them again would change nothing."""
    if not found.form.is_hashed:
        return False
    try:
        verify(found, check)
    except DataError:
        return False
    return True


def _bytes(found: Found, file) -> int:
    return (found.folder / file.name).stat().st_size


def _explained(use: Callable[[Found], T], found: Found) -> T:
    """`use(found)`, whose DataError gains where the file is and what to do."""
    try:
        return use(found)
    except CacheError:
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
    names = " or ".join(", ".join(file.name for file in form.files) for form in dataset.forms)
    unset = [] if "COURSE_DATA" in places else ["COURSE_DATA: not set"]
    missing = [f"{source}: {root / dataset.folder} has no {names}" for source, root in places.items()]
    return "\n".join(
        [
            f"{dataset.title}: not found, and COURSE_DATA_POLICY=real allows no stand-in. Tried:",
            *(f"  {line}" for line in unset + missing + failures),
            "Do one of these:",
            f"  with a network, run `make data`, or `{COMMAND} fetch {dataset.name}`;",
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
