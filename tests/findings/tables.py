"""What tests of all findings make tables with, and read quantities from."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from proxyreward.findings.core import replicates
from proxyreward.findings.core.criterion import Comparison
from proxyreward.findings.core.quantity import Quantity
from proxyreward.findings.core.registry import Claim
from proxyreward.findings.core.verdict import judge


def crossed(**columns: Iterable) -> pd.DataFrame:
    """A row for every combination of values, that of the last column changing fastest."""
    index = pd.MultiIndex.from_product(columns.values(), names=columns)
    return index.to_frame(index=False)


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """A table of one run as pages read it, with an interval of 0.1 to either side."""
    value = table["value"]
    return table.assign(estimate=value, low=value - 0.1, high=value + 0.1).drop(columns="value")


def replicated(*runs: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of runs as pages have them: written and read back. One has copies a bit larger."""
    if len(runs) == 1:
        runs += tuple(
            {name: table.assign(value=by * table["value"]) for name, table in runs[0].items()}
            for by in (1.05, 1.1)
        )
    with TemporaryDirectory() as name:
        replicates.write(folder := Path(name), 0, dict(enumerate(runs)), "")
        return {table: replicates.read(folder, table) for table in runs[0]}


def told(found: Mapping[str, Quantity], *patterns: str) -> pd.Series:
    """Values of the quantities that the patterns of a criterion speak of, one at least for each."""
    matching = [Comparison(pattern, "beside", 0).matching(found) for pattern in patterns]
    assert all(matching), patterns
    return pd.Series({name: found[name].own for names in matching for name in names})


def values(found: Mapping[str, Quantity], pattern: str) -> list[float]:
    """The same of one pattern, without the names."""
    return told(found, pattern).tolist()


def compared(claim: Claim) -> list[Comparison]:
    """All comparisons that decide a claim."""
    return [comparison for group in claim.decide for comparison in group.comparisons]


def agrees(claim: Claim, found: Mapping[str, Quantity]) -> bool:
    """Whether plain numbers lie where a claim says; all that it names has to be measured."""
    told(found, *(comparison.name for comparison in compared(claim)), *claim.beside)
    return all(
        any(
            (part.quantity.own > part.comparison.threshold) == (part.comparison.sign[0] == ">")
            for part in group
        )
        for group in judge(claim.decide, found)
    )
