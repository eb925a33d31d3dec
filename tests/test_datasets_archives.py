"""An archive cannot write outside its folder nor expand without bound; it is prepared whole or not at all."""

import errno
import io
import os
import stat
import threading
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from datasets_workbench import file_entry, isolate, jpeg, listing, use_catalogue, zipped
from utils import datasets
from utils.datasets import DataError, archives, chest_xray
from utils.datasets import cache as storage

GOOD = {
    "chest_xray/train/NORMAL/a.jpeg": jpeg((300, 200)),
    "chest_xray/train/PNEUMONIA/b.jpeg": jpeg((80, 120), "RGB"),
    "chest_xray/test/NORMAL/c.jpeg": jpeg(),
    "chest_xray/test/PNEUMONIA/d.jpeg": jpeg(),
}
JUNK = {
    "chest_xray/.DS_Store": b"junk",
    "chest_xray/train/NORMAL/.DS_Store": b"junk",
    "__MACOSX/chest_xray/train/NORMAL/._a.jpeg": b"junk",
    "chest_xray/val/NORMAL/e.jpeg": jpeg(),
}
EXPECT = dict.fromkeys(chest_xray.FOLDERS, 1)


def link(target: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("chest_xray/train/NORMAL/link.jpeg")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


HARMFUL = {
    "leads outside": {"../outside.jpeg": jpeg()},
    "leads outside, deeper down": {"chest_xray/train/NORMAL/../../../../outside.jpeg": jpeg()},
    "leads outside, as Windows writes it": {"..\\outside.jpeg": jpeg()},
    "leads outside, an absolute path": {"/outside.jpeg": jpeg()},
    "leads outside, a drive": {"C:/outside.jpeg": jpeg()},
    "is a link": {link("x"): b"/etc/passwd"},
    "would expand": {"bomb.jpeg": b"\0" * 20_000_000},
    "would expand, into very many files": {f"{i}": b"" for i in range(3000)},
}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def offer(monkeypatch, tmp_path):
    """Put an archive where COURSE_DATA has it."""

    def put(content: bytes, name: str = "ChestXRay2017.zip", dataset: str = "chest_xray", **form) -> None:
        folder = tmp_path / "course" / dataset
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content)
        form = {"files": [file_entry(name, content, hashed=False)], "expect": EXPECT} | form
        use_catalogue(monkeypatch, tmp_path, **{dataset: [form]})
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / "course"))

    return put


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_harmful_archive_is_refused_whole(cache, offer, tmp_path, kind):
    offer(zipped(GOOD | HARMFUL[kind]))
    before = listing(tmp_path / "course")
    with pytest.raises(DataError, match=f"{kind.split(',')[0]}.*refused.*replace it there"):
        datasets.load_chest_xray(32)
    assert listing(cache) == {}
    assert listing(tmp_path / "course") == before
    assert not list(tmp_path.rglob("outside*"))


