"""Reading a CSV file of which nothing is believed until it is checked."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from utils.datasets.catalogue import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa


def read_csv(path: Path) -> pd.DataFrame:
    """Every field of a CSV file, plain or gzipped, as text.

    Raises
    ------
    DataError
        If the file is not whole or not a CSV file.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as a CSV file: {error}") from None
    if table.empty:
        raise DataError(f"{path.name} has no rows; its first line is {','.join(table.columns)[:80]!r}")
    return table


def require_columns(table: pd.DataFrame, columns: list[str], file: str) -> None:
    """Raise DataError, with what the first line holds instead, unless `table` has all `columns`."""
    if missing := [column for column in columns if column not in table.columns]:
        heading = ",".join(table.columns)[:80]
        raise DataError(f"{file} has no column {', '.join(missing)}; its first line is {heading!r}")


def validate(table: pd.DataFrame, schema: pa.DataFrameSchema, file: str) -> pd.DataFrame:
    """`table` with the dtypes of `schema`.

    Raises
    ------
    DataError
        If a value does not fit: the first one in the file, by column, row (the file's line) and value.
    """
    import pandera.pandas as pa

    try:
        return schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        # Pandera also reports a column whose dtype could not be changed as a whole; the rows say it better.
        cases = errors.failure_cases.dropna(subset="index")
        rows = cases["index"].astype(int)
        first = cases.loc[rows.idxmin()]
        value = table.loc[int(first["index"]), first["column"]]
        rule = "it must be a number" if first["check"].startswith("coerce") else first["check"]
        others = rows.nunique() - 1
        more = f"; {others:,} more rows are wrong" if others else ""
        raise DataError(
            f"{file}, column {first['column']}, row {int(first['index']) + 2}: {value!r} is not allowed"
            f" ({rule}){more}"
        ) from None
