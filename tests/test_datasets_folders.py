"""What a loader returns holds what was checked and nothing else, whatever is dropped beside it."""

import errno
import os
import zipfile
from pathlib import Path

import pytest

from datasets_workbench import file_entry, isolate, jpeg, listing, use_catalogue, zipped
from utils import datasets
from utils.datasets import DataError, chest_xray, store
from utils.datasets import cache as storage
from utils.datasets.__main__ import main

IMAGES = {
    f"{folder}/{name}.jpeg": jpeg((60, 40 + i))
    for folder in chest_xray.FOLDERS
    for i, name in enumerate("ab")
}
EXPECT = dict.fromkeys(chest_xray.FOLDERS, 2)
DROPPINGS = [
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "._a.jpeg",
    ".ipynb_checkpoints/a-checkpoint.jpeg",
    "@eaDir/a.jpeg",
]


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def originals(monkeypatch, tmp_path):
    """Put images where COURSE_DATA has the folder of originals; returns that folder."""

    def put(images: dict[str, bytes]) -> Path:
        folder = tmp_path / "course" / "chest_xray_originals" / "originals"
        fill(folder, images)
        form = {"files": [{"name": "originals/", "bytes": 1}], "expect": EXPECT}
        use_catalogue(monkeypatch, tmp_path, chest_xray_originals=[form])
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / "course"))
        return folder

    return put


@pytest.fixture
def prepared(monkeypatch, tmp_path):
    """X-rays that a loader has resized into the cache."""
    content = zipped(IMAGES)
    fill(tmp_path / "course" / "chest_xray", {"ChestXRay2017.zip": content})
    form = {"files": [file_entry("ChestXRay2017.zip", content, hashed=False)], "expect": EXPECT}
    use_catalogue(monkeypatch, tmp_path, chest_xray=[form])
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "course"))
    return datasets.load_chest_xray(32)


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def files_in(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in listing(folder).items() if (folder / name).is_file()}


def tree(images) -> set[str]:
    return {*images, *chest_xray.FOLDERS, "train", "test"}


@pytest.mark.parametrize("place", ["", "train/", "train/NORMAL/"])
@pytest.mark.parametrize("dropping", DROPPINGS)
def test_droppings_among_the_originals_are_left_out(originals, dropping, place):
    folder = originals(IMAGES | {place + dropping: b"junk"})
    before = listing(folder)
    loaded = datasets.load_chest_xray_originals()
    assert set(listing(loaded)) == tree(IMAGES)
    assert files_in(loaded) == IMAGES
    assert listing(folder) == before
    assert main(["verify"]) == 0


def test_a_clean_folder_of_originals_is_used_where_it_is(originals, cache):
    folder = originals(IMAGES)
    assert datasets.load_chest_xray_originals() == folder
    assert not cache.exists()


@pytest.mark.parametrize("suffix", [".JPEG", ".jpg", ".Jpg"])
def test_every_spelling_of_the_suffix_counts_and_is_returned_as_one(originals, suffix):
    originals({name.replace(".jpeg", suffix) if "NORMAL" in name else name: IMAGES[name] for name in IMAGES})
    loaded = datasets.load_chest_xray_originals()
    assert files_in(loaded) == IMAGES
    assert set(listing(loaded)) == tree(IMAGES)
    assert main(["verify"]) == 0


def test_images_that_changed_are_not_taken_from_an_earlier_copy(originals):
    folder = originals(IMAGES | {".DS_Store": b""})
    datasets.load_chest_xray_originals()
    (folder / "train/NORMAL/a.jpeg").write_bytes(jpeg((11, 11)))
    assert (datasets.load_chest_xray_originals() / "train/NORMAL/a.jpeg").read_bytes() == jpeg((11, 11))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            {name.replace(".jpeg", ".png"): content for name, content in IMAGES.items()},
            r"originals is not complete: 0 train/NORMAL instead of 2; it holds .*2 \.png in train/NORMAL",
        ),
        (IMAGES | {"train/NORMAL/a.JPG": jpeg()}, r"train/NORMAL/a\.JPG and .*a\.jpeg|a\.jpeg and .*a\.JPG"),
        (IMAGES | {"test/NORMAL/b.jpeg": b""}, r"test/NORMAL/b\.jpeg is empty"),
    ],
)
def test_a_folder_that_will_not_do_is_told_what_it_holds(originals, images, message):
    originals(images)
    with pytest.raises(DataError, match=message):
        datasets.load_chest_xray_originals()


