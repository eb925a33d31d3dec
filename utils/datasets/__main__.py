"""python -m utils.datasets list | fetch [name] | verify [name] | where"""

from __future__ import annotations

import argparse
import sys

from utils.datasets import DataError, store
from utils.datasets.catalogue import Dataset, catalogue, size
from utils.datasets.folders import Found


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if all went well, 1 if not, 2 (from argparse) if it was not understood."""
    parser = argparse.ArgumentParser(prog=store.COMMAND, description="The course's datasets.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every dataset, and where a load would take it from now")
    for command, text in (
        ("fetch", "download what is missing; a dataset named here is fetched again unless its hash is right"),
        ("verify", "check hashes and content of what is there"),
    ):
        commands.add_parser(command, help=text).add_argument("name", nargs="?", choices=list(catalogue()))
    commands.add_parser("where", help="the folders that are searched, in order")
    chosen = parser.parse_args(arguments)
    try:
        store.policy(), store.roots()  # a wrong setting is one error, not one per dataset
        if chosen.command == "list":
            return _list()
        if chosen.command == "where":
            return _where()
        return _each(_fetch if chosen.command == "fetch" else _verify, chosen.name)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1


def _list() -> int:
    rows = [("name", "title", "size", "licence", "from")]
    for dataset in catalogue().values():
        found = store.find(dataset)
        n_bytes = found.bytes if found else min(form.bytes for form in dataset.downloads)
        rows.append((dataset.name, dataset.title, size(n_bytes), dataset.licence, _origin(dataset, found)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _origin(dataset: Dataset, found: Found | None) -> str:
    """Where a load would take the dataset from now; nothing is asked of the network."""
    if store.policy() == "stand-in":
        return "stand-in (by policy)"
    if found:
        return found.source
    if not store.too_large(dataset):
        return "download"
    return "fetch" if store.policy() == "real" else "stand-in, until fetched"


def _where() -> int:
    for source, root in store.roots().items():
        print(f"{source:11}  {root}{'' if root.is_dir() else '  (not there yet)'}")
    return 0


def _each(action, name: str | None) -> int:
    """Run `action` on the dataset named, or on all; go on after a failure, and report it."""
    status = 0
    for dataset in catalogue().values():
        if name in (None, dataset.name):
            try:
                print(f"{dataset.name}: {action(dataset, bool(name))}")
            except DataError as error:
                status = 1
                print(f"{dataset.name}: {error}", file=sys.stderr)
    return status


def _fetch(dataset: Dataset, is_named: bool) -> str:
    found = store.fetch(dataset, again=is_named)
    return f"{'fetched to' if found.source == 'download' else 'already in'} {found.path}"


def _verify(dataset: Dataset, _is_named: bool) -> str:
    found = store.find(dataset)
    if not found:
        raise DataError(f"not here; `{store.COMMAND} fetch {dataset.name}` brings it")
    store.verify(found)
    return f"verified in {found.path}"


if __name__ == "__main__":
    sys.exit(main())
