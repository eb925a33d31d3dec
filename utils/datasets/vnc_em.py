"""Sections of a fruit fly larva's nerve cord, electron microscope, with membranes and mitochondria."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from utils.datasets import archives, cache, store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found, reading

Sections = tuple[np.ndarray, np.ndarray, np.ndarray]

N_SECTIONS = 20
PUBLISHED, SIDE, BLOCK = (
    1024,
    256,
    4,
)  # pixels a side: as published, as loaded; and of the blocks between them
ORIGINALS = ("raw/{:02}.tif", "membranes/{:02}.png", "mitochondria/{:02}.png")
REDUCED = ("sections/{:02}.pgm", "membranes/{:02}.pbm", "mitochondria/{:02}.pbm")
N_DRAWN = 10  # sections in the stand-in
N_CELLS, DRIFT = 130, 2.0  # in the stand-in: in one section, and in pixels from one section to the next


def load_vnc_em() -> Sections:
    """Load consecutive sections of neural tissue, reduced to a quarter of their published width and height.

    The licence, CC BY-NC-SA 3.0, allows no commercial use.

    Returns
    -------
    images, membranes, mitochondria
        Each of shape (n, 256, 256), section after section; a pixel is 18 nm wide. Images are uint8, 0 dark.
        Masks are bool, True in a membrane, in a mitochondrion. n is 20; in the stand-in 10.

    Raises
    ------
    DataError
        If the files are broken, or missing while COURSE_DATA_POLICY is real, or the cache cannot be written.
    """
    return store.load("vnc_em", read=_read, stand_in=draw_sections, summarise=_summarise)


@store.checks("vnc_em")
def check(found: Found) -> None:
    """Raise DataError unless every section is there, whole and of the right size."""
    _unpacked(found) if _is_packed(found) else _reduced(found.folder)


def _summarise(sections: Sections) -> str:
    images, *_ = sections
    return f"{len(images)} sections of {images.shape[1]} x {images.shape[2]} pixels with two masks each"


def _is_packed(found: Found) -> bool:
    return len(found.paths) == 1


def _read(found: Found) -> Sections:
    """The sections, from the prepared zip or from what was published; the latter is reduced only once."""
    if _is_packed(found):
        return _unpacked(found)

    def build(folder: Path) -> None:
        write(folder, _reduced(found.folder))

    folder = cache.prepare(f"vnc_em/{SIDE}-from-{PUBLISHED}", build)
    return _sections(lambda name: (folder / name).read_bytes())


def _unpacked(found: Found) -> Sections:
    with archives.open_zip(found.path, found.form.unpacked) as archive:
        there = set(archive.namelist())
        names = [name.format(i) for name in REDUCED for i in range(N_SECTIONS)]
        if missing := [name for name in names if name not in there]:
            raise DataError(f"{found.path.name} lacks {missing[0]}")
        return _sections(archive.read)


def _sections(read: Callable[[str], bytes]) -> Sections:
    """The sections of the reduced form, whose files `read` returns by their names."""
    images, *masks = ([_picture(read(name.format(i)), SIDE) for i in range(N_SECTIONS)] for name in REDUCED)
    return np.stack(images), np.stack(masks[0]) > 0, np.stack(masks[1]) > 0


def _reduced(folder: Path) -> Sections:
    """What was published, block by block of 4 x 4 pixels: the mean grey; of a mask, whether half are True."""

    def blocks(name: str) -> np.ndarray:
        with reading(folder / name):
            content = (folder / name).read_bytes()
        pixels = _picture(content, PUBLISHED, name).astype(int)
        pixels = pixels if name.startswith("raw") else pixels > 127  # a few mitochondria's edges are grey
        return pixels.reshape(SIDE, BLOCK, SIDE, BLOCK).sum(axis=(1, 3))

    half = BLOCK**2 // 2
    raw, *masks = (np.stack([blocks(name.format(i)) for i in range(N_SECTIONS)]) for name in ORIGINALS)
    return ((raw + half) // BLOCK**2).astype(np.uint8), masks[0] >= half, masks[1] >= half


def _picture(content: bytes, side: int, name: str = "a section") -> np.ndarray:
    """A picture's pixels, uint8 of shape (side, side), 255 where one of black and white is white."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{name} is not a whole image ({error})") from None
    if pixels.shape != (side, side):
        raise DataError(f"{name} has {pixels.shape[1]} x {pixels.shape[0]} pixels, not {side} x {side}")
    return pixels


