"""Chest X-rays of children, normal or with pneumonia."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from utils.datasets import archives, cache, folders, store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found

if TYPE_CHECKING:
    from PIL import Image

PREPARED_SIZE = 224  # pixels: the side of the images in the prepared archive
PUBLISHED = "ChestXRay2017.zip"
FOLDERS = tuple(f"{split}/{label}" for split in ("train", "test") for label in ("NORMAL", "PNEUMONIA"))
N_ORIGINALS = {"train": 60, "test": 40}  # of each label
N_CHESTS = {"train/NORMAL": 80, "train/PNEUMONIA": 220, "test/NORMAL": 40, "test/PNEUMONIA": 60}
PHANTOMS = "phantoms-1"  # the folder that draw_chests fills in the cache; count up when the drawing changes


def load_chest_xray(size: int = PREPARED_SIZE) -> Path:
    """Load all chest X-rays, resized once to `size` by `size` pixels, in the official split.

    Returns
    -------
    Path
        A folder in the cache that holds train|test / NORMAL|PNEUMONIA / *.jpeg and nothing else. Train has
        1,341 + 3,875 images from the prepared archive, 1,349 + 3,883 from the publisher's; test 234 + 390.
        All are grey, but the files of the prepared archive store the grey in three equal channels.

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
    )


