"""HDB: every resale of a Singapore public flat since January 2017."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from utils.datasets import stand_ins, store, tables
from utils.datasets.catalogue import DataError

if TYPE_CHECKING:
    import pandas as pd

START, END = "2017-01", "2024-06"
COLUMNS = [
    "month",
    "town",
    "flat_type",
    "block",
    "street_name",
    "storey_range",
    "floor_area_sqm",
    "flat_model",
    "lease_commence_date",
    "remaining_lease",
    "resale_price",
]
_MONTH = r"\d{4}-(0[1-9]|1[0-2])"


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
        stand_in=lambda: _window(stand_ins.flats(), start, end, "the stand-in"),
        summarise=lambda sales: f"{len(sales):,} sales, {sales['month'].min()} to {sales['month'].max()}",
        check=check,
    )


def check(found: store.Found) -> None:
    """Raise DataError unless the file holds every month of the course's window, and enough sales."""
    sales = _read(found)
    _window(sales, START, END, found.path.name)
    found.require({"sales": len(sales)})


def _read(found: store.Found) -> pd.DataFrame:
    import pandera.pandas as pa

    table = tables.read_csv(found.path)
    file = found.path.name
    if "remaining_lease" not in table.columns and "resale_price" in table.columns:
        raise DataError(
            f"{file} has no column remaining_lease. Among HDB's files, that of sales from January 2017 on"
            " has it as text, that of 2015 to 2016 in whole years; those of earlier sales (1990 to 1999, 2000"
            " to February 2012, March 2012 to December 2014) do not have it"
        )
    tables.require_columns(table, COLUMNS, file)

    def text(pattern: str) -> pa.Column:
        return pa.Column(str, pa.Check.str_matches(f"^({pattern})$", error=f"it must match {pattern}"))

    schema = pa.DataFrameSchema(
        {
            "month": text(_MONTH),
            **{name: text(".+") for name in ("town", "flat_type", "block", "street_name", "flat_model")},
            "storey_range": text(r"\d\d TO \d\d"),
            "remaining_lease": text(r"\d{1,2}( years?( \d{1,2} months?)?)?"),
            "floor_area_sqm": pa.Column(float, pa.Check.in_range(10, 1000), coerce=True),
            "lease_commence_date": pa.Column("int64", pa.Check.in_range(1960, 2100), coerce=True),
            "resale_price": pa.Column(float, pa.Check.in_range(1_000, 10_000_000), coerce=True),
        }
    )
    return tables.validate(table[COLUMNS], schema, file)


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
