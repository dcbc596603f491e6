"""Positive controls: effects that experiments must show before claims can be tested on them.

In: `controls.yaml` beside this file, and what the stage `controls` measured of them over
replicates. Out: controls, their quantities, and a table of how they stand. Called by the stages
`controls` and `scorecard` and by the world page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.findings.core import replicates
from proxyreward.findings.core.criterion import Comparison, Group, parse
from proxyreward.findings.core.quantity import Quantity
from proxyreward.findings.core.text import cell
from proxyreward.findings.core.verdict import judge

FOLDER = "controls"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Control:
    """An effect that an experiment must show.

    Attributes
    ----------
    name
        The effect in words.
    comparison
        Of one quantity, by the rule that decides claims.
    unit
        Of the quantity, in words.
    table
        Folder under ``results/<scale>/`` whose ``controls.csv`` (name, value) has the quantity.
    claims
        Ids of the claims that rest on it; ``*`` stands for any text.
    """

    id: str
    name: str
    comparison: Comparison
    unit: str
    table: str
    claims: tuple[str, ...]

    def carries(self, claim_id: str) -> bool:
        """Whether a claim rests on the control."""
        return any(fnmatchcase(claim_id, pattern) for pattern in self.claims)


def load_controls() -> tuple[Control, ...]:
    """All controls, as the file has them: id, name, asked (a line of a criterion), unit, table,
    claims and, if the effect must show in most replicates by itself, in what share (least)."""
    import yaml

    source = files("proxyreward.findings.core").joinpath("controls.yaml")
    return tuple(map(_control, yaml.safe_load(source.read_text(encoding="utf-8"))))


def _control(record: Mapping) -> Control:
    record = dict(record)
    [group] = parse([record.pop("asked")])
    comparison = replace(group.comparisons[0], least=record.pop("least", 0.0))
    return Control(comparison=comparison, **record | {"claims": tuple(record["claims"])})


def measured(results: Path) -> dict[str, Quantity]:
    """Quantities of controls over replicates below ``results/<scale>/``; empty without the table.

    Those that no replicate has measured are left out.
    """
    folder = results / FOLDER
    if not (folder / f"{replicates.QUANTITIES}.csv").is_file():
        return {}
    return {name: one for name, one in replicates.quantities(folder).items() if one.n}


def standing(controls: Sequence[Control], quantities: Mapping[str, Quantity]) -> pd.DataFrame:
    """How controls stand over replicates.

    Columns id, control, asked, unit, estimate, low, high, right (replicates that show the effect by
    themselves), n, outcome (of the rule for claims, or `NOT_MEASURED`).
    """
    rows = []
    for one in controls:
        [found] = judge([Group((one.comparison,))], quantities)
        numbers = (np.nan, np.nan, np.nan, 0, 0, NOT_MEASURED)
        if found:
            part = found[0]
            numbers = (*part.usual, part.right, part.quantity.n, part.outcome)
        rows.append((one.id, one.name, one.comparison.rule, one.unit, *numbers))
    names = ["id", "control", "asked", "unit", "estimate", "low", "high", "right", "n", "outcome"]
    return pd.DataFrame(rows, columns=names)


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table of :func:`standing` for readers, each control a row of text cells."""
    rows = [
        (
            row.control,
            f"{row.asked} ({row.unit})",
            cell(row),
            f"{row.right} of {row.n}",
            row.outcome,
        )
        for row in table.itertuples()
    ]
    return pd.DataFrame(rows, columns=["Control", "Asked", "Measured", "Replicates", "Outcome"])