def load_chest_xray_originals() -> Path:
    """Load a sample of the X-rays as they were published, of many sizes and some of them RGB.

    Both parts come from the official *train* folder, so no figure on the official test split may use them.

    Returns
    -------
    Path
        A folder, not to be written to, that holds train|test / NORMAL|PNEUMONIA / *.jpeg and nothing else:
        60 + 60 and 40 + 40 images. Where a folder in COURSE_DATA holds more, or spells ".jpeg" otherwise, it
        is one in the cache with copies of its images.

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
    )


@store.checks("chest_xray", "chest_xray_originals")
def check(found: Found) -> None:
    """Raise DataError unless the archive or the folder holds as many images as it must, and all are whole."""
    if found.path.is_dir():
        folders.require_whole_images(found.path / name for name in _images(found, _look(found)).values())
        return
    with archives.open_zip(found.path, found.form.unpacked) as archive:
        images = _images(found, archive.namelist())
        if not found.form.is_hashed:
            archive.require_whole(archive.getinfo(name) for name in images.values())


def _summarise(folder: Path) -> str:
    counts = {name: sum(1 for _ in (folder / name).iterdir()) for name in FOLDERS}
    train, test = (
        f"{counts[f'{split}/NORMAL']:,} + {counts[f'{split}/PNEUMONIA']:,}" for split in ("train", "test")
    )
    return f"{sum(counts.values()):,} images, train {train}, test {test}"


def _images(found: Found, names: Iterable[str]) -> dict[str, str]:
    """The images among these files, by the one name that loaders give them: "train/NORMAL/name.jpeg".

    Raises
    ------
    DataError
        If there are fewer than there must be, or two that would be spelled alike.
    """
    images, kinds = {}, Counter()
    for name in names:
        path = PurePosixPath(name)
        folder = "/".join(path.parts[-3:-1])
        if folder not in FOLDERS or any(map(folders.is_dropping, path.parts)):
            continue
        kinds[f"{path.suffix or 'without a suffix'} in {folder}"] += 1
        if path.suffix.lower() in (".jpeg", ".jpg"):
            image = f"{folder}/{path.stem}.jpeg"
            if image in images:
                raise DataError(f"{found.path.name} holds {images[image]} and {name}: keep one of them")
            images[image] = name
    there = (
        ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common(6)) or "none of the folders it should have"
    )
    found.require(Counter(str(PurePosixPath(image).parent) for image in images), f"it holds {there}")
    return images


def _look(found: Found) -> list[str]:
    """What lies in the class folders of a folder, by path relative to it."""
    return [
        name
        for name, size in folders.look(found.path)[0].items()
        if size is not None and name.count("/") == 2
    ]


def _resized(found: Found, size: int) -> Path:
    def build(folder: Path) -> None:
        as_is = found.path.name == f"chest_xray_{size}.zip"
        with archives.open_zip(found.path, found.form.unpacked) as archive:
            images = _images(found, archive.namelist())
            for image, name in _progress(images.items(), f"X-rays at {size} x {size}"):
                content = archive.read(name)
                _write(folder / image, content if as_is else _resize(content, size, image))

    return cache.prepare(f"chest_xray/{size}-from-{_name(found)}", build)


def _originals(found: Found) -> Path:
    if found.path.is_dir():
        return _originals_from_folder(found)

    def build(folder: Path) -> None:
        with archives.open_zip(found.path, found.form.unpacked) as archive:
            images = _images(found, archive.namelist())
            if found.path.name == PUBLISHED:
                images = {image: images[source] for image, source in _sample(list(images)).items()}
            for image, name in _progress(images.items(), "X-rays at full size"):
                _write(folder / image, archive.read(name))

    return cache.prepare(f"chest_xray/originals-from-{_name(found)}", build)


def _originals_from_folder(found: Found) -> Path:
    """The folder itself if it holds the images and nothing else; otherwise a copy of the images alone."""
    there, dropped = folders.look(found.path)
    images = _images(found, _look(found))
    if empty := [name for name in images.values() if there[name] == 0]:
        raise DataError(f"{found.path.name}/{empty[0]} is empty")
    if not dropped and set(there) == {*images, *FOLDERS, "train", "test"}:
        return found.path

    def build(folder: Path) -> None:
        for image, name in images.items():
            with folders.reading(found.path / name):
                content = (found.path / name).read_bytes()
            _write(folder / image, content)

    stamps = [f"{name} {there[name]} {(found.path / name).stat().st_mtime_ns}" for name in images.values()]
    version = hashlib.sha256("\n".join([str(found.path), *stamps]).encode()).hexdigest()[:16]
    return cache.prepare(f"chest_xray/originals-copy-{version}", build)


def _name(found: Found) -> str:
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
    return cache.prepare(f"stand-in/chest_xray/{PHANTOMS}", draw_chests)


def _resized_phantoms(size: int) -> Path:
    originals = _phantoms()

    def build(folder: Path) -> None:
        for path in sorted(originals.rglob("*.jpeg")):
            name = path.relative_to(originals)
            _write(folder / name, _resize(path.read_bytes(), size, name.name))

    return cache.prepare(f"stand-in/chest_xray/{PHANTOMS}-{size}", build)


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


def draw_chests(folder: Path) -> None:
    """Draw chests that look a little like X-rays, as JPEG files of many sizes, a few of them RGB.

    Pneumonia is drawn as bright clouds in the lungs. The test images are exposed more brightly than the
    training images, so that, as with the real ones, healthy chests are taken for sick ones.
    """
    rng = np.random.default_rng(0)
    for name, n in N_CHESTS.items():
        (folder / name).mkdir(parents=True)
        for i in range(n):
            chest = _draw_chest(rng, is_sick=name.endswith("PNEUMONIA"), is_bright=name.startswith("test"))
            if i % 20 == 0:
                chest = chest.convert("RGB")
            chest.save(folder / name / f"phantom-{i:03}.jpeg", quality=85)


def _draw_chest(rng: np.random.Generator, is_sick: bool, is_bright: bool) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFilter

    width, height = int(rng.integers(360, 700)), int(rng.integers(300, 560))
    image = Image.new("L", (160, 128), 15)
    draw = ImageDraw.Draw(image)
    tilt, dy = rng.integers(-5, 6, 2)

    def ellipse(x, y, rx, ry, grey):
        draw.ellipse((x - rx + tilt, y - ry + dy, x + rx + tilt, y + ry + dy), fill=int(grey))

    body = rng.normal(135, 10)
    lung = rng.normal(60, 8)
    ellipse(80, 80, 70, 75, body)
    for x in (52, 108):
        ellipse(x, 64, rng.normal(20, 2), rng.normal(40, 3), lung)
    ellipse(90, 86, 20, 24, body + 25)  # heart
    draw.rectangle((76 + tilt, 0, 84 + tilt, 128), fill=int(body + 45))  # spine
    for y in range(24, 104, 12):  # ribs
        for x in (52, 108):
            draw.arc(
                (x - 24 + tilt, y + dy, x + 24 + tilt, y + 18 + dy), 190, 350, fill=int(lung + 30), width=2
            )
    if is_sick:
        for _ in range(rng.integers(2, 5)):
            x = rng.choice([52, 108]) + rng.integers(-10, 11)
            ellipse(
                x, rng.integers(45, 92), rng.uniform(6, 14), rng.uniform(6, 14), lung + rng.uniform(30, 65)
            )
    image = image.filter(ImageFilter.GaussianBlur(2.0)).resize((width, height), Image.Resampling.BICUBIC)
    exposure = rng.normal(1.12 if is_bright else 1.0, 0.06)
    grain = rng.normal(0, 5, (height, width)).astype(np.float32)
    pixels = np.asarray(image, dtype=np.float32) * exposure + grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
