"""Claims of Figures 1, 3 and 7 of paper *more*.

In: the arrays of `conflict`. Out: decisions for the scorecard. Called by the
`more_conflict` stage.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import (
    Decision,
    Part,
    conjunction,
    decide_claim,
    estimated,
    one_of,
)
from proxyreward.findings.more.mixtures import Mixtures, interval
from proxyreward.findings.more.more_conflict.conflict import ALL, HARMLESS, Conflict
from proxyreward.findings.more.more_conflict.distributions import Distributions, rank_tests
from proxyreward.findings.more.more_conflict.tables import paper_raw
from proxyreward.findings.more.more_conflict.transfer import Transfer

# Thresholds that the criteria leave to us: of a distance of distributions, of p, of a ratio of sds.
SIMILAR, SIGNIFICANT, WIDER = 0.1, 0.05, 1.5


def decide(conflict: Conflict, registry: Registry) -> list[Decision]:
    """Decide the claims of Figures 1, 3 and 7.

    Those of Figure 1 are about accuracies and take their mean over bases. Rewards have units of
    their own in each model, so those of Figures 3 and 7 take the middle base. The reasons tell what
    each other base alone gives.
    """
    mixtures, transfers = conflict.mixtures, conflict.transfers
    pairs = int((mixtures.source == HARMLESS).sum())

    def decided(
        claim: str,
        parts: Callable[[str], Sequence[Part]],
        on: str,
        shown: Callable[[Sequence[Part]], Part] = lambda found: found[0],
        note: str = "",
        paper_value: float = np.nan,
    ) -> Decision:
        found, rest = parts(on), [base for base in mixtures.bases if base != on]
        alone = {base: conjunction(part.verdict for part in parts(base)) for base in rest}
        others = "; ".join(f"{base}: {verdict}" for base, verdict in alone.items())
        scope = f"Mean over {len(rest)} bases" if on == ALL else f"Base {on}"
        return decide_claim(
            f"more.{claim}",
            found,
            pairs,
            shown=shown(found),
            scope=f"{scope}, {pairs} test pairs of each source",
            note=f"{note} By the same criterion alone, base {others}.".strip(),
            paper_value=paper_value,
        )

    own = -paper_raw(registry, mixtures)
    return [
        decided(
            "fig1.c1",
            lambda base: _own_gains(transfers[base]),
            ALL,
            lambda parts: min(parts, key=lambda part: part.estimate),
            paper_value=float(own.min()),
        ),
        decided(
            "fig1.c2",
            lambda base: [_worst(transfers[base], transfers[base].gain, 0.0, " minus raw")],
            ALL,
            note=_below_raw(transfers, pairs),
        ),
        decided("fig1.c3", lambda base: _conflict(transfers[base]), ALL),
        decided("fig3.c1", lambda base: _directions(transfers[base]), mixtures.middle),
        _shapes(mixtures, conflict.harmless, pairs),
        decided(
            "fig7.c1",
            lambda base: _differ(rank_tests(mixtures, base), transfers[base]),
            mixtures.middle,
            lambda parts: parts[1],
            note=_paired_test(rank_tests(mixtures)),
        ),
    ]


def _own_gains(transfer: Transfer) -> list[Part]:
    return [
        estimated(
            f"accuracy on {name} of its own model minus raw",
            interval(transfer.gain[:, k, k]),
            "above",
            0.0,
        )
        for k, name in enumerate(transfer.sources)
    ]


def _worst(transfer: Transfer, values: np.ndarray, threshold: float, minus: str) -> Part:
    """The entry (trained, tested) that lies most clearly below the threshold; one is enough."""
    entries, names = transfer.elsewhere, transfer.sources
    level = f"level 1 - 0.05/{len(entries)}"
    return one_of(
        [
            estimated(
                f"accuracy on {names[d]} of the model on {names[k]}{minus} "
                f"(one of {len(entries)}, {level})",
                interval(values[:, k, d], 1 - 0.05 / len(entries)),
                "below",
                threshold,
            )
            for k, d in entries
        ]
    )


def _below_raw(transfers: Mapping[str, Transfer], pairs: int) -> str:
    """How many entries lie below raw, and by the binomial interval of each base's pairs."""
    bases = [transfer for base, transfer in transfers.items() if base != ALL]
    k, d = np.array(bases[0].elsewhere).T
    below = beyond = 0
    for transfer in bases:
        trained, raw = transfer.accuracy[0, 1 + k, d], transfer.accuracy[0, 0, d]
        width = 1.96 * np.sqrt((trained * (1 - trained) + raw * (1 - raw)) / pairs)
        below += int((trained < raw).sum())
        beyond += int((trained + width < raw).sum())
    return (
        f"Intervals resample pairs and seeds. Of all {len(k) * len(bases)} entries (model, other "
        f"source, base) {below} lie below raw, {beyond} beyond the binomial interval of one run "
        "(95 %, normal approximation)."
    )