def test_an_entry_that_lies_about_its_size_yields_no_more_than_it_declares(tmp_path):
    content = zipped({"bomb": b"\0" * 5_000_000})
    lie = (5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(content.replace(*lie))
    with (
        pytest.raises(DataError, match="not a whole zip"),
        archives.open_zip(tmp_path / "x.zip", 10_000) as archive,
    ):
        archive.read("bomb")


@pytest.mark.parametrize("content", [zipped(GOOD)[:-200], b"<html>", b""], ids=["cut", "HTML", "empty"])
def test_what_is_not_a_zip_is_refused(cache, offer, content):
    offer(content)
    with pytest.raises(DataError, match="not a whole zip"):
        datasets.load_chest_xray(32)
    assert listing(cache) == {}


def test_a_damaged_image_is_named(cache, offer):
    offer(zipped(GOOD | {"chest_xray/train/NORMAL/a.jpeg": jpeg()[:200]}))
    with pytest.raises(DataError, match=r"train/NORMAL/a\.jpeg is not a whole image"):
        datasets.load_chest_xray(32)
    assert listing(cache) == {}


def test_an_archive_that_lacks_images_is_refused(cache, offer):
    offer(zipped(GOOD), expect=EXPECT | {"train/NORMAL": 2})
    with pytest.raises(DataError, match=r"not complete: 1 train/NORMAL instead of 2"):
        datasets.load_chest_xray(32)
    assert listing(cache) == {}


def test_the_publishers_archive_is_resized_once_and_its_junk_left_out(cache, offer):
    offer(zipped(GOOD | JUNK))
    folder = datasets.load_chest_xray(32)
    images = sorted(folder.rglob("*.*"))
    assert [str(path.relative_to(folder).as_posix()) for path in images] == [
        "test/NORMAL/c.jpeg",
        "test/PNEUMONIA/d.jpeg",
        "train/NORMAL/a.jpeg",
        "train/PNEUMONIA/b.jpeg",
    ]
    for path in images:
        with Image.open(path) as image:
            assert (image.size, image.mode) == ((32, 32), "L")
            assert image.getpixel((16, 16)) == pytest.approx(90, abs=2)
    written = images[0].stat().st_mtime_ns
    assert datasets.load_chest_xray(32) == folder
    assert images[0].stat().st_mtime_ns == written
    assert datasets.load_chest_xray(16) != folder


def test_entries_that_are_no_files_are_passed_over(offer):
    offer(zipped({"./": b"", "chest_xray/": b"", "chest_xray/train/NORMAL/": b""} | GOOD))
    assert len(list(datasets.load_chest_xray(32).rglob("*.jpeg"))) == 4


def test_the_prepared_zip_is_taken_as_it_is(offer):
    offer(zipped(GOOD), name="chest_xray_224.zip")
    folder = datasets.load_chest_xray()
    assert (folder / "train/NORMAL/a.jpeg").read_bytes() == GOOD["chest_xray/train/NORMAL/a.jpeg"]
    with Image.open(io.BytesIO((datasets.load_chest_xray(64) / "train/NORMAL/a.jpeg").read_bytes())) as image:
        assert image.size == (64, 64)


def test_a_sample_of_originals_comes_from_the_official_training_images(offer):
    published = {
        f"chest_xray/{split}/{label}/{split}-{label}-{i:03}.jpeg": jpeg()
        for split in ("train", "test")
        for label in ("NORMAL", "PNEUMONIA")
        for i in range(150)
    }
    offer(zipped(published), dataset="chest_xray_originals", expect={"train/NORMAL": 150})
    folder = datasets.load_chest_xray_originals()
    names = [path.name for path in folder.rglob("*.jpeg")]
    assert len(names) == len(set(names)) == 200
    assert all(name.startswith("train-") for name in names)
    assert len(list((folder / "test" / "PNEUMONIA").iterdir())) == 40


def test_what_two_ask_for_at_once_is_prepared_once(cache):
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        time.sleep(0.2)
        (folder / "done").touch()

    threads = [threading.Thread(target=storage.prepare, args=("toys/cars", build)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    record = b'{\n"done": 0\n}'
    assert listing(cache) == {
        "toys": b"",
        "toys/cars": b"",
        "toys/cars/done": b"",
        "toys/cars.files": record,
    }


def test_what_is_prepared_is_found_without_writing(monkeypatch, cache):
    storage.prepare("toys/cars", build=lambda folder: (folder / "done").touch())
    monkeypatch.setattr(storage, "_exclusive", None)
    assert storage.prepare("toys/cars", build=None) == cache / "toys" / "cars"


@pytest.mark.parametrize("policy", ["real", "stand-in"])
def test_a_full_disk_while_preparing_leaves_nothing_and_blames_the_cache(monkeypatch, cache, offer, policy):
    monkeypatch.setenv("COURSE_DATA_POLICY", policy)
    offer(zipped(GOOD))

    def full(*_arguments, **_keywords):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(chest_xray, "_write", full)
    if policy == "stand-in":
        monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(DataError, match=r"cannot write to the cache .*COURSE_CACHE") as error:
        datasets.load_chest_xray(32)
    assert "COURSE_DATA" not in str(error.value)
    assert listing(cache) == {}


@pytest.mark.parametrize("size", [0, 225, 3.5, "64"])
def test_a_size_that_cannot_be_is_refused(size):
    with pytest.raises(ValueError, match="from 1 to 224"):
        datasets.load_chest_xray(size)
