"""HDB: every resale of a Singapore public flat since January 2017."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from utils.datasets import store, tables
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found
from utils.datasets.tables import Number, Text

if TYPE_CHECKING:
    import pandas as pd

START, END = "2017-01", "2024-06"
_MONTH = r"\d{4}-(0[1-9]|1[0-2])"
_CAPITALS = Text(
    r"[^\sa-z]+( [^\sa-z]+)*", "it must be words in capitals, with one blank between them and none around"
)
_WORDS = Text(r"\S+( \S+)*", "it must be words with one blank between them and none around")
# What each column holds. Prices and areas of all sales since 2017 lie well inside these ranges.
COLUMNS = {
    "month": Text(_MONTH, 'it must be a month, like "2017-01"'),
    "town": _CAPITALS,
    "flat_type": _CAPITALS,
    "block": _WORDS,
    "street_name": _CAPITALS,
    "storey_range": Text(r"\d\d TO \d\d", 'it must be like "10 TO 12"'),
    "floor_area_sqm": Number(20, 400, "m²"),
    "flat_model": _WORDS,
    "lease_commence_date": Number(1960, 2100, whole=True),
    "remaining_lease": Text(
        r"\d{1,2}( years?( \d{1,2} months?)?)?", 'it must be like "61 years 04 months" or "61"'
    ),
    "resale_price": Number(1_000, 10_000_000, "Singapore dollars"),
}
REPEATED = 0.01  # 291 of the publisher's 188,615 sales repeat others, in all columns
N_FLATS = 12_000  # in the stand-in


def load_hdb(start: str = START, end: str = END) -> pd.DataFrame:
    """Load the resales registered in the months `start` to `end`, both included, as "YYYY-MM".

    Returns
    -------
    DataFrame
        One row per sale under the publisher's names. Text as published: month ("2017-01"), town, flat_type,
        block, street_name, storey_range ("10 TO 12"), flat_model, remaining_lease ("61 years 04 months",
        "61 years", "60 years 01 month", in older publications "61"). Numbers: floor_area_sqm (m², float64),
        lease_commence_date (year, int64), resale_price (Singapore dollars, float64).

    Raises
    ------
    ValueError
        If `start` or `end` is not a month, or `end` lies before `start`.
    DataError
        If the file is broken, lacks a month, or is missing while COURSE_DATA_POLICY is real.
    """
    for month in (start, end):
        if not re.fullmatch(_MONTH, month):
            raise ValueError(f'{month!r} is not a month: write it like "2017-01"')
    if end < start:
        raise ValueError(f"the window ends in {end}, before it starts in {start}")
    return store.load(
        "hdb_resale",
        read=lambda found: _window(_read(found), start, end, found.path.name),
        stand_in=lambda: _window(flats(), start, end, "the stand-in"),
        summarise=lambda sales: f"{len(sales):,} sales, {sales['month'].min()} to {sales['month'].max()}",
    )


@store.checks("hdb_resale")
def check(found: Found) -> None:
    """Raise DataError unless the file holds every month of the course's window, and enough sales."""
    sales = _read(found)
    _window(sales, START, END, found.path.name)
    found.require({"sales": len(sales)})


def _read(found: Found) -> pd.DataFrame:
    table = tables.read_csv(found.path)
    file = found.path.name
    if "remaining_lease" not in table.columns and "resale_price" in table.columns:
        raise DataError(
            f"{file} has no column remaining_lease. Among HDB's files, that of sales from January 2017 on"
            " has it as text, that of 2015 to 2016 in whole years; those of earlier sales (1990 to 1999, 2000"
            " to February 2012, March 2012 to December 2014) do not have it"
        )
    tables.require_columns(table, list(COLUMNS), file)
    return tables.checked(table, COLUMNS, file, repeated=REPEATED)


def _window(sales: pd.DataFrame, start: str, end: str, file: str) -> pd.DataFrame:
    import pandas as pd

    present = set(sales["month"])
    wanted = [str(month) for month in pd.period_range(start, end, freq="M")]
    if missing := [month for month in wanted if month not in present]:
        raise DataError(
            f"{file} has sales from {min(present)} to {max(present)}; of the window {start} to {end} it lacks"
            f" {len(missing)} months, the first {missing[0]}"
        )
    return sales[sales["month"].between(start, end)].reset_index(drop=True)


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
