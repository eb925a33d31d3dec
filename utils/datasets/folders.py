"""What lies in a folder: a dataset's files, what a system dropped there, what may be read and is whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from utils.datasets.catalogue import DataError, Dataset, Form

# What Windows, macOS and network drives leave in folders, besides hidden files.
_DROPPINGS = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"}


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

    def sizes(self) -> dict[Path, int]:
        """Every file of the form with its bytes, those of a folder one by one."""
        sizes = {}
        for path in self.paths:
            if path.is_dir():
                sizes |= {path / name: size for name, size in look(path)[0].items() if size is not None}
            else:
                with reading(path):
                    sizes[path] = path.stat().st_size
        return sizes

    @property
    def bytes(self) -> int:
        return sum(self.sizes().values())

    def require(self, counts: dict[str, int], instead: str = "") -> None:
        """Raise DataError if the content counts less than the catalogue says that complete content has.

        `instead` says what was found, for those who have to find out why it does not count.
        """
        for what, least in self.form.expect.items():
            if counts.get(what, 0) < least:
                raise DataError(
                    f"{self.path.name} is not complete: {counts.get(what, 0):,} {what} instead of {least:,}"
                    + (f"; {instead}" if instead else "")
                )


def is_dropping(name: str) -> bool:
    """Whether a system or a program leaves a file or folder of this name where people look at data."""
    return name.startswith(".") or name.lower() in _DROPPINGS


def look(folder: Path) -> tuple[dict[str, int | None], list[Path]]:
    """Look at everything below a folder.

    Returns
    -------
    dict, list
        What is there, by path relative to the folder and in order: the bytes of a file, None for a folder.
        And what a system dropped; folders among it are not looked into.

    Raises
    ------
    DataError
        If a folder may not be listed.
    """
    there, dropped, waiting = {}, [], [""]
    while waiting:
        parent = waiting.pop()
        with reading(folder / parent), os.scandir(folder / parent) as entries:
            for entry in entries:
                name = parent + entry.name
                if is_dropping(entry.name):
                    dropped.append(folder / name)
                elif entry.is_dir():
                    there[name] = None
                    waiting.append(f"{name}/")
                else:
                    there[name] = entry.stat().st_size
    return dict(sorted(there.items())), sorted(dropped)


def exists(path: Path) -> bool:
    """Whether a file or folder is there; DataError, rather than no, where that may not even be asked."""
    with reading(path):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an error of reading `path` into a DataError; a missing permission is named as what it is."""
    try:
        yield
    except OSError as error:
        path = Path(error.filename if isinstance(error.filename, str) else path)
        if isinstance(error, PermissionError):
            raise DataError(f"{path.name} may not be read: {_whose(path)}") from None
        raise DataError(f"{path.name} cannot be read ({error.strerror or error})") from None


def require_readable(paths: Iterable[Path]) -> None:
    """Raise DataError, naming all of them, if there are files that may not be read."""
    refused = []
    for path in paths:
        try:
            with reading(path):
                path.open("rb").close()
        except DataError as error:
            refused.append((path.name, error))
    if len(refused) == 1:
        raise refused[0][1]
    if refused:
        raise DataError(f"{len(refused)} files: {some(name for name, _ in refused)}; {refused[0][1]}")


def require_whole_images(paths: Iterable[Path]) -> None:
    """Raise DataError, naming the first, unless every file is an image that can be read to its end."""
    from PIL import Image

    for path in paths:
        with reading(path):
            file = path.open("rb")
        try:
            with file, Image.open(file) as image:
                image.draft("L", (1, 1))  # a JPEG is read to its end all the same, only faster
                image.load()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"{path.parent.name}/{path.name} is not a whole image ({error})") from None


def some(names: Iterable[str], n: int = 5) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    return ", ".join(names[:n]) + (f" and {len(names) - n:,} more" if len(names) > n else "")


def owner(path: Path) -> str:
    """Who a file or folder belongs to, by name where the system tells."""
    try:
        return path.owner()
    except (KeyError, OSError, NotImplementedError):
        return "somebody else"


def _whose(path: Path) -> str:
    try:
        mode = stat.filemode(path.stat().st_mode)
    except OSError:
        return "a folder above it is closed to you"
    return f"it belongs to {owner(path)} and has mode {mode}; `chmod a+rX` would open it"
