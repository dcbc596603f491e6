"""Tables over replicates: one column a run, beside what names the row.

In: tables with a column ``value``, measured by a finding in some replicates. Out: the files of the
finding's folder, and from them frames with estimate and interval, or quantities by name. Called by
the stages of the findings, which write, and by the scorecard and the pages, which read.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.files import write_whole
from proxyreward.findings.core.quantity import Quantity, over_replicates

RECORD = "replicates.json"
QUANTITIES = "quantities"
VALUE, PAPER, EXACT = "value", "paper", "exact"
ESTIMATED = ["estimate", "low", "high", "own", "runs"]
Tables = Mapping[str, pd.DataFrame]


def as_table(quantities: Mapping[str, Quantity]) -> pd.DataFrame:
    """The quantities of one run as a table: quantity, exact, paper, value."""
    rows = [(name, q.is_counted, q.paper, q.own) for name, q in quantities.items()]
    return pd.DataFrame(rows, columns=["quantity", EXACT, PAPER, VALUE])


def write(folder: Path, default: int, found: Mapping[int, Tables], experiment: str) -> list[str]:
    """Write what was measured in some replicates; columns of others that the files hold stay.

    So a run of the default replicate alone is seen beside the replicates that come with the
    project.

    Parameters
    ----------
    folder
        That of the finding: ``<table>.csv`` and ``replicates.json``.
    default
        Seed of the default run, whose rows the tables have.
    found
        By seed of the replicate, tables by name: columns that name the row, ``value``, and
        ``paper`` where the paper prints numbers. No two rows have one name.
    experiment
        What all parameters but the seed come to. Columns of another one are no replicates of this.

    Returns
    -------
    list of str
        What the files held and is left out: replicates of another experiment, rows that the
        default run does not measure any more, or all of it where they were damaged.
    """
    kept, told = _kept(folder, set(found), experiment, list(found[default]))
    elsewhere = {seed for columns in kept.values() for seed in columns}
    seeds = sorted({*found, *elsewhere}, key=lambda seed: (seed != default, seed))
    gone = 0
    for name, own in found[default].items():
        table = own.drop(columns=VALUE)
        keys = _keys(table)
        if table.duplicated(keys).any():
            raise ValueError(f"{name}: two rows have one name, columns {', '.join(keys)}")
        index, columns = _index(table, keys), kept.get(name, {})
        gone = max([gone, *(len(column.index.difference(index)) for column in columns.values())])
        columns |= {
            seed: tables[name].set_axis(_index(tables[name], keys))[VALUE]
            for seed, tables in found.items()
        }
        for seed in seeds:
            column = columns.get(seed, pd.Series(dtype=float))
            table[str(seed)] = column.reindex(index).to_numpy()
        text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
        write_whole(folder / f"{name}.csv", text)
    if gone:
        told.append(f"{gone} rows of an earlier code")
    record = {"experiment": experiment, "seeds": seeds}
    write_whole(folder / RECORD, json.dumps(record, indent=2) + "\n")
    return told


def read(folder: Path, name: str) -> pd.DataFrame:
    """A table over replicates: what names the row, `paper` if it has it, and the estimate.

    Returns
    -------
    DataFrame
        With columns estimate, low, high (see
        :func:`proxyreward.findings.core.quantity.over_replicates`), own (the default run) and runs
        (replicates that have the number).

    Raises
    ------
    ValueError
        A file is missing or is not as :func:`write` leaves it; names it and the remedy.
    """
    path = folder / f"{name}.csv"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
        values = _values(table, _record(folder)["seeds"])
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    found = dict(zip(ESTIMATED, over_replicates(values), strict=False))
    found |= {"own": values[:, 0], "runs": np.isfinite(values).sum(axis=1)}
    return table[[*_keys(table), *([PAPER] if PAPER in table else [])]].assign(**found)


def quantities(folder: Path) -> dict[str, Quantity]:
    """Quantities over replicates by name, in the order of the default run; errors as of read."""
    path = folder / f"{QUANTITIES}.csv"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"quantity": str})
        values = _values(table, _record(folder)["seeds"])
        if list(table)[:3] != ["quantity", EXACT, PAPER] or table[EXACT].dtype != bool:
            raise ValueError("its first columns are not quantity, exact and paper")
        if table["quantity"].isna().any():
            raise ValueError("a quantity has no name")
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    rows = zip(table["quantity"], values, table[PAPER].astype(float), table[EXACT], strict=True)
    return {name: Quantity(row, paper, bool(exact)) for name, row, paper, exact in rows}


def _keys(table: pd.DataFrame) -> list[str]:
    """Columns that name a row: all but the paper's number, the value and those of the runs."""
    return [name for name in table if name not in (PAPER, VALUE) and not _is_seed(name)]


def _is_seed(name: str) -> bool:
    return name.removeprefix("-").isdigit()


def _index(table: pd.DataFrame, keys: list[str]) -> pd.Index:
    """The names of the rows as the file has them."""
    return pd.Index(table[keys].to_csv(index=False, header=False, float_format="%.9g").splitlines())


def _kept(
    folder: Path, measured: set[int], experiment: str, names: list[str]
) -> tuple[dict[str, dict[int, pd.Series]], list[str]]:
    """Columns of replicates that are not measured now, by table and seed; and what is left out."""
    if not (folder / RECORD).is_file():
        return {}, []
    try:
        record = _record(folder)
        others = [seed for seed in record["seeds"] if seed not in measured]
        if record["experiment"] != experiment:
            told = f"{len(others)} replicates with other parameters"
            return {}, [told] if others else []
        kept: dict[str, dict[int, pd.Series]] = {}
        for name in names:
            path = folder / f"{name}.csv"
            if others and path.is_file():
                table = pd.read_csv(path, dtype=str, keep_default_na=False)
                index = pd.Index(table[_keys(table)].to_csv(index=False, header=False).splitlines())
                numbers = pd.DataFrame(_values(table, record["seeds"]), index, record["seeds"])
                kept[name] = {seed: numbers[seed] for seed in others}
    except (OSError, ValueError) as error:
        return {}, [f"a damaged table ({' '.join(str(error).split())})"]
    return kept, []


def _record(folder: Path) -> dict[str, Any]:
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    seeds = record.get("seeds") if isinstance(record, dict) else None
    if not isinstance(seeds, list) or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"{RECORD} lists no seeds")
    if not all(type(seed) is int for seed in seeds) or type(record.get("experiment")) is not str:
        raise ValueError(f"{RECORD} holds something else than an experiment and seeds")
    return record


def _values(table: pd.DataFrame, seeds: list[int]) -> np.ndarray:
    """Numbers of the runs, shape (rows, seeds); the default run first."""
    if [name for name in table if _is_seed(name)] != [str(seed) for seed in seeds]:
        raise ValueError(f"its columns are not those of the seeds in {RECORD}")
    if table.duplicated(_keys(table)).any():
        raise ValueError("two rows have one name")
    return table[[str(seed) for seed in seeds]].replace("", np.nan).astype(float).to_numpy()


def _damaged(path: Path, error: Exception) -> ValueError:
    problem = " ".join(str(error).split())
    return ValueError(
        f"{path}: {problem}; `dvc repro --force` writes the table again, `git checkout` restores it"
    )
