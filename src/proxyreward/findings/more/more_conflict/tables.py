"""Tables of Figures 1, 3 and 7 of paper *more*.

In: the arrays of `conflict`. Out: small frames with estimate and interval, for
Git, figures and the page. Called by the `more_conflict` stage and the notebook.
"""

from itertools import combinations_with_replacement, product

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import Mixtures, interval
from proxyreward.findings.more.more_conflict.conflict import ALL, HARMLESS, Conflict
from proxyreward.findings.more.more_conflict.distributions import Distributions, rank_tests
from proxyreward.findings.more.more_conflict.transfer import Transfer, margin_of, models

INTERVAL = ["estimate", "low", "high"]
LOSS, AGREEMENT = "loss", "agreement"


def compute(conflict: Conflict) -> dict[str, pd.DataFrame]:
    """What the page shows, with intervals over test pairs and seeds.

    Returns
    -------
    dict of DataFrame
        Base ``all`` is the mean over bases. `transfer` (base, trained, tested, ...): accuracy of
        the untrained (``raw``) and of each one-source model on each source. `losses` (the same
        columns): accuracy on another source less that of the source's own model. `pairs` (base,
        first, second, measure, ...): ``loss``, the mean of the losses both ways, and
        ``agreement``, the share of test pairs on which models of the two sources and of different
        seeds choose the same; first = second is the same source. Of the middle base: `margins`
        (trained, tested, ..., sd), mean margin with interval and standard deviation of margins;
        `distances` (first, second, ...) of standardised margins on Harmless; `rewards` (trained,
        moment, ...), ``mean`` and ``sd`` of the rewards of single responses there; `tests`, see
        :func:`rank_tests`. `sizes`, one row.
    """
    mixtures, order = conflict.mixtures, models(conflict.mixtures)
    transfer, losses, pairs = [], [], []
    for base, found in conflict.transfers.items():
        for (m, trained), (d, tested) in product(enumerate(order), enumerate(order[1:])):
            key = (base, trained, tested)
            transfer.append((*key, *interval(found.accuracy[:, m, d])))
            if trained != tested:
                losses.append((*key, *interval(found.loss[:, m, d])))
        both = found.loss[:, 1:] + found.loss[:, 1:].swapaxes(1, 2)
        parts = {LOSS: both / 2, AGREEMENT: found.agreement}
        names = enumerate(found.sources)
        for (i, first), (j, second) in combinations_with_replacement(names, 2):
            for measure, values in parts.items():
                pairs.append((base, first, second, measure, *interval(values[:, i, j])))
    keys = ["base", "trained", "tested", *INTERVAL]
    return {
        "transfer": pd.DataFrame(transfer, columns=keys),
        "losses": pd.DataFrame(losses, columns=keys),
        "pairs": pd.DataFrame(pairs, columns=["base", "first", "second", "measure", *INTERVAL]),
        "margins": _margins(mixtures, conflict.transfers[mixtures.middle]),
        **_distributed(order, conflict.harmless),
        "tests": rank_tests(mixtures),
        "sizes": _sizes(mixtures),
    }


def paper_raw(registry: Registry, mixtures: Mixtures, base: str = ALL) -> np.ndarray:
    """The paper's accuracy of Raw less Top on each source, from its Table 3, shape (sources,).

    It has three bases, for which ours stand if we have three, and sources in our order; otherwise,
    and for `ALL`, the mean over its bases.
    """
    printed = list(registry.printed("more.table3").values())
    raw, top = (
        np.array([list(rows[scheme].values())[: len(mixtures.sources)] for rows in printed])
        for scheme in ("Raw", "Top")
    )
    lost = (raw - top) / 100
    stands = base != ALL and len(mixtures.bases) == len(printed)
    return lost[mixtures.bases.index(base)] if stands else lost.mean(axis=0)


def transfer_table(transfer: pd.DataFrame, base: str) -> pd.DataFrame:
    """Accuracies of a base as text cells in percent, a row for each model."""
    rows = transfer[transfer["base"] == base]
    cells = [with_interval(*(100 * row[INTERVAL]), ".0f") for _, row in rows.iterrows()]
    named = rows.assign(cell=cells, Trained=rows["trained"].map(trained_name))
    wide = named.pivot(index="Trained", columns="tested", values="cell")
    wide = wide.loc[named["Trained"].unique(), named["tested"].unique()]
    return wide.rename_axis(columns=None).reset_index()


def margins_table(margins: pd.DataFrame, rewards: pd.DataFrame, tested: str) -> pd.DataFrame:
    """Location and spread of each model's reward differences on a source as text cells.

    The spread of the rewards themselves is known on Harmless only, and a dash elsewhere.
    """
    rows = margins[margins["tested"] == tested]
    spread = rewards[rewards["moment"] == "sd"].set_index("trained")[INTERVAL]
    known = tested == HARMLESS
    return pd.DataFrame(
        {
            "Trained": rows["trained"].map(trained_name),
            "Mean difference": [with_interval(*row[INTERVAL]) for _, row in rows.iterrows()],
            "sd of differences": rows["sd"],
            "sd of rewards": [
                with_interval(*spread.loc[model]) if known else "–" for model in rows["trained"]
            ],
        }
    )


def shown_bases(mixtures: Mixtures, base: str) -> tuple[str, str]:
    """The base of accuracies and that of distributions; ``""`` is the middle one.

    Rewards of several bases have no common unit, so for `ALL` distributions are of the middle one.

    Raises
    ------
    ValueError
        If there is no such base; lists those that there are.
    """
    known = (*mixtures.bases, ALL)
    if base and base not in known:
        raise ValueError(f"no base {base!r}; choose one of {known}, or '' for {mixtures.middle}")
    return base or mixtures.middle, mixtures.middle if base in ("", ALL) else base


def trained_name(model: str) -> str:
    """What figures and tables call a model: by its source, or Raw."""
    return SCHEME_NAMES.get(model, model)


def _margins(mixtures: Mixtures, transfer: Transfer) -> pd.DataFrame:
    rows = []
    for m, trained in enumerate(models(mixtures)):
        margin = margin_of(mixtures, trained)
        for d, tested in enumerate(transfer.sources):
            sd = margin[:, mixtures.source == tested].std(axis=1).mean()
            rows.append((trained, tested, *interval(transfer.mean[:, m, d]), sd))
    return pd.DataFrame(rows, columns=["trained", "tested", *INTERVAL, "sd"])


def _distributed(order: tuple[str, ...], found: Distributions) -> dict[str, pd.DataFrame]:
    distances = [(*pair, *interval(rows, recentre=True)) for pair, rows in found.distance.items()]
    rewards = [
        (trained, moment, *interval(values[:, m]))
        for m, trained in enumerate(order)
        for moment, values in (("mean", found.mean), ("sd", found.sd))
    ]
    return {
        "distances": pd.DataFrame(distances, columns=["first", "second", *INTERVAL]),
        "rewards": pd.DataFrame(rewards, columns=["trained", "moment", *INTERVAL]),
    }


def _sizes(mixtures: Mixtures) -> pd.DataFrame:
    pairs = pd.Series(mixtures.source).value_counts()
    return pd.DataFrame(
        [
            {
                "pairs": int(pairs.min()),
                "sources": len(mixtures.sources),
                "seeds": mixtures.seeds,
                "bases": len(mixtures.bases),
                "middle": mixtures.middle,
            }
        ]
    )
