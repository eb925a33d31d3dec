"""The catalogue of datasets, read from catalogue.toml beside this file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

SOURCE = resources.files(__package__) / "catalogue.toml"


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

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def is_hashed(self) -> bool:
        return all(file.hash for file in self.files)


@dataclass(frozen=True)
class Dataset:
    """A dataset of the course. Its files lie in `folder` below each place that is searched."""

    name: str
    title: str
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


def _dataset(name: str, table: dict) -> Dataset:
    forms = tuple(_form(form) for form in table.pop("forms"))
    return Dataset(name=name, folder=table.pop("folder", name), forms=forms, **table)


def _form(table: dict) -> Form:
    return Form(
        files=tuple(File(**file) for file in table["files"]),
        mirrors=tuple(table.get("mirrors", ())),
        expect=table.get("expect", {}),
        unpacked=table.get("unpacked", 0),
    )
