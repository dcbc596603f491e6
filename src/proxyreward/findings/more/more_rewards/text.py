"""Tables as short text cells, fit for a page.

In: the tables of `tables.summarise`, the paper's values, and the frame `diagrams.rescaled`. Out:
frames with a row a line. Called by the notebook `more_rewards`.
"""

from collections.abc import Mapping
from itertools import product

import pandas as pd

from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_rewards.diagrams import form_name
from proxyreward.findings.more.more_rewards.replicates import ALL, AS_TRAINED, SCALED, SCHEMES
from proxyreward.vocabulary import HH


def outlier_table(
    tables: Mapping[str, pd.DataFrame],
    paper: pd.DataFrame,
    base: str,
    table: str,
    reading: str,
    scale_free: bool,
) -> pd.DataFrame:
    """One of the paper's tables of outliers, ours with the printed numbers in brackets.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `more_rewards.summarise`.
    paper : DataFrame
        Of `more_rewards.paper_values`.
    base : str
        Of our rows.
    table : str
        The paper's table, see `more_rewards.table_bases`.
    reading : str
        What is an outlier, see :func:`proxyreward.metrics.outliers.outliers`.
    scale_free : bool
        Our means in standard deviations; the paper's are in units of its rewards.
    """
    outliers, measures = tables["outliers"], tables["measures"]
    here = (outliers["base"] == base) & (outliers["reading"] == reading)
    trained = (measures["base"] == base) & (measures["rewards"] == AS_TRAINED)
    ours = _by_scheme(outliers[here], "statistic", "estimate")
    errors = _by_scheme(measures[trained], "metric", "estimate")
    printed = _by_scheme(paper[paper["table"] == table], "statistic", "value")
    rows = []
    for source, scheme in product(HH, SCHEMES):
        own, theirs, error = (values.loc[source, scheme] for values in (ours, printed, errors))
        row = {"Test set": source.title(), "Scheme": SCHEME_NAMES[scheme]}
        row |= {"ECE": f"{error['ece']:.3f}", "ECE, both orders": f"{error['ece_paper']:.3f}"}
        row |= {"ECE, paper": f"{theirs['ece']:.3f}"}
        for side, word in (("positive", "Right"), ("negative", "Wrong")):
            count, mean = f"{side}_count", f"{side}_mean"
            shown = f"{mean}_sd" if scale_free else mean
            row[f"{word}: number"] = f"{own[count]:g} ({theirs[count]:g})"
            row[f"{word}: mean"] = f"{own[shown]:.2f} ({theirs[mean]:.2f})".replace("-", "−")
        rows.append(row | {"Both (%)": f"{own['share']:.1f} ({theirs['share']:.1f})"})
    return pd.DataFrame(rows)


def temperature_table(tables: Mapping[str, pd.DataFrame], base: str) -> pd.DataFrame:
    """ECE and log loss as trained → with one temperature, and the factor 1/T on the rewards.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `more_rewards.summarise`.
    base : str
    """
    measures, factors = (
        table[table["base"] == base] for table in (tables["measures"], tables["factors"])
    )
    trained, scaled = (
        _by_scheme(measures[measures["rewards"] == rewards], "metric", "estimate")
        for rewards in (AS_TRAINED, SCALED)
    )
    fitted = factors.set_index(["scheme", "source"])[["estimate", "low", "high"]]
    rows = []
    for source, scheme in product(HH, SCHEMES):
        key = (scheme, source if (scheme, source) in fitted.index else ALL)
        before, after = trained.loc[source, scheme], scaled.loc[source, scheme]
        row = {"Test set": source.title(), "Scheme": SCHEME_NAMES[scheme]}
        row |= {"Factor 1/T": with_interval(*fitted.loc[key])}
        for name, metric in (
            ("ECE", "ece"),
            ("ECE, both orders", "ece_paper"),
            ("Log loss", "log_loss"),
        ):
            row[name] = f"{before[metric]:.3f} → {after[metric]:.3f}"
        rows.append(row)
    return pd.DataFrame(rows)


def form_table(rescaled: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """ECE of one scheme by form, a column for each factor on the rewards.

    Parameters
    ----------
    rescaled : DataFrame
        Of `more_rewards.rescaled`.
    scheme : str
    """
    own = rescaled[rescaled["scheme"] == scheme]
    wide = own.pivot(index="form", columns="factor", values="ece").loc[own["form"].unique()]
    wide.columns = [f"× {factor:g}" for factor in wide.columns]
    cells = wide.map(lambda error: f"{error:.3f}")
    cells.insert(0, "ECE with", [form_name(form) for form in cells.index])
    return cells.reset_index(drop=True)


def _by_scheme(table: pd.DataFrame, columns: str, values: str) -> pd.DataFrame:
    return table.pivot(index=["source", "scheme"], columns=columns, values=values)