def _conflict(transfer: Transfer) -> list[Part]:
    k, d = np.array(transfer.elsewhere).T
    mean = transfer.loss[:, 1 + k, d].mean(axis=1)
    return [
        estimated("mean accuracy on other sources minus top", interval(mean), "below", 0.0),
        _worst(transfer, transfer.accuracy[:, 1:], 0.5, ""),
    ]


def _directions(transfer: Transfer) -> list[Part]:
    """Shifts on Harmless, counted positive in the direction of the model trained on Harmless."""
    place = transfer.sources.index(HARMLESS)
    shift = transfer.shift[:, :, place]
    shift = shift * (-1 if shift[0, place] < 0 else 1)
    names = list(transfer.sources)
    parts = [
        estimated(
            f"mean margin on {HARMLESS} minus raw, model on {name}",
            interval(shift[:, k]),
            "above" if k == place else "below",
            0.0,
        )
        for k, name in enumerate(names)
    ]
    return [parts[place], *parts[:place], *parts[place + 1 :]]


def _shapes(mixtures: Mixtures, found: Distributions, pairs: int) -> Decision:
    others = [name for name in mixtures.sources if name != HARMLESS]
    among = [rows for pair, rows in found.distance.items() if HARMLESS not in pair]
    from_harmless = [rows[0] for pair, rows in found.distance.items() if HARMLESS in pair]
    places = [1 + mixtures.sources.index(name) for name in others]
    sd, mean = found.sd[:, places], found.mean[0, places]
    ratio = sd.max(axis=1) / sd.min(axis=1)
    wide, narrow = others[int(sd[0].argmax())], others[int(sd[0].argmin())]
    parts = [
        estimated(
            "largest distance (Kolmogorov-Smirnov) of standardised margins among the models on "
            f"{', '.join(others)}",
            interval(np.max(among, axis=0), recentre=True),
            "below",
            SIMILAR,
        ),
        estimated(
            f"largest to smallest sd of their rewards ({wide} to {narrow})",
            interval(ratio, recentre=True),
            "above",
            WIDER,
        ),
    ]
    note = (
        f"Small is below {SIMILAR} (ours). Distances from the model on {HARMLESS} reach "
        f"{max(from_harmless):.3g}. Rewards are those of the first seed; their means run from "
        f"{mean.min():.3g} to {mean.max():.3g}."
    )
    return decide_claim(
        "more.fig3.c2",
        parts,
        pairs,
        scope=f"Base {mixtures.middle}, {pairs} test pairs of {HARMLESS}",
        note=note,
    )


def _differ(tests: pd.DataFrame, transfer: Transfer) -> list[Part]:
    worst = tests.loc[tests["kruskal_p"].idxmax()]
    reach = np.ptp(transfer.mean[:, 1:], axis=1)
    least = int(reach[0].argmin())
    p = float(worst["kruskal_p"])
    text = "largest p of Kruskal and Wallis's test over test sources and seeds"
    return [
        # A test that does not reject proves nothing: such a p leaves the question open.
        Part(f"{text} ({worst['tested']})", p, 0.0, p, "below", SIGNIFICANT, counted=True),
        estimated(
            f"smallest range of the mean margin over models ({transfer.sources[least]})",
            interval(reach.min(axis=1), recentre=True),
            "above",
            0.0,
        ),
    ]


def _paired_test(tests: pd.DataFrame) -> str:
    return (
        "The test takes the models' margins as independent samples, though they are of the same "
        "pairs; Friedman's, which compares the models pair by pair, gives p up to "
        f"{tests['friedman_p'].max():.2g}."
    )
