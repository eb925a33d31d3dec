"""Concrete: what each mix holds, and the strength it reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utils.datasets import stand_ins, store, tables

if TYPE_CHECKING:
    import pandas as pd

# The publisher's columns, double space and trailing space included, with the short name that UCI's data.csv
# has for the same column and the range of its values.
COLUMNS = {
    "Cement (component 1)(kg in a m^3 mixture)": ("Cement", 0, 1000),
    "Blast Furnace Slag (component 2)(kg in a m^3 mixture)": ("Blast Furnace Slag", 0, 1000),
    "Fly Ash (component 3)(kg in a m^3 mixture)": ("Fly Ash", 0, 1000),
    "Water  (component 4)(kg in a m^3 mixture)": ("Water", 50, 500),
    "Superplasticizer (component 5)(kg in a m^3 mixture)": ("Superplasticizer", 0, 100),
    "Coarse Aggregate  (component 6)(kg in a m^3 mixture)": ("Coarse Aggregate", 100, 3000),
    "Fine Aggregate (component 7)(kg in a m^3 mixture)": ("Fine Aggregate", 100, 3000),
    "Age (day)": ("Age", 1, 1000),
    "Concrete compressive strength(MPa, megapascals) ": ("Concrete compressive strength", 0, 200),
}


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
        stand_in=stand_ins.concrete,
        summarise=lambda table: f"{len(table):,} mixes",
        check=check,
    )


def check(found: store.Found) -> None:
    """Raise DataError unless the file holds all mixes, with sensible values."""
    found.require({"mixes": len(_read(found))})


def _read(found: store.Found) -> pd.DataFrame:
    import pandera.pandas as pa

    short_names = {short: name for name, (short, _, _) in COLUMNS.items()}
    table = tables.read_csv(found.path).rename(columns=short_names)
    tables.require_columns(table, list(COLUMNS), found.path.name)
    schema = pa.DataFrameSchema(
        {
            name: pa.Column(
                "int64" if name == "Age (day)" else float, pa.Check.in_range(low, high), coerce=True
            )
            for name, (_, low, high) in COLUMNS.items()
        }
    )
    return tables.validate(table[list(COLUMNS)], schema, found.path.name)