def write(folder: Path, sections: Sections) -> None:
    """Write sections in the reduced form: pgm and pbm files, whose bits depend on no library's compression.

    The folder is what `python -m tools.pack vnc_em FOLDER` packs for a release.
    """
    for name, pictures in zip(REDUCED, sections, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        for i, picture in enumerate(pictures):
            height, width = picture.shape
            if picture.dtype == bool:  # in a pbm a one is black
                content = f"P4\n{width} {height}\n".encode() + np.packbits(~picture, axis=1).tobytes()
            else:
                content = f"P5\n{width} {height}\n255\n".encode() + picture.tobytes()
            (folder / name.format(i)).write_bytes(content)


def draw_sections(n: int = N_DRAWN) -> Sections:
    """Draw synthetic sections: cells with dark walls and dark specks, and striped ellipses in some of them.

    The cells are those of a Voronoi tessellation whose centres drift from section to section, so neighbouring
    sections resemble each other, as real ones do. Walls, ellipses and specks are dark, and so are some cells:
    one grey level does not tell them apart.

    Parameters
    ----------
    n : int
        How many sections.

    Returns
    -------
    images, membranes, mitochondria
        As `load_vnc_em` returns them.
    """
    rng = np.random.default_rng(0)
    pixels = np.stack(np.mgrid[:SIDE, :SIDE], axis=-1) + np.stack([3 * _waves(rng, 8) for _ in "yx"], axis=-1)
    centres = rng.uniform(-30, SIDE + 30, (N_CELLS, 2))
    half_width = rng.uniform(1.0, 2.5, N_CELLS)  # of a cell's walls, in pixels
    grey = rng.normal(150, 18, N_CELLS)
    axes = rng.uniform(4, 11, (N_CELLS, 2)) * (
        rng.random((N_CELLS, 1)) < 0.33
    )  # of its ellipse, if it has one
    angle = rng.uniform(0, np.pi, N_CELLS)
    sections = []
    for _ in range(n):
        sections.append(_draw(rng, pixels, centres, half_width, grey, axes, angle))
        centres = centres + rng.normal(0, DRIFT, centres.shape)
    images, membranes, mitochondria = map(np.stack, zip(*sections, strict=True))
    return images, membranes, mitochondria


def _draw(rng: np.random.Generator, pixels, centres, half_width, grey, axes, angle) -> Sections:
    """One section: which cell each pixel (SIDE, SIDE, 2) belongs to, how far from its wall, and the rest."""
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import cKDTree

    distance, cells = cKDTree(centres).query(pixels, k=2)
    cell = cells[..., 0]
    between = np.linalg.norm(centres[cells[..., 1]] - centres[cell], axis=-1)
    membrane = np.diff(distance**2)[..., 0] / (2 * between) < half_width[cells].mean(axis=-1)
    y, x = np.moveaxis(pixels - centres[cell], -1, 0)
    along = x * np.cos(angle[cell]) + y * np.sin(angle[cell])
    across = y * np.cos(angle[cell]) - x * np.sin(angle[cell])
    long, short = np.moveaxis(np.maximum(axes, 0.1)[cell], -1, 0)
    mitochondrion = ((along / long) ** 2 + (across / short) ** 2 < 1) & ~membrane
    image = np.where(_waves(rng, 1.2) > 2, 85.0, grey[cell])
    image = np.where(mitochondrion, 90 + 20 * np.sign(np.sin(2 * across)), image)
    image = np.where(membrane, 80 + 18 * _waves(rng, 6), image)
    image = gaussian_filter(image, 0.7) + rng.normal(0, 18, image.shape)
    return image.round().clip(0, 255).astype(np.uint8), membrane, mitochondrion


def _waves(rng: np.random.Generator, width: float) -> np.ndarray:
    """A random landscape of shape (SIDE, SIDE): standard deviation 1, hills about `width` pixels wide."""
    from scipy.ndimage import gaussian_filter

    landscape = gaussian_filter(rng.normal(size=(SIDE, SIDE)), width)
    return landscape / landscape.std()
