"""Tables for readers: ours beside the paper's.

In: the tables of `tables`, fresh or read back, and the paper's values. Out: frames of text cells.
Called by the notebook `more_schemes`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_schemes.printed import SCHEMES, SOURCES, Printed, paper_base
from proxyreward.findings.more.more_schemes.tables import MEAN


def table3(found: pd.DataFrame, printed: Printed) -> pd.DataFrame:
    """Table 3 as text cells, ours beside the paper's in brackets; ECE in the paper's form.

    A star marks a mean that the paper prints and that is not the mean of its row.
    """
    wide = found.pivot(index=["base", "scheme"], columns=["metric", "source"], values="estimate")
    rows = []
    for base in printed.bases:
        for scheme in SCHEMES:
            ours, paper = wide.loc[(base, scheme)], printed.row(scheme, base)
            row = {"Base": f"{base} ({paper_base(printed.bases, base)})"}
            row["Scheme"] = SCHEME_NAMES[scheme]
            for source in printed.sources:
                theirs = paper.get(SOURCES.get(source, ""), np.nan)
                row[source] = _beside(100 * ours["accuracy", source], theirs, ".1f")
            star = "*" if avg_slip(paper) else ""
            row["mean"] = _beside(100 * ours["accuracy", MEAN], paper["Avg"], ".1f", star)
            row["ECE"] = _beside(ours["ece_paper", MEAN], paper["ece"], ".3f")
            rows.append(row)
    return pd.DataFrame(rows)


def avg_slip(row: dict[str, float]) -> float:
    """Printed mean of a row of Table 3 less the mean of its cells, in points; 0 if rounding."""
    slip = row["Avg"] - float(np.mean([row[name] for name in SOURCES.values()]))
    return slip if abs(slip) > 0.02 else 0.0


def slips(registry: Registry) -> pd.DataFrame:
    """Rows of Table 3 whose printed mean is not that of the row: base, scheme, printed, mean."""
    rows = [
        (base, scheme, row["Avg"], row["Avg"] - avg_slip(row))
        for base, schemes in registry.printed("more.table3").items()
        for scheme, row in schemes.items()
        if avg_slip(row)
    ]
    return pd.DataFrame(rows, columns=["base", "scheme", "printed", "mean"])


def table4(found: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Table 4: training and test pairs of each source, ours and the paper's.

    The shares are of the pairs that a source has after resampling, in percent.
    """
    paper = dict(registry.printed("more.table4"))
    one = paper.pop("resampled_train_per_source")
    by_source = dict(zip(SOURCES, paper.values()))
    rows = []
    for row in found.itertuples():
        theirs = by_source.get(row.source, {"train": np.nan, "test": np.nan})
        rows.append(
            {
                "Source": row.source,
                "training": row.training,
                "training, paper": theirs["train"],
                "% of resampled": 100 * row.share,
                "%, paper": 100 * theirs["train"] / one,
                "test": row.test,
                "test, paper": theirs["test"],
            }
        )
    return pd.DataFrame(rows)


def steps_table(found: pd.DataFrame) -> pd.DataFrame:
    """The table `steps` for readers."""
    ratio = [with_interval(row.estimate, row.low, row.high, ".3f") for row in found.itertuples()]
    return pd.DataFrame(
        {
            "Base": found["base"],
            "Scheme": found["scheme"].map(SCHEME_NAMES),
            "steps": found["steps"],
            "gradient, mean": found["shorter"],
            "gradient, largest": found["longest"],
            "loss": ratio,
        }
    )


def identities_table(found: pd.DataFrame) -> pd.DataFrame:
    """The table `identities` for readers."""
    names = {
        "step": "parameters after a step",
        "gradient": "gradient of the loss, all parameters",
        "head": "head gradient without a backward pass",
    }
    return pd.DataFrame(
        {"Compared": found["quantity"].map(names), "largest difference": found["deviation"]}
    )


def times_table(found: pd.DataFrame) -> pd.DataFrame:
    """The table `times` for readers; shares of a step of MultiTask in percent."""
    return pd.DataFrame(
        {
            "Base": found["base"],
            "MultiTask, ms": found["multitask_ms"],
            "MORE, ms": found["more_ms"],
            "ratio": [with_interval(r.ratio, r.low, r.high, ".3f") for r in found.itertuples()],
            "weighing, %": 100 * found["weighing_share"].astype(float),
            "of which solving, %": 100 * found["solving_share"].astype(float),
        }
    )


def _beside(ours: float, paper: float, form: str, mark: str = "") -> str:
    return f"{ours:{form}} ({paper:{form}}{mark})" if np.isfinite(paper) else f"{ours:{form}}"
