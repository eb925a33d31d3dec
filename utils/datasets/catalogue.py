"""The catalogue of datasets, read from catalogue.toml beside this file."""

from __future__ import annotations

import importlib.metadata
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

SOURCE = resources.files(__package__) / "catalogue.toml"
# The repository's pyproject.toml; not there where utils was installed without it.
PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


class DataError(Exception):
    """Data that is missing, broken or cannot be kept; the message names what, where and what to do."""


@dataclass(frozen=True)
class File:
    """One file of a form, or a folder when `name` ends in "/". `bytes` is exact if there is a `hash`."""

    name: str
    bytes: int
    hash: str | None = None


@dataclass(frozen=True)
class Form:
    """A set of files that together hold a dataset. The other fields are explained in catalogue.toml."""

    files: tuple[File, ...]
    mirrors: tuple[str, ...]
    expect: dict[str, int]
    unpacked: int
    changes: str

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def is_hashed(self) -> bool:
        return all(file.hash for file in self.files)

    @property
    def names(self) -> list[str]:
        """What to look for: the files; of very many, the folders that hold them."""
        names = [file.name for file in self.files]
        return (
            names if len(names) < 10 else list(dict.fromkeys(f"{name.rpartition('/')[0]}/" for name in names))
        )


@dataclass(frozen=True)
class Dataset:
    """A dataset of the course. Its files lie in `folder` below each place that is searched."""

    name: str
    title: str
    loader: str
    url: str
    licence: str
    attribution: str
    citation: str
    stand_in: str
    stand_in_licence: str
    folder: str
    forms: tuple[Form, ...]

    @property
    def downloads(self) -> tuple[Form, ...]:
        """The forms that have a mirror."""
        return tuple(form for form in self.forms if form.mirrors)


def catalogue() -> dict[str, Dataset]:
    """All datasets by name, in the order of the file."""
    tables = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return {name: _dataset(name, table) for name, table in tables.items()}


def address(mirror: str) -> str | None:
    """Where a mirror of the catalogue is: for "release:TAG/" the assets of that release of the repository.

    None if the repository's address is not known, as utils is neither in a checkout nor installed.
    """
    if not mirror.startswith("release:"):
        return mirror
    home = repository()
    return home and f"{home}/releases/download/{mirror.removeprefix('release:')}"


def repository() -> str | None:
    """The repository's address, from its one place: Repository under [project.urls] in pyproject.toml.

    In a checkout the file itself is read, elsewhere what was installed from it.
    """
    if PYPROJECT.is_file():
        project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
        urls = project.get("urls", {})
    else:
        try:
            lines = importlib.metadata.metadata("deep-learning-lectures").get_all("Project-URL") or ()
        except importlib.metadata.PackageNotFoundError:
            lines = ()
        urls = dict(line.split(", ", 1) for line in lines)
    home = urls.get("Repository", "").rstrip("/").removesuffix(".git")
    return home or None


def size(n_bytes: float) -> str:
    """A number of bytes as a person says it: 2.5 MB."""
    for unit, n in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= n:
            return f"{n_bytes / n:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"


def table() -> list[list[str]]:
    """The datasets as a table for data/README.md, in Markdown, its heading first."""
    rows = [["name", "what", "loader", "files", "licence and attribution", "stand-in"]]
    for dataset in catalogue().values():
        forms = [
            f"{', '.join(f'`{name}`' for name in form.names)} ({size(form.bytes)})" for form in dataset.forms
        ]
        rows.append(
            [
                f"`{dataset.name}`",
                f"[{dataset.title}]({dataset.url})",
                f"`{dataset.loader}()`",
                f"in `{dataset.folder}/`: {'; or '.join(forms)}",
                f"{dataset.licence}; {dataset.attribution}",
                f"{dataset.stand_in} ({dataset.stand_in_licence})",
            ]
        )
    return rows


def _dataset(name: str, table: dict) -> Dataset:
    forms = tuple(_form(form) for form in table.pop("forms"))
    return Dataset(name=name, folder=table.pop("folder", name), forms=forms, **table)


def _form(table: dict) -> Form:
    return Form(
        files=tuple(File(**file) for file in table["files"]),
        mirrors=tuple(table.get("mirrors", ())),
        expect=table.get("expect", {}),
        unpacked=table.get("unpacked", 0),
        changes=table.get("changes", ""),
    )