@pytest.mark.parametrize("content", [jpeg()[:300], b"", b"<html>"], ids=["cut", "empty", "HTML"])
def test_verify_opens_every_image_and_names_the_first_that_is_not_whole(originals, capsys, content):
    originals(IMAGES | {"train/PNEUMONIA/b.jpeg": content})
    assert main(["verify"]) == 1
    assert "PNEUMONIA/b.jpeg is not a whole image" in capsys.readouterr().err


def test_verify_reads_the_images_of_an_archive_that_has_no_hash(prepared, tmp_path, capsys):
    archive = tmp_path / "course" / "chest_xray" / "ChestXRay2017.zip"
    with zipfile.ZipFile(archive) as opened:
        entry = opened.getinfo("train/NORMAL/b.jpeg")
    content = bytearray(archive.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 0xFF
    archive.write_bytes(content)
    assert main(["verify"]) == 1
    assert "not a whole zip file" in capsys.readouterr().err


@pytest.mark.parametrize("dropping", DROPPINGS)
def test_droppings_in_a_prepared_folder_are_swept_away(prepared, dropping):
    before = listing(prepared)
    # Keras takes an empty folder for a third class.
    fill(prepared, {f"train/{dropping}": b"junk", f"train/NORMAL/{dropping}": b"junk"})
    (prepared / "train" / ".ipynb_checkpoints").mkdir(exist_ok=True)
    assert datasets.load_chest_xray(32) == prepared
    assert listing(prepared) == before


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["gone", "empty"])
def test_a_prepared_folder_that_lost_files_is_made_anew(prepared, harm):
    before = listing(prepared)
    harm(prepared / "train/NORMAL/a.jpeg")
    assert datasets.load_chest_xray(32) == prepared
    assert listing(prepared) == before


@pytest.mark.parametrize("name", ["train/NORMAL/mine.txt", "train/OTHER/a.jpeg", "train/NORMAL/c.jpeg"])
def test_what_a_student_put_into_a_prepared_folder_is_named_and_kept(prepared, name):
    fill(prepared, {name: b"mine"})
    with pytest.raises(DataError, match=r"holds what no loader put there: .*; move it elsewhere"):
        datasets.load_chest_xray(32)
    assert (prepared / name).read_bytes() == b"mine"


def test_a_disk_that_fails_while_an_archive_is_read_is_not_blamed_on_the_cache(monkeypatch, prepared, cache):
    def fail(*_arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(zipfile.ZipFile, "read", fail)
    with pytest.raises(DataError, match=r"ChestXRay2017\.zip cannot be read \(Input/output error\)") as error:
        datasets.load_chest_xray(16)
    assert "cache" not in str(error.value)


class TestIdentity:
    """A job's results rest on the data that it loaded: their name changes when they do, and only then."""

    def test_a_folder_is_named_by_its_files_and_their_content(self, originals):
        folder = originals(IMAGES)
        name = store.identity("chest_xray_originals")
        os.utime(folder / "train/NORMAL/a.jpeg", (1, 1))
        assert store.identity("chest_xray_originals") == name
        (folder / "train/NORMAL/.DS_Store").touch()
        assert store.identity("chest_xray_originals") == name
        (folder / "train/NORMAL/a.jpeg").write_bytes(IMAGES["train/NORMAL/a.jpeg"][::-1])
        assert store.identity("chest_xray_originals") != name

    def test_a_file_with_a_hash_is_named_by_it(self, monkeypatch, tmp_path, cache):
        use_catalogue(monkeypatch, tmp_path, mnist=[{"files": [file_entry("m.npz", b"123")]}])
        assert store.identity("mnist") == "absent"
        fill(cache / "mnist", {"m.npz": b"123"})
        name = store.identity("mnist")
        assert len(name) == 16
        use_catalogue(monkeypatch, tmp_path, mnist=[{"files": [file_entry("m.npz", b"124")]}])
        assert store.identity("mnist") != name

    def test_a_stand_in_is_called_so(self, monkeypatch, originals):
        originals(IMAGES)
        monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
        assert store.identity("chest_xray_originals") == "stand-in"


def test_a_prepared_folder_that_may_not_be_tidied_is_told(monkeypatch, prepared):
    (prepared / "train" / ".ipynb_checkpoints").mkdir()

    def refuse(path, *_arguments, **_keywords):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(storage.shutil, "rmtree", refuse)
    with pytest.raises(DataError, match=r"cannot write to the cache .*Permission denied: .* belongs to"):
        datasets.load_chest_xray(32)
