"""Is this environment fit for the course? Run `python -m utils.check`, with `--keras` to try Keras as well.

One line per item, and under each thing amiss what to do about it. The exit status is 0 when the course can
run, warnings included, and 1 when it cannot.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from utils import settings

DISTRIBUTION = "deep-learning-lectures"
LOCK = Path(__file__).resolve().parent.parent / "requirements.txt"
INSTALL = "python -m pip install -r requirements.txt"
PYTHONS = (3, 11), (3, 14)  # the first that is tested, and the first that is not
MEMORY_GB = 4  # a lecture may take 2 GB, and the browser wants some
DISK_GB = 3  # the largest archive, about 1.2 GB, and what comes out of it

OK, WARNING, FAILURE = "✓", "!", "✗"


@dataclass(frozen=True)
class Item:
    """One line of the report: its mark, what was found and, if something is amiss, what to do."""

    mark: str
    found: str
    advice: str = ""


def python() -> Iterator[Item]:
    """Is this a Python that the course is tested with?"""
    found = f"Python {'.'.join(map(str, sys.version_info[:3]))} in {sys.prefix}"
    tested = "use Python 3.11, 3.12 or 3.13"
    if sys.version_info[:2] < PYTHONS[0]:
        yield Item(FAILURE, f"{found}: too old", tested)
    elif sys.version_info[:2] >= PYTHONS[1]:
        yield Item(WARNING, f"{found}: the course is not tested with it", f"if something fails, {tested}")
    else:
        yield Item(OK, found)


def packages() -> Iterator[Item]:
    """Is every package that the lectures import installed, and new enough?"""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or ()]
    except importlib.metadata.PackageNotFoundError:
        yield Item(FAILURE, f"{DISTRIBUTION} is not installed", f"{INSTALL}, in a copy of the repository")
        return
    fit = []
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        installed = _installed(requirement.name)
        if installed and requirement.specifier.contains(installed, prereleases=True):
            fit.append(f"{requirement.name} {installed}")
        else:
            found = f"{requirement.name} {installed or 'missing'}: the course needs {requirement.specifier}"
            yield Item(FAILURE, found, f'python -m pip install "{requirement.name}{requirement.specifier}"')
    if fit:
        yield Item(OK, f"packages: {', '.join(fit)}")


def lock() -> Iterator[Item]:
    """In a checkout, are these the versions that the course is tested with?"""
    from packaging.requirements import Requirement

    if not LOCK.exists():  # installed from a wheel
        return
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line[:1].isalnum()]
    different = []
    for pin in pinned:
        if pin.marker is None or pin.marker.evaluate():
            installed = _installed(pin.name)
            if not installed or not pin.specifier.contains(installed, prereleases=True):
                different.append(f"{pin.name} {installed or 'missing'} (tested: {pin.specifier})")
    if different:
        shown = ", ".join(different[:4]) + (f" and {len(different) - 4} more" if len(different) > 4 else "")
        yield Item(WARNING, f"not the tested versions: {shown}", f"for those: {INSTALL}")
    else:
        yield Item(OK, "versions are those of requirements.txt")


def names() -> Iterator[Item]:
    """Does a file beside the notebooks hide a package from them by its name?"""
    folders = {Path.cwd(), LOCK.parent / "notebooks"} - {LOCK.parent}
    beside = [path for folder in folders for path in (*folder.glob("*.py"), *folder.glob("*/__init__.py"))]
    taken = {path.parent.name if path.name == "__init__.py" else path.stem: path for path in beside}
    for name in sorted(taken.keys() & _imported()):
        found = f"{taken[name]} hides the package {name} from the notebooks beside it"
        yield Item(FAILURE, found, "give it another name")


def figures() -> Iterator[Item]:
    """Will a notebook show its figures?"""
    if backend := settings.lost_figures():
        found = f"MPLBACKEND is {backend!r}, which draws nothing in a notebook"
        yield Item(WARNING, found, "lectures draw inline all the same; for notebooks of your own, unset it")


def keras_settings() -> Iterator[Item]:
    """Does the user's keras.json ask for what the lectures need?"""
    if other := settings.other_keras():
        found = f"{settings.keras_json()} sets {settings.listed(other)}"
        ours = settings.listed({name: settings.KERAS[name] for name in other})
        yield Item(WARNING, found, f"lectures set {ours} all the same; in your own notebooks it holds")


