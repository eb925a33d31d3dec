"""Reading a CSV file of which nothing is believed until it is checked."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from utils.datasets.catalogue import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", flags=re.ASCII)


@dataclass(frozen=True)
class Text:
    """A column of text: all of a value matches `pattern`, which `rule` puts in words."""

    pattern: str
    rule: str

    def parse(self, values: pd.Index) -> tuple[pd.Index, list[bool]]:
        """The values, and for each whether it is as it must be."""
        whole = re.compile(self.pattern)
        return values, [isinstance(value, str) and bool(whole.fullmatch(value)) for value in values]


@dataclass(frozen=True)
class Number:
    """A column of numbers from `low` to `high`: float64, or int64 if they are `whole`."""

    low: float
    high: float
    unit: str = ""
    whole: bool = False

    @property
    def rule(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"it must be {kind} from {self.low} to {self.high} {self.unit}".rstrip()

    def parse(self, values: pd.Index) -> tuple[np.ndarray, list[bool]]:
        """The numbers, and for each whether it is as it must be."""
        import numpy as np

        is_number = [isinstance(value, str) and bool(_NUMBER.fullmatch(value)) for value in values]
        numbers = [float(value) if ok else self.low for value, ok in zip(values, is_number, strict=True)]
        fits = [
            ok and self.low <= number <= self.high and not (self.whole and number % 1)
            for ok, number in zip(is_number, numbers, strict=True)
        ]
        return np.array(numbers).astype("int64" if self.whole else "float64"), fits


def read_csv(path: Path) -> pd.DataFrame:
    """Every field of a CSV file, plain or gzipped, as text.

    Raises
    ------
    DataError
        If the file is not whole or not a CSV file, or a row has more fields than the first line has names.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if told := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error)):
            names, row, fields = told.groups()
            raise DataError(f"{path.name}, row {row}: {fields} fields, but {names} names in row 1") from None
        raise DataError(f"{path.name} cannot be read as a CSV file: {error}") from None
    if table.empty:
        raise DataError(f"{path.name} has no rows; its first line is {','.join(table.columns)[:80]!r}")
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes fields without a name for names of rows
        n_names, n_fields = len(table.columns), len(table.columns) + table.index.nlevels
        raise DataError(
            f"{path.name}, column {n_fields}, row 2: {table.iloc[0, -1]!r} is not allowed"
            f" ({n_fields} fields, but {n_names} names in row 1; does the row end in a comma?)"
        )
    return table


def require_columns(table: pd.DataFrame, columns: list[str], file: str) -> None:
    """Raise DataError, with what the first line holds instead, unless `table` has all `columns`."""
    if missing := [column for column in columns if column not in table.columns]:
        heading = ",".join(table.columns)[:80]
        raise DataError(f"{file} has no column {', '.join(missing)}; its first line is {heading!r}")


def checked(
    table: pd.DataFrame, rules: dict[str, Text | Number], file: str, repeated: float = 1.0
) -> pd.DataFrame:
    """The columns that have a rule, in the rules' order and dtypes.

    Each different value is looked at once: of 188,000 sales no column has more than 4,000.

    Parameters
    ----------
    table
        Text, as `read_csv` gives it.
    repeated
        The largest part of the rows that may be the same as earlier ones.

    Raises
    ------
    DataError
        If a value breaks its rule: the first one in the file, by column, row (the file's line) and value. Or
        if too many rows are repeated, as in a file joined to itself.
    """
    import numpy as np
    import pandas as pd

    columns, codes, wrong = {}, {}, {}
    for name, rule in rules.items():
        codes[name], values = pd.factorize(table[name], use_na_sentinel=False)
        parsed, fits = rule.parse(values)
        columns[name] = parsed.take(codes[name])
        wrong[name] = ~np.array(fits)[codes[name]]
    if any(rows.any() for rows in wrong.values()):
        raise _first_wrong(table, rules, pd.DataFrame(wrong), file)
    n_repeated = int(pd.DataFrame(codes).duplicated().sum())
    if n_repeated > repeated * len(table):
        raise DataError(
            f"{file}: {n_repeated:,} of {len(table):,} rows repeat earlier ones, at most"
            f" {int(repeated * len(table)):,} are believed: was the file joined to itself?"
        )
    return pd.DataFrame(columns)


def _first_wrong(table, rules, wrong: pd.DataFrame, file: str) -> DataError:
    rows = wrong.any(axis=1).to_numpy()
    row = int(rows.argmax())
    column = wrong.columns[int(wrong.iloc[row].to_numpy().argmax())]
    value = table[column].iloc[row]
    others = int(rows.sum()) - 1
    return DataError(
        f"{file}, column {column}, row {row + 2}: {value if isinstance(value, str) else ''!r} is not allowed"
        f" ({rules[column].rule})" + (f"; {others:,} more rows are wrong" if others else "")
    )
