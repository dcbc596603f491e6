"""Tables over replicates: one column a run, beside what names the row.

In: tables with a column ``value``, measured by a finding in some replicates. Out: the files of the
finding's folder, and from them frames with estimate and interval, or quantities by name. Called by
the stages of the findings, which write, and by the scorecard and the pages, which read.
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.files import write_whole
from proxyreward.findings.core.quantity import Quantity, over_replicates, read_rows

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
    project. A process that dies meanwhile leaves tables of which some are new, and a record from
    which the next one tells what belongs together.

    Parameters
    ----------
    folder
        That of the finding: ``<table>.csv`` and ``replicates.json``.
    default
        Seed of the default run, whose rows the tables have.
    found
        By seed of the replicate, tables by name: columns that name the row, ``value``, and
        ``paper`` where the paper prints numbers. No two rows have one name. A table or row that a
        replicate lacks is undefined there.
    experiment
        What all parameters but the seed come to. Columns of another one are no replicates of this.

    Returns
    -------
    list of str
        What is left out: replicates of another experiment, rows that the default run does not
        measure (any more), or all that the files held where they were damaged.

    Raises
    ------
    ValueError
        Two rows of a table have one name.
    """
    texts, gone = {}, 0
    kept, told, same = _kept(folder, set(found), experiment, list(found[default]))
    elsewhere = {seed for columns in kept.values() for seed in columns}
    seeds = sorted({*found, *elsewhere}, key=lambda seed: (seed != default, seed))
    for name, own in found[default].items():
        columns = kept.get(name, {})
        for seed, tables in found.items():
            if name in tables:
                rows = _names(tables[name], f"{name}, seed {seed}")
                columns[seed] = tables[name].set_axis(rows)[VALUE]
        table, rows = own.drop(columns=VALUE), columns[default].index
        for seed in seeds:
            table[str(seed)] = columns.get(seed, pd.Series(dtype=float)).reindex(rows).to_numpy()
        gone += len(set().union(*(column.index for column in columns.values())) - set(rows))
        texts[f"{name}.csv"] = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    if gone:
        told.append(f"{gone} rows that the default run does not have")
    # The record comes last. Until then the old one stands if its replicates are in new tables too;
    # if not, there is none, and nobody takes one experiment for another.
    if not same:
        (folder / RECORD).unlink(missing_ok=True)
    texts[RECORD] = json.dumps({"experiment": experiment, "seeds": seeds}, indent=2) + "\n"
    for name, text in texts.items():
        write_whole(folder / name, text)
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
    found |= {"own": values[:, 0], "runs": (~np.isnan(values)).sum(axis=1)}
    return table[[*_keys(table), *([PAPER] if PAPER in table else [])]].assign(**found)


def quantities(folder: Path) -> dict[str, Quantity]:
    """Quantities over replicates by name, in the order of the default run; errors as of read."""
    path = folder / f"{QUANTITIES}.csv"
    try:
        table = read_rows(path, ["quantity", EXACT, PAPER])
        values = _values(table, _record(folder)["seeds"])
        rows = zip(table["quantity"], values, table[PAPER].astype(float), table[EXACT], strict=True)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    return {name: Quantity(row, paper, bool(exact)) for name, row, paper, exact in rows}


def _keys(table: pd.DataFrame) -> list[str]:
    """Columns that name a row: all but the paper's number, the value and those of the runs."""
    return [name for name in table if name not in (PAPER, VALUE) and not _is_seed(name)]


def _is_seed(name: str) -> bool:
    return name.removeprefix("-").isdecimal()


def _names(table: pd.DataFrame, what: str) -> pd.Index:
    """The names of the rows as the file has them; a ValueError says of what two are the same."""
    text = table[_keys(table)].to_csv(index=False, header=False, float_format="%.9g")
    found = pd.Index([repr(row) for row in csv.reader(io.StringIO(text, newline=""))])
    if not found.is_unique:
        raise ValueError(f"{what}: two rows have one name, columns {', '.join(_keys(table))}")
    return found


def _kept(
    folder: Path, measured: set[int], experiment: str, names: list[str]
) -> tuple[dict[str, dict[int, pd.Series]], list[str], bool]:
    """Columns of replicates that are not measured now, by table and seed; what is left out; and
    whether the files are of this experiment and whole."""
    paths = {name: folder / f"{name}.csv" for name in names}
    if not (folder / RECORD).is_file():
        known = any(path.is_file() for path in paths.values())
        return {}, [f"replicates in tables without {RECORD}"] if known else [], False
    try:
        record = _record(folder)
        others = [seed for seed in record["seeds"] if seed not in measured]
        if record["experiment"] != experiment:
            told = [f"{len(others)} replicates with other parameters"] if others else []
            return {}, told, False
        kept: dict[str, dict[int, pd.Series]] = {}
        for name, path in paths.items():
            if others and path.is_file():
                table = pd.read_csv(path, dtype=str, keep_default_na=False)
                if not {*map(str, others)} <= {*table}:
                    raise ValueError(f"{path.name} lacks a replicate")
                table.index = _names(table, path.name)
                kept[name] = {
                    seed: table[str(seed)].replace("", np.nan).astype(float) for seed in others
                }
    except (OSError, ValueError) as error:
        problem = " ".join(str(error).split())
        return (
            {},
            [f"replicates in tables that are damaged ({problem}; `git checkout` restores them)"],
            False,
        )
    return kept, [], True


def _record(folder: Path) -> dict[str, Any]:
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    seeds = record.get("seeds") if isinstance(record, dict) else None
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise ValueError(f"{RECORD} lists no seeds")
    if not seeds or len(set(seeds)) < len(seeds) or type(record.get("experiment")) is not str:
        raise ValueError(f"{RECORD} holds no experiment, no seed or one twice")
    return record


def _values(table: pd.DataFrame, seeds: list[int]) -> np.ndarray:
    """Numbers of the runs, shape (rows, seeds); the default run first."""
    if [name for name in table if _is_seed(name)] != [str(seed) for seed in seeds]:
        raise ValueError(f"its columns are not those of the seeds in {RECORD}")
    if table.duplicated(_keys(table)).any():
        raise ValueError("two rows have one name")
    return table[[str(seed) for seed in seeds]].astype(float).to_numpy()


def _damaged(path: Path, error: Exception) -> ValueError:
    problem = " ".join(str(error).split())
    return ValueError(
        f"{path}: {problem}; `dvc repro --force` writes the table again, `git checkout` restores it"
    )