def memory() -> Iterator[Item]:
    """Is there room for the largest lectures?"""
    from utils import machine

    now = machine.memory()
    found = f"memory: {now.available / 1e9:.1f} GB free of {now.total / 1e9:.1f} GB"
    if now.available >= MEMORY_GB * 1e9:
        yield Item(OK, found)
    else:
        yield Item(WARNING, found, f"close other programs until {MEMORY_GB} GB are free, or use Colab")


def disk() -> Iterator[Item]:
    """Can the cache be written, and does it have room for every dataset?"""
    from utils.datasets import cache as storage

    cache = storage.root()
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    found = f"disk: {free / 1e9:.1f} GB free for the cache {cache}"
    advice = "let COURSE_CACHE name a folder of yours on a roomier disk"
    if not os.access(there, os.W_OK):
        yield Item(FAILURE, f"{found}, but {there} cannot be written", advice)
    elif free < DISK_GB * 1e9:
        yield Item(WARNING, f"{found}; all datasets take up to {DISK_GB} GB", advice)
    else:
        yield Item(OK, found)


def data() -> Iterator[Item]:
    """Where would each dataset come from, and is what lies there whole?"""
    from utils.datasets import DataError, store
    from utils.datasets.catalogue import catalogue

    policy = store.policy()
    store.roots()  # a COURSE_DATA that is no folder is one thing amiss, not one per dataset
    if policy == "stand-in":
        yield Item(WARNING, "data: stand-ins only, as COURSE_DATA_POLICY says", "unset it for the real data")
        return
    for dataset in catalogue().values():
        try:
            if found := store.find(dataset):
                store.verify(found)
        except DataError as error:
            yield Item(FAILURE, f"{dataset.title}: {error}")
            continue
        if found:
            yield Item(OK, f"{dataset.title}: verified in {found.path}")
        elif policy == "real" and store.too_large(dataset):
            yield Item(FAILURE, f"{dataset.title}: not here", f"{store.COMMAND} fetch {dataset.name}")
        else:
            then = "a stand-in takes its place" if store.too_large(dataset) else "the first load fetches it"
            found = f"{dataset.title}: not here; {then}"
            yield Item(WARNING, found, f"{store.COMMAND} fetch {dataset.name}")


def keras() -> Iterator[Item]:
    """Does Keras compute, with what, and where?"""
    import keras

    keras.ops.convert_to_numpy(keras.ops.ones((64, 64)))  # a broken driver shows only when it computes
    devices = ", ".join(keras.distribution.list_devices())
    yield Item(OK, f"Keras {keras.__version__} computes with {keras.backend.backend()} on {devices}")


def report(checks) -> bool:
    """Print what each check finds and return whether the environment is fit, that is, whether none failed."""
    fit = True
    for check in checks:
        try:
            items = list(check())
        except Exception as error:  # a check that cannot run is one more thing amiss; the others still run
            missing = isinstance(error, ImportError)
            items = [Item(FAILURE, f"{check.__name__}: {error}", INSTALL if missing else "")]
        for item in items:
            print(settings.printable(f"{item.mark} {item.found}"))
            if item.advice:
                print(settings.printable(f"  → {item.advice}"))
            fit &= item.mark != FAILURE
    return fit


def _imported() -> set[str]:
    """Return the names of modules that a lecture may import, by itself or through what it imports."""
    installed = importlib.metadata.packages_distributions()
    return {"utils", *sys.stdlib_module_names, *installed} - {"test", "tests"}  # which nothing imports


def _installed(name: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def main(arguments: list[str] | None = None) -> int:
    """Print the report and return the exit status: 0 if the environment is fit, 1 if not."""
    parser = argparse.ArgumentParser(prog="python -m utils.check", description=__doc__.splitlines()[0])
    parser.add_argument("--keras", action="store_true", help="also try Keras: backend and device")
    chosen = parser.parse_args(arguments)
    checks = [python, packages, lock, names, figures, keras_settings, memory, disk, data]
    return 0 if report([*checks, keras] if chosen.keras else checks) else 1


if __name__ == "__main__":
    sys.exit(main())
