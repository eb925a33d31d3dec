"""A new dataset is one module, one entry and one line; a zip for the release has the same bits every time."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from datasets_workbench import file_entry, isolate, jpeg, listing, use_catalogue
from tools import pack
from utils import datasets
from utils.datasets import catalogue, chest_xray

ROOT = Path(__file__).resolve().parents[1]
REAL = os.environ.get("COURSE_DATA")
IMAGES = {f"{folder}/{name}.jpeg": jpeg() for folder in chest_xray.FOLDERS for name in "ab"}
TOY = '''
"""Toys."""

from utils.datasets import store


def load_toys():
    return store.load("toys", read=_read, stand_in=lambda: "stand-in", summarise=lambda toys: "letters")


@store.checks("toys")
def check(found):
    found.require({"letters": len(_read(found))})


def _read(found):
    return found.path.read_text()
'''
ENTRY = """
[toys]
title = "Toys"
loader = "load_toys"
url = "https://toys.invalid/"
licence = "CC0"
attribution = "somebody"
citation = "nobody"
stand_in = "a word"
stand_in_licence = "MIT"
[[toys.forms]]
mirrors = ["https://toys.invalid/"]
expect = { letters = 5 }
[[toys.forms.files]]
name = "toys.txt"
bytes = 8
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    return isolate(monkeypatch, tmp_path)


def test_a_new_dataset_is_one_module_one_entry_and_one_line(tmp_path):
    package = tmp_path / "utils" / "datasets"
    shutil.copytree(ROOT / "utils", tmp_path / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "toys.py").write_text(TOY, encoding="utf-8")
    for name, more in (
        ("catalogue.toml", ENTRY),
        ("__init__.py", "from utils.datasets.toys import load_toys as load_toys\n"),
    ):
        with (package / name).open("a", encoding="utf-8") as file:
            file.write(more)
    (tmp_path / "course" / "toys").mkdir(parents=True)
    (tmp_path / "course" / "toys" / "toys.txt").write_text("building")

    def run(*arguments: str) -> str:
        environment = os.environ | {"COURSE_DATA": str(tmp_path / "course"), "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert run("-c", "from utils.datasets import load_toys; print(load_toys())").endswith(
        "COURSE_DATA | CC0\nbuilding\n"
    )
    assert "toys: verified in" in run("-m", "utils.datasets", "verify", "toys")
    assert run("-c", "from utils.datasets import catalogue; print(catalogue.table()[-1])").startswith(
        "['`toys`', '[Toys]("
    )


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.fixture
def packed(monkeypatch, tmp_path, capsys):
    """Run the command on a folder; returns the zip and what was printed."""
    monkeypatch.setattr(pack, "ROOT", tmp_path)
    monkeypatch.delenv("COURSE_DATA", raising=False)

    def run(*arguments: str) -> tuple[bytes, str]:
        monkeypatch.setattr(sys, "argv", ["pack", "chest_xray_originals", *arguments])
        pack.main()
        return (tmp_path / "build" / "chest_xray_originals.zip").read_bytes(), capsys.readouterr().out

    return run


def test_the_same_files_give_the_same_bits_whoever_packs_them_and_when(tmp_path, packed):
    fill(tmp_path / "one", IMAGES)
    fill(
        tmp_path / "two", dict(reversed(IMAGES.items())) | {"train/.DS_Store": b"junk", "Thumbs.db": b"junk"}
    )
    for path in (tmp_path / "two").rglob("*.jpeg"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    assert packed(str(tmp_path / "one")) == packed(str(tmp_path / "two"))


def test_a_loader_takes_what_was_packed_by_the_entry_that_was_printed(monkeypatch, tmp_path, cache, packed):
    fill(tmp_path / "one", IMAGES)
    content, printed = packed(str(tmp_path / "one"))
    (form,) = tomllib.loads(printed.partition("\n\n")[2])["chest_xray_originals"]["forms"]
    assert form["mirrors"] == ["release:data-1/"]
    assert form["files"] == [file_entry("chest_xray_originals.zip", content)]
    use_catalogue(
        monkeypatch, tmp_path, chest_xray_originals=[form | {"expect": dict.fromkeys(chest_xray.FOLDERS, 2)}]
    )
    fill(cache, {"chest_xray_originals/chest_xray_originals.zip": content})
    folder = datasets.load_chest_xray_originals()
    assert {name for name in listing(folder) if name.endswith(".jpeg")} == set(IMAGES)
    # And what the loader prepared packs to the same again.
    monkeypatch.setattr(catalogue, "SOURCE", ROOT / "utils" / "datasets" / "catalogue.toml")
    assert packed(str(folder))[0] == content


@pytest.mark.skipif(not REAL, reason="needs the real data: set COURSE_DATA")
def test_the_sections_give_the_zip_that_the_catalogue_names(monkeypatch, tmp_path, cache):
    monkeypatch.setattr(pack, "ROOT", tmp_path)
    monkeypatch.setenv("COURSE_DATA", REAL)
    datasets.load_vnc_em()
    monkeypatch.setattr(sys, "argv", ["pack", "vnc_em", str(cache / "vnc_em" / "256-from-1024")])
    pack.main()
    content = (tmp_path / "build" / "vnc_em.zip").read_bytes()
    [file] = catalogue.catalogue()["vnc_em"].forms[0].files
    assert (file.name, file.bytes) == ("vnc_em.zip", len(content))
    assert file.hash == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert b"Licence: CC BY-NC-SA 3.0" in content[:1000]
    assert b"Changes: the 20 sections of stack1 reduced" in content[:1200]


@pytest.mark.skipif(not REAL, reason="needs the real data: set COURSE_DATA")
def test_the_originals_give_the_zip_that_the_catalogue_names(monkeypatch, packed):
    monkeypatch.setenv("COURSE_DATA", REAL)
    content, printed = packed()
    (form,) = (
        form
        for form in catalogue.catalogue()["chest_xray_originals"].forms
        if form.files[0].name == "chest_xray_originals.zip"
    )
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == form.files[0].hash
    assert f"bytes = {form.files[0].bytes}\n" in printed
    assert b"CC BY 4.0" in content[:1000]
    assert b"Changes: 200 images chosen" in content[:1000]
