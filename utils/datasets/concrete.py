"""Concrete: what each mix holds, and the strength it reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from utils.datasets import store, tables
from utils.datasets.folders import Found
from utils.datasets.tables import Number

if TYPE_CHECKING:
    import pandas as pd

# The publisher's columns, double space and trailing space included, with the short name that UCI's data.csv
# has for the same column and the values it may have.
COLUMNS = {
    "Cement (component 1)(kg in a m^3 mixture)": ("Cement", Number(0, 1000)),
    "Blast Furnace Slag (component 2)(kg in a m^3 mixture)": ("Blast Furnace Slag", Number(0, 1000)),
    "Fly Ash (component 3)(kg in a m^3 mixture)": ("Fly Ash", Number(0, 1000)),
    "Water  (component 4)(kg in a m^3 mixture)": ("Water", Number(50, 500)),
    "Superplasticizer (component 5)(kg in a m^3 mixture)": ("Superplasticizer", Number(0, 100)),
    "Coarse Aggregate  (component 6)(kg in a m^3 mixture)": ("Coarse Aggregate", Number(100, 3000)),
    "Fine Aggregate (component 7)(kg in a m^3 mixture)": ("Fine Aggregate", Number(100, 3000)),
    "Age (day)": ("Age", Number(1, 1000, whole=True)),
    "Concrete compressive strength(MPa, megapascals) ": ("Concrete compressive strength", Number(0, 200)),
}
N_MIXES = 1_030


def load_concrete() -> pd.DataFrame:
    """Load Yeh's concrete mixes (UCI dataset 165).

    Returns
    -------
    DataFrame
        1,030 rows of 9 columns under the publisher's names: seven components in kg per cubic metre and the
        compressive strength in MPa, float64; the age in days, int64. Similar mixes stand in neighbouring
        rows: shuffle before you split.

    Raises
    ------
    DataError
        If the file is broken, or missing while COURSE_DATA_POLICY is real.
    """
    return store.load(
        "concrete",
        read=_read,
        stand_in=mixes,
        summarise=lambda table: f"{len(table):,} mixes",
    )


@store.checks("concrete")
def check(found: Found) -> None:
    """Raise DataError unless the file holds all mixes, with sensible values."""
    found.require({"mixes": len(_read(found))})


def _read(found: Found) -> pd.DataFrame:
    short_names = {short: name for name, (short, _) in COLUMNS.items()}
    table = tables.read_csv(found.path).rename(columns=short_names)
    tables.require_columns(table, list(COLUMNS), found.path.name)
    return tables.checked(table, {name: rule for name, (_, rule) in COLUMNS.items()}, found.path.name)


def mixes() -> pd.DataFrame:
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
