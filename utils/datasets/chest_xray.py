"""Chest X-rays of children, normal or with pneumonia."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from utils.datasets import archives, stand_ins, store
from utils.datasets.catalogue import DataError

if TYPE_CHECKING:
    import zipfile

    from PIL import Image

PREPARED_SIZE = 224  # pixels: the side of the images in the prepared archive
FOLDERS = tuple(f"{split}/{label}" for split in ("train", "test") for label in ("NORMAL", "PNEUMONIA"))
N_ORIGINALS = {"train": 60, "test": 40}  # of each label


def load_chest_xray(size: int = PREPARED_SIZE) -> Path:
    """Load all chest X-rays, resized once to `size` by `size` pixels, in the official split.

    Returns
    -------
    Path
        A folder in the cache: train|test / NORMAL|PNEUMONIA / *.jpeg. Train has 1,341 + 3,875 images from the
        prepared archive, 1,349 + 3,883 from the publisher's; test 234 + 390. All are grey, but the files of
        the prepared archive store the grey in three equal channels.

    Raises
    ------
    ValueError
        If `size` is not a whole number from 1 to 224: for more, see `load_chest_xray_originals`.
    DataError
        If the archive is broken, or missing while COURSE_DATA_POLICY is real, or the cache cannot be written.
    """
    if not (isinstance(size, int) and 1 <= size <= PREPARED_SIZE):
        raise ValueError(f"size is {size!r}: choose a whole number of pixels from 1 to {PREPARED_SIZE}")
    return store.load(
        "chest_xray",
        read=lambda found: _resized(found, size),
        stand_in=lambda: _resized_phantoms(size),
        summarise=_summarise,
        check=check,
    )


def load_chest_xray_originals() -> Path:
    """Load a sample of the X-rays as they were published, of many sizes and some of them RGB.

    Both parts come from the official *train* folder, so no figure on the official test split may use them.

    Returns
    -------
    Path
        A folder, not to be written to: train|test / NORMAL|PNEUMONIA / *.jpeg, 60 + 60 and 40 + 40 images.

    Raises
    ------
    DataError
        If the files are broken, or missing while COURSE_DATA_POLICY is real, or the cache cannot be written.
    """
    return store.load(
        "chest_xray_originals",
        read=_originals,
        stand_in=_phantoms,
        summarise=_summarise,
        check=check,
    )


def check(found: store.Found) -> None:
    """Raise DataError unless the archive or the folder holds as many images as it must."""
    if found.path.is_dir():
        found.require(_count(found.path))
    else:
        with archives.open_zip(found.path, found.form.unpacked) as archive:
            found.require(Counter(str(PurePosixPath(name).parent) for name in _images(archive)))


def _summarise(folder: Path) -> str:
    counts = _count(folder)
    train, test = (
        f"{counts[f'{split}/NORMAL']:,} + {counts[f'{split}/PNEUMONIA']:,}" for split in ("train", "test")
    )
    return f"{sum(counts.values()):,} images, train {train}, test {test}"


def _count(folder: Path) -> dict[str, int]:
    return {name: sum(1 for _ in (folder / name).glob("*.jp*g")) for name in FOLDERS}


def _images(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The images of an archive by "train/NORMAL/name.jpeg"; what a Mac added ("._name.jpeg") is left out."""
    images = {}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        is_image = path.suffix.lower() in (".jpeg", ".jpg") and not path.name.startswith(".")
        if is_image and "/".join(path.parts[-3:-1]) in FOLDERS:
            images["/".join(path.parts[-3:])] = entry
    return images


def _resized(found: store.Found, size: int) -> Path:
    def build(folder: Path) -> None:
        as_is = found.path.name == f"chest_xray_{size}.zip"
        with archives.open_zip(found.path, found.form.unpacked) as archive:
            images = _images(archive)
            found.require(Counter(str(PurePosixPath(name).parent) for name in images))
            for name in _progress(images, f"X-rays at {size} x {size}"):
                content = archive.read(images[name])
                _write(folder / name, content if as_is else _resize(content, size, name))

    return store.prepare(f"chest_xray/{size}-from-{_name(found)}", build)


def _originals(found: store.Found) -> Path:
    if found.path.is_dir():
        found.require(_count(found.path))
        return found.path

    def build(folder: Path) -> None:
        with archives.open_zip(found.path, found.form.unpacked) as archive:
            images = _images(archive)
            for name, source in _progress(_sample(list(images)).items(), "X-rays at full size"):
                _write(folder / name, archive.read(images[source]))

    return store.prepare(f"chest_xray/originals-from-{_name(found)}", build)


def _name(found: store.Found) -> str:
    """A name for this very archive: what was prepared from a namesake is not taken for its own."""
    return f"{found.path.stem}-{found.bytes}"


def _sample(names: list[str]) -> dict[str, str]:
    """Which of the published training images make the sample: evenly spaced, so that few share a patient."""
    sample = {}
    for label in ("NORMAL", "PNEUMONIA"):
        published = sorted(name for name in names if name.startswith(f"train/{label}/"))
        n_wanted = sum(N_ORIGINALS.values())
        chosen = [published[i * len(published) // n_wanted] for i in range(n_wanted)]
        for split, part in (
            ("train", chosen[: N_ORIGINALS["train"]]),
            ("test", chosen[N_ORIGINALS["train"] :]),
        ):
            sample |= {f"{split}/{label}/{PurePosixPath(name).name}": name for name in part}
    return sample


def _phantoms() -> Path:
    return store.prepare(f"stand-in/chest_xray/{stand_ins.PHANTOMS}", stand_ins.draw_chests)


def _resized_phantoms(size: int) -> Path:
    originals = _phantoms()

    def build(folder: Path) -> None:
        for path in sorted(originals.rglob("*.jpeg")):
            name = path.relative_to(originals)
            _write(folder / name, _resize(path.read_bytes(), size, name.name))

    return store.prepare(f"stand-in/chest_xray/{stand_ins.PHANTOMS}-{size}", build)


def _resize(content: bytes, size: int, name: str) -> bytes:
    """A JPEG image brought to `size` by `size` pixels of grey, its proportions not kept."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("L", (size, size))  # decode no more pixels than needed
            small = image.convert("L").resize((size, size), Image.Resampling.LANCZOS)
    except (OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{name} is not a whole image ({error})") from None
    return _jpeg(small)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=90)
    return out.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _progress(items, what: str):
    from tqdm import tqdm

    return tqdm(items, desc=what, unit="image", delay=1, leave=False)
