"""What takes the place of real data when there are none: small, quick, the same every time.

The simulations keep the columns, the formats and the rough sizes of effects of the real data, so that the
point of a lecture still shows. Nothing about the world can be learnt from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

N_FLATS = 12_000
N_MIXES = 1_030
N_TRAINING_DIGITS = 1_500
N_CHESTS = {"train/NORMAL": 80, "train/PNEUMONIA": 220, "test/NORMAL": 40, "test/PNEUMONIA": 60}
PHANTOMS = "phantoms-1"  # the folder that draw_chests fills in the cache; count up when the drawing changes


def digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Real handwritten digits in the place of MNIST: 1,500 to train on and 297 to test, shuffled.

    Source: the 8 by 8 digits that ship with scikit-learn (E. Alpaydin and C. Kaynak, UCI dataset 80),
    enlarged to 20 by 20 and set in the middle of 28 by 28 pixels, as MNIST's are.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images uint8 of shape (n, 28, 28), labels uint8 of shape (n,).
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    source = load_digits()
    x = np.zeros((len(source.images), 28, 28), dtype=np.uint8)
    for canvas, image in zip(x, source.images, strict=True):
        pixels = Image.fromarray((image * 255 / 16).astype(np.uint8))
        canvas[4:24, 4:24] = np.asarray(pixels.resize((20, 20), Image.Resampling.BICUBIC))
    y = source.target.astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:N_TRAINING_DIGITS], order[N_TRAINING_DIGITS:]
    return (x[train], y[train]), (x[test], y[test])


# For each town: sales per thousand; price per m² relative to the whole, all else equal; the years between
# which leases began (5 %, 50 % and 95 % of them); mean storey; mean area in m². Rounded from HDB's resales of
# 2017-01 to 2024-06 (Singapore Open Data Licence 1.0).
_TOWNS = {
    "ANG MO KIO": (41, 1.14, 1977, 1980, 2012, 8.5, 85),
    "BEDOK": (53, 1.11, 1976, 1980, 2014, 7.7, 90),
    "BISHAN": (18, 1.35, 1984, 1988, 2011, 8.5, 108),
    "BUKIT BATOK": (39, 0.95, 1984, 1987, 2019, 8.6, 95),
    "BUKIT MERAH": (38, 1.35, 1970, 1995, 2017, 11.7, 87),
    "BUKIT PANJANG": (37, 0.88, 1988, 2001, 2015, 10.0, 102),
    "BUKIT TIMAH": (3, 1.57, 1974, 1988, 1989, 7.3, 109),
    "CENTRAL AREA": (8, 1.51, 1974, 1984, 2011, 16.0, 82),
    "CHOA CHU KANG": (46, 0.81, 1989, 1999, 2017, 8.3, 108),
    "CLEMENTI": (22, 1.22, 1978, 1980, 2017, 10.6, 86),
    "GEYLANG": (24, 1.22, 1967, 1982, 2016, 7.7, 84),
    "HOUGANG": (51, 0.98, 1982, 1992, 2018, 7.6, 100),
    "JURONG EAST": (21, 0.98, 1979, 1984, 2014, 9.0, 98),
    "JURONG WEST": (66, 0.87, 1976, 1997, 2015, 8.0, 102),
    "KALLANG/WHAMPOA": (30, 1.26, 1971, 1984, 2017, 10.7, 87),
    "MARINE PARADE": (6, 1.49, 1975, 1975, 1977, 9.5, 87),
    "PASIR RIS": (30, 0.95, 1989, 1993, 2015, 6.9, 120),
    "PUNGGOL": (74, 0.90, 2003, 2014, 2018, 9.5, 96),
    "QUEENSTOWN": (28, 1.37, 1967, 1998, 2016, 13.9, 83),
    "SEMBAWANG": (27, 0.81, 1999, 2001, 2018, 8.6, 100),
    "SENGKANG": (83, 0.87, 1999, 2009, 2017, 10.2, 99),
    "SERANGOON": (18, 1.16, 1983, 1986, 1998, 6.7, 102),
    "TAMPINES": (67, 1.05, 1984, 1988, 2015, 6.7, 104),
    "TOA PAYOH": (31, 1.22, 1968, 1984, 2015, 10.8, 86),
    "WOODLANDS": (71, 0.83, 1978, 1998, 2018, 7.3, 106),
    "YISHUN": (69, 0.91, 1984, 1988, 2018, 6.9, 93),
}
# For each flat type: share; typical area in m² and its spread; the usual flat model.
_FLAT_TYPES = {
    "1 ROOM": (0.001, 31, 0, "Improved"),
    "2 ROOM": (0.018, 46, 3, "Standard"),
    "3 ROOM": (0.236, 68, 6, "New Generation"),
    "4 ROOM": (0.422, 95, 7, "Model A"),
    "5 ROOM": (0.248, 118, 7, "Improved"),
    "EXECUTIVE": (0.074, 145, 10, "Maisonette"),
    "MULTI-GENERATION": (0.001, 161, 13, "Multi Generation"),
}
# Price level by month since 2017-01: flat, then rising from the middle of 2020, fastest at first.
_LEVEL = (0, 30, 42, 54, 66, 78, 89), (1.0, 0.98, 1.0, 1.14, 1.27, 1.36, 1.42)


def flats() -> pd.DataFrame:
    """Simulated resales of public flats, 2017-01 to 2024-06, in the columns and formats of HDB's file.

    The price per m² is a product: town, remaining lease (10 % more for ten years), storey (12 % more for
    ten), the month's level and noise of 10.5 %. Hence a linear model of area alone misses much, town and
    lease explain much of the rest, and the date much of what is left, as in the real data.

    Returns
    -------
    DataFrame
        12,000 rows with the dtypes of `load_hdb`, in order of month and town.
    """
    import pandas as pd

    rng = np.random.default_rng(0)
    n = N_FLATS
    names = np.array(list(_TOWNS))
    share, premium, first, middle, last, mean_storey, mean_area = np.array(list(_TOWNS.values())).T
    # One sale in each town and each month comes first, so that none is missing; the rest are drawn.
    town = np.concatenate([np.arange(26), rng.choice(26, n - 26, p=share / share.sum())])
    month = np.concatenate([np.arange(90), rng.integers(0, 90, n - 90)])
    u = 2 * rng.random(n) - 1  # -1, 0 and 1: the years of the first, the middle and the last lease
    started = (middle[town] + u * np.where(u < 0, (middle - first)[town], (last - middle)[town])).astype(int)
    started = np.minimum(started, 2017 + month // 12 - 4)  # a flat is not sold in its first years
    months_left = 12 * (started + 99 - 2017) + rng.integers(0, 12, n) - month
    band = np.minimum(rng.geometric(3 / (mean_storey[town] + 1)) - 1, 16)
    kind = _draw_kinds(rng, mean_area[town])
    kinds = list(_FLAT_TYPES.values())
    typical, spread = np.array([kinds[k][1:3] for k in kind]).T
    area = np.maximum(typical + spread * rng.standard_normal(n), 31).round()

    level = np.interp(month, *_LEVEL)
    effects = 0.10 * (months_left / 12 - 75) / 10 + 0.12 * (3 * band + 2) / 10 - 0.06 * np.log(area / 95)
    price = 4080 * area * premium[town] * level * np.exp(effects + 0.105 * rng.standard_normal(n))

    block = rng.integers(1, 1000, n)
    letter = rng.choice(["", "", "", "A", "B", "C"], n)
    street = rng.integers(1, 90, n)
    street_kind = rng.choice(["ST", "AVE", "RD"], n)
    table = pd.DataFrame(
        {
            "month": [f"{2017 + m // 12}-{m % 12 + 1:02}" for m in month],
            "town": names[town],
            "flat_type": [list(_FLAT_TYPES)[k] for k in kind],
            "block": [f"{b}{a}" for b, a in zip(block, letter, strict=True)],
            "street_name": [f"{names[t]} {k} {s}" for t, k, s in zip(town, street_kind, street, strict=True)],
            "storey_range": [f"{3 * b + 1:02} TO {3 * b + 3:02}" for b in band],
            "floor_area_sqm": area,
            "flat_model": [kinds[k][3] for k in kind],
            "lease_commence_date": started,
            "remaining_lease": [_lease_text(m, i) for i, m in enumerate(months_left)],
            "resale_price": (price / 1000).round() * 1000.0,
        }
    )
    return table.sort_values(["month", "town"], kind="stable", ignore_index=True)


def _draw_kinds(rng: np.random.Generator, mean_area: np.ndarray) -> np.ndarray:
    """A flat type for each sale, by number; shares are tilted so that a town has about its mean area."""
    share, typical = np.array([kind[:2] for kind in _FLAT_TYPES.values()]).T
    mean, sd = 97, 24  # of all areas, in m²
    tilted = share * np.exp(np.outer(mean_area - mean, typical - mean) / sd**2)
    cumulative = np.cumsum(tilted, axis=1)
    return (rng.random(len(mean_area)) * cumulative[:, -1] > cumulative.T).sum(axis=0)


def _lease_text(months: int, i: int) -> str:
    """A lease in the publisher's words, now and then in those of the three odd rows of the real file."""
    years, rest = divmod(int(months), 12)
    if rest == 0:
        return f"{years} years 0 months" if i % 100 == 0 else f"{years} years"
    return f"{years} years {rest:02} month{'s' if rest > 1 else ''}"


