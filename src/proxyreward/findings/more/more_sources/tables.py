"""Tables of Figure 6 and eq. 6-9 of paper *more*.

In: the arrays of `controls`. Out: small frames with estimate and interval, for Git, figures and the
page. Called by the `more_sources` stage and the notebook.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import Mixtures, interval
from proxyreward.findings.more.more_sources.controls import Controls
from proxyreward.findings.more.more_sources.curves import ECE, SCALED, Curves, orders
from proxyreward.findings.more.more_sources.gradients import Norms
from proxyreward.findings.more.more_sources.shares import Shares
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS

INTERVAL = ["estimate", "low", "high"]
PAPER_ORDER, MEAN, FIXED, TOP = "order 0", "mean of orders", "fixed total", "top"
SOURCES, PARTS, PAPER, APART = "sources", "parts", "paper's order", "sources - parts"


def compute(controls: Controls) -> dict[str, pd.DataFrame]:
    """What the page shows, with intervals over test pairs (or steps) and seeds.

    Returns
    -------
    dict of DataFrame
        `curves` (measure, source, curve, k, ...): each measure on Helpful and Harmless against the
        number of sources; curves are the orders of adding them (``order 0`` is the paper's), their
        mean, a fixed total of pairs, and ``top`` (k = 1). `forms` (form, measure, against, source,
        ...): ECE of MORE on all sources minus that of ``top`` or of MORE on ``two`` sources, in
        every form. `norms` (kind, weights, k, ...): relative length of the combined gradient for k
        ``sources`` or random ``parts`` of one, with the weights of eq. 9 (``combined``) or
        ``equal`` ones. `weights` (scheme, base, source, ...): mean weight. `shares` (scheme,
        source, share, ...): relative gain of mixtures. `association` (scheme, ...): Spearman of
        share and relative gain, and for ``difference`` of share and the gain of MultiTask on
        sources as they are minus that on equal sizes. `sizes`, one row.
    """
    curves = [curve_rows(found, measure) for measure, found in controls.curves.items()]
    forms = [
        (form, measure, against, source, *interval(rows[:, i], recentre=True))
        for (form, measure), found in controls.forms.items()
        for against, rows in found.items()
        for i, source in enumerate(HH)
    ]
    weights = [
        (*key, source, *interval(rows[:, i]))
        for key, rows in controls.weights.items()
        for i, source in enumerate(controls.mixtures.sources)
    ]
    return {
        "curves": pd.concat(curves, ignore_index=True),
        "forms": pd.DataFrame(forms, columns=["form", "measure", "against", "source", *INTERVAL]),
        "norms": norm_rows(controls.norms),
        "weights": pd.DataFrame(weights, columns=["scheme", "base", "source", *INTERVAL]),
        **_shares(controls.shares, controls.mixtures),
        "sizes": _sizes(controls.mixtures, controls.norms),
    }


def curve_rows(curves: Curves, measure: str) -> pd.DataFrame:
    """A :class:`Curves` as a table: source, curve, k, estimate, low, high, measure."""
    lines = {f"order {i}": curves.added[:, i] for i in range(curves.added.shape[1])}
    lines |= {MEAN: curves.mean, FIXED: curves.fixed}
    recentre = measure in (ECE, SCALED)
    rows = [
        (source, name, k, *interval(values[:, j, i], recentre=recentre))
        for i, source in enumerate(HH)
        for name, values in lines.items()
        for j, k in enumerate(curves.counts)
    ]
    rows += [
        (source, TOP, 1, *interval(curves.top[:, i], recentre=recentre))
        for i, source in enumerate(HH)
    ]
    return pd.DataFrame(rows, columns=["source", "curve", "k", *INTERVAL]).assign(measure=measure)


def norm_rows(norms: Norms) -> pd.DataFrame:
    """A :class:`Norms` as a table: kind, weights, k, estimate, low, high."""
    kinds = {SOURCES: norms.sources, PARTS: norms.parts}
    kinds |= {PAPER: {"combined": norms.paper_order}}
    kinds |= {APART: {w: norms.sources[w] - norms.parts[w] for w in norms.sources}}
    rows = [
        (kind, weights, k, *interval(values[:, j]))
        for kind, found in kinds.items()
        for weights, values in found.items()
        for j, k in enumerate(norms.counts)
    ]
    return pd.DataFrame(rows, columns=["kind", "weights", "k", *INTERVAL])


def forms_table(forms: pd.DataFrame, against: str) -> pd.DataFrame:
    """Contrasts in every form as text cells, a row for each form."""
    rows = forms[forms["against"] == against]
    rows = rows.assign(
        Form=rows["form"] + np.where(rows["measure"] == SCALED, ", after temperature scaling", ""),
        cell=[with_interval(*row[INTERVAL], ".3f") for _, row in rows.iterrows()],
    )
    wide = rows.pivot(index="Form", columns="source", values="cell")
    wide = wide.loc[rows["Form"].unique(), list(HH)]
    return wide.rename_axis(columns=None).reset_index()


def paper_top(registry: Registry, base: int) -> dict[str, tuple[float, float]]:
    """The paper's ECE of MORE on all sources and of Top on Helpful and Harmless.

    Parameters
    ----------
    base : int
        Place among the paper's three bases, the smallest first (its Tables 5, 6 and 1).
    """
    entry = ("more.table5", "more.table6", "more.table1")[base]
    tables = registry.printed(entry)
    top = "Top" if entry == "more.table1" else "Single"
    printed = {name.lower(): tables[name] for name in ("Helpful", "Harmless")}
    return {name: (rows["MORE"]["ece"], rows[top]["ece"]) for name, rows in printed.items()}


def _shares(shares: Shares, mixtures: Mixtures) -> dict[str, pd.DataFrame]:
    rows = [
        (scheme, source, shares.share[i], *interval(values[:, i]))
        for scheme, values in shares.gain.items()
        for i, source in enumerate(mixtures.sources)
    ]
    found = {scheme: shares.association(values) for scheme, values in shares.gain.items()}
    found["difference"] = shares.association(shares.gain[MULTITASK_AS_IS] - shares.gain[MULTITASK])
    associations = [(scheme, *interval(values)) for scheme, values in found.items()]
    return {
        "shares": pd.DataFrame(rows, columns=["scheme", "source", "share", *INTERVAL]),
        "association": pd.DataFrame(associations, columns=["scheme", *INTERVAL]),
    }


def _sizes(mixtures: Mixtures, norms: Norms) -> pd.DataFrame:
    runs = mixtures.steps.groupby("rm").size()
    return pd.DataFrame(
        [
            {
                "pairs": int(min((mixtures.source == name).sum() for name in HH)),
                "sources": len(mixtures.sources),
                "seeds": mixtures.seeds,
                "orders": len(orders(mixtures)),
                "compared_steps": norms.steps,
                "steps": int(runs[mixtures.names("more")].max()),
                "middle": mixtures.middle,
            }
        ]
    )
