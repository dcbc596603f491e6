"""Quantities over replicates, the unit of evidence: what each run of the pipeline measured.

In: the quantities of a finding in some replicates, which differ by their seed. Out: one table; from
it the quantities that decide claims, each with a t interval over replicates. Called by the stages
of the findings, which write, and by the `scorecard` stage, which reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from proxyreward.files import write_whole
from proxyreward.findings.core.verdict import Quantity
from proxyreward.metrics.resampling import Interval

TABLE = "quantities.csv"
TYPES = {
    "seed": int, "default": bool, "experiment": str, "quantity": str, "value": float,
    "paper": float, "exact": bool,
}  # fmt: skip
COLUMNS = list(TYPES)
ROUNDING = 1e-8  # tables hold nine digits


@dataclass(frozen=True)
class Replicated:
    """A quantity over independent replicates.

    Attributes
    ----------
    values : ndarray, shape (replicates,)
        Those of the replicates in which it is defined.
    own
        Its value in the default run, NaN if it is undefined there.
    paper
        The paper's number for it, NaN if it prints none.
    is_counted
        Exact in each replicate, such as the deviation from a definition: no interval is estimated,
        all replicates have to agree.
    """

    values: np.ndarray
    own: float = np.nan
    paper: float = np.nan
    is_counted: bool = False

    @property
    def n(self) -> int:
        """Number of replicates that carry it."""
        return len(self.values)

    def interval(self, level: float) -> Interval:
        """Mean over replicates and its two-sided t interval of a level, such as 0.95.

        A single replicate says nothing of its own spread, nor do several that agree to the last
        digit, as counts and ranks can: the ends are NaN. Of an exact quantity they are the smallest
        and the largest value.
        """
        if not self.n:
            return Interval(np.nan, np.nan, np.nan)
        mean = float(self.values.mean())
        if self.is_counted:
            return Interval(mean, float(self.values.min()), float(self.values.max()))
        if np.ptp(self.values) <= ROUNDING * abs(mean):
            return Interval(mean, np.nan, np.nan)
        error = self.values.std(ddof=1) / np.sqrt(self.n)
        half = float(t.ppf((1 + level) / 2, self.n - 1) * error)
        return Interval(mean, mean - half, mean + half)


def write(
    folder: Path, default: int, found: Mapping[int, Mapping[str, Quantity]], experiment: str
) -> list[str]:
    """Write what was measured in some replicates; rows of others that the table holds stay.

    So a run of the default replicate alone is seen beside the replicates that come with the
    project.

    Parameters
    ----------
    folder
        That of the finding, in which the table has the name :data:`TABLE`.
    default
        Seed of the default run.
    found
        By seed of the replicate, the quantities by name.
    experiment
        What all parameters but the seed come to. Rows of another one are no replicates of this.

    Returns
    -------
    list of str
        What the table held and is left out: replicates of another experiment, quantities that the
        default run does not measure any more, or all of it where it was damaged.
    """
    path, told = folder / TABLE, []
    rows = [
        (seed, seed == default, experiment, name, one.values[0], one.paper, one.is_counted)
        for seed, quantities in found.items()
        for name, one in quantities.items()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)
    if path.is_file():
        try:
            kept = _checked(path)
        except ValueError as error:
            kept, told = table.iloc[:0], [f"a damaged table ({error})"]
        kept = kept[~kept["seed"].isin(list(found))].assign(default=False)
        other = kept["experiment"] != experiment
        old = ~other & ~kept["quantity"].isin(list(found[default]))
        if other.any():
            told.append(f"{kept.loc[other, 'seed'].nunique()} replicates with other parameters")
        if old.any():
            told.append(f"{kept.loc[old, 'quantity'].nunique()} quantities of an earlier code")
        table = pd.concat([table, kept[~other & ~old]])
    table = table.sort_values(["default", "seed"], ascending=[False, True])
    text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    write_whole(path, text)
    return told


def read(folder: Path) -> dict[str, Replicated]:
    """Quantities by name, in the order of the default run.

    Raises
    ------
    ValueError
        The file is missing or is not as :func:`write` leaves it; names it and the remedy.
    """
    path = folder / TABLE
    try:
        table = _checked(path)
        if table["experiment"].nunique() != 1 or table.loc[table["default"], "seed"].nunique() != 1:
            raise ValueError("it holds not one experiment with one default run")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path}: {error}; `dvc repro --force` writes the table again, `git checkout` restores "
            "it"
        ) from None
    own = table[table["default"]].set_index("quantity")["value"]
    return {
        name: Replicated(
            values=rows["value"].dropna().to_numpy(),
            own=float(own.get(name, np.nan)),
            paper=float(rows["paper"].iloc[0]),
            is_counted=bool(rows["exact"].all()),
        )
        for name, rows in table.groupby("quantity", sort=False)
    }


def _checked(path: Path) -> pd.DataFrame:
    """The table, if its columns and types are right and no replicate has a quantity twice."""
    table = pd.read_csv(path, dtype={"experiment": str, "quantity": str})
    if list(table.columns) != COLUMNS:
        raise ValueError(f"columns {list(table.columns)}")
    if table[["seed", "default", "experiment", "quantity", "exact"]].isna().any(axis=None):
        raise ValueError("a cell is empty")
    for name in ("default", "exact"):
        if table[name].dtype != bool:
            raise ValueError(f"column {name} holds something other than True and False")
    table = table.astype(TYPES)
    if table.duplicated(["seed", "quantity"]).any():
        raise ValueError("a replicate has a quantity twice")
    return table