def concrete() -> pd.DataFrame:
    """Simulated concrete mixes.

    Strength = A / B^(w/c) · t / (4 + 0.85 t) + noise: Abrams' law (D. Abrams, Design of Concrete Mixtures,
    1918) with A = 120 MPa and B = 10, where slag counts 0.9 and fly ash 0.4 of their weight as cement, and
    ACI 209's growth with the age t in days. Superplasticizer adds 0.3 MPa per kg.

    Returns
    -------
    DataFrame
        1,030 rows with the columns and dtypes of `load_concrete`. Like the real rows, they are ordered.
    """
    import pandas as pd

    from utils.datasets.concrete import COLUMNS

    rng = np.random.default_rng(0)
    n = N_MIXES
    cement = rng.uniform(102, 540, n)
    slag = rng.uniform(0, 260, n) * (rng.random(n) < 0.55)
    ash = rng.uniform(60, 200, n) * (rng.random(n) < 0.45)
    water = rng.normal(182, 20, n).clip(122, 247)
    plasticizer = rng.uniform(2, 15, n) * (rng.random(n) < 0.65)
    coarse = rng.normal(973, 77, n).clip(801, 1145)
    fine = rng.normal(774, 80, n).clip(594, 993)
    age = rng.choice(
        [1, 3, 7, 14, 28, 56, 90, 180, 365], n, p=[0.01, 0.13, 0.13, 0.07, 0.42, 0.09, 0.1, 0.03, 0.02]
    )
    ratio = water / (cement + 0.9 * slag + 0.4 * ash)
    strength = 120 / 10**ratio * age / (4 + 0.85 * age) + 0.3 * plasticizer + rng.normal(0, 4, n)
    values = [cement, slag, ash, water, plasticizer, coarse, fine, age, strength.clip(2, 90)]
    table = pd.DataFrame(
        {name: v.astype("int64") if v is age else v.round(1) for name, v in zip(COLUMNS, values, strict=True)}
    )
    return table.sort_values(next(iter(COLUMNS)), ignore_index=True)


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
