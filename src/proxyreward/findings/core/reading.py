"""Result tables as they were written: names stay text, what is damaged is named; and their rows.

In: a file under ``results/<scale>/`` and its columns. Out: a frame, or an error of one line that
names the file, the column and the remedy.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype, is_string_dtype

AGAIN = "`dvc repro` writes it again"


def read_table(path: Path, text: Sequence[str], numbers: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table of the pipeline, CSV or parquet.

    Parameters
    ----------
    text : sequence of str
        Columns of names and other texts: "007" and "nan" are texts there, an empty cell "".
    numbers : sequence of str
        Columns that hold numbers; an empty cell is NaN. Further columns are read as they are.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, holds no row, or a column is missing or of another kind.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            kinds = dict.fromkeys(text, str)
            table = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=[""])
            table = table.fillna({name: "" for name in text if name in table})
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such table; `dvc repro` writes it") from None
    except (ValueError, OSError) as error:  # whatever the two readers say of damaged bytes
        problem = " ".join(str(error).split())
        raise ValueError(f"{path}: cannot be read ({problem}); {AGAIN}") from None
    if table.empty:
        raise ValueError(f"{path}: the table has no rows; {AGAIN}")
    for name in text:
        if name not in table:
            raise ValueError(f"{path}: column {name!r} is missing; {AGAIN}")
        if not is_string_dtype(table[name]) or table[name].isna().any():
            raise ValueError(f"{path}: column {name!r} holds something else than text; {AGAIN}")
    require_numbers(path, table, numbers)
    return table


def require_numbers(path: Path, table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table in which one of the columns is missing or holds no numbers."""
    for name in columns:
        if name not in table:
            raise ValueError(f"{path}: column {name!r} is missing; {AGAIN}")
        if not is_numeric_dtype(table[name]) or is_bool_dtype(table[name]):
            raise ValueError(f"{path}: column {name!r} holds something else than numbers; {AGAIN}")


def select(table: pd.DataFrame, **keys: object) -> pd.DataFrame:
    """Rows that have these values in the columns of these names."""
    for column, value in keys.items():
        table = table[table[column] == value]
    return table
