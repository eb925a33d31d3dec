"""Packs a folder of images or other files into a zip that a release of this repository can serve to loaders.

python -m tools.pack NAME           the folder that the loader of dataset NAME returns, into build/NAME.zip
python -m tools.pack NAME FOLDER    another folder

The same files give the same bits on every machine: names sorted, no times, nothing compressed. LICENCE.txt
inside says whose the files are and what was done to them (`changes` in the catalogue). What is printed is the
entry for utils/datasets/catalogue.toml. Run on what is published, it shows whether that is still the same.
"""

import argparse
import hashlib
import zipfile
from pathlib import Path

from tools import ROOT, ToolError, run_tool
from utils import datasets
from utils.datasets import catalogue, folders
from utils.datasets.archives import _BLOCK as BLOCK

RELEASE = "release:data-1/"
LICENCE = "LICENCE.txt"


def pack(folder, target, licence):
    """Write all files below a folder, and LICENCE.txt, into a zip.

    Parameters
    ----------
    folder : Path
        Hidden files and what systems drop in folders are left out.
    target : Path
        The zip to write; it is there whole or not at all.
    licence : str
        The text of LICENCE.txt.

    Returns
    -------
    int
        The bytes that the files take unpacked.

    Raises
    ------
    ToolError
        If the folder holds no files, or a LICENCE.txt of its own.
    """
    files = {name: folder / name for name, size in folders.look(folder)[0].items() if size is not None}
    if not files:
        raise ToolError(f"{folder} holds no files")
    if LICENCE in files:
        raise ToolError(f"{folder} has a {LICENCE}, where pack puts its own: rename it")
    contents = {LICENCE: lambda: licence.encode()} | {name: path.read_bytes for name, path in files.items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".new")
    unpacked = 0
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(contents):
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.create_system = 3  # Unix, on Windows too
                entry.external_attr = 0o100644 << 16
                content = contents[name]()
                archive.writestr(entry, content)
                unpacked += max(len(content), BLOCK)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return unpacked


def licence_text(dataset, changes):
    """Return what LICENCE.txt says: whose the files are, under which licence, and what was done to them."""
    return (
        f"{dataset.title}\n\nLicence: {dataset.licence}\nAttribution: {dataset.attribution}\n"
        f"Citation: {dataset.citation}\nSource: {dataset.url}\nChanges: {changes}\n"
    )


def entry(dataset, file, changes, unpacked):
    """Return a form of the catalogue for a packed file."""
    return (
        f"[[{dataset.name}.forms]]\n"
        f'mirrors = ["{RELEASE}"]\n'
        f"unpacked = {1_000_000 * (2 + unpacked // 1_000_000)}\n"
        f'changes = "{changes}"\n'
        f"[[{dataset.name}.forms.files]]\n"
        f'name = "{file.name}"\n'
        f"bytes = {file.stat().st_size}\n"
        f'hash = "sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"'
    )


def changes_of(dataset, file_name):
    """Return what the catalogue says was done to the files in a zip of this name, "" if nothing."""
    forms = (form for form in dataset.forms if form.files[0].name == file_name)
    return next((form.changes for form in forms), "")


def prepared(dataset):
    """Return the folder that a dataset's loader returns."""
    folder = getattr(datasets, dataset.loader)()
    if not isinstance(folder, Path):
        raise ToolError(f"{dataset.loader} returns no folder: name the folder to pack")
    if datasets.provenance()[dataset.name].is_stand_in:
        raise ToolError(f"{dataset.loader} returned a stand-in: set COURSE_DATA_POLICY=real")
    return folder


def main():
    """Parse the command line, pack, and print the catalogue's entry."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pack", description="Packs files for a release, the same bits every time."
    )
    parser.add_argument("name", choices=list(catalogue.catalogue()), help="the dataset")
    parser.add_argument("folder", nargs="?", type=Path, help="default: what the dataset's loader returns")
    parser.add_argument("--changes", help="what was done to the publisher's files; default: see catalogue")
    chosen = parser.parse_args()
    dataset = catalogue.catalogue()[chosen.name]
    target = ROOT / "build" / f"{dataset.name}.zip"
    changes = chosen.changes or changes_of(dataset, target.name)
    if not changes:
        raise ToolError(
            f"the catalogue has no {target.name} yet: say what was done to the files, --changes '…'"
        )
    try:
        folder = chosen.folder or prepared(dataset)
        unpacked = pack(folder, target, licence_text(dataset, changes))
    except datasets.DataError as error:
        raise ToolError(str(error)) from None
    print(f"{target}, for utils/datasets/catalogue.toml (add `expect`, the counts of complete content):\n")
    print(entry(dataset, target, changes, unpacked))


if __name__ == "__main__":
    run_tool(main)
